package holding

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

var (
	// ErrHeld: another held the lock for the whole wait.
	ErrHeld = errors.New("held by another")
	// ErrUnavailable: no quorum, or no proxy that answers. Nobody can tell who
	// holds the lock.
	ErrUnavailable = errors.New("nobody can tell who holds it")
	// ErrRefused: a proxy does not accept what it was asked; asking again does
	// not help.
	ErrRefused = errors.New("refused")
	// ErrLost: the lock was no longer held when it was released.
	ErrLost = errors.New("the lock was lost")
)

// unavailable begin the errors after which another proxy, or the same a little
// later, may do what was asked.
var unavailable = []string{
	"NOQUORUM ", "TOOLATE ", "LEAVING ", "LIMIT ",
	"ERR max number of clients reached",
}

// unknownCommand begins what a Redis answers to LOCK. It goes on with the
// arguments, of which one is the token.
const unknownCommand = "ERR unknown command"

// classify makes an error of this package of one from go-redis: ErrHeld,
// ErrUnavailable or ErrRefused.
func classify(proxy string, err error) error {
	if errors.Is(err, redis.Nil) {
		return ErrHeld
	}
	// A connection that could not be made is no answer, whatever is in it.
	if answer := redis.Error(nil); errors.As(err, &answer) {
		for _, code := range unavailable {
			if strings.HasPrefix(answer.Error(), code) {
				return fmt.Errorf("%w: %s: %s", ErrUnavailable, proxy, answer)
			}
		}
		if strings.HasPrefix(answer.Error(), unknownCommand) {
			return fmt.Errorf("%s: %w: it is a Redis, not a redlock-proxy: give the proxy's address with --addr", proxy, ErrRefused)
		}
		return fmt.Errorf("%s: %w: %s", proxy, ErrRefused, answer)
	}
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, proxy, err)
}

// answered says whether a proxy has answered, so that the connection can go on.
func answered(err error) bool {
	answer := redis.Error(nil)
	return err == nil || errors.As(err, &answer)
}
