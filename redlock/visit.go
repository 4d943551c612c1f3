package redlock

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// visit is a look at a node from outside of any quorum, for an operator's
// commands. It writes nothing there: the script that proxies look with could,
// and would have to be loaded first.
type visit struct {
	name   string
	client *redis.Client
	err    error // it does not answer, or lets nobody in

	info   string
	facts  facts
	blind  error // the record can not be read
	record record
	offset time.Duration // of its clock from ours
	spread time.Duration // by how much that may be wrong
	clock  bool          // it told its time
}

// visitAll looks at all nodes at once. Call end.
func visitAll(ctx context.Context, o Options, nodes []Node) []*visit {
	visits := make([]*visit, len(nodes))
	done := make(chan struct{})
	for i, n := range nodes {
		visits[i] = &visit{name: oneLine(n.Name), client: redis.NewClient(nodeOptions(n, o.NodeTimeout))}
		go func() {
			visits[i].look(ctx)
			done <- struct{}{}
		}()
	}
	for range nodes {
		<-done
	}
	return visits
}

func (v *visit) end() { _ = v.client.Close() }

// look asks twice: what a first connection takes must not count as the clock's.
func (v *visit) look(ctx context.Context) {
	info, member := redis.NewCmd(ctx, "info"), redis.NewCmd(ctx, "hgetall", memberKey)
	if v.err = v.ask(ctx, info, member); v.err != nil {
		return
	}
	if err := info.Err(); err != nil && !denied(err) {
		v.err = cause(err) // NOAUTH, LOADING
		return
	}
	v.info, _ = info.Text()
	v.facts = readFacts(v.info)
	v.readMember(member)
	clock := redis.NewCmd(ctx, "time")
	sent := time.Now()
	if v.err = v.ask(ctx, clock); v.err != nil {
		return
	}
	took := time.Since(sent)
	if parts, _ := clock.Val().([]any); clock.Err() == nil && len(parts) == 2 {
		now := time.UnixMicro(readClock(parts))
		v.offset, v.spread, v.clock = now.Sub(sent.Add(took/2)), took/2, true
	}
}

// ask sends a pipeline. The error is why the node did not answer; refusals of
// the commands are in them.
func (v *visit) ask(ctx context.Context, commands ...*redis.Cmd) error {
	pipe := v.client.Pipeline()
	for _, c := range commands {
		_ = pipe.Process(ctx, c) // only queues
	}
	_, err := pipe.Exec(ctx)
	if err = pipelineError(err, commands); err != nil {
		return cause(err)
	}
	return nil
}

func (v *visit) readMember(member *redis.Cmd) {
	if err := member.Err(); err != nil {
		v.blind = cause(err)
		return
	}
	list, _ := member.Val().([]any)
	v.record = readRecord(readFields(list))
}
