/**
 * What people decide about conflicts: on disk before anything follows from it, carried out once, and counted.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { ConflictOrders } from '../../../actors/conflict/conflictOrders.ts';
import { ConflictReview, conflictAccessAtRest } from '../../../actors/conflict/conflictReview.ts';
import { AskedRecords } from '../../../actors/conflict/openConflicts.ts';
import type { Fact } from '../../../actors/facts/fact.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import { AuditNotes } from '../../../actors/journal/auditTrail.ts';
import { TimerService } from '../../../actors/platform/timerService.ts';
import {
  type ConflictRecord,
  decodeConflict,
  encodeConflict,
  isOpen,
} from '../../../machines/conflict/conflictRecord.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { KeepWrite } from '../../../persistence/port/store.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { conflictOf, MERGED_AT_MS } from '../../support/merge/conflictOf.ts';

const ANA = { id: 'staff-7', role: 'clinician' };

const note = (text: string) => ({ note: text });
/** One question, at `/note`: ours is `mine`, theirs is later and stands. */
const record = (how: Partial<ConflictRecord> = {}): ConflictRecord =>
  conflictOf(
    { entity: 'crisis_plan', base: note(''), ours: note('mine'), theirs: note('theirs') },
    how,
  );

interface Carried {
  readonly decided: unknown[];
  readonly edits: unknown[];
  /** What stands in the way of an edit, once. */
  trouble: Error | null;
  isWaiting: boolean;
  /** How the operation has ended. */
  ending: 'completed' | 'cancelled' | null;
  /** The process dies with the effect of a decision, before anything is known of it. */
  isDying: boolean;
}

async function scene(...records: readonly ConflictRecord[]) {
  const clock = new VirtualClock();
  const store = createMemoryStore();
  await store.open();
  const write = (one: ConflictRecord): KeepWrite => ({
    ...{ kind: 'keep', room: 'conflict', key: one.id, text: encodeConflict(one) },
    isOpen: isOpen(one),
  });
  if (records.length > 0) await store.commit(records.map(write));
  const carried: Carried = {
    decided: [],
    edits: [],
    trouble: null,
    isWaiting: true,
    ending: null,
    isDying: false,
  };
  const orders: ConflictOrders = {
    keep: (writes) => store.commit(writes),
    decide: (operationId, { value, version, absent, ancestor }) => {
      const theirs = absent === true ? { absent } : { ancestor };
      carried.decided.push({ operationId, value, version, ...theirs });
      return carried.isDying ? new Promise(() => undefined) : Promise.resolve(carried.isWaiting);
    },
    edit: (of, how) => {
      const { trouble } = carried;
      carried.trouble = null;
      if (trouble !== null) return Promise.reject(trouble);
      carried.edits.push({ entity: of.entity, ...how });
      return carried.isDying ? new Promise(() => undefined) : Promise.resolve(`edit-${how.key}`);
    },
  };
  const facts = new FactStream(clock);
  const told: Fact[] = [];
  facts.subscribe((fact) => told.push(fact));
  const errors: unknown[] = [];
  const notes = new AuditNotes(() => clock.now(), seededRandom(2));
  const boot = () =>
    new ConflictReview({
      ...{ clock, facts, orders, notes, random: seededRandom(1), retentionMs: 1_000 },
      store,
      asked: new AskedRecords(),
      endingOf: () => Promise.resolve(carried.ending),
      timers: new TimerService(clock, (error) => errors.push(error)),
      ready: () => Promise.resolve(),
      rulesOf: () => undefined,
      upstreamOf: (type) => (type === 'plans.put' ? 'records' : undefined),
    });
  const atRest = conflictAccessAtRest(store, clock, seededRandom(2), notes);
  const kept = async (id: string) => {
    const found = await store.kept({ room: 'conflict', key: id });
    return found !== null && 'text' in found
      ? { ...found, record: decodeConflict(found.text) }
      : null;
  };
  return { clock, store, carried, told, boot, atRest, kept, review: boot(), facts, errors };
}

const first = { choices: { 1: { take: 2 } } } as const;

