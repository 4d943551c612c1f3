package redlock

import "github.com/redis/go-redis/v9"

// The scripts are all that a node runs besides SET and PTTL. Each is one atomic
// step. What a value looks like is said in token.go; mine() accepts
// the bare token too, and nothing of another length. It stands behind what is
// answered without it: to define the three functions is a quarter of a release.
const mine = `
local function mine(held, token)
  if held == token then return true end
  return #held == #token + 9 and string.sub(held, 1, #token + 1) == token .. '\0'
end
local function owner(held, token)
  if held == token then return '\0\0\0\0' end
  return string.sub(held, -8, -5)
end
local function state(held, token)
  if held == token then return 't' end
  return string.sub(held, -4, -4)
end
`

// acquireScript is for callers who bring a token. ARGV: token, value, ttl in
// ms, and what to write over an earlier value of the same token, or ” to
// keep its owner. Answers nil when the key is now ours, otherwise the value that
// holds it. Finding the own token is a yes, so that a retry after a lost reply
// is not refused by itself: the value becomes one that no attempt's undo has,
// and the ttl is raised, never lowered. Kept for its owner it gets the state
// 'k', as from then on the owner is not the only one who relies on it.
const acquireScript = `
local token, value = ARGV[1], ARGV[2]
local held = redis.call('GET', KEYS[1])
if not held then
  redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
  return false
end` + mine + `
if not mine(held, token) then return held end
local over = token .. '\0' .. owner(held, token) .. 'k' .. string.sub(value, -3)
local left = redis.call('PTTL', KEYS[1])
redis.call('SET', KEYS[1], over, 'PX', math.max(left, tonumber(ARGV[3])))
return false
`

// fenceScript is acquireScript with a fence. KEYS: the lock, its fence. ARGV,
// after those of acquireScript: the proposed fence, how many ms it is to be
// remembered, and how many microseconds it may be ahead of the node's clock and
// behind it. Answers as acquireScript does, or with why the proposal is refused
// though the lock is to be had, and what the next one must not be below:
//
//	low     a greater or equal one was accepted here
//	ahead   of the clock; but one more than the last is always accepted
//	behind  the clock, where nothing is remembered to compare with
//
// The bounds make up for what is forgotten: a fence is remembered for longer
// than the clock needs to pass any that was accepted.
const fenceScript = `
local token, value, proposal = ARGV[1], ARGV[2], tonumber(ARGV[4])
local held = redis.call('GET', KEYS[1])
local over
if held then` + mine + `
  if not mine(held, token) then return held end
  over = token .. '\0' .. owner(held, token) .. 'k' .. string.sub(value, -3)
end
local last = tonumber(redis.call('GET', KEYS[2]) or '')
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if last and proposal <= last then return {'low', string.format('%.0f', last)} end
if proposal > now + tonumber(ARGV[6]) and proposal ~= (last or proposal) + 1 then
  return {'ahead', string.format('%.0f', now)}
end
if not last and proposal < now - tonumber(ARGV[7]) then return {'behind', string.format('%.0f', now)} end
local kept = math.max(redis.call('PTTL', KEYS[2]), tonumber(ARGV[5]))
redis.call('SET', KEYS[2], ARGV[4], 'PX', kept)
if not held then
  redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
  return false
end
redis.call('SET', KEYS[1], over, 'PX', math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[3])))
return false
`

// extendScript: ARGV: token, value, ttl in ms. 1 when the token holds the key,
// 2 when its state is 'k'; it then lives at least ttl more. 0 otherwise. Never shortens: an extension
// that was delayed must not cut a longer one that overtook it. The key gets the
// extension's nonce: an undo of the acquire that is still owed somewhere must
// not take back what has just been counted. Owner and state stay.
const extendScript = mine + `
local token = ARGV[1]
local held = redis.call('GET', KEYS[1])
if not held or not mine(held, token) then return 0 end
local left = redis.call('PTTL', KEYS[1])
local value = token .. '\0' .. owner(held, token) .. state(held, token) .. string.sub(ARGV[2], -3)
redis.call('SET', KEYS[1], value, 'PX', math.max(left, tonumber(ARGV[3])))
return state(held, token) == 'k' and 2 or 1
`

// releaseScript deletes the key if it is what is meant. ARGV: kind, token or
// value, owner or nonce, channel, message. The kinds:
//
//	token   whatever the token holds: an unlock
//	value   that value and no other: the undo of an acquire
//	nonce   what an extension with that nonce found: its undo
//	owner   what the owner took and nobody else relies on: the end of a Hold
//
// 0 when it did nothing, otherwise 1 and how many heard of it on the channel,
// which is ” when nobody shall. A node whose rights do not allow to publish
// releases in silence.
const releaseScript = `
local held = redis.call('GET', KEYS[1])
if not held then return 0 end
local kind, what, part = ARGV[1], ARGV[2], ARGV[3]
local same = held == what
if kind == 'value' and not same or same and (kind == 'nonce' or kind == 'owner') then return 0 end
if not same then` + mine + `
  if not mine(held, what) then return 0 end
  if kind == 'nonce' and string.sub(held, -3) ~= part then return 0 end
  if kind == 'owner' and (owner(held, what) ~= part or state(held, what) ~= 't') then return 0 end
end
redis.call('DEL', KEYS[1])
if ARGV[4] == '' then return 1 end
local heard = redis.pcall('PUBLISH', ARGV[4], ARGV[5])
if type(heard) ~= 'number' then return 1 end
return 1 + heard
`

