package main

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

func goRedis() library {
	return library{"Go", "go-redis", "redis.Nil", moduleVersion("github.com/redis/go-redis/v9"), connectGoRedis}
}

type goRedisClient struct{ rdb *redis.Client }

func connectGoRedis(address string) (client, error) {
	rdb := redis.NewClient(&redis.Options{Addr: address})
	return goRedisClient{rdb}, rdb.Ping(context.Background()).Err()
}

func (c goRedisClient) call(words []string) string {
	return goRedisReply(c.rdb.Do(context.Background(), anys(words)...))
}

func (c goRedisClient) pipeline(commands [][]string) []string {
	pipe := c.rdb.Pipeline()
	var cmds []*redis.Cmd
	for _, words := range commands {
		cmds = append(cmds, pipe.Do(context.Background(), anys(words)...))
	}
	_, _ = pipe.Exec(context.Background()) // Each command has its own error.
	var replies []string
	for _, cmd := range cmds {
		replies = append(replies, goRedisReply(cmd))
	}
	return replies
}

func goRedisReply(cmd *redis.Cmd) string {
	v, err := cmd.Result()
	var refusal redis.Error
	switch {
	case errors.Is(err, redis.Nil):
		return null
	case errors.As(err, &refusal):
		return refused(err.Error())
	case err != nil:
		return failed(err)
	}
	return value(v)
}