describe('CF-6 a decision under a running engine', () => {
  test('CF-6 an edit that waits goes on with what was decided, and the conflict is over', async () => {
    const { review, carried, told, kept } = await scene(record());
    const after = await review.access.decide('op-1-c1', { by: ANA, ...first });
    expect(carried.decided).toEqual([
      { operationId: 'op-1', value: note('mine'), version: '"v2"', ancestor: note('theirs') },
    ]);
    expect(carried.edits).toEqual([]);
    expect(after.decisions.at(-1)).toMatchObject({ operationId: 'op-1', isCarriedOut: true });
    expect(await kept('op-1-c1')).toMatchObject({ record: after, isOpen: false });
    expect(told).toEqual([
      expect.objectContaining({ kind: 'conflict.resolved', by: ANA, conflictId: 'op-1-c1' }),
    ]);
  });

  test('CF-6 what the upstream does not have is sent as new', async () => {
    const gone = record({
      version: null,
      sides: [{ who: 'phone-1', atMs: MERGED_AT_MS, isOurs: true, value: note('mine') }],
    });
    const { review, carried } = await scene(gone);
    await review.access.decide('op-1-c1', { by: ANA, side: 1 });
    expect(carried.decided).toEqual([
      { operationId: 'op-1', value: note('mine'), version: null, absent: true },
    ]);
  });

  test('CF-6 what went out is followed by another edit, where it was decided otherwise', async () => {
    const out = record({ isHeld: false });
    const { review, carried } = await scene(out, { ...out, id: 'same' });
    await review.access.decide('op-1-c1', { by: ANA, ...first });
    expect(carried.edits).toEqual([
      {
        entity: out.entity,
        value: note('mine'),
        base: { version: null, value: note('theirs') },
        key: expect.stringMatching(/^op-1-c1-d1-.{36}$/),
      },
    ]);
    // What stands already needs no edit.
    const same = await review.access.decide('same', { by: ANA, choices: { 1: { take: 0 } } });
    expect(same.decisions.at(-1)).toMatchObject({ isCarriedOut: true, operationId: null });
    expect(carried.edits).toHaveLength(1);
    expect(carried.decided).toEqual([]);
  });

  test('CF-6 where what waited is gone, nothing is sent, and the record says so', async () => {
    const { review, carried, kept } = await scene(record());
    Object.assign(carried, { isWaiting: false, ending: 'cancelled' });
    const after = await review.access.decide('op-1-c1', { by: ANA, ...first });
    expect(after.decisions.at(-1)).toMatchObject({ isCarriedOut: true, operationId: null });
    expect(carried.edits).toEqual([]);
    expect(await kept('op-1-c1')).toMatchObject({ isOpen: false });
  });

  test('CF-6 undone, what was sent is followed by an edit that puts back what was', async () => {
    const { review, carried, told } = await scene(record());
    await review.access.decide('op-1-c1', { by: ANA, ...first });
    const back = await review.access.undo('op-1-c1', ANA);
    expect(carried.decided).toHaveLength(1);
    expect(carried.edits).toEqual([
      {
        entity: back.entity,
        value: note('theirs'),
        base: { version: null, value: note('mine') },
        key: expect.stringMatching(/^op-1-c1-d2-.{36}$/),
      },
    ]);
    expect(told.map(({ kind }) => kind)).toEqual(['conflict.resolved', 'conflict.undone']);
  });

  test('CF-6 of two decisions at once the first counts', async () => {
    const { review, carried } = await scene(record());
    const both = [1, 2].map((side) => review.access.decide('op-1-c1', { by: ANA, side }));
    const results = await Promise.allSettled(both);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(results[1]).toMatchObject({ reason: { code: 'HF_CONFLICT_RESOLVED' } });
    expect(carried.decided).toHaveLength(1);
  });

  test('CF-6 PS-2 what could not be carried out is kept, told of, and tried again', async () => {
    const { review, carried, clock, told, kept } = await scene(record({ isHeld: false }));
    carried.trouble = new Error('The queue is full.');
    const after = await review.access.decide('op-1-c1', { by: ANA, ...first });
    expect(after.decisions.at(-1)).toMatchObject({ isCarriedOut: false });
    expect(await kept('op-1-c1')).toMatchObject({ isOpen: true });
    expect(told.map(({ kind }) => kind)).toContain('failure.noted');
    await clock.advance(30_000);
    expect(carried.edits).toHaveLength(1);
    expect(await kept('op-1-c1')).toMatchObject({ isOpen: false });
    await clock.advance(60_000);
    expect(carried.edits).toHaveLength(1);
  });
});

