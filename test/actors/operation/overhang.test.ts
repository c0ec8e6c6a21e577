/**
 * Whatever handlers do with their signals, no two calls of a lane are under way at once, and no more calls
 * in all than twice the slots (OP-3, OP-4, OP-6).
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Attempt, Run } from '../../../actors/operation/handler.ts';
import { transientFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import type { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';

const TIMEOUT_MS = 1_000;
const RETRY = { initialDelayMs: 10, delayMsMax: 10, jitterMsMax: 0, attemptsMax: 3 };

/** What a handler does with its signal, and with its time. */
type Manner =
  | { readonly kind: 'returns'; readonly afterMs: number }
  | { readonly kind: 'fails'; readonly afterMs: number }
  | { readonly kind: 'obeys' }
  | { readonly kind: 'throwsInListener' }
  | { readonly kind: 'never' };

const anyManner: fc.Arbitrary<Manner> = fc.oneof(
  fc.record({ kind: fc.constant('returns'), afterMs: fc.nat(6 * TIMEOUT_MS) }),
  fc.record({ kind: fc.constant('fails'), afterMs: fc.nat(6 * TIMEOUT_MS) }),
  fc.record({ kind: fc.constant('obeys') }),
  fc.record({ kind: fc.constant('throwsInListener') }),
  fc.record({ kind: fc.constant('never') }),
);

const anyHistory: fc.Arbitrary<History> = fc.record({
  slots: fc.integer({ min: 1, max: 4 }),
  operations: fc.array(
    fc.record({
      lane: fc.integer({ min: 0, max: 3 }),
      manners: fc.array(anyManner, { minLength: 1, maxLength: 3 }),
      atMs: fc.nat(3 * TIMEOUT_MS),
      cancelAfterMs: fc.option(fc.nat(4 * TIMEOUT_MS), { freq: 5 }),
    }),
    { minLength: 1, maxLength: 12 },
  ),
});
interface History {
  readonly slots: number;
  readonly operations: readonly {
    readonly lane: number;
    readonly manners: readonly Manner[];
    readonly atMs: number;
    readonly cancelAfterMs: number | null;
  }[];
}

/** What was seen of the calls while a history ran. */
interface Seen {
  /** The most calls of one lane, and in all, that were under way at once. */
  readonly ofLaneMax: number;
  readonly inAllMax: number;
  readonly states: readonly string[];
  readonly inFlight: number;
  /** Calls whose handler has not returned. */
  readonly underWay: number;
  readonly closedAfterMs: number;
}

/** Performs one call in its manner; `signal` is made only where it is listened to. */
async function perform(clock: VirtualClock, manner: Manner, attempt: Attempt): Promise<null> {
  if (manner.kind === 'never') return await new Promise<never>(() => undefined);
  if (manner.kind === 'obeys' || manner.kind === 'throwsInListener') {
    const { signal } = attempt;
    await new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        if (manner.kind === 'throwsInListener') throw new Error('A bug in a listener.');
        reject(new Error('Stopped.'));
      });
      clock.schedule(5 * TIMEOUT_MS, () => {
        reject(new Error('At last.'));
      });
    });
    return null;
  }
  const { kind, afterMs } = manner;
  await new Promise<void>((resolve) => {
    clock.schedule(afterMs, resolve);
  });
  if (kind === 'fails') throw transientFailure('Busy.', { status: 500 });
  return null;
}

