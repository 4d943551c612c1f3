// node-redis since version 5: node noderedis.mjs FOLDER HOST PORT, where FOLDER
// is that of the version in node_modules.

import { serve } from './protocol.mjs';

const [folder] = process.argv.slice(2);
const { createClient, ErrorReply, RESP_TYPES } = await import(folder);

await serve({
  client: 'node-redis',
  folder,
  isReply: (error) => error instanceof ErrorReply,
  connect: async (host, port) => {
    const redis = createClient({ socket: { host, port } });
    redis.on('error', () => {}); // It reconnects; an unheard error would end us.
    await redis.connect();
    const typeMapping = { [RESP_TYPES.BLOB_STRING]: Buffer };
    const call = (words, raw) => redis.sendCommand(words, raw ? { typeMapping } : undefined);
    return {
      call,
      // Commands of the same turn are sent together.
      pipeline: (commands, raw) => Promise.allSettled(commands.map((words) => call(words, raw))),
    };
  },
});
