// valkey-glide: node glide.mjs HOST PORT.

import { Batch, Decoder, GlideClient, Logger, RequestError } from '@valkey/valkey-glide';
import { serve } from './protocol.mjs';

Logger.init('off'); // It writes to standard output, which is the protocol's.

await serve({
  client: 'valkey-glide',
  folder: '@valkey/valkey-glide',
  isReply: (error) => error.constructor === RequestError, // Lost connections are subclasses.
  connect: async (host, port) => {
    const glide = await GlideClient.createClient({ addresses: [{ host, port }] });
    const options = (raw) => ({ decoder: raw ? Decoder.Bytes : Decoder.String });
    return {
      call: (words, raw) => glide.customCommand(words, options(raw)),
      pipeline: async (commands, raw) => {
        const batch = new Batch(false);
        for (const words of commands) batch.customCommand(words);
        const results = await glide.exec(batch, false, options(raw));
        return results.map((r) => (r instanceof Error ? { reason: r } : { value: r }));
      },
    };
  },
});
