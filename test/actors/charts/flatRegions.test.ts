/**
 * A chart of flat regions that is run flat does what XState would make of it, arrow by arrow.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AnyStateMachine,
  assign,
  createActor,
  type EventObject,
  fromCallback,
  setup,
} from 'xstate';
import { ActorSystem } from '../../../actors/charts/actorSystem.ts';
import { flatLogic, type Running } from '../../../actors/charts/flatLogic.ts';
import { LeanActor } from '../../../actors/charts/leanActor.ts';
import { transitionLabel } from '../../../inspector/charts/transitions.ts';
import {
  type CrisisContext,
  type CrisisInput,
  type CrisisStates,
  crisisAt,
  crisisMachine,
} from '../../../machines/crisis/crisisMachine.ts';
import { innermostStates } from '../../../machines/vocabulary/innermost.ts';
import { coverTransitions, transitionsTaken } from '../../support/charts/transitionCoverage.ts';

const INPUT: CrisisInput = {
  id: 'crisis-1',
  type: 'crisis.alert',
  subject: 'user-42',
  entity: null,
  tier: 'premium',
  idempotencyKey: 'key-1',
  method: null,
  path: null,
  acceptedAtMs: 1_000,
};

/** All that an event of any type may carry; each takes what it knows. */
const FACTS = {
  ...{ atMs: 2_000, startedAtMs: 1_500, retryAtMs: 3_000, fastAttemptsMax: 2 },
  failure: { failureClass: 'transient', code: 'HF_HTTP_5XX', message: 'Busy.' },
  ...{ by: { id: 'nurse-1', role: 'nurse' }, note: 'Mine.', untilMs: 9_000, hasChain: true },
  ...{ step: 'nurse', isEveryStepTold: false, anewInMs: 60_000, acknowledgeWithinMs: 5_000 },
  ...{ why: 'failed', isThrown: false, isSoon: true, isAlone: false },
};
const VARIANTS: readonly object[] = [
  {},
  { fastAttemptsMax: 1, retryAtMs: null, step: null, isSoon: false, hasChain: false },
  { isEveryStepTold: true, step: null, isAlone: true, isThrown: true, fastAttemptsMax: 1 },
];
const EVENTS = [...new Set(crisisMachine.events as readonly string[])].flatMap((type) =>
  VARIANTS.map((variant) => ({ type, ...FACTS, ...variant })),
);
const REGIONS = Object.entries(crisisMachine.root.states).map(
  ([region, node]) => [region, innermostStates(node).map(({ key }) => key)] as const,
);

const observe = coverTransitions(crisisMachine);
/** What happens around the one that is acting: what an effect begins is its doing. */
let acting: unknown[] = [];
let reports: ((event: never) => void)[] = [];

const SYSTEM = new ActorSystem((error) => expect.unreachable(String(error)));
SYSTEM.charts.attach({
  began: () => undefined,
  stepped: ({ transitions }) => {
    for (const transition of transitions) acting.push(`took ${transitionLabel(transition)}`);
  },
  ended: () => undefined,
});

function begin(src: string, report: (event: never) => void): () => void {
  const log = acting;
  log.push(`begun ${src}`);
  reports.push(report);
  return () => log.push(`ended ${src}`);
}

function effectsOf(machine: AnyStateMachine): readonly string[] {
  return Object.keys(machine.implementations.actors);
}

function runners(machine: AnyStateMachine) {
  const names = effectsOf(machine);
  return {
    xstate: machine.provide({
      actors: Object.fromEntries(
        names.map((src) => [src, fromCallback(({ sendBack }) => begin(src, sendBack))]),
      ),
    } as never),
    flat: flatLogic(
      machine,
      Object.fromEntries(
        names.map((src) => [
          src,
          (running: Running) => begin(src, (event: EventObject) => running.report(event)),
        ]),
      ),
      SYSTEM.charts,
    ),
  };
}

type Runners = ReturnType<typeof runners>;
const RUNNERS = runners(crisisMachine);

interface Start {
  readonly value?: object;
  readonly context?: object;
}

class Watched {
  readonly log: unknown[] = [];
  readonly reports: ((event: never) => void)[] = [];
  readonly #actor;