describe('CF-6 a decision that can never be carried out', () => {
  test('CF-6 HM-1 opens the conflict again, is told, and can be made again', async () => {
    const { review, carried, clock, told, kept } = await scene(record({ isHeld: false }));
    carried.trouble = new HoldfastError('HF_IDEMPOTENCY_CONFLICT', 'The key is taken.');
    const after = await review.access.decide('op-1-c1', { by: ANA, ...first });
    expect(after).toMatchObject({ state: 'awaitingReview', value: note('theirs') });
    expect(after.decisions).toMatchObject([{ refusedFor: 'HF_IDEMPOTENCY_CONFLICT' }]);
    expect(told.map(({ kind }) => kind)).toEqual([
      ...['conflict.resolved', 'failure.noted', 'conflict.awaitsReview'],
    ]);
    expect(review.health()).toMatchObject({ count: 1, refused: 1 });
    expect(await kept('op-1-c1')).toMatchObject({ isOpen: true });
    // It is not tried again by itself.
    await clock.advance(60_000);
    expect(carried.edits).toEqual([]);
    await review.access.decide('op-1-c1', { by: ANA, ...first });
    expect(carried.edits).toMatchObject([{ value: note('mine') }]);
    expect(review.health()).toMatchObject({ count: 0, refused: 0 });
  });

  test('CF-6 also one that takes another back: what was in force stands, and is asked about', async () => {
    const { review, carried } = await scene(record({ isHeld: false }));
    await review.access.decide('op-1-c1', { by: ANA, ...first });
    carried.trouble = new HoldfastError('HF_PAYLOAD_TOO_LARGE', 'It is too large.');
    const after = await review.access.undo('op-1-c1', ANA);
    expect(after).toMatchObject({ state: 'awaitingReview', value: note('mine') });
  });
});

