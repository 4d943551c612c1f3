package callers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
)

// What a process of callers says, a line each; the result follows. Between the
// first two it waits for a line of its standard input, at the end for its end.
const (
	wordConnected = "connected"
	wordMeasuring = "measuring"
	wordOver      = "over"
)

// argument is how a program that was started for callers knows.
const argument = "callers"

// Result is what a turn came to.
type Result struct {
	Took   time.Duration // the measured time
	Lock   *Times        // of the locks alone
	Pair   *Times        // of locks with their releases
	Errors int           // pairs that failed, from the first moment
	First  string        // what the first of them said
}

// Serve plays a peer when this process was started to, and says whether it was.
// A program that uses Start must call it before anything else.
func Serve() (bool, error) {
	if len(os.Args) != 3 || os.Args[1] != argument {
		return false, nil
	}
	var o Order
	if err := json.Unmarshal([]byte(os.Args[2]), &o); err != nil {
		return true, fmt.Errorf("read the order: %w", err)
	}
	redis.SetLogger(silence{}) // go-redis would tell of every dial to a dead node
	return true, play(context.Background(), o, os.Stdin, os.Stdout)
}

func play(ctx context.Context, o Order, from io.Reader, to io.Writer) (err error) {
	p, err := openPeer(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	tell := func(word string) { fmt.Fprintln(to, word) }
	tell(wordConnected)
	input := bufio.NewReader(from)
	if _, err := input.ReadString('\n'); err != nil {
		return fmt.Errorf("wait for the start: %w", err)
	}
	if err := json.NewEncoder(to).Encode(work(ctx, p, o, tell)); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, input) // who asked may not have looked at us yet
	return err
}

type silence struct{}

// Printf implements go-redis' logger.
func (silence) Printf(context.Context, string, ...any) {}
