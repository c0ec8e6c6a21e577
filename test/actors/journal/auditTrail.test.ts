/**
 * What is recorded on its way to the store: in one commit with the write that it is about, and bounded.
 *
 * @module
 */

import { beforeEach, expect, test } from 'vitest';
import { ActorSystem } from '../../../actors/charts/actorSystem.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import { AuditNotes, AuditTrail } from '../../../actors/journal/auditTrail.ts';
import { Journal } from '../../../actors/journal/journal.ts';
import { StorageHealth } from '../../../actors/journal/storageHealth.ts';
import { SteadyClock } from '../../../actors/platform/steadyClock.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { parseEntry } from '../../../persistence/audit/auditEntry.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { Store, Write } from '../../../persistence/port/store.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

let clock: VirtualClock;
let disk: Store;
let journal: Journal;
let trail: AuditTrail;
let commits: string[][];
/** Whether the store refuses a write, although it is well. */
let isRefused: (write: Write) => boolean;

beforeEach(async () => {
  clock = new VirtualClock();
  disk = createMemoryStore();
  await disk.open();
  commits = [];
  isRefused = () => false;
  const store = {
    commit: async (writes: readonly Write[]) => {
      if (writes.some(isRefused)) throw new HoldfastError('HF_AUDIT_UNAVAILABLE', 'Damaged.');
      commits.push(writes.map(nameOf));
      return await disk.commit(writes);
    },
  } as Store;
  const facts = new FactStream(clock);
  const health = new StorageHealth({
    ...{ clock, facts, steady: new SteadyClock(clock) },
    system: new ActorSystem(() => undefined),
    onFailed: () => undefined,
  });
  journal = new Journal({ store, clock, health, onError: () => undefined });
  health.onChange = () => undefined;
  journal.onCommitted = () => undefined;
  trail = new AuditTrail({
    journal,
    facts,
    notes: new AuditNotes(() => clock.now(), seededRandom(1)),
  });
  journal.open();
});

function nameOf(one: Write): string {
  if (one.kind === 'audit') return `note of ${one.note.code}`;
  return one.kind === 'component' ? one.name : one.kind;
}

function write(name: string): void {
  journal.write({
    build: () => ({ kind: 'component', name, state: 'x' }),
    onDurable: () => undefined,
  });
}

function note(code: string): void {
  trail.note({ act: 'breaker.changed', code });
}

/** Each write and its notes, in this order, among others before and behind. */
const ORDERS = [
  ['row', 'note of row'],
  ['note of row', 'row'],
  ['note of row', 'note of row', 'row'],
  ['row', 'note of row', 'note of row'],
] as const;

test.each(ORDERS)(
  'AU-1 PS-2 in one job with many writes, %s … are in one commit',
  async (...group) => {
    for (const before of [0, 29, 30, 31, 32, 33, 63, 64, 254, 255, 256, 600]) {
      commits = [];
      for (let count = 0; count < before; count += 1) write('other');
      for (const one of group)
        if (one === 'row') write('row');
        else note('row');
      for (let count = 0; count < 70; count += 1) write('other');
      await clock.run(journal.idle());
      const theirs = commits.filter((names) => names.some((name) => name !== 'other'));
      expect(theirs, `after ${before}`).toHaveLength(1);
      expect(theirs[0]?.filter((name) => name !== 'other')).toEqual(group);
    }
  },
);

test('AU-1 control: many writes of one job are many commits, which begin before it ends', async () => {
  for (let count = 0; count < 600; count += 1) write('other');
  expect(commits).toHaveLength(4);
  await clock.run(journal.idle());
  expect(commits.flat()).toHaveLength(600);
});

test('AU-1 a note that the store refuses is a gap in the next one, and takes no room', async () => {
  isRefused = ({ kind }) => kind === 'audit';
  for (let count = 0; count < 5_000; count += 1) {
    note('row');
    if (count % 100 === 0) await clock.run(journal.idle());
  }
  await clock.run(journal.idle());
  isRefused = () => false;
  note('row');
  await clock.run(journal.idle());
  const { entries } = await disk.auditPage({ fromSeq: 0, limit: 10 });
  const acts = entries.map(parseEntry).map(({ act, n }) => ({ act, n }));
  expect(acts).toEqual([
    { act: 'breaker.changed', n: undefined },
    { act: 'audit.gap', n: { missed: 5_000 } },
  ]);
});