describe('CF-6 PS-2 a process that dies with the effect of a decision', () => {
  test('CF-6 PS-2 repeats an edit under the same key', async () => {
    const { review, boot, carried, kept } = await scene(record({ isHeld: false }));
    carried.isDying = true;
    void review.access.decide('op-1-c1', { by: ANA, ...first });
    while (carried.edits.length === 0) await Promise.resolve();
    carried.isDying = false;
    await boot().resume();
    const keys = carried.edits.map((edit) => (edit as { readonly key: string }).key);
    expect(keys).toEqual([keys[0], keys[0]]);
    expect(await kept('op-1-c1')).toMatchObject({ isOpen: false });
  });

  test('CF-6 PS-2 finds that what waited has gone on with it', async () => {
    const { review, boot, carried, kept } = await scene(record());
    carried.isDying = true;
    void review.access.decide('op-1-c1', { by: ANA, ...first });
    while (carried.decided.length === 0) await Promise.resolve();
    Object.assign(carried, { isDying: false, isWaiting: false, ending: 'completed' });
    await boot().resume();
    const { record: after, isOpen: isStillOpen } = (await kept('op-1-c1')) ?? {};
    expect(isStillOpen).toBe(false);
    expect(after?.decisions).toMatchObject([{ isCarriedOut: true, operationId: 'op-1' }]);
  });

  test('CF-6 two processes that change one record lose no decision of either', async () => {
    const { review, boot, kept } = await scene(record({ isHeld: false }));
    const other = boot();
    const results = await Promise.allSettled([
      review.access.decide('op-1-c1', { by: ANA, side: 1 }),
      other.access.decide('op-1-c1', { by: { id: 'staff-8', role: 'lead' }, side: 2 }),
    ]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect((await kept('op-1-c1'))?.record?.decisions).toHaveLength(1);
  });
});

describe('CF-6 a decision at rest', () => {
  test('CF-6 it is kept, and carried out once by the next process', async () => {
    const { atRest, boot, carried, kept } = await scene(record());
    const decided = await atRest.decide('op-1-c1', { by: ANA, ...first });
    expect(decided.decisions.at(-1)).toMatchObject({ isCarriedOut: false, operationId: null });
    expect(await kept('op-1-c1')).toMatchObject({ isOpen: true });
    expect(carried.decided).toEqual([]);
    await boot().resume();
    await boot().resume();
    expect(carried.decided).toEqual([
      { operationId: 'op-1', value: note('mine'), version: '"v2"', ancestor: note('theirs') },
    ]);
    expect(await kept('op-1-c1')).toMatchObject({ isOpen: false });
  });

  test('CF-6 taken back at rest, it is open again, and nothing is sent', async () => {
    const { atRest, boot, carried, review } = await scene(record());
    await atRest.decide('op-1-c1', { by: ANA, ...first });
    expect(await atRest.undo('op-1-c1', ANA)).toMatchObject({ state: 'awaitingReview' });
    await boot().resume();
    expect(carried).toMatchObject({ decided: [], edits: [] });
    await review.access.decide('op-1-c1', { by: ANA, side: 2 });
    expect(carried.decided).toEqual([
      expect.objectContaining({ operationId: 'op-1', value: note('theirs') }),
    ]);
  });

  test('CF-6 PS-3 one that can not be read hides no other', async () => {
    const { atRest, store } = await scene(record());
    await store.commit([
      { kind: 'keep', room: 'conflict', key: 'odd', text: '{"id":"odd"}', isOpen: true },
    ]);
    const page = await atRest.page({ isOpen: true, order: 'newest', limit: 10 });
    expect(page).toMatchObject({ records: [record()], unreadable: 1, nextSeq: null });
    await expect(atRest.find('odd')).rejects.toMatchObject({ code: 'HF_RECORD_UNSUPPORTED' });
    await expect(atRest.find('none')).rejects.toMatchObject({ code: 'HF_CONFLICT_UNKNOWN' });
    await expect(atRest.find('')).rejects.toMatchObject({ code: 'HF_CONFLICT_UNKNOWN' });
  });
});

describe('HM-1 CF-6 what waits for a person is counted', () => {
  const about = { operationId: 'op-2', upstream: 'records', entityType: 'crisis_plan' };

  test('HM-1 from the start on, and as it comes and goes, by upstream', async () => {
    const other = record({
      id: 'b',
      type: 'notes.put',
      isHeld: false,
      openedAtMs: MERGED_AT_MS - 5,
    });
    const { review, facts } = await scene(record(), other, record({ id: 'c', state: 'resolved' }));
    const none = { count: 0, held: 0, refused: 0, oldestAtMs: null };
    expect(review.health()).toEqual({ ...none, upstreams: {} });
    await review.resume();
    expect(review.health()).toEqual({
      ...{ count: 2, held: 1, refused: 0, oldestAtMs: MERGED_AT_MS - 5 },
      upstreams: { records: { count: 1, held: 1, refused: 0, oldestAtMs: MERGED_AT_MS } },
    });
    const third = { ...about, conflictId: 'd', type: 'plans.put' };
    facts.emit('conflict.awaitsReview', third, 'conflict', 1, false);
    facts.emit('conflict.awaitsReview', third, 'conflict', 1, false);
    expect(review.health()).toMatchObject({ count: 3, held: 1 });
    await review.access.decide('op-1-c1', { by: ANA, side: 1 });
    facts.emit('conflict.resolved', third, null, 5);
    expect(review.health()).toMatchObject({ count: 1, held: 0, upstreams: {} });
  });

  test('HM-1 OP-6 a hundred thousand of one upstream are counted in no time', async () => {
    const { review, facts } = await scene();
    for (let n = 0; n < 100_000; n += 1) {
      const its = { conflictId: `c-${n}`, operationId: `op-${n}`, type: 'plans.put' };
      const one = { ...about, ...its };
      facts.emit('conflict.awaitsReview', one, 'conflict', 1, true);
    }
    const beganAtMs = performance.now();
    expect(review.health()).toMatchObject({ count: 100_000, held: 100_000 });
    // It is milliseconds; one that grows with the square takes minutes.
    expect(performance.now() - beganAtMs).toBeLessThan(1_000);
  });

  test('HM-1 what is decided and not carried out waits for no person', async () => {
    const { atRest, boot, carried } = await scene(record({ isHeld: false }));
    await atRest.decide('op-1-c1', { by: ANA, ...first });
    carried.trouble = new Error('The queue is full.');
    const review = boot();
    await review.resume();
    expect(review.health()).toMatchObject({ count: 0 });
  });
});
