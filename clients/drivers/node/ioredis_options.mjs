// ioredis with other options than its default ones, and without a first command
// of its own: node ioredis_options.mjs CLIENT FOLDER OPTIONS HOST PORT, where
// OPTIONS is JSON.

import { serve } from './protocol.mjs';

const [client, folder, options] = process.argv.slice(2);
const { Redis } = await import(folder);

await serve({
  client,
  folder,
  isReply: (error) => error.name === 'ReplyError',
  connect: async (host, port) => {
    const redis = new Redis({ host, port, ...JSON.parse(options) });
    redis.on('error', () => {}); // It reconnects; unheard errors go to stderr.
    await redis.ping();
    return {
      call: (words, raw) => redis[raw ? 'callBuffer' : 'call'](...words),
      pipeline: async () => [],
    };
  },
});
