package redlock_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/alicebob/miniredis/v2"

	"redlock-proxy/redlock"
)

// masters stands for your redis://a:6379, redis://b:6379 and redis://c:6379.
func masters(ctx context.Context) (urls []string) {
	for range 3 {
		m := miniredis.NewMiniRedis()
		m.ClockTTL(true)
		if err := m.Start(); err != nil {
			log.Fatal(err)
		}
		context.AfterFunc(ctx, m.Close)
		urls = append(urls, "redis://"+m.Addr())
	}
	return urls
}

func nodes(ctx context.Context) (all []redlock.Node) {
	for _, url := range masters(ctx) {
		n, err := redlock.ParseNode(url)
		if err != nil {
			log.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

// A task under a lock: do it if nobody else is at it.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	urls := masters(ctx)

	var nodes []redlock.Node
	for _, url := range urls { // "redis://a:6379", "redis://b:6379", "redis://c:6379"
		n, err := redlock.ParseNode(url)
		if err != nil {
			log.Fatal(err)
		}
		nodes = append(nodes, n)
	}
	quorum, err := redlock.New(ctx, redlock.Options{Nodes: nodes})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = quorum.Close(ctx) }() // waits for what is under way; releases no locks
	// A first start takes two seconds.
	if err := quorum.Ready(ctx); err != nil {
		log.Fatal(err)
	}

	job := redlock.Request{Resource: "jobs:42", TTL: 10 * time.Second}
	grant, err := quorum.Lock(ctx, job)
	switch {
	case errors.Is(err, redlock.ErrHeld):
		fmt.Println("somebody else is at it")
		return
	case err != nil: // no quorum: nobody can tell, so do nothing
		log.Fatal(err)
	}
	job.Token = grant.Token
	defer func() { _ = quorum.Unlock(ctx, job) }()
	fmt.Println("working; for", grant.Validity(time.Now()).Round(time.Second), "nobody else is")

	// Output: working; for 10s nobody else is
}

// A token of your own makes a retry safe: it names one acquisition, and the
// second call finds itself.
func ExampleQuorum_Lock_token() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	quorum, err := redlock.New(ctx, redlock.Options{Nodes: nodes(ctx)})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = quorum.Close(ctx) }()

	job := redlock.Request{Resource: "jobs:42", Token: "6f1e0c9b2d5a4e38", TTL: 10 * time.Second}
	_, first := quorum.Lock(ctx, job)
	_, again := quorum.Lock(ctx, job)
	fmt.Println(first, again)

	// Output: <nil> <nil>
}

// A long task extends its lock, and stops when it no longer holds it.
func ExampleQuorum_Extend() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	quorum, err := redlock.New(ctx, redlock.Options{Nodes: nodes(ctx)})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = quorum.Close(ctx) }()

	job := redlock.Request{Resource: "jobs:42", Token: "6f1e0c9b2d5a4e38", TTL: 10 * time.Second}
	_, err = quorum.Lock(ctx, job)
	fmt.Println("locked:", err == nil)
	_, err = quorum.Extend(ctx, job)
	fmt.Println("extended:", err == nil)
	_ = quorum.Unlock(ctx, job)
	_, err = quorum.Extend(ctx, job)
	fmt.Println("after the release:", err)

	// Output:
	// locked: true
	// extended: true
	// after the release: redlock: not held by this token
}

// Who waits for a lock gets it when it is released, and a Hold keeps it for a
// task of unknown length.
func ExampleQuorum_Hold() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	quorum, err := redlock.New(ctx, redlock.Options{Nodes: nodes(ctx)})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = quorum.Close(ctx) }()

	job := redlock.Request{Resource: "jobs:42", TTL: 10 * time.Second, Block: time.Minute, Owned: true}
	grant, err := quorum.Lock(ctx, job)
	if err != nil {
		log.Fatal(err)
	}
	task, stop := context.WithCancelCause(ctx)
	hold := quorum.Hold(grant, job.TTL, time.Hour, func(_ *redlock.Hold, err error) { stop(err) })
	fmt.Println("working:", task.Err() == nil)
	hold.Release()

	// Output: working: true
}
