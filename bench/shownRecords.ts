/**
 * What it costs to show a record, by how many edits of it wait: the first look merges them, each later one finds them
 * merged. Processor time a look, of the whole process.
 *
 * @module
 */

import { createRuntime } from '../src/createRuntime.ts';
import { printTable } from './support.ts';

const LOOKS = 200;
const entity = { type: 'preferences', id: 'p-1' } as const;
const begun = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`field${n}`, `value ${n}`]));

async function cost(waiting: number): Promise<readonly [first: number, later: number]> {
  const runtime = createRuntime({
    store: ':memory:',
    handlers: {
      'records.put': {
        upstream: 'default',
        run: () => new Promise<null>(() => undefined),
        conflicts: { fetchCurrent: () => null },
      },
    },
  });
  await runtime.ready;
  const change = { entity, subject: 'user-42', value: begun, version: '"1"' };
  await runtime.remoteChange(change);
  const base = { version: '"1"', value: begun };
  for (let n = 0; n < waiting; n += 1) {
    const payload = { ...begun, [`new${n}`]: 'x' };
    await runtime.sync({ type: 'records.put', subject: 'user-42', entity, base, payload });
  }
  const first = await processorUs(() => runtime.entities.get(entity));
  const later = await processorUs(async () => {
    for (let look = 0; look < LOOKS; look += 1) await runtime.entities.get(entity);
  });
  await runtime.close({ deadlineMs: 0 });
  return [first, later / LOOKS];
}

async function processorUs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

await cost(30);
const rows: Record<string, string | number>[] = [];
for (const waiting of [0, 1, 30]) {
  const [first, later] = await cost(waiting);
  rows.push({ waiting, 'first look, µs': Math.round(first), 'later look, µs': Math.round(later) });
}
printTable('entities.get() of a record by the edits that wait', rows);
