package redlock

import "github.com/redis/go-redis/v9"

// The scripts are all that a node runs besides SET. Each is one atomic step on
// one key. A lock's value is the bare token (of the proxy's making, fresh), or
// token NUL and 8 bytes (see attemptValue); mine() accepts both, and nothing of
// another length.
const mine = `
local function mine(held, token)
  if held == token then return true end
  return #held == #token + 9 and string.sub(held, 1, #token + 1) == token .. '\0'
end
`

// acquireScript is for callers who bring a token. ARGV: token, value, ttl in
// ms. Answers nil when the key is now ours, otherwise the value that holds it.
// Finding the own token is a yes, so that a retry after a lost reply is not
// refused by itself: the value becomes one that no attempt's undo has, and the
// ttl is raised, never lowered.
const acquireScript = mine + `
local held = redis.call('GET', KEYS[1])
if not held then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return false
end
if not mine(held, ARGV[1]) then return held end
local left = redis.call('PTTL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1] .. '\0standing', 'PX', math.max(left, tonumber(ARGV[3])))
return false
`

// extendScript: ARGV: token, value, ttl in ms. 1 when the token holds the key,
// which then lives at least ttl more; 0 otherwise. Never shortens: an extension
// that was delayed must not cut a longer one that overtook it. The key gets
// the extension's own value: an undo of the acquire that is still owed
// somewhere must not take back what has just been counted.
const extendScript = mine + `
local held = redis.call('GET', KEYS[1])
if not held or not mine(held, ARGV[1]) then return 0 end
local left = redis.call('PTTL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[2], 'PX', math.max(left, tonumber(ARGV[3])))
return 1
`

// releaseScript: ARGV: token or value, and '1' when it is a whole value (an
// undo) instead of a token (an unlock). 1 when it deleted the key, else 0.
const releaseScript = mine + `
local held = redis.call('GET', KEYS[1])
if not held then return 0 end
if held == ARGV[1] or (ARGV[2] == '0' and mine(held, ARGV[1])) then
  return redis.call('DEL', KEYS[1])
end
return 0
`

// script is a source and the hash by which nodes are asked to run it.
type script struct{ source, sha string }

type scripts struct {
	acquire, extend, release script
}

func newScripts() scripts {
	return scripts{
		acquire: newScript(acquireScript),
		extend:  newScript(extendScript),
		release: newScript(releaseScript),
	}
}

// newScript lets go-redis work out the hash and keeps nothing else of its
// Script, which forgets the hash when it is loaded in a pipeline.
func newScript(source string) script {
	return script{source: source, sha: redis.NewScript(source).Hash()}
}

func (s scripts) all() []script { return []script{s.acquire, s.extend, s.release} }
