/**
 * The process: settings from the environment, start, and a stop in good order.
 *
 * A new one may be started before the old one has ended: it listens at once and answers crises, waits for the
 * store, and says by /health/ready when it has it.
 */

import Fastify from 'fastify';
import { isHoldfastError } from 'holdfast';
import { addRoutes } from './gateway.js';
import { openSync, type Settings } from './sync.js';

function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`Set ${name}.`);
  return value;
}

const settings: Settings = {
  store: needed('STORE'),
  keyFile: needed('KEY_FILE'),
  paymentsUrl: needed('PAYMENTS_URL'),
  profilesUrl: needed('PROFILES_URL'),
  careTeamUrl: needed('CARE_TEAM_URL'),
};

const app = Fastify({ logger: true });
const sync = openSync(settings, app.log);
await addRoutes(app, sync, settings);

async function stop(): Promise<void> {
  app.log.info('stopping');
  // No new requests; those under way are answered. Then what is in flight at the upstreams may end.
  await app.close();
  await sync.close({ deadlineMs: 10_000 });
}
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());

await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 3_000) });
try {
  await sync.start();
} catch (error) {
  if (!isHoldfastError(error) || error.code !== 'HF_CLOSED') {
    app.log.fatal(error);
    process.exitCode = 1;
    await stop();
  }
}
