// ioredis and what was made of it: node ioredis.mjs CLIENT FOLDER HOST PORT,
// where FOLDER is that of the version in node_modules.

import { serve } from './protocol.mjs';

const [client, folder] = process.argv.slice(2);
const { Redis } = await import(folder);

await serve({
  client,
  folder,
  isReply: (error) => error.name === 'ReplyError',
  connect: async (host, port) => {
    const redis = new Redis(port, host);
    redis.on('error', () => {}); // It reconnects; unheard errors go to stderr.
    await redis.ping();
    const method = (raw) => (raw ? 'callBuffer' : 'call');
    return {
      call: (words, raw) => redis[method(raw)](...words),
      pipeline: async (commands, raw) => {
        const results = await redis.pipeline(commands.map((words) => [method(raw), ...words])).exec();
        return results.map(([reason, value]) => ({ reason, value }));
      },
    };
  },
});
