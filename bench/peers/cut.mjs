/**
 * A peer whose power is cut (bench/powerCuts.ts): `fill` takes in jobs until it is killed and writes the
 * number of each once it was told that the job is kept; `read` says which jobs are there afterwards.
 *
 * Usage: cut.mjs fill SYSTEM FOLDER TOLD PIDS | read SYSTEM FOLDER KEPT
 *
 * @module
 */

import { openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { payloadOf } from './jobs.mjs';

const IN_FLIGHT = 16;
const SILENT = { error() {}, warn() {}, info() {}, debug() {} };
const [mode, system, folder, output, pids] = process.argv.slice(2);

async function plainjob(forcedFull) {
  const { default: Database } = await import('better-sqlite3');
  const { better, defineQueue } = await import('plainjob');
  const database = new Database(join(folder, 'plainjob.db'));
  const queue = defineQueue({ connection: better(database), logger: SILENT });
  if (forcedFull) database.pragma('synchronous = FULL');
  return {
    async add(number) {
      queue.add('work', payloadOf(number));
      await new Promise((resolve) => setImmediate(resolve));
    },
    async kept() {
      const rows = database.prepare('SELECT data FROM plainjob_jobs').all();
      return rows.map(({ data }) => JSON.parse(data).amount);
    },
    async close() {
      queue.close();
    },
  };
}

async function bullmq(appendfsync) {
  const { Queue } = await import('bullmq');
  const { startRedis } = await import('./servers.mjs');
  const redis = await startRedis(join(folder, 'redis'), appendfsync);
  if (pids !== undefined) writeFileSync(pids, `${redis.pid}\n`);
  const connection = { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null };
  const queue = new Queue('cut', { connection });
  queue.on('error', () => undefined);
  await queue.waitUntilReady();
  return {
    async add(number) {
      await queue.add('work', payloadOf(number));
    },
    async kept() {
      const jobs = await queue.getJobs(['waiting']);
      return jobs.map(({ data }) => data.amount);
    },
    async close() {
      await queue.close();
      await redis.stop();
    },
  };
}

const SYSTEMS = {
  plainjob: () => plainjob(false),
  plainjobFull: () => plainjob(true),
  bullmq: () => bullmq('everysec'),
  bullmqAlways: () => bullmq('always'),
};

const opened = await SYSTEMS[system]();
if (mode === 'read') {
  const kept = await opened.kept();
  writeFileSync(output, kept.map((number) => `${number}\n`).join(''));
  await opened.close();
  process.exit(0);
}
// What fails once the power is cut is what is looked at, not reported.
process.on('unhandledRejection', () => process.exit(1));
const told = openSync(output, 'a');
let next = 0;
const fill = async () => {
  for (;;) {
    next += 1;
    const number = next;
    await opened.add(number);
    writeSync(told, `${number}\n`);
  }
};
for (let i = 0; i < IN_FLIGHT; i += 1) void fill();
