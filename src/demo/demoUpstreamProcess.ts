/**
 * The misbehaving upstream as a process of its own. Its options are JSON in the first argument; its
 * first line on stdout is `{ "url": … }`. It ends when its stdin does, so that it can't outlive the
 * process that started it.
 *
 * @module
 */

import { startMisbehavingUpstream, type UpstreamOptions } from '../testing/misbehavingUpstream.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as UpstreamOptions;
const upstream = await startMisbehavingUpstream(options);
process.stdout.write(`${JSON.stringify({ url: upstream.url })}\n`);
process.stdin.resume();
process.stdin.once('close', () => {
  void upstream.close();
});
// Its parent ends it by closing stdin; a Ctrl-C at the terminal reaches the whole group.
process.on('SIGINT', () => {});
await upstream.closed;
process.exit(0);