/** @param wrap what is done to the handler before the runtime has it */
async function follow(history: History, wrap: (run: Run) => Run = (run) => run): Promise<Seen> {
  const world = createWorld();
  const { clock } = world;
  const running = new Map<string, number>();
  let ofLaneMax = 0;
  let inAllMax = 0;
  let inAll = 0;
  const mannersOf = new Map<string, readonly Manner[]>();
  const run: Run = async (attempt) => {
    const lane = attempt.entity?.id ?? '';
    const manners = mannersOf.get(attempt.payload as string) ?? [];
    const manner = manners[(attempt.number - 1) % manners.length] ?? { kind: 'obeys' };
    running.set(lane, (running.get(lane) ?? 0) + 1);
    inAll += 1;
    ofLaneMax = Math.max(ofLaneMax, running.get(lane) ?? 0);
    inAllMax = Math.max(inAllMax, inAll);
    try {
      return await perform(clock, manner, attempt);
    } finally {
      running.set(lane, (running.get(lane) ?? 0) - 1);
      inAll -= 1;
    }
  };
  const { runtime } = world.boot({
    upstreams: { payments: { attemptTimeoutMs: TIMEOUT_MS, concurrency: history.slots } },
    handlers: { 'payments.push': { upstream: 'payments', run: wrap(run) } },
    policies: { tiers: { basic: { retry: RETRY } } },
  });
  const ids: string[] = [];
  for (const [index, { lane, manners, atMs, cancelAfterMs }] of history.operations.entries()) {
    mannersOf.set(String(index), manners);
    clock.schedule(atMs, () => {
      const entity = { type: 'account', id: String(lane) };
      const accepted = runtime.sync({
        type: 'payments.push',
        subject: 'user-42',
        tier: 'basic',
        entity,
        payload: String(index),
      });
      void accepted.then((operation) => {
        ids.push(operation.id);
        if (cancelAfterMs === null) return;
        clock.schedule(cancelAfterMs, () => void operation.cancel().catch(() => undefined));
      });
    });
  }
  await clock.advance(2 * 60_000);
  const views = await clock.run(
    Promise.all(
      ids.map((id) =>
        runtime.operations
          .get(id)
          .view()
          .catch(() => null),
      ),
    ),
  );
  const { inFlight } = runtime.upstream('payments');
  const underWay = inAll;
  const closingAtMs = clock.monotonic();
  await clock.run(runtime.close({ deadlineMs: 500 }));
  return {
    ofLaneMax,
    inAllMax,
    states: views.map((view) => view?.state ?? 'gone'),
    inFlight,
    underWay,
    closedAfterMs: clock.monotonic() - closingAtMs,
  };
}

describe('OP-3 handlers that do as they like', () => {
  test('OP-3 OP-4 OP-6 no two calls of a lane at once, at most twice the slots in all', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history) => {
        const seen = await follow(history);
        expect(seen.ofLaneMax).toBeLessThanOrEqual(1);
        expect(seen.inAllMax).toBeLessThanOrEqual(2 * history.slots);
        // Once every handler has returned, none is waited for, and no slot is missing.
        if (seen.underWay === 0) {
          const held = seen.states.filter((state) => /^(overhanging|cancelling)$/.test(state));
          expect([held, seen.inFlight]).toEqual([[], 0]);
        }
        expect(seen.closedAfterMs).toBeLessThan(2_000);
      }),
      { numRuns: 25 },
    );
  });

  test('OP-4 control: a runtime that takes an aborted attempt for ended begins two of a lane at once', async () => {
    /** What it sees of the handler ends with the signal, while the handler goes on. */
    const untilAborted = (run: Run): Run => {
      return (attempt) =>
        Promise.race([
          run(attempt),
          new Promise<never>((_, reject) => {
            attempt.signal.addEventListener('abort', () => {
              reject(new Error('Stopped.'));
            });
          }),
        ]);
    };
    const manners = [{ kind: 'returns', afterMs: 3 * TIMEOUT_MS }] as const;
    const one = { lane: 0, manners, atMs: 0, cancelAfterMs: null };
    const history = { slots: 2, operations: Array.from({ length: 6 }, () => one) };
    expect((await follow(history, untilAborted)).ofLaneMax).toBeGreaterThan(1);
    expect((await follow(history)).ofLaneMax).toBe(1);
  });

  test('OP-6 calls that never return give their slots back, up to as many as there are slots', async () => {
    const never = [{ kind: 'never' }] as const;
    const operations = Array.from({ length: 9 }, (_, lane) => ({
      lane,
      manners: never,
      atMs: 0,
      cancelAfterMs: null,
    }));
    const seen = await follow({ slots: 2, operations });
    expect(seen).toMatchObject({ inAllMax: 4, underWay: 4, inFlight: 2 });
    expect(seen.states.filter((state) => state === 'overhanging')).toHaveLength(4);
  });
});
