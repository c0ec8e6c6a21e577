import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Batch } from '../../../inspector/feed/feed.ts';
import { projectActor } from '../../../inspector/projection/projection.ts';
import { StepRings } from '../../../inspector/projection/stepLog.ts';
import type { FeedMessage, Step } from '../../../inspector/protocol.ts';
import { circuitBreakerMachine } from '../../../machines/breaker/circuitBreakerMachine.ts';
import { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';

const STATES = ['closed', 'open', 'halfOpen'] as const;

/** Actors that begin, step and end, and where each that is there stands. */
function createStage(makeBatch = (rings: StepRings) => new Batch(rings, 0)) {
  const log = new StepRings({ component: 20, crisis: 20, operation: 200 });
  const live = new Map<number, string>();
  let count = 0;
  let batch = makeBatch(log);
  /** Most are operations; each tenth is a component. */
  const machineOf = (number: number) =>
    number % 10 === 3 ? circuitBreakerMachine : syncOperationMachine;
  const begin = (): number => {
    count += 1;
    const machine = machineOf(count);
    const actor = { session: `x:${count}`, id: `breaker:${count}`, machine, value: 'closed' };
    live.set(count, 'closed');
    batch.began(projectActor({ ...actor, about: null }, null));
    return count;
  };
  const step = (actor: number, to: string): void => {
    const from = live.get(actor) ?? '';
    const [session, machine] = [`x:${actor}`, machineOf(actor)];
    live.set(actor, to);
    batch.keepOldest(log.logOf({ machine, from, to }));
    log.note({ session, id: '', machine, event: 'go', from, to, transitions: [] }, 5);
  };
  const end = (actor: number): void => {
    live.delete(actor);
    batch.ended(actor);
  };
  const flush = (forMs = 50): readonly FeedMessage[] => {
    const messages = batch.messages({ atMs: 5, monotonicMs: forMs });
    batch = makeBatch(log);
    return messages;
  };
  return { live, begin, step, end, flush };
}

const stepsOf = (messages: readonly FeedMessage[]): readonly Step[] =>
  messages.flatMap((message) => (message.kind === 'steps' ? message.steps : []));

/** Where a viewer that was told all of it shows each actor. */
function shown(messages: readonly FeedMessage[]): ReadonlyMap<number, string | undefined> {
  const states = new Map<number, string | undefined>();
  for (const message of messages) {
    if (message.kind === 'actors') {
      for (const { actor, states: at } of message.actors) states.set(actor, at[0]);
    } else if (message.kind === 'steps') {
      for (const { actor, to } of message.steps) if (states.has(actor)) states.set(actor, to[0]);
    } else if (message.kind === 'ended') {
      for (const actor of message.actors) states.delete(actor);
    }
  }
  return states;
}

const BURST = fc.record({
  begins: fc.nat({ max: 120 }),
  steps: fc.nat({ max: 600 }),
  ends: fc.nat({ max: 120 }),
  seed: fc.nat(),
});

/** Bursts of which some are far over every bound, told in batches. */
function afterBursts(
  histories: readonly (readonly { begins: number; steps: number; ends: number; seed: number }[])[],
  { live, begin, step, end, flush }: ReturnType<typeof createStage>,
): readonly FeedMessage[] {
  return histories.flatMap((bursts) => {
    for (const { begins, steps, ends, seed } of bursts) {
      for (let n = 0; n < begins; n += 1) begin();
      const pick = (n: number): number | undefined => [...live.keys()][(seed + n * 7) % live.size];
      for (let n = 0; n < steps; n += 1) {
        const actor = pick(n);
        if (actor !== undefined) step(actor, STATES[(seed + n) % STATES.length] ?? 'open');
      }
      for (let n = 0; n < ends; n += 1) {
        const actor = pick(n);
        if (actor !== undefined) end(actor);
      }
    }
    return flush();
  });
}

/** One in ten thousand finds it: a component whose last change is let go of before an earlier step of another ring. */
const TWO_RINGS = [
  [
    { begins: 22, steps: 0, ends: 22, seed: 0 },
    { begins: 49, steps: 0, ends: 28, seed: 0 },
    { begins: 111, steps: 0, ends: 34, seed: 221_420_966 },
  ],
  [
    { begins: 21, steps: 0, ends: 29, seed: 1_981_633_672 },
    { begins: 80, steps: 21, ends: 63, seed: 1_775_140_036 },
    { begins: 111, steps: 18, ends: 63, seed: 60_184_452 },
    { begins: 90, steps: 212, ends: 0, seed: 591_366_654 },
  ],
];
const HISTORIES = fc.array(fc.array(BURST, { maxLength: 4 }), { maxLength: 4 });

describe('OB-1 what of a batch is told', () => {
  test('OB-1 whatever happened, each live actor is shown where it stands, and no other', () => {
    fc.assert(
      fc.property(HISTORIES, (histories) => {
        const stage = createStage();
        expect(shown(afterBursts(histories, stage))).toEqual(stage.live);
      }),
      { numRuns: 60, examples: [[TWO_RINGS]] },
    );
  });

  test('OB-1 control: a batch that ends at its bound, or forgets what the log let go of, is found out', () => {
    class Short extends Batch {
      override messages(now: { atMs: number; monotonicMs: number }): FeedMessage[] {
        return super
          .messages(now)
          .map((message) =>
            message.kind === 'steps' ? { ...message, steps: message.steps.slice(0, 250) } : message,
          );
      }
    }
    class Forgetful extends Batch {
      override keepOldest(): void {
        // What is overwritten is gone.
      }
    }
    for (const Planted of [Short, Forgetful]) {
      const isRight = fc.property(HISTORIES, (histories) => {
        const stage = createStage((rings) => new Planted(rings, 0));
        expect(shown(afterBursts(histories, stage))).toEqual(stage.live);
      });
      expect(fc.check(isRight, { numRuns: 60, endOnFailure: true }).failed).toBe(true);
    }
  });

  test('OB-1 2,000 steps a second are told whole, and late batches of them, too', () => {
    const { begin, step, flush } = createStage();
    const actor = begin();
    for (const forMs of [50, 50, 100]) {
      for (let n = 0; n < forMs * 2; n += 1) step(actor, STATES[n % 2] ?? 'open');
      expect(stepsOf(flush(forMs))).toHaveLength(forMs * 2);
    }
  });

  test('OB-1 of thousands a bounded part is told, and serials say how much was left out', () => {
    const { begin, step, end, flush } = createStage();
    const stays = begin();
    for (let n = 0; n < 200; n += 1) {
      const actor = begin();
      step(actor, 'open');
      end(actor);
    }
    step(stays, 'open');
    const messages = flush();
    const actors = messages.flatMap((message) => (message.kind === 'actors' ? message.actors : []));
    expect(actors.map(({ actor }) => actor)).toContain(stays);
    expect(actors.length).toBeLessThanOrEqual(51);
    const steps = stepsOf(messages);
    expect(steps.length).toBeLessThanOrEqual(51);
    expect(steps.at(-1)).toMatchObject({ serial: 201, actor: stays });
    // Of no actor that this viewer does not know.
    const known = new Set(actors.map(({ actor }) => actor));
    expect(steps.every(({ actor }) => known.has(actor))).toBe(true);
  });

  test('OB-1 of a component every step is told, whatever the operations do', () => {
    const { begin, step, flush } = createStage();
    const [work, , component] = [begin(), begin(), begin()];
    for (let n = 0; n < 3_000; n += 1) {
      step(work, STATES[n % 2] ?? 'open');
      if (n % 200 === 0) step(component, STATES[(n / 200 + 1) % 3] ?? 'open');
    }
    const told = stepsOf(flush());
    const own = told.filter(({ actor }) => actor === component);
    expect(own.map(({ ring, nth }) => [ring, nth])).toEqual(
      Array.from({ length: 15 }, (_, at) => ['component', at + 1]),
    );
    expect(told.length).toBeLessThan(200);
    const serials = told.map(({ serial }) => serial);
    expect(serials).toEqual(serials.toSorted((a, b) => a - b));
  });
});
