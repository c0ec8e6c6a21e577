/**
 * Serves the built page over a feed that is made up, for its authors to look at: `npm run page:synthetic`, with
 * `-- --actors 5000 --rate 2000 --seed 1 --port 4610 --from 15000 --away 30000` as wanted. `--from`: where in the
 * story it begins, in milliseconds; `--away`: every so many milliseconds the process is gone for five seconds. A link
 * opens one page; Enter gives another.
 *
 * @module
 */

import { parseArgs } from 'node:util';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { startInspectorServer } from '../../../inspector/server/inspectorServer.ts';
import { INSPECTOR_CALLS } from '../../../src/inspect/startInspector.ts';
import { syntheticFeed } from './syntheticFeed.ts';

const { values } = parseArgs({
  options: {
    actors: { type: 'string', default: '200' },
    rate: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    port: { type: 'string', default: '4610' },
    from: { type: 'string', default: '0' },
    away: { type: 'string', default: '0' },
    assets: { type: 'string', default: 'dist/inspector' },
    'read-only': { type: 'boolean', default: false },
  },
});
/** How long the process is gone. */
const GONE_MS = 5_000;

const source = syntheticFeed({
  seed: Number(values.seed),
  actors: Number(values.actors),
  stepsPerSecond: Number(values.rate),
  storyFromMs: Number(values.from),
});
const server = await startInspectorServer({
  ...{ source, assets: values.assets, port: Number(values.port) },
  ...{ canOperate: !values['read-only'], calls: INSPECTOR_CALLS, clock: systemClock },
  onError: (error) => {
    process.stderr.write(`${String(error)}\n`);
  },
});
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
say(server.link);
process.stdin.on('data', () => {
  say(server.newLink());
});
const awayMs = Number(values.away);
if (awayMs > 0) {
  setInterval(() => {
    source.away(GONE_MS);
  }, awayMs);
}
