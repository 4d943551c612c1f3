package main

import (
	"context"

	lib "github.com/valkey-io/valkey-go"
)

func valkeyGo() library {
	return library{"Go", "valkey-go", "valkey.Nil", moduleVersion("github.com/valkey-io/valkey-go"), connectValkeyGo}
}

type valkeyGoClient struct{ lib.Client }

func connectValkeyGo(address string) (client, error) {
	c, err := lib.NewClient(lib.ClientOption{InitAddress: []string{address}})
	return valkeyGoClient{c}, err
}

func (c valkeyGoClient) call(words []string) string {
	return valkeyGoReply(c.Do(context.Background(), c.command(words)))
}

func (c valkeyGoClient) pipeline(commands [][]string) []string {
	var built []lib.Completed
	for _, words := range commands {
		built = append(built, c.command(words))
	}
	var replies []string
	for _, r := range c.DoMulti(context.Background(), built...) {
		replies = append(replies, valkeyGoReply(r))
	}
	return replies
}

func (c valkeyGoClient) command(words []string) lib.Completed {
	return c.B().Arbitrary(words[0]).Args(words[1:]...).Build()
}

func valkeyGoReply(r lib.ValkeyResult) string {
	v, err := r.ToAny()
	_, isReply := lib.IsValkeyErr(err)
	switch {
	case lib.IsValkeyNil(err):
		return null
	case isReply:
		return refused(err.Error())
	case err != nil:
		return failed(err)
	}
	return value(v)
}
