import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  HANGING_AFTER_MS,
  OVERDUE_AFTER_MS,
  PROBE_MS_MAX,
  PROBE_MS_MIN,
  STORAGE_TROUBLES,
  type StorageState,
} from '../../../machines/policy/service/storageTrouble.ts';
import { storageHealthMachine } from '../../../machines/storage/storageHealthMachine.ts';
import { transitionsTaken } from '../../support/charts/transitionCoverage.ts';
import { StorageHealthHarness } from '../../support/harness/storageHealthHarness.ts';

describe('trouble', () => {
  test.each(STORAGE_TROUBLES)('PS-6 %s is entered by a failure and left by a write', (trouble) => {
    const storage = new StorageHealthHarness();
    storage.fail(trouble);
    expect(storage.state).toBe(trouble);
    expect(storage.context.sinceAtMs).toBe(storage.nowMs);
    expect(storage.due).toEqual({ type: 'probe.due', atMs: storage.nowMs + PROBE_MS_MIN });
    storage.wait(PROBE_MS_MIN);
    expect(storage.probes).toBe(1);
    expect(storage.due).toBeNull();
    storage.commit();
    expect(storage.state).toBe('well');
    expect(storage.due).toBeNull();
  });

  test('PS-6 becomes another when a probe fails in another way', () => {
    const storage = new StorageHealthHarness();
    storage.fail('failing');
    storage.wait(PROBE_MS_MIN);
    storage.fail('readOnly');
    expect(storage.state).toBe('readOnly');
    expect(storage.due).not.toBeNull();
  });

  test('PS-6 is moved by nothing that was under way when it began', () => {
    const storage = new StorageHealthHarness();
    storage.fail('full');
    storage.commit(0);
    expect(storage.state).toBe('full');
    storage.fail('failing', 0);
    expect(storage.state).toBe('full');
    expect(storage.context.generation).toBe(1);
  });

  test('PS-6 is probed ever later, and soon again in the next trouble', () => {
    const storage = new StorageHealthHarness();
    const waits: number[] = [];
    storage.fail('failing');
    for (let probe = 0; probe < 9; probe++) {
      const delayMs = (storage.due?.atMs ?? 0) - storage.nowMs;
      waits.push(delayMs);
      storage.wait(delayMs);
      storage.fail('failing');
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
    storage.wait(PROBE_MS_MAX);
    storage.commit();
    storage.fail('locked');
    expect(storage.due?.atMs).toBe(storage.nowMs + PROBE_MS_MIN);
  });

  test('PS-6 is not probed early', () => {
    const storage = new StorageHealthHarness();
    storage.fail('locked');
    storage.send({ type: 'probe.due', atMs: storage.nowMs + PROBE_MS_MIN - 1 });
    expect(storage.probes).toBe(0);
    storage.wait(PROBE_MS_MIN);
    expect(storage.probes).toBe(1);
  });
});

describe('slowness', () => {
  test('PS-6 DG-1 begins with an overdue write and ends when it is durable, or with trouble', () => {
    const storage = new StorageHealthHarness();
    storage.overdue();
    expect(storage.state).toBe('slow');
    expect(storage.context.sinceAtMs).toBe(storage.nowMs);
    storage.commit();
    expect(storage.state).toBe('well');
    storage.overdue();
    storage.fail('failing');
    expect(storage.state).toBe('failing');
    storage.overdue();
    expect(storage.state).toBe('failing');
  });

  test('PS-6 DG-1 does not end with a write that was late, and a probe finds its end', () => {
    const storage = new StorageHealthHarness();
    storage.overdue();
    storage.wait(OVERDUE_AFTER_MS);
    expect(storage.due).toBeNull();
    storage.commit(0, 2 * OVERDUE_AFTER_MS);
    storage.wait(1);
    storage.commit(0, OVERDUE_AFTER_MS);
    expect(storage.state).toBe('slow');
    storage.send({ type: 'probe.due', atMs: storage.nowMs });
    expect(storage.probes).toBe(0);
    storage.wait(PROBE_MS_MIN);
    expect(storage.probes).toBe(1);
    storage.commit();
    expect(storage.state).toBe('well');
    expect(storage.due).toBeNull();
  });

  test('PS-6 a write of an earlier generation that is overdue says nothing of now', () => {
    const storage = new StorageHealthHarness();
    storage.fail('failing');
    storage.wait(PROBE_MS_MIN);
    storage.commit();
    storage.overdue(0);
    expect(storage.state).toBe('well');
    storage.overdue();
    storage.commit(0);
    expect(storage.state).toBe('slow');
  });
});

describe('hanging', () => {
  test('PS-6 begins when nothing was answered for long, and ends with any answer', () => {
    const storage = new StorageHealthHarness();
    storage.overdue();
    storage.overdue(0, HANGING_AFTER_MS - 1);
    expect(storage.state).toBe('slow');
    storage.overdue(0, HANGING_AFTER_MS);
    expect(storage.state).toBe('hanging');
    expect(storage.context.sinceAtMs).toBe(storage.nowMs);
    expect(storage.due).toBeNull();
    storage.commit(0, 2 * HANGING_AFTER_MS);
    expect(storage.state).toBe('slow');
    expect(storage.due).toEqual({ type: 'probe.due', atMs: storage.nowMs + PROBE_MS_MIN });
    storage.overdue(0, HANGING_AFTER_MS);
    storage.refuse();
    expect(storage.state).toBe('slow');
    storage.commit();
    expect(storage.state).toBe('well');
  });

  test('PS-6 orders no probe, which would hang behind what does', () => {
    const storage = new StorageHealthHarness();
    storage.overdue();
    storage.commit(0, OVERDUE_AFTER_MS);
    storage.overdue(0, HANGING_AFTER_MS);
    storage.wait(60_000);
    expect(storage.probes).toBe(0);
  });

  test('PS-6 may end in trouble, and does not begin in trouble', () => {
    const storage = new StorageHealthHarness();
    storage.overdue();
    storage.overdue(0, HANGING_AFTER_MS);
    storage.fail('failing');
    expect(storage.state).toBe('failing');
    storage.overdue(storage.context.generation, HANGING_AFTER_MS);
    expect(storage.state).toBe('failing');
  });

  test('PS-6 a write of an earlier generation neither begins nor ends it', () => {
    const storage = new StorageHealthHarness();
    storage.fail('failing');
    storage.wait(PROBE_MS_MIN);
    storage.commit();
    storage.overdue();
    storage.overdue(0, HANGING_AFTER_MS);
    expect(storage.state).toBe('slow');
    storage.overdue(1, HANGING_AFTER_MS);
    storage.commit(0, HANGING_AFTER_MS);
    expect(storage.state).toBe('hanging');
  });
});

describe('random histories', () => {
  const step = fc.oneof(
    fc.record({ fail: fc.constantFrom(...STORAGE_TROUBLES), isStale: fc.boolean() }),
    fc.record({ tookMs: fc.constantFrom(1, OVERDUE_AFTER_MS), isStale: fc.boolean() }),
    fc.record({
      silentMs: fc.constantFrom(OVERDUE_AFTER_MS, HANGING_AFTER_MS),
      isStale: fc.boolean(),
    }),
    fc.record({ refused: fc.constant(true) }),
    fc.record({ waitMs: fc.nat(8_000) }),
    fc.record({ isEarly: fc.constant(true) }),
  );
  const history = fc.array(step, { size: 'max', maxLength: 60 });

  /** What the chart should do, as plain sentences about a few variables. */
  function check(machine: typeof storageHealthMachine, options: object): void {
    fc.assert(
      fc.property(history, (steps) => {
        const storage = new StorageHealthHarness(machine);
        let state: StorageState = 'well';
        let generation = 0;
        /** Of the last wait for a probe. */
        let delayMs = 0;
        let probes = 0;
        /** What is left of the wait for a probe. */
        let leftMs: number | null = null;
        for (const each of steps) {
          const isStale = 'isStale' in each && each.isStale;
          const stamp = isStale ? generation - 1 : generation;
          if ('fail' in each) {
            storage.fail(each.fail, stamp);
            if (!isStale) {
              state = each.fail;
              generation += 1;
              delayMs = Math.min(PROBE_MS_MAX, Math.max(PROBE_MS_MIN, 2 * delayMs));
              leftMs = delayMs;
            }
          } else if ('tookMs' in each) {
            storage.commit(stamp, each.tookMs);
            if (isStale || state === 'well') {
              // Says nothing new.
            } else if (
              state === 'hanging' ||
              (state === 'slow' && each.tookMs >= OVERDUE_AFTER_MS)
            ) {
              state = 'slow';
              if (leftMs === null) {
                delayMs = Math.min(PROBE_MS_MAX, Math.max(PROBE_MS_MIN, 2 * delayMs));
                leftMs = delayMs;
              }
            } else {
              state = 'well';
              leftMs = null;
              delayMs = 0;
            }
          } else if ('silentMs' in each) {
            storage.overdue(stamp, each.silentMs);
            if (!isStale && state === 'well') state = 'slow';
            else if (!isStale && state === 'slow' && each.silentMs === HANGING_AFTER_MS) {
              state = 'hanging';
              leftMs = null;
            }
          } else if ('refused' in each) {
            storage.refuse();
            if (state === 'hanging') {
              state = 'slow';
              delayMs = Math.min(PROBE_MS_MAX, Math.max(PROBE_MS_MIN, 2 * delayMs));
              leftMs = delayMs;
            }
          } else if ('waitMs' in each) {
            storage.wait(each.waitMs);
            if (leftMs !== null) {
              if (each.waitMs >= leftMs) {
                probes += 1;
                leftMs = null;
              } else leftMs -= each.waitMs;
            }
          } else {
            storage.send({ type: 'probe.due', atMs: storage.nowMs });
            if (leftMs === 0) {
              probes += 1;
              leftMs = null;
            }
          }
          expect(storage.state).toBe(state);
          expect(storage.probes).toBe(probes);
          expect(storage.context.generation).toBe(generation);
          const due = storage.due;
          expect(due === null ? null : due.atMs - storage.nowMs).toBe(leftMs);
        }
      }),
      options,
    );
  }

  test('PS-6 state, generation and probes are what a plain model says', () => {
    check(storageHealthMachine, { numRuns: 200 });
  });

  test('PS-6 control: a chart that believes what was under way before the failure is caught', () => {
    const gullible = storageHealthMachine.provide({ guards: { isPresent: () => true } });
    expect(() => check(gullible, { numRuns: 500, seed: 1, endOnFailure: true })).toThrow(
      'Property failed',
    );
  });
});

describe('chart', () => {
  test('PS-6 these tests take every transition', () => {
    expect(transitionsTaken(storageHealthMachine).missing).toEqual([]);
  });
});
