import { randomBytes } from "node:crypto";

export class Held extends Error {}
export class Lost extends Error {}
export class Unavailable extends Error {}

// withLock runs task while it holds resource, extending the lock for as long as
// that takes. The signal it gives to the task is aborted when the lock is lost.
export async function withLock(redis, resource, ttl, task) {
  const token = randomBytes(16).toString("hex"); // who knows it can release the lock
  let until = await lock(redis, resource, ttl, token);

  const lost = new AbortController();
  const lose = () => lost.abort(new Lost(`${resource} was lost before the task had ended`));
  let expiry = setTimeout(lose, until - performance.now());
  const keeper = setInterval(async () => {
    const sent = performance.now();
    const validity = await redis.call("EXTEND", resource, token, ttl).catch(() => null);
    if (validity === null) return; // nobody could tell: what was granted before still stands
    until = sent + validity; // 0: lost
    clearTimeout(expiry);
    expiry = setTimeout(lose, until - performance.now());
  }, ttl / 3);

  let result, released;
  try {
    result = await task(lost.signal);
  } finally {
    clearInterval(keeper);
    if (performance.now() >= until) lose();
    try {
      released = await redis.call("UNLOCK", resource, token);
    } catch (error) {
      console.error(`${resource} is not released and ends with its ttl: ${error.message}`);
    }
    clearTimeout(expiry);
  }
  if (released === 0) lose();
  lost.signal.throwIfAborted();
  return result;
}

// lock gives the time until which the lock is valid, counted from the sending.
async function lock(redis, resource, ttl, token) {
  const sent = performance.now();
  let grant;
  try {
    grant = await redis.call("TRYLOCK", resource, ttl, "TOKEN", token);
  } catch (error) {
    // When only the answer was late, the lock is ours all the same: give it back.
    redis.call("UNLOCK", resource, token).catch(() => {});
    // Not the error itself: its command, which loggers show, has the token.
    throw new Unavailable(error.message);
  }
  if (grant === null) throw new Held(`${resource} is held by another`);
  return sent + grant[1];
}
