package main

import (
	"errors"

	"github.com/gomodule/redigo/redis"
)

func redigo() library {
	return library{"Go", "redigo", "nil", moduleVersion("github.com/gomodule/redigo"), connectRedigo}
}

// redigoClient is a pool: a connection of redigo's is for one goroutine.
type redigoClient struct{ pool *redis.Pool }

func connectRedigo(address string) (client, error) {
	pool := &redis.Pool{
		MaxIdle: 3, // As in redigo's own example; it has no default.
		Dial:    func() (redis.Conn, error) { return redis.Dial("tcp", address) },
	}
	conn := pool.Get()
	defer conn.Close()
	_, err := conn.Do("PING")
	return redigoClient{pool}, err
}

func (c redigoClient) call(words []string) string {
	conn := c.pool.Get()
	defer conn.Close()
	return redigoReply(conn.Do(words[0], anys(words[1:])...))
}

func (c redigoClient) pipeline(commands [][]string) []string {
	conn := c.pool.Get()
	defer conn.Close()
	var err error
	for _, words := range commands {
		err = errors.Join(err, conn.Send(words[0], anys(words[1:])...))
	}
	err = errors.Join(err, conn.Flush())
	var replies []string
	for range commands {
		if err != nil {
			replies = append(replies, failed(err))
			continue
		}
		replies = append(replies, redigoReply(conn.Receive()))
	}
	return replies
}

func redigoReply(v any, err error) string {
	var refusal redis.Error
	switch {
	case errors.As(err, &refusal):
		return refused(err.Error())
	case err != nil:
		return failed(err)
	}
	return value(v)
}
