// Node-redlock under the control of a Go test.
//
//   node noderedlock.mjs redlock4|redlock5 HOST:PORT...
//
// Each line of standard input is a command, each line of standard output the
// answer to the one before:
//
//   lock RESOURCE TTL     held VALUE | refused | error TEXT    tries once
//   extend RESOURCE TTL   extended | refused | error TEXT
//   unlock RESOURCE       released | refused | error TEXT
//
// "refused" is a majority's no; anything else that went wrong is an error. It
// ends with its standard input.

import { createInterface } from "node:readline";
import { Redis } from "ioredis";

const [version, ...nodes] = process.argv.slice(2);
const { default: Redlock, ResourceLockedError } = await import(version);

const clients = nodes.map((node) => {
  const [host, port] = node.split(":");
  return new Redis({ host, port: Number(port) });
});
const redlock = new Redlock(clients, { retryCount: 0 });

// What version 4 says of nodes that did not answer. Version 5 says it in the
// error it throws.
let failures = [];
redlock.on("clientError", (error) => failures.push(error));

const locks = new Map(); // by resource

const commands = {
  async lock(resource, ttl) {
    const lock = await redlock.acquire([resource], Number(ttl));
    locks.set(resource, lock);
    return `held ${lock.value}`;
  },
  async extend(resource, ttl) {
    locks.set(resource, await locks.get(resource).extend(Number(ttl)));
    return "extended";
  },
  async unlock(resource) {
    const lock = locks.get(resource);
    locks.delete(resource);
    await redlock.release(lock);
    return "released";
  },
};

// isRefusal tells a majority's no from nodes that did not work.
async function isRefusal(error) {
  if (error.name === "LockError") return failures.length === 0;
  if (error.name !== "ExecutionError") return false;
  const attempts = await Promise.all(error.attempts);
  return attempts.every(({ votesAgainst }) =>
    [...votesAgainst.values()].every((e) => e instanceof ResourceLockedError),
  );
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...args] = line.split(" ");
  failures = [];
  let answer;
  try {
    answer = await commands[command](...args);
  } catch (error) {
    answer = (await isRefusal(error)) ? "refused" : `error ${error} ${failures}`;
  }
  console.log(answer.replaceAll("\n", " "));
}
clients.forEach((client) => client.disconnect());
