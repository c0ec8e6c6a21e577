/**
 * Random trouble for the whole runtime on virtual time, with controls.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { Write } from '../../../persistence/port/store.ts';
import { cases } from '../../support/cases.ts';
import { type Plan, simulate } from './simulation.ts';

const RUNS = Number(process.env['HOLDFAST_SIMULATIONS'] ?? cases(40, 150));
const FIRST_SEED = Number(process.env['HOLDFAST_SEED'] ?? 1);

describe('the whole system on virtual time', () => {
  test('OP-2 OP-3 OP-4 RT-4 SV-3 PS-6 whatever fails, nothing accepted is lost, repeated or out of order, and all of it ends', async () => {
    let completed = 0;
    let kills = 0;
    let silent = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed += 1) {
      const report = await simulate({ seed, steps: 60 });
      expect(report.breaches, `HOLDFAST_SEED=${seed} HOLDFAST_SIMULATIONS=1`).toEqual([]);
      completed += report.completed;
      kills += report.kills;
      silent += report.silent;
    }
    // The runs must have been about something.
    expect(completed).toBeGreaterThan(10 * RUNS);
    expect(kills).toBeGreaterThan(RUNS / 4);
    expect(silent).toBeGreaterThan(RUNS / 10);
  }, 300_000);

  /** The breaches of the first run in which the planted bug shows, by their kind. */
  const kindsFound = async (bug: Omit<Plan, 'seed' | 'steps'>): Promise<readonly string[]> => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { breaches } = await simulate({ seed, steps: 60, ...bug });
      if (breaches.length > 0) return breaches.map((breach) => breach.split(':')[0] ?? '');
    }
    return [];
  };

  test('OP-2 control: a store that acknowledges before it has written is caught', async () => {
    const isAccept = ({ kind }: Write): boolean => kind === 'accept';
    const kinds = await kindsFound({
      sabotage: (writes) => (writes.some(isAccept) ? 'acknowledgedUnwritten' : null),
    });
    expect(kinds).toContain('lost');
  });

  test('OP-3 control: a key that is not the same for every attempt is caught', async () => {
    const kinds = await kindsFound({ keySeen: (key, call) => `${key}-${call}` });
    expect(kinds).toContain('two keys');
  });

  test('OP-4 control: lanes that are not written are caught', async () => {
    const kinds = await kindsFound({
      rewrite: (write) => (write.kind === 'accept' ? { ...write, lane: null } : write),
    });
    expect(kinds).toContain('two in one lane');
  });

  test('OP-3 OP-4 control: a lane that is freed before its handler has returned is caught', async () => {
    expect(await kindsFound({ takesStopForReturn: true })).toContain('two in one lane');
  });

  test('OP-8 control: idempotency keys that are not written are caught', async () => {
    const kinds = await kindsFound({
      rewrite: (write) => (write.kind === 'accept' ? { ...write, idempotencyKey: null } : write),
    });
    expect(kinds).toContain('accepted twice');
  });
});
