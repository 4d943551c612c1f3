package commands

import "strings"

// family is a group of Redis' commands that this server does not have, and the
// sentence that says why. A client that meant another Redis learns it at once.
type family struct {
	name     string
	sentence string
	commands string // between spaces
}

const (
	transactions = "transactions"
	scripts      = "scripts"
)

// families are the commands of Redis 8 and its usual modules. A name that is
// missing here is answered as an unknown command, in Redis' words.
func families() []family {
	return []family{
		{transactions, "has no transactions; send the commands in a plain pipeline", `
multi exec discard watch unwatch`},
		{scripts, "runs no scripts", `
eval eval_ro evalsha evalsha_ro script function fcall fcall_ro`},
		{"messages", "passes no messages", `
publish spublish monitor psync sync replconf replicaof slaveof failover`},
		{"server", "is stopped and changed from outside", `
bgrewriteaof bgsave debug flushall flushdb lastsave module save shutdown swapdb restore-asking lolwut`},
		{"data", "keeps locks and no data", `
append bitcount bitfield bitfield_ro bitop bitpos decr decrby del delex digest get getbit getdel getex getrange getset
incr incrby incrbyfloat increx lcs mget mset msetex msetnx psetex set setbit setex setnx setrange strlen substr
copy dump exists expire expireat expiretime keys migrate move object persist pexpire pexpireat pexpiretime pttl
randomkey rename renamenx restore scan sort sort_ro touch ttl type unlink
blmove blmpop blpop brpop brpoplpush lindex linsert llen lmove lmpop lpop lpos lpush lpushx lrange lrem lset ltrim
rpop rpoplpush rpush rpushx
hdel hexists hexpire hexpireat hexpiretime hget hgetall hgetdel hgetex hincrby hincrbyfloat hkeys hlen hmget hmset
hpersist hpexpire hpexpireat hpexpiretime hpttl hrandfield hscan hset hsetex hsetnx hstrlen httl hvals
sadd scard sdiff sdiffstore sinter sintercard sinterstore sismember smembers smismember smove spop srandmember srem
sscan sunion sunionstore
bzmpop bzpopmax bzpopmin zadd zcard zcount zdiff zdiffstore zincrby zinter zintercard zinterstore zlexcount zmpop
zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex
zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion zunionstore
xack xackdel xadd xautoclaim xclaim xdel xdelex xgroup xinfo xlen xpending xrange xread xreadgroup xrevrange xsetid xtrim
geoadd geodist geohash geopos georadius georadius_ro georadiusbymember georadiusbymember_ro geosearch geosearchstore
pfadd pfcount pfdebug pfmerge pfselftest`},
	}
}

// foreignNames is the index of families by command.
func foreignNames() map[string]*family {
	index := map[string]*family{}
	for _, f := range families() {
		for name := range strings.FieldsSeq(f.commands) {
			index[name] = &f
		}
	}
	return index
}

// transaction refuses MULTI, and what a client sent along with it before it
// could know: otherwise a pipeline of MULTI, LOCK and EXEC would fail for its
// user and hold the lock all the same.
func (s *Session) transaction(c *Call) Reply {
	name := lowered(c.Args[0])
	behind := s.behindMulti(c)
	if name == "multi" && !behind {
		s.multi = c.Read
	}
	switch {
	case name == "exec" && behind:
		s.multi = 0
		return errExecAbort
	case name == "discard" && behind:
		s.multi = 0
		return ok
	case name == "exec" || name == "discard":
		return withoutMulti(name)
	}
	return foreignCommand(c.Args[0], c.table.foreign[name])
}

// behindMulti tells whether a MULTI came in with the same read as this command.
func (s *Session) behindMulti(c *Call) bool { return s.multi != 0 && s.multi == c.Read }
