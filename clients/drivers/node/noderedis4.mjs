// node-redis 4: node noderedis4.mjs HOST PORT.

import { commandOptions, createClient, ErrorReply } from 'noderedis4';
import { serve } from './protocol.mjs';

await serve({
  client: 'node-redis',
  folder: 'noderedis4',
  isReply: (error) => error instanceof ErrorReply,
  connect: async (host, port) => {
    const redis = createClient({ socket: { host, port } });
    redis.on('error', () => {}); // It reconnects; an unheard error would end us.
    await redis.connect();
    const buffers = commandOptions({ returnBuffers: true });
    const call = (words, raw) => redis.sendCommand(words, raw ? buffers : undefined);
    return {
      call,
      // Commands of the same turn are sent together.
      pipeline: (commands, raw) => Promise.allSettled(commands.map((words) => call(words, raw))),
    };
  },
});
