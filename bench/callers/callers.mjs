// The callers of one turn by a library of Node.js.
//
//   node callers.mjs ORDER
//
// ORDER is callers.Order as JSON, times in nanoseconds. What is written is told
// in serve.go: connected, measuring, over, and the result as JSON. The libraries
// are those that the tests in ../interop install.

import { createRequire } from "node:module";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

const require = createRequire(new URL("../interop/", import.meta.url));
const { Redis } = require("ioredis");

const order = JSON.parse(process.argv[2]);
const ttl = 10_000;
const connections = [];

async function connect(address) {
  const [host, port] = address.split(":");
  const client = new Redis({ host, port: Number(port), lazyConnect: true });
  client.on("error", () => {}); // of a dead node; the pairs tell
  connections.push(client);
  await Promise.race([client.connect().catch(() => {}), sleep(1000)]);
  return client;
}

// Each peer gives lock(resource), which gives what unlock needs.
const peers = {
  async "proxy, shared, by ioredis"() {
    const client = await connect(order.Proxy);
    return {
      async lock(resource) {
        const reply = await client.call("LOCK", resource, ttl);
        if (reply === null) throw new Error("LOCK: null, held");
        return [resource, reply[0]];
      },
      async unlock([resource, token]) {
        if ((await client.call("UNLOCK", resource, token)) !== 1) throw new Error("UNLOCK: 0, not held");
      },
    };
  },
  // The defaults, but one try.
  async "node-redlock"() {
    const { default: Redlock } = require("redlock5");
    const redlock = new Redlock(await Promise.all(order.Nodes.map(connect)), { retryCount: 0 });
    return {
      lock: (resource) => redlock.acquire([resource], ttl),
      unlock: (lock) => lock.release(),
    };
  },
  // The defaults, but one try; a new object for each lock, as its examples do.
  async "redlock-universal"() {
    const { createRedlock, IoredisAdapter } = require("redlock-universal");
    const clients = await Promise.all(order.Nodes.map(connect));
    const adapters = clients.map((client) => new IoredisAdapter(client));
    return {
      async lock(key) {
        const redlock = createRedlock({ adapters, key, ttl, retryAttempts: 0 });
        return [redlock, await redlock.acquire()];
      },
      async unlock([redlock, handle]) {
        if (!(await redlock.release(handle))) throw new Error("not released");
      },
    };
  },
};

const result = { Took: 0, Lock: new Map(), Pair: new Map(), Errors: 0, First: "" };
let phase = "warming up";

// note counts a time to a thousandth, as the histogram in Go does.
function note(counts, ms) {
  let us = Math.max(1, Math.round(ms * 1000));
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(us)) - 3);
  us = Math.round(us / unit) * unit;
  counts.set(us, (counts.get(us) ?? 0) + 1);
}

async function call(peer, resource) {
  while (phase !== "over") {
    const before = phase;
    const began = performance.now();
    try {
      const held = await peer.lock(resource);
      const locked = performance.now();
      await peer.unlock(held);
      if (before === "measuring" && phase === "measuring") {
        note(result.Lock, locked - began);
        note(result.Pair, performance.now() - began);
      }
    } catch (error) {
      result.Errors++;
      result.First ||= String(error);
      await sleep(10); // as in work.go
    }
  }
}

const peer = await peers[order.Peer]();
console.log("connected");
await once(process.stdin, "data");
const ended = once(process.stdin, "end"); // who asked looks at us until then
const running = [];
for (let i = 0; i < order.Callers; i++) running.push(call(peer, `${order.Prefix}:${i}`));
await sleep(order.WarmUp / 1e6);
phase = "measuring";
const began = performance.now();
console.log("measuring");
await sleep(order.Time / 1e6);
phase = "over";
result.Took = Math.round((performance.now() - began) * 1e6);
console.log("over");
await Promise.all(running);
result.Lock = [...result.Lock];
result.Pair = [...result.Pair];
console.log(JSON.stringify(result));
await ended;
connections.forEach((client) => client.disconnect());
process.exit(0); // also when a library still waits for a dead node
