// A web service with jobs that must not run twice at once:
//
//   node server.mjs /tmp/counter     and then     curl -X POST localhost:3000/jobs/42
//
// 200 done, 409 somebody is at it, 503 no quorum or no proxy, 500 the job failed.
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { Held, Unavailable, withLock } from "./with-lock.mjs";

const TTL = 3000; // ms that a crash of this process keeps the others out
const [file] = process.argv.slice(2);
const [host, port] = (process.env.REDLOCK_PROXY ?? "127.0.0.1:7379").split(":");

// All requests share one connection, which is fine as TRYLOCK never waits. By
// default ioredis waits for ever, and after a reconnect sends again what has no
// answer yet: safe with a TOKEN, but a request wants its 503 soon. To wait with
// LOCK ... BLOCK ms (not in this version), use redis.duplicate() with a
// commandTimeout above ms, for a wait holds up the answers behind it.
const redis = new Redis({
  host,
  port: Number(port),
  connectTimeout: 1000,
  commandTimeout: 1000,
  maxRetriesPerRequest: 1,
});
redis.on("error", (error) => console.error(`proxy: ${error.message}`));

// count is the job. Two at once would lose a count.
async function count(signal) {
  const n = Number(await readFile(file, "utf8"));
  if (!Number.isInteger(n)) throw new Error(`${file} is not a number`);
  await sleep(50); // the work
  signal.throwIfAborted(); // before each act that needs the lock
  await writeFile(file, `${n + 1}\n`);
  return { count: n + 1 };
}

async function answer(request) {
  const job = /^\/(jobs\/\w{1,100})$/.exec(request.url);
  if (request.method !== "POST" || !job) return [404, { error: "POST /jobs/ID" }];
  try {
    return [200, await withLock(redis, job[1].replace("/", ":"), TTL, count)];
  } catch (error) {
    console.error(error.message);
    if (error instanceof Held) return [409, { error: "this job is being done" }];
    if (error instanceof Unavailable) return [503, { error: "try again" }, { "retry-after": "1" }];
    return [500, { error: "the job failed" }];
  }
}

const server = createServer(async (request, response) => {
  const [status, body, headers] = await answer(request);
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(`${JSON.stringify(body)}\n`);
});
server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
// Jobs under way end and release their locks first.
process.once("SIGTERM", () => server.close(() => redis.disconnect()));
