/**
 * What commits notice of a backup: the time from asking to durable, one acceptance after the other,
 * while nothing else happens and while the store is backed up again and again. And how far the log grows
 * meanwhile: what a backup reads is not folded.
 *
 * @module
 */

import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createRuntime } from '../src/createRuntime.ts';
import { BENCH_KEY, percentile, printMachine, printTable, temporaryFolder } from './support.ts';

const FILLED = 60_000;
const MEASURED_MS = 6_000;

printMachine();
const folder = temporaryFolder();
const runtime = createRuntime({
  store: join(folder, 'store'),
  key: BENCH_KEY,
  upstreams: { down: {} },
  handlers: { 'bench.park': { upstream: 'down', run: () => null } },
});
await runtime.ready;
runtime.upstream('down').forceOpen('bench');
let made = 0;
const request = () => {
  made += 1;
  return {
    type: 'bench.park' as const,
    subject: `user-${made}`,
    tier: 'basic' as const,
    payload: { made, note: 'x'.repeat(1_000) },
  };
};
while (made < FILLED) {
  await Promise.all(Array.from({ length: 500 }, async () => await runtime.sync(request())));
}

interface Measured {
  readonly took: readonly number[];
  readonly walBytesMax: number;
}

async function acceptances(): Promise<Measured> {
  const took: number[] = [];
  let walBytesMax = 0;
  const endMs = performance.now() + MEASURED_MS;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    await runtime.sync(request());
    took.push(performance.now() - startMs);
    const { size } = statSync(join(folder, 'store', 'data.db-wal'));
    walBytesMax = Math.max(walBytesMax, size);
  }
  return { took, walBytesMax };
}

const quiet = await acceptances();
let backups = 0;
let bytes = 0;
let backupMs = 0;
const stop = new AbortController();
const backingUp = (async (): Promise<void> => {
  while (!stop.signal.aborted) {
    const startMs = performance.now();
    const to = join(folder, `backup-${backups}`);
    const done = await runtime.backup(to, { signal: stop.signal }).catch(() => null);
    if (done === null) return;
    backups += 1;
    backupMs += performance.now() - startMs;
    bytes = done.manifest.files['data.db']?.bytes ?? 0;
    rmSync(to, { recursive: true });
  }
})();
const during = await acceptances();
stop.abort();
await backingUp;
await runtime.close({ deadlineMs: 0 });

const row = (when: string, { took, walBytesMax }: Measured): Record<string, string | number> => ({
  when,
  acceptances: took.length,
  'p50 ms': percentile(took, 0.5).toFixed(2),
  'p99 ms': percentile(took, 0.99).toFixed(2),
  'max ms': percentile(took, 1).toFixed(1),
  'largest -wal MiB': (walBytesMax / 1_048_576).toFixed(1),
});
printTable('Acceptances, one after the other', [
  row('nothing else', quiet),
  row('during backups', during),
]);
console.log(
  `\n${backups} backups of ${(bytes / 1_048_576).toFixed(0)} MiB, ` +
    `${(backupMs / Math.max(1, backups)).toFixed(0)} ms each with its check.`,
);
