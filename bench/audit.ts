/**
 * What the audit takes at rest, and beside crises (AU-1, AU-2): a log of a million entries is appended, then checked and
 * exported by the command line while a process owns the store and answers crises.
 *
 * A latency counts from the instant that the call was planned for, so that a blocked event loop shows.
 *
 * Usage: audit.js [entries]
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { openStore } from '../persistence/openStore.ts';
import type { Write } from '../persistence/port/store.ts';
import { createRuntime } from '../src/createRuntime.ts';
import { crisesWhile } from './crisesWhile.ts';
import { BENCH_KEY, printMachine, printTable, temporaryFolder } from './support.ts';

const entries = Number(process.argv[2] ?? 1_000_000);
/** Entries of one commit, as many as come with an order to many. */
const COMMIT_ENTRIES = 250;
const PEOPLE = 1_000;
const CLI = join(process.cwd(), 'dist/cli.js');

const folder = join(temporaryFolder(), 'store');
const keyPath = join(temporaryFolder(), 'holdfast.key');
writeFileSync(keyPath, `${'07'.repeat(32)}\n`, { mode: 0o600 });
const atStore = ['--store', folder, '--key-file', keyPath];

function noteOf(number: number): Write {
  const person = (at: number): string => `user-${at % PEOPLE}`;
  return {
    kind: 'audit',
    note: {
      ...{ id: randomUUID(), atMs: Date.now(), act: 'call.made', call: 'operation.cancel' },
      ...{
        by: person(number),
        subject: person(number * 7),
        operationId: randomUUID(),
        out: 'done',
      },
      via: 'commandLine',
    },
  };
}

/** Appends all entries to a store that nothing runs on; resolves to the seconds that it took. */
async function append(): Promise<number> {
  const store = openStore({ folder, key: BENCH_KEY });
  await store.open();
  const startedAtMs = performance.now();
  for (let from = 0; from < entries; from += COMMIT_ENTRIES) {
    const length = Math.min(COMMIT_ENTRIES, entries - from);
    await store.commit(Array.from({ length }, (_, index) => noteOf(from + index)));
  }
  const seconds = (performance.now() - startedAtMs) / 1_000;
  await store.close();
  return seconds;
}

async function cli(...args: readonly string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [CLI, ...args]);
}

printMachine();
const appendedIn = await append();
const bytes = statSync(join(folder, 'data.db')).size;
console.log(
  `${entries} entries appended in ${appendedIn.toFixed(1)} s, ${Math.round(entries / appendedIn)} a second, ` +
    `${COMMIT_ENTRIES} to a commit; ${Math.round(bytes / entries)} bytes each in data.db`,
);

const runtime = createRuntime({
  store: folder,
  key: BENCH_KEY,
  upstreams: { desk: {} },
  handlers: { 'crisis.alert': { upstream: 'desk', run: () => Promise.resolve(null) } },
  onError: () => undefined,
});
await runtime.ready;
const file = join(temporaryFolder(), 'audit.ndjson');
const rows = [
  { beside: 'nothing else', ...(await crisesWhile(runtime, pause(10_000))) },
  { beside: 'audit verify', ...(await crisesWhile(runtime, cli('audit', 'verify', ...atStore))) },
  {
    beside: 'audit export',
    ...(await crisesWhile(runtime, cli('audit', 'export', '--to', file, ...atStore))),
  },
];
await runtime.close();
const startedAtMs = performance.now();
await cli('audit', 'verify', file);
const seconds = (performance.now() - startedAtMs) / 1_000;

printTable(`Answers to crises, 50 a second, beside a log of ${entries}`, rows);
console.log(
  `\nThe export checked without its store: ${seconds.toFixed(1)} s, ${Math.round(entries / seconds)} entries a second`,
);
