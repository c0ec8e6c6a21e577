/** Who goes next at one upstream: what is in memory and what is on disk, by one order of urgency. */

import { describe, expect, test } from 'vitest';
import { operationChart } from '../../../actors/charts/chartOfWork.ts';
import { createResident, type Resident } from '../../../actors/operation/resident.ts';
import { StaleReadGuard } from '../../../actors/work/staleReads.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { ClaimQuery, StoredOperation } from '../../../persistence/port/store.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { createFlow } from '../../support/harness/flowHarness.ts';

const ANSWERS_AFTER_MS = 10;
const LATER_MS = 1e15;

interface Row {
  readonly id: string;
  readonly urgency: number;
  readonly dueAtMs: number;
  readonly revision: number;
}

/** Nothing of it is asked but what the work is. */
const ACTOR = {
  getSnapshot: () => ({ context: { priority: 'normal', tier: 'basic' } }),
} as unknown as Resident['actor'];

function resident({ id, urgency }: Row): Resident {
  return createResident(ACTOR, {
    id,
    urgency,
    chart: operationChart,
    route: 'payments',
    subject: 'user-42',
    body: null,
    standing: 'due',
    handler: null,
    permit: null,
  });
}

/** A queue over rows that are claimed; what is granted ends when a test says so. */
function createQueue(concurrency: number) {
  const clock = new VirtualClock();
  const errors: unknown[] = [];
  const onError = (error: unknown): void => {
    errors.push(error);
  };
  const store = createMemoryStore();
  const { flow, upstream } = createFlow({ clock, concurrency, onError, store });
  const { line: queue } = upstream;
  const rows: Row[] = [];
  const claims: string[] = [];
  const granted: string[] = [];
  const running: (() => void)[] = [];
  const revived: string[] = [];
  const staleReads = new StaleReadGuard();
  store.claim = async ({ urgencyMin = 0, urgencyMax, limit, nowMs }: ClaimQuery) => {
    claims.push(`${urgencyMin}..${urgencyMax}`);
    const found = rows
      .filter(({ urgency }) => urgency >= urgencyMin && urgency <= urgencyMax)
      .toSorted((a, b) => a.urgency - b.urgency || a.dueAtMs - b.dueAtMs);
    const due = found.filter(({ dueAtMs }) => dueAtMs <= nowMs);
    const left = due.length > limit ? due.slice(limit) : found.filter((row) => !due.includes(row));
    const nextDueAtMs = left.reduce((first, row) => Math.min(first, row.dueAtMs), Infinity);
    // Read when it is asked; the answer takes its time.
    await new Promise<void>((resolve) => {
      clock.schedule(ANSWERS_AFTER_MS, resolve);
    });
    return {
      rows: due.slice(0, limit) as unknown as StoredOperation[],
      nextDueAtMs: Number.isFinite(nextDueAtMs) ? nextDueAtMs : null,
    };
  };
  queue.serve({
    passOver: [],
    page: () => staleReads.page(),
    passivate: () => undefined,
    revive: (row) => {
      revived.push(`${row.id} ${row.revision}`);
      return resident(row as unknown as Row);
    },
    reroute: () => undefined,
    grant: ({ id }, permit) => {
      granted.push(id);
      const at = rows.findIndex((row) => row.id === id);
      if (at >= 0) rows.splice(at, 1);
      running.push(() => {
        flow.leave(permit, { sign: 'answered' });
        queue.pump();
      });
    },
  });
  flow.onChange(() => {
    queue.pump();
  });
  return {
    queue,
    calls: upstream.calls,
    revived,
    clock,
    claims,
    granted,
    errors,
    inMemory: (id: string, urgency: number) => {
      queue.add(resident({ id, urgency, dueAtMs: 0, revision: 1 }));
    },
    /** Writes a row again, and lets it leave memory. */
    written: (id: string) => {
      const at = rows.findIndex((row) => row.id === id);
      const [row] = rows.splice(at, 1);
      if (row === undefined) return;
      rows.push({ ...row, revision: row.revision + 1 });
      staleReads.note({ id, revision: row.revision + 1 });
    },
    onDisk: (id: string, urgency: number, dueAtMs = 0) => {
      rows.push({ id, urgency, dueAtMs, revision: 1 });
    },
    /** Ends all that runs, so often. */
    run: async (times: number) => {
      for (let n = 0; n < times; n += 1) {
        for (const end of running.splice(0)) end();
        await clock.advance(5 * ANSWERS_AFTER_MS);
      }
    },
  };
}

