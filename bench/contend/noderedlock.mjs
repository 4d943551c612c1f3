// The contenders of one turn by node-redlock 5, for contend.
//
//   node noderedlock.mjs TURN
//
// TURN is JSON: nodes, resource, contenders and ttl; hold, pause, end (of the
// measured time) and over (when waits are cut off) in milliseconds. Each line of standard
// output is one wait, or one failure:
//
//   got CONTENDER ASKED GRANTED RELEASED     nanoseconds since the turn began
//   cutoff CONTENDER ASKED OVER
//   failed TEXT
//
// The libraries are those that the tests in ../interop install.

import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const require = createRequire(new URL("../interop/", import.meta.url));
const { Redis } = require("ioredis");
const { default: Redlock } = require("redlock5");

const turn = JSON.parse(process.argv[2]);
const clients = turn.nodes.map((node) => {
  const [host, port] = node.split(":");
  return new Redis({ host, port: Number(port) });
});
await Promise.all(clients.map((client) => client.ping())); // connected
const redlock = new Redlock(clients, { retryCount: -1 });

const lines = [];
const began = process.hrtime.bigint();
const now = () => process.hrtime.bigint() - began;
const end = BigInt(Math.round(turn.end * 1e6));
const asked = new Map(); // by contender, while it waits
let unsettled = turn.contenders; // who have waits from before the end
let over = () => {};
const isOver = new Promise((resolve) => (over = resolve));
let stopped = false;

async function contend(i) {
  let settled = false;
  while (!stopped) {
    const at = now();
    if (!settled && at >= end) {
      settled = true;
      if (--unsettled === 0) over();
    }
    asked.set(i, at);
    try {
      const lock = await redlock.acquire([turn.resource], turn.ttl);
      const granted = now();
      if (stopped) return;
      asked.delete(i);
      if (turn.hold > 0) await sleep(turn.hold);
      lines.push(`got ${i} ${at} ${granted} ${now()}`);
      await lock.release();
      if (turn.pause > 0) await sleep(turn.pause);
    } catch (error) {
      lines.push(`failed ${String(error).replaceAll("\n", " ")}`);
      await sleep(10);
    }
  }
}

for (let i = 0; i < turn.contenders; i++) contend(i);
await Promise.race([isOver, sleep(turn.over)]);
stopped = true;
for (const [i, at] of asked) lines.push(`cutoff ${i} ${at} ${now()}`);
// A wait without an end can not be cancelled, so the process ends with it.
process.stdout.write(lines.join("\n") + "\n", () => process.exit(0));
