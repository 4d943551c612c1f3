// The protocol of package clients, for the drivers of this folder.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

// serve does what standard input asks for. folder is the client's in
// node_modules. connect gives { call(words, raw), pipeline(commands, raw) }, both
// of promises, that of pipeline for a list of { status, value, reason } as of
// Promise.allSettled. Words are strings where they are plain text, as people
// write them, and buffers otherwise; then raw is true and the replies have to be
// buffers too. isReply tells errors that the server sent.
export async function serve({ client, folder, connect, isReply }) {
  const manifest = new URL(`node_modules/${folder}/package.json`, import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  const [host, port] = process.argv.slice(-2);
  const library = await connect(host, Number(port));
  console.log(['ready', 'JavaScript', client, version, 'null'].join('\t'));
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(await answer(library, isReply, line));
  }
  process.exit(0); // The client's connection would keep us.
}

async function answer(library, isReply, line) {
  const [verb, ...rest] = line.split(' ');
  const many = verb === 'callers' ? Number(rest.shift()) : 1;
  const { commands, raw } = parse(rest.join(' '));
  const settled =
    verb === 'pipeline'
      ? await library.pipeline(commands, raw)
      : await Promise.allSettled(Array.from({ length: many }, () => library.call(commands[0], raw)));
  const replies = settled.map(({ value, reason }) => (reason ? failure(reason, isReply) : reply(value)));
  return verb === 'call' ? replies[0] : `a(${replies.join(' ')})`;
}

function parse(text) {
  const commands = text.split(' ; ').map((one) => one.split(' ').map(word));
  return { commands, raw: commands.flat().some(Buffer.isBuffer) };
}

function word(digits) {
  const bytes = Buffer.from(digits, 'hex'); // of a dash, none
  const plain = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return plain ? bytes.toString() : bytes;
}

function failure(error, isReply) {
  return (isReply(error) ? 'e' : 'x') + hex(error.message);
}

function reply(value) {
  if (value === null) return 'n';
  if (typeof value === 'number') return `i${value}`;
  if (typeof value === 'string' || Buffer.isBuffer(value)) return 's' + hex(value);
  if (Array.isArray(value)) return `a(${value.map(reply).join(' ')})`;
  return 'x' + hex(`nothing that a lock server answers: ${typeof value} ${value}`);
}

function hex(text) {
  return Buffer.from(text).toString('hex');
}