describe('DG-3 one order over memory and disk', () => {
  test('DG-3 what is in memory waits for what is more urgent on disk, and for nothing else', async () => {
    const { queue, clock, claims, granted, inMemory, onDisk, run } = createQueue(1);
    inMemory('running', 1);
    for (const id of ['m5', 'm5 too']) inMemory(id, 5);
    onDisk('d2', 2);
    onDisk('d7', 7);
    queue.noteDue(0);
    await run(5);
    expect(granted).toEqual(['running', 'd2', 'm5', 'm5 too', 'd7']);
    // What is known of the ranks above is kept: the second in memory asks nothing.
    expect(claims).toEqual(['0..4', '0..9']);
    await clock.advance(1_000);
  });

  test('OP-4 a row that was read before it was written again is asked for again, as it is now', async () => {
    const { queue, clock, revived, errors, written, onDisk, run } = createQueue(2);
    onDisk('as read', 3);
    onDisk('written since', 3);
    queue.noteDue(0);
    // While the answer is on its way it is woken, written, and leaves memory.
    clock.schedule(ANSWERS_AFTER_MS / 2, () => {
      written('written since');
    });
    await run(3);
    expect(revived).toEqual(['as read 1', 'written since 2']);
    expect(errors).toEqual([]);
  });

  test('DG-3 while nothing more urgent is due on disk, a turn in memory asks nothing of it', async () => {
    const { queue, claims, granted, inMemory, onDisk, run } = createQueue(2);
    for (let n = 0; n < 50; n += 1) inMemory(`m${n}`, 5);
    onDisk('later', 1, LATER_MS);
    queue.noteDue(LATER_MS, 1);
    onDisk('d7', 7);
    queue.noteDue(0, 7);
    await run(30);
    expect(granted).toHaveLength(51);
    // One for the turn that is owed to d7.
    expect(claims).toEqual(['7..7']);
  });
});

describe('DG-2 guarded calls and operations by one order', () => {
  test('DG-2 DG-3 a call that waits is passed by what is more urgent on disk', async () => {
    const { queue, calls, granted, inMemory, onDisk, run } = createQueue(1);
    inMemory('running', 1);
    const answer = calls.call(() => granted.push('call'));
    for (const id of ['d1', 'd1 too', 'd1 as well']) onDisk(id, 1);
    queue.noteDue(0);
    await run(5);
    await answer;
    expect(granted).toEqual(['running', 'd1', 'd1 too', 'd1 as well', 'call']);
  });

  test('DG-2 calls that wait leave a turn to what waits behind them on disk', async () => {
    const { queue, calls, granted, inMemory, onDisk, run } = createQueue(1);
    inMemory('running', 1);
    for (let n = 0; n < 100; n += 1) {
      inMemory(`m${n}`, 1);
      void calls.call(() => granted.push('call'));
    }
    onDisk('low', 9);
    queue.noteDue(0, 9);
    await run(110);
    const at = granted.indexOf('low');
    expect(at).toBeGreaterThan(0);
    // Their own rank is owed a turn as well.
    const before = granted.slice(0, at).filter((id) => id === 'call');
    expect(before.length).toBeLessThanOrEqual(1);
  });
});

describe('DG-2 a share for what is less urgent', () => {
  test.each(['on disk', 'in memory'])(
    'DG-2 of 32 turns one goes to a rank that waits behind, where it is %s',
    async (where) => {
      const { queue, granted, inMemory, onDisk, run } = createQueue(1);
      inMemory('first', 1);
      for (let n = 0; n < 4; n += 1) {
        if (where === 'in memory') inMemory(`low ${n}`, 9);
        else onDisk(`low ${n}`, 9);
      }
      if (where === 'on disk') queue.noteDue(0, 9);
      for (let n = 0; n < 100; n += 1) {
        inMemory(`high ${n}`, 1);
        await run(1);
      }
      const low = granted.map((id, at) => (id.startsWith('low') ? at : -1)).filter((at) => at >= 0);
      expect(low).toHaveLength(3);
      expect(low.map((at, n) => at - (low[n - 1] ?? -1))).toEqual([33, 32, 32]);
    },
  );

  test('DG-2 where nothing waits behind, nothing is owed', async () => {
    const { granted, inMemory, run } = createQueue(1);
    for (let n = 0; n < 80; n += 1) inMemory(`high ${n}`, 1);
    await run(35);
    inMemory('low', 9);
    await run(31);
    expect(granted).not.toContain('low');
    await run(3);
    expect(granted).toContain('low');
  });
});
