/**
 * Random histories crashed at each fault point on virtual time, with controls.
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OPERATION_FAULT_POINTS } from '../../../persistence/port/faultPoints.ts';
import type { Write } from '../../../persistence/port/store.ts';
import { anyStep, type Bugs, type Crash, runHistory } from './crashHistory.ts';

/**
 * The invariant: every acknowledged operation is on disk, every effect was ordered on disk before it
 * began, and every reported outcome is on disk; a phantom is allowed, a hole never.
 *
 * Beside it RT-4: a crash spends no attempt, resets no count, and shortens or lengthens no wait.
 */
const RUNS = Number(process.env['HOLDFAST_CRASH_RUNS'] ?? 8);

/** The memory store has no owner, and makes all changes of a commit in one step. */
const POINTS = OPERATION_FAULT_POINTS.filter(
  (point) => !point.startsWith('open.') && point !== 'store.beforeRaise',
);

const anyHistory = fc.array(anyStep, { minLength: 8, maxLength: 24, size: 'max' });
const anyCrash = fc.record({
  afterStep: fc.nat(23),
  point: fc.constantFrom(...POINTS),
  passage: fc.integer({ min: 1, max: 6 }),
});

describe('a crash at any point of random histories leaves no hole', () => {
  test.each(POINTS)('OP-2 PS-2 RT-4 SV-3 at %s', async (point) => {
    let strikes = 0;
    await fc.assert(
      fc.asyncProperty(
        anyHistory,
        fc.record({ afterStep: fc.nat(6), passage: fc.integer({ min: 1, max: 3 }) }),
        fc.array(anyCrash, { maxLength: 3 }),
        async (steps, first, others) => {
          const crashes: Crash[] = [{ ...first, point }, ...others];
          // Only a process that finds work left in hand by another gets there.
          if (point.startsWith('recovery.')) {
            crashes[0] = { ...first, point, passage: 1 };
            crashes.unshift({ ...first, point: 'engine.beforeAttempt', passage: 1 });
          }
          const { breaches, struck } = await runHistory(steps, crashes);
          strikes += struck.filter((name) => name === point).length;
          expect(breaches).toEqual([]);
        },
      ),
      { numRuns: RUNS },
    );
    // Some crash must have struck, or the runs prove nothing.
    expect(strikes).toBeGreaterThan(0);
  });
});

describe('a control for each clause', () => {
  /** Lists the clauses broken in the first history in which the planted bug shows. */
  const clausesBroken = async (bugs: Bugs): Promise<readonly string[]> => {
    let clauses: readonly string[] = [];
    await fc
      .assert(
        fc.asyncProperty(
          anyHistory,
          fc.array(anyCrash, { minLength: 1, maxLength: 4 }),
          async (steps, crashes) => {
            const { breaches } = await runHistory(steps, crashes, bugs);
            clauses = breaches.map((breach) => breach.split(':')[0] ?? '');
            return breaches.length === 0;
          },
        ),
        { numRuns: 100, seed: 1, endOnFailure: true },
      )
      .catch(() => undefined);
    return clauses;
  };
  const unwritten =
    (isIt: (write: Write) => boolean): NonNullable<Bugs['fate']> =>
    (writes) =>
      writes.some(isIt) ? 'acknowledgedUnwritten' : null;
  const stateOf = (write: Write): { value: string; context: Record<string, unknown> } | null =>
    write.kind === 'accept' || write.kind === 'update'
      ? (JSON.parse(write.state) as { value: string; context: Record<string, unknown> })
      : null;
  const withContext =
    (isIt: (state: string) => boolean, change: Record<string, unknown>) =>
    (write: Write): Write => {
      const state = stateOf(write);
      if (state === null || !isIt(state.value)) return write;
      const context = { ...state.context, ...change };
      return { ...write, state: JSON.stringify({ ...state, context }) } as Write;
    };

  test('OP-2 control: an acknowledgement before the disk has it is caught', async () => {
    const clauses = await clausesBroken({ fate: unwritten(({ kind }) => kind === 'accept') });
    expect(clauses).toContain('lost');
  });

  test('PS-2 control: an attempt that begins before its order is on disk is caught', async () => {
    const isOrder = (write: Write): boolean =>
      write.kind === 'update' && stateOf(write)?.value === 'ordering';
    expect(await clausesBroken({ fate: unwritten(isOrder) })).toContain('attempt not ordered');
  });

  test('PS-2 control: an outcome that is reported before it is on disk is caught', async () => {
    const isEnding = (write: Write): boolean =>
      write.kind === 'update' && ['settled', 'deadLettered'].includes(write.standing);
    expect(await clausesBroken({ fate: unwritten(isEnding) })).toContain('outcome not kept');
  });

  test('RT-4 control: a count that a restart resets is caught', async () => {
    const reset = withContext((state) => state === 'backingOff', { attempt: 0 });
    // The first attempt stays: a count that begins again there is no other.
    const rewrite = (write: Write): Write =>
      Number(stateOf(write)?.context['attempt']) > 1 ? reset(write) : write;
    expect(await clausesBroken({ rewrite })).toContain('attempt went back');
  });

  test('RT-4 control: a crash that spends an attempt is caught', async () => {
    const rewrite = withContext((state) => state === 'ordering', { isSpent: true });
    const clauses = await clausesBroken({ rewrite });
    expect(clauses.some((clause) => /spent by a crash|not ordered/.test(clause))).toBe(true);
  });

  test('RT-4 control: a due time that is not written is caught', async () => {
    const clauses = await clausesBroken({
      rewrite: (write) =>
        write.kind === 'update' && write.standing === 'due' ? { ...write, dueAtMs: 0 } : write,
    });
    expect(clauses).toContain('before it was due');
  });

  test('OP-4 control: a head that is not raised by one behind it is caught', async () => {
    const clauses = await clausesBroken({
      rewrite: (write) => (write.kind === 'accept' ? { ...write, urgency: 9 } : write),
    });
    expect(clauses).toContain('less urgent than who waits for it');
  });
});