  constructor(engine: 'xstate' | 'flat', start: Start = {}, by: Runners = RUNNERS) {
    this.#act();
    const from =
      start.value === undefined
        ? {}
        : { snapshot: crisisAt(start.value as CrisisStates, start.context as CrisisContext) };
    const options = { id: 'it', input: INPUT, ...from } as never;
    this.#actor =
      engine === 'xstate'
        ? createActor(by.xstate, {
            ...(options as object),
            inspect: (event) => {
              observe(event);
              if (event.type !== '@xstate.microstep') return;
              const { _transitions: transitions } = event;
              for (const taken of transitions) this.log.push(`took ${transitionLabel(taken)}`);
            },
          })
        : new LeanActor(SYSTEM, by.flat, 'it', options);
    this.#actor.subscribe({
      next: ({ value, context }) => this.log.push({ told: value, context }),
      error: (error: unknown) => this.log.push(`died of ${String(error)}`),
      complete: () => this.log.push('complete'),
    });
    this.#actor.start();
  }

  #act(): void {
    acting = this.log;
    reports = this.reports;
  }

  send(event: EventObject): void {
    this.#act();
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send(event);
  }

  /** All effects begun so far report it, whether they have ended or not. */
  report(event: EventObject): void {
    this.#act();
    for (const report of [...this.reports]) {
      if (this.#actor.getSnapshot().status === 'active') report(event as never);
    }
  }

  stop(): void {
    this.#act();
    SYSTEM.stop(this.#actor);
  }

  get seen(): unknown {
    const snapshot = this.#actor.getSnapshot();
    const { value, context, status, output, error, tags } = snapshot;
    return {
      ...{ value, context, status, output, error, tags: [...tags].toSorted() },
      meta: snapshot.getMeta(),
      isAttempting: snapshot.matches({ delivery: { underWay: 'attempting' } }),
      can: status === 'active' ? EVENTS.map((event) => snapshot.can(event)) : null,
      json: asData(snapshot),
      kept: asData(this.#actor.getPersistedSnapshot()),
      log: this.log,
    };
  }
}

/** As data, without the actors that XState has for effects; tags are a set. */
function asData(snapshot: object): object {
  const data = JSON.parse(JSON.stringify(snapshot)) as { readonly tags?: readonly string[] };
  return { ...data, children: {}, tags: data.tags?.toSorted() };
}

function both(start: Start = {}, by?: Runners): readonly [Watched, Watched] {
  return [new Watched('flat', start, by), new Watched('xstate', start)];
}

function expectSame([flat, xstate]: readonly [Watched, Watched]): void {
  expect(flat.seen).toEqual(xstate.seen);
}

const CONTEXT = createActor(crisisMachine, { input: INPUT }).getSnapshot().context;

describe('CR-4 a crisis that is run flat', () => {
  test('CR-4 takes every arrow of its chart as XState does', () => {
    const initial = Object.fromEntries(REGIONS.map(([region, [first = '']]) => [region, first]));
    for (const [region, states] of REGIONS) {
      for (const state of states) {
        for (const delivery of ['awaitingPlace', 'attempting']) {
          const value = { ...initial, delivery, [region]: state };
          for (const event of EVENTS) {
            for (const context of [CONTEXT, { ...CONTEXT, attempt: 2, isSpent: true }]) {
              const actors = both({ value, context });
              for (const actor of actors) actor.send(event);
              expectSame(actors);
            }
          }
        }
      }
    }
    expectSame(both());
    expect(transitionsTaken(crisisMachine).missing).toEqual([]);
  });

  test('CR-4 goes the same way as XState through any history, and hears no effect that has ended', () => {
    const step = fc.record({
      event: fc.constantFrom(...EVENTS),
      isReported: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), fc.boolean(), (steps, stops) => {
        const actors = both();
        for (const { event, isReported } of steps) {
          for (const actor of actors) {
            if (isReported) actor.report(event);
            else actor.send(event);
          }
          expectSame(actors);
        }
        if (stops) for (const actor of actors) actor.stop();
        expectSame(actors);
      }),
    );
  });

  test('CR-4 control: a chart with another guard is told apart', () => {
    const planted = runners(crisisMachine.provide({ guards: { hasFastAttemptsLeft: () => true } }));
    const value = { delivery: 'attempting', escalation: 'quiet', record: 'writing' };
    const [flat, xstate] = both({ value, context: { ...CONTEXT, attempt: 9 } }, planted);
    for (const actor of [flat, xstate]) actor.send({ type: 'attempt.failed', ...FACTS });
    expect(flat.seen).not.toEqual(xstate.seen);
  });
});

describe('CR-4 a chart of regions that is not flat is refused', () => {
  const { createMachine } = setup({ actions: { grow: assign({}) } });
  const other = { id: 'other', context: () => ({}), type: 'parallel' } as const;
  const region = { initial: 'idle', states: { idle: {} } } as const;
  const unfit: Readonly<Record<string, AnyStateMachine>> = {
    'no regions': createMachine({ ...other, states: {} }),
    'a region without states': createMachine({ ...other, states: { one: {} } }),
    'transitions of the root': createMachine({
      ...other,
      states: { one: region },
      on: { go: { actions: ['grow'] } },
    }),
    'transitions of a region': createMachine({
      ...other,
      states: { one: { ...region, on: { go: { target: '.idle' } } } },
    }),
    'transitions to another region': createMachine({
      ...other,
      states: {
        one: { initial: 'idle', states: { idle: { on: { go: { target: '#there' } } } } },
        two: { initial: 'idle', states: { idle: { id: 'there' } } },
      },
    }),
    'what happens at once': createMachine({
      ...other,
      states: { one: { initial: 'idle', states: { idle: { always: 'over' }, over: {} } } },
    }),
    'regions in regions': createMachine({
      ...other,
      states: { one: { initial: 'idle', states: { idle: { type: 'parallel', states: {} } } } },
    }),
  };

  test.each(Object.entries(unfit))('CR-4 %s', (_, machine) => {
    expect(() => flatLogic(machine, {})).toThrow(
      expect.objectContaining({ code: 'HF_INTERNAL', message: expect.stringContaining('other') }),
    );
  });
});
