package commands

import (
	"time"

	"redlock-proxy/redlock"
)

// lockOptions is what a LOCK or TRYLOCK asks for.
type lockOptions struct {
	request redlock.Request

	maxHold time.Duration // with Owned: how long it is extended

	token, block, retry bool // given
}

// lockOptions reads the options, which come in any order.
func (t *Table) lockOptions(c *Call, command string, mayWait bool) (lockOptions, Reply) {
	o := lockOptions{request: redlock.Request{Resource: c.arg(1), Session: c.Session.ID}}
	for i := 3; i < len(c.Args); {
		used, refusal := t.lockOption(&o, c.Args[i:], mayWait)
		if refusal != nil {
			return o, refusal
		}
		i += used
	}
	if o.token && o.request.Token == "" {
		return o, badArgument(&redlock.ArgumentError{Argument: "token"})
	}
	if o.maxHold > 0 && !o.request.Owned {
		return o, errSyntax // MAXHOLD of what?
	}
	if mayWait && !o.block && !o.retry && t.RetryCount > 0 {
		t.wait(&o, 0, t.RetryCount)
	}
	var refusal Reply
	o.request.TTL, refusal = t.ttl(c.Args[2], command)
	if refusal == nil && o.request.Owned {
		refusal = t.limitHold(&o)
	}
	return o, refusal
}

// lockOption reads the first of the arguments that are left, and tells how many
// it took.
func (t *Table) lockOption(o *lockOptions, args [][]byte, mayWait bool) (int, Reply) {
	hasValue := len(args) > 1
	switch {
	case is(args[0], "TOKEN") && hasValue && !o.token:
		o.request.Token, o.token = own(args[1]), true
		return 2, nil
	case is(args[0], "BLOCK") && hasValue && mayWait && !o.block && !o.retry:
		o.block = true
		return 2, t.block(o, args[1])
	case is(args[0], "RETRY") && hasValue && mayWait && !o.block && !o.retry:
		o.retry = true
		return 2, t.retry(o, args[1])
	case is(args[0], "AUTOEXTEND") && !o.request.Owned:
		o.request.Owned = true
		return 1, nil
	case is(args[0], "MAXHOLD") && hasValue && o.maxHold == 0:
		return 2, t.readMaxHold(o, args[1])
	case is(args[0], "FENCE") && !o.request.Fence:
		o.request.Fence = true
		return 1, nil
	}
	return 0, errSyntax
}

// block reads how long to wait; 0 is as long as the proxy lets anybody.
func (t *Table) block(o *lockOptions, arg []byte) Reply {
	ms, isInteger := integer(arg)
	switch {
	case !isInteger:
		return errTimeoutNumber
	case ms < 0:
		return errTimeoutNegative
	}
	t.wait(o, ms, 0)
	return nil
}

// retry reads how often to try again; 0 is not to wait.
func (t *Table) retry(o *lockOptions, arg []byte) Reply {
	count, isInteger := integer(arg)
	switch {
	case !isInteger:
		return errNotInteger
	case count < 0:
		return errNotPositive
	case count > 0:
		t.wait(o, 0, int(min(count, maxRetries)))
	}
	return nil
}

// maxRetries is more than fit into any --max-block.
const maxRetries = 1 << 30

// wait limits a wait to MaxBlock. Who would wait longer is expected to ask
// again.
func (t *Table) wait(o *lockOptions, ms int64, retries int) {
	most := t.MaxBlock.Milliseconds()
	o.request.KeepPlace = ms == 0 || ms > most
	if ms == 0 || ms > most {
		ms = most
	}
	o.request.Block, o.request.Retry = time.Duration(ms)*time.Millisecond, retries
}

// readMaxHold reads how long a lock may be extended.
func (t *Table) readMaxHold(o *lockOptions, arg []byte) Reply {
	ms, isInteger := integer(arg)
	switch {
	case !isInteger:
		return errNotInteger
	case ms <= 0:
		return errNotPositive
	case ms > t.MaxHold.Milliseconds():
		return maxHoldTooLong(ms, t.MaxHold)
	}
	o.maxHold = time.Duration(ms) * time.Millisecond
	return nil
}

// limitHold sees to it that the ttl fits into the time of holding: it is the
// least for which a lock is taken.
func (t *Table) limitHold(o *lockOptions) Reply {
	given := o.maxHold > 0
	if !given {
		o.maxHold = t.MaxHold
	}
	switch {
	case o.maxHold >= o.request.TTL:
		return nil
	case given:
		return maxHoldBelowTTL(o.maxHold, o.request.TTL)
	}
	return ttlOverMaxHold(o.request.TTL, o.maxHold)
}
