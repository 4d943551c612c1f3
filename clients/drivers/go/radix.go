package main

import (
	"context"
	"errors"
	"time"

	lib "github.com/mediocregopher/radix/v4"
	"github.com/mediocregopher/radix/v4/resp/resp3"
)

func radix() library {
	return library{"Go", "radix", "Maybe.Null", moduleVersion("github.com/mediocregopher/radix/v4"), connectRadix}
}

type radixClient struct{ lib.Client }

// limit is not an option but what radix' contexts are for. Without one, of the
// callers that find all connections lost, only as many as there are connections
// hear that these are back; the others wait for ever.
const limit = 3 * time.Second

func connectRadix(address string) (client, error) {
	c, err := (lib.PoolConfig{}).New(context.Background(), "tcp", address)
	return radixClient{c}, err
}

func (c radixClient) call(words []string) string {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	got := receiver()
	err := c.Do(ctx, lib.Cmd(got, words[0], words[1:]...))
	return radixReply(got, err)
}

// pipeline has one error for all commands, as radix gives only the first.
func (c radixClient) pipeline(commands [][]string) []string {
	pipe := lib.NewPipeline()
	var got []*lib.Maybe
	for _, words := range commands {
		m := receiver()
		got = append(got, m)
		pipe.Append(lib.Cmd(m, words[0], words[1:]...))
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := c.Do(ctx, pipe)
	var replies []string
	for _, m := range got {
		replies = append(replies, radixReply(m, err))
	}
	return replies
}

// receiver takes any reply, and tells null from an empty array.
func receiver() *lib.Maybe { return &lib.Maybe{Rcv: new(any)} }

func radixReply(got *lib.Maybe, err error) string {
	var refusal resp3.SimpleError
	switch {
	case errors.As(err, &refusal):
		return refused(refusal.Error()) // err has words of radix's before it.
	case err != nil:
		return failed(err)
	case got.Null:
		return null
	}
	return value(*got.Rcv.(*any))
}