// releasesScript is many releases of kind token in one. KEYS: what to release.
// ARGV, three for each: token, channel, message. Answers as releaseScript does for
// each, or with the error of that one: the others are done all the same.
const releasesScript = `
local all, call = {}, redis.pcall
for i, key in ipairs(KEYS) do
  local held, token, channel = call('GET', key), ARGV[3 * i - 2], ARGV[3 * i - 1]
  local done = 0
  if type(held) == 'table' then
    done = held
  elseif held == token or
    held and #held == #token + 9 and string.sub(held, 1, #token + 1) == token .. '\0' then
    done = call('DEL', key)
    if channel ~= '' and type(done) == 'number' then
      local heard = call('PUBLISH', channel, ARGV[3 * i])
      if type(heard) == 'number' then done = done + heard end
    end
  end
  all[i] = done
end
return all
`

// repairScript puts back a lock that a node has lost and its majority still has.
// KEYS: the lock, its fence. ARGV: value, the end of the validity by the node's
// clock in microseconds, the fence or 0, and how many ms that is to be
// remembered. 1 when it did, 0 when the key is there, the validity over, or a
// greater fence was accepted.
const repairScript = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local time = redis.call('TIME')
local left = math.floor((tonumber(ARGV[2]) - time[1] * 1000000 - time[2]) / 1000)
if left < 1 then return 0 end
local last = tonumber(redis.call('GET', KEYS[2]) or '')
local fence = tonumber(ARGV[3])
if fence > 0 then
  if last and last > fence then return 0 end
  local kept = math.max(redis.call('PTTL', KEYS[2]), tonumber(ARGV[4]))
  redis.call('SET', KEYS[2], ARGV[3], 'PX', kept)
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', left)
return 1
`

// holdsScript: ARGV: token. 1 when it holds the key.
const holdsScript = mine + `
local held = redis.call('GET', KEYS[1])
return held and mine(held, ARGV[1]) and 1 or 0
`

// surveyScript: KEYS: locks. ARGV: the key of a fence, if that is wanted too.
// Answers for each lock its value, false without one, 1 where it is of another
// type or longer than any lock's, and what PTTL says; then the fence, or false. Changes nothing. The fence
// is no KEY, so that a user who may not read it is told the rest.
const surveyScript = `
local all = {}
for _, key in ipairs(KEYS) do
  local value = redis.pcall('GET', key)
  if type(value) == 'table' then
    if not string.find(value.err, 'WRONGTYPE', 1, true) then return value end
    value = 1
  elseif value and #value > 1024 then
    value = 1
  end
  all[#all + 1] = value
  all[#all + 1] = redis.call('PTTL', key)
end
if ARGV[1] then
  local fence = redis.pcall('GET', ARGV[1])
  all[#all + 1] = type(fence) == 'string' and fence
end
return all
`

// memberScript reads a node's membership and its clock. ARGV: a ttl in ms that
// the record notes if it is larger than the one there, and the newest format in
// which that may be done; and, to put another record in its place, the state,
// run, set, generation, format and memory that must be there now (empty: no such
// field), then the fields and values of the new one. The ttl that is noted never
// goes down by it: another process may have raised it since the record was seen.
const memberScript = `
local key = KEYS[1]
local function read(field) return redis.call('HGET', key, field) or '' end
local noted = tonumber(read('ttl'))
local ttl = noted
local same = #ARGV > 2
for i, field in ipairs({'state', 'run', 'set', 'generation', 'format', 'memory'}) do
  same = same and read(field) == ARGV[i + 2]
end
if same then
  for i = 9, #ARGV, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
  ttl = tonumber(read('ttl'))
end
local longest = math.max(noted or 0, tonumber(ARGV[1]))
if ttl and ttl < longest then
  local format = tonumber(read('format'))
  if format and format <= tonumber(ARGV[2]) then redis.call('HSET', key, 'ttl', longest) end
end
local time = redis.call('TIME')
return {time[1], time[2], redis.call('HGETALL', key)}
`

// script is a source and the hash by which nodes are asked to run it.
type script struct{ source, sha string }

type scripts struct {
	acquire, fence, extend, release, releases, repair, holds, survey, member script
}

func newScripts() scripts {
	return scripts{
		acquire:  newScript(acquireScript),
		extend:   newScript(extendScript),
		release:  newScript(releaseScript),
		releases: newScript(releasesScript),
		fence:    newScript(fenceScript),
		repair:   newScript(repairScript),
		holds:    newScript(holdsScript),
		survey:   newScript(surveyScript),
		member:   newScript(memberScript),
	}
}

// newScript lets go-redis work out the hash and keeps nothing else of its
// Script, which forgets the hash when it is loaded in a pipeline.
func newScript(source string) script {
	return script{source: source, sha: redis.NewScript(source).Hash()}
}

func (s scripts) all() []script {
	return []script{s.acquire, s.fence, s.extend, s.release, s.releases, s.repair, s.holds, s.survey, s.member}
}
