package main

import (
	"context"

	lib "github.com/redis/rueidis"
)

func rueidis() library {
	return library{"Go", "rueidis", "rueidis.Nil", moduleVersion("github.com/redis/rueidis"), connectRueidis}
}

type rueidisClient struct{ lib.Client }

func connectRueidis(address string) (client, error) {
	c, err := lib.NewClient(lib.ClientOption{InitAddress: []string{address}})
	return rueidisClient{c}, err
}

func (c rueidisClient) call(words []string) string {
	return rueidisReply(c.Do(context.Background(), c.command(words)))
}

func (c rueidisClient) pipeline(commands [][]string) []string {
	var built []lib.Completed
	for _, words := range commands {
		built = append(built, c.command(words))
	}
	var replies []string
	for _, r := range c.DoMulti(context.Background(), built...) {
		replies = append(replies, rueidisReply(r))
	}
	return replies
}

func (c rueidisClient) command(words []string) lib.Completed {
	return c.B().Arbitrary(words[0]).Args(words[1:]...).Build()
}

func rueidisReply(r lib.RedisResult) string {
	v, err := r.ToAny()
	_, isReply := lib.IsRedisErr(err)
	switch {
	case lib.IsRedisNil(err):
		return null
	case isReply:
		return refused(err.Error())
	case err != nil:
		return failed(err)
	}
	return value(v)
}
