package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"redlock-proxy/bench/figures"
)

// load is the connections of one measurement.
type load struct {
	lines []*line
	work  sync.WaitGroup
}

func open(ctx context.Context, address string, connections int, done func(*line)) (*load, error) {
	l := &load{}
	for i := range connections {
		c, err := dial(ctx, address, i)
		if err != nil {
			return nil, errors.Join(err, l.close())
		}
		l.lines = append(l.lines, c)
		l.work.Go(c.write)
		l.work.Go(func() { c.read(func() { done(c) }) })
	}
	return l, nil
}

// close waits for what is under way and ends the connections.
func (l *load) close() error {
	var all []error
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		open := 0
		for _, c := range l.lines {
			open += c.unanswered()
		}
		if open == 0 {
			break
		}
		if time.Now().After(end) {
			all = append(all, fmt.Errorf("%d commands were never answered", open))
			break
		}
	}
	for _, c := range l.lines {
		all = append(all, c.close())
	}
	l.work.Wait()
	return errors.Join(all...)
}

// result is what one measurement came to.
type result struct {
	name    string
	offered float64 // LOCKs a second
	rate    float64 // useful pairs a second
	counts  counts
}

func (l *load) result(name string, took time.Duration) result {
	r := result{name: name}
	for _, c := range l.lines {
		r.counts.add(&c.counts)
	}
	slices.Sort(r.counts.locks)
	slices.Sort(r.counts.unlocks)
	r.rate = float64(r.counts.pairs) / took.Seconds()
	r.offered = float64(r.counts.offered) / took.Seconds()
	return r
}

func (c *counts) add(o *counts) {
	c.offered += o.offered
	c.granted += o.granted
	c.pairs += o.pairs
	c.limit += o.limit
	c.otherErrors += o.otherErrors
	c.nulls += o.nulls
	c.lost += o.lost
	c.late += o.late
	c.unreleased += o.unreleased
	c.locks = append(c.locks, o.locks...)
	c.unlocks = append(c.unlocks, o.unlocks...)
	if c.firstError == "" {
		c.firstError = o.firstError
	}
}

// peak keeps so many pairs under way on every connection.
func peak(ctx context.Context, address string, p plan) (result, error) {
	began := time.Now()
	from, to := began.Add(p.warmUp), began.Add(p.warmUp+p.time)
	next := func(c *line) {
		if now := time.Now(); now.Before(to) && ctx.Err() == nil {
			c.lock(now.After(from))
		}
	}
	l, err := open(ctx, address, p.connections, next)
	if err != nil {
		return result{}, err
	}
	for range p.window {
		for _, c := range l.lines {
			next(c)
		}
	}
	err = l.close()
	return l.result("peak", p.time), err
}

// offer sends LOCKs at a rate, whatever becomes of them.
func offer(ctx context.Context, address string, p plan, times, rate float64) (result, error) {
	l, err := open(ctx, address, p.connections, func(*line) {})
	if err != nil {
		return result{}, err
	}
	began := time.Now()
	from, to := began.Add(p.warmUp), began.Add(p.warmUp+p.time)
	sent := 0
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for now := began; now.Before(to) && ctx.Err() == nil; now = <-tick.C {
		for due := int(now.Sub(began).Seconds() * rate); sent < due; sent++ {
			l.lines[sent%len(l.lines)].lock(now.After(from))
		}
	}
	err = l.close()
	return l.result(fmt.Sprintf("%g times the peak", times), p.time), err
}

func cells(r result, peak float64) []string {
	ms := func(all []time.Duration, percent int) string {
		if len(all) == 0 {
			return "-"
		}
		return figures.Milliseconds(figures.Percentile(all, percent))
	}
	c := &r.counts
	return []string{
		r.name, fmt.Sprintf("%.0f", r.offered), fmt.Sprintf("%.0f", r.rate), fmt.Sprintf("%.2f", r.rate/peak),
		fmt.Sprint(c.limit), fmt.Sprint(c.late), fmt.Sprint(c.otherErrors + c.nulls), fmt.Sprint(c.lost), fmt.Sprint(c.unreleased),
		ms(c.locks, 50), ms(c.locks, 99), ms(c.unlocks, 50), ms(c.unlocks, 99),
	}
}
