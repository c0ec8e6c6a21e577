/**
 * A chart that is run flat does what XState would make of it, arrow by arrow.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AnyStateMachine,
  type AnyTransitionDefinition,
  assign,
  createActor,
  type EventObject,
  fromCallback,
  type InspectionEvent,
  setup,
} from 'xstate';
import { ActorSystem } from '../../../actors/charts/actorSystem.ts';
import { flatLogic, type Running } from '../../../actors/charts/flatLogic.ts';
import { LeanActor } from '../../../actors/charts/leanActor.ts';
import { transitionLabel } from '../../../inspector/charts/transitions.ts';
import {
  operationAt,
  type SyncOperationContext,
  type SyncOperationEvent,
  type SyncOperationInput,
  type SyncOperationState,
  syncOperationMachine,
} from '../../../machines/operation/syncOperationMachine.ts';
import { OPERATION_STATES } from '../../../machines/operation/syncOperationState.ts';
import { innermost } from '../../../machines/vocabulary/innermost.ts';
import { OPERATION_EVENTS } from '../../support/charts/operationEvents.ts';
import { coverTransitions, transitionsTaken } from '../../support/charts/transitionCoverage.ts';

const INPUT: SyncOperationInput = {
  id: 'operation-1',
  type: 'payments.push',
  subject: 'user-42',
  entity: null,
  tier: 'premium',
  priority: 'normal',
  idempotencyKey: 'key-1',
  fingerprint: null,
  method: null,
  path: null,
  acceptedAtMs: 1_000,
  expiresAtMs: null,
  attemptsMax: 2,
};

const observe = coverTransitions(syncOperationMachine);

/** What is written down of the one that is acting: what an effect begins is its doing. */
let acting: Pick<Watched, 'log' | 'reports'> | null = null;

function begin(id: string, report: (event: SyncOperationEvent) => void): () => void {
  const its = acting;
  its?.log.push(`begun ${id}`);
  its?.reports.push(report);
  return () => its?.log.push('ended');
}

function runners(machine = syncOperationMachine) {
  return {
    xstate: machine.provide({
      actors: {
        attempt: fromCallback<EventObject, { readonly id: string }>(({ input, sendBack }) =>
          begin(input.id, sendBack),
        ),
      },
    }),
    flat: flatLogic(
      machine,
      {
        attempt: (running: Running<{ readonly id: string }, SyncOperationEvent>) =>
          begin(running.input.id, (event) => running.report(event)),
      },
      SYSTEM.charts,
    ),
  };
}

const SYSTEM = new ActorSystem((error) => expect.unreachable(String(error)));
SYSTEM.charts.attach({
  began: () => undefined,
  stepped: ({ transitions }) => {
    noteTaken(transitions);
  },
  ended: () => undefined,
});
const RUNNERS = runners();

/** The arrows that were taken are among what happened. */
function noteTaken(transitions: readonly AnyTransitionDefinition[]): void {
  for (const transition of transitions) acting?.log.push(`took ${transitionLabel(transition)}`);
}

/** What XState tells of a step: each arrow for itself. */
function observeXstate(event: InspectionEvent): void {
  observe(event);
  if (event.type !== '@xstate.microstep') return;
  const { _transitions: transitions } = event;
  noteTaken(transitions);
}

interface Start {
  readonly input?: SyncOperationInput;
  readonly value?: SyncOperationState;
  readonly context?: SyncOperationContext | undefined;
}

/** An actor, and what happened around it in order. */
class Watched {
  readonly log: string[] = [];
  /** What its effects report with, the old ones too. */
  readonly reports: ((event: SyncOperationEvent) => void)[] = [];
  readonly #actor;

  constructor(engine: 'xstate' | 'flat', { input = INPUT, value, context }: Start, by = RUNNERS) {
    const options = {
      id: 'it',
      input,
      ...(value === undefined
        ? {}
        : { snapshot: operationAt(value, context as SyncOperationContext) }),
    };
    acting = { log: this.log, reports: this.reports };
    this.#actor =
      engine === 'xstate'
        ? createActor(by.xstate, { ...options, inspect: observeXstate })
        : new LeanActor(SYSTEM, by.flat, 'it', options);
    this.#actor.subscribe({
      next: (told) =>
        this.log.push(`told ${innermost(told.value)} ${JSON.stringify(told.context)}`),
      error: (error: unknown) => this.log.push(`died of ${String(error)}`),
      complete: () => this.log.push('complete'),
    });
    this.#actor.start();
  }

  /** Whoever is over is told nothing more. */
  send(event: SyncOperationEvent): void {
    acting = { log: this.log, reports: this.reports };
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send(event);
  }

  /** All effects begun so far report it, whether they have ended or not. */
  report(event: SyncOperationEvent): void {
    if (this.#actor.getSnapshot().status !== 'active') return;
    acting = { log: this.log, reports: this.reports };
    for (const report of this.reports) report(event);
  }

  /** Which events it would take. */
  get can(): readonly boolean[] {
    const snapshot = this.#actor.getSnapshot();
    return OPERATION_EVENTS.map((event) => snapshot.can(event));
  }

  /** What can be seen of it. */
  get seen(): unknown {
    const snapshot = this.#actor.getSnapshot();
    const { value, context, status, output, error, tags } = snapshot;
    return {
      ...{ value, context, status, output, error, tags },
      isAttempting: snapshot.matches({ underWay: 'attempting' }),
      meta: snapshot.getMeta(),
      json: asText(snapshot),
      kept: asText(this.#actor.getPersistedSnapshot()),
      log: this.log,
    };
  }
}

/** As text, without the actor that XState has for an effect. */
function asText(snapshot: object): string {
  return JSON.stringify({ ...(JSON.parse(JSON.stringify(snapshot)) as object), children: {} });
}

function expectSame(flat: Watched, xstate: Watched): void {
  expect(flat.seen).toEqual(xstate.seen);
}

const STATES = OPERATION_STATES;
const CONTEXTS: readonly SyncOperationContext[] = (
  [
    {},
    { priority: 'crisis', attemptsMax: null, ending: 'cancelled' },
    { attempt: 2, isSpent: true, isOutcomeUnknown: true, crashes: 9, ending: 'deadLettered' },
    { ending: 'completed', expiresAtMs: 2_000 },
    { startAtMs: 2_001 },
    { isBoundToProcess: true },
    { upMark: { upstream: 'payments', upMs: 0 } },
    {
      workMark: { upstream: 'payments', upMs: -600_000 },
      failure: {
        failureClass: 'transient',
        code: 'HF_CONFLICT',
        message: 'In use.',
        conflictIs: 'possible',
      },
    },
    { isEdit: true, attempt: 2, isSpent: true },
    { isEdit: true, isCompared: true, round: 1, isOutcomeUnknown: true },
  ] as const
).map((differing) => {
  const { context } = createActor(syncOperationMachine, { input: INPUT }).getSnapshot();
  return { ...context, ...differing };
});

describe('OP-1 an operation that is run flat', () => {
  test('OP-1 takes every arrow of its chart as XState does', () => {
    for (const value of STATES) {
      for (const context of CONTEXTS) {
        for (const event of OPERATION_EVENTS) {
          const flat = new Watched('flat', { value, context });
          const xstate = new Watched('xstate', { value, context });
          flat.send(event);
          xstate.send(event);
          expectSame(flat, xstate);
        }
      }
    }
    // The start is the one that no restored one can take.
    expectSame(new Watched('flat', { input: INPUT }), new Watched('xstate', { input: INPUT }));
    expect(transitionsTaken(syncOperationMachine).missing).toEqual([]);
  });

  test('OP-1 goes the same way as XState through any history, and hears no effect that has ended', () => {
    const steps = fc.array(
      fc.record({ event: fc.constantFrom(...OPERATION_EVENTS), isReported: fc.boolean() }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(steps, (history) => {
        const flat = new Watched('flat', { input: INPUT });
        const xstate = new Watched('xstate', { input: INPUT });
        for (const { event, isReported } of history) {
          for (const actor of [flat, xstate]) {
            if (isReported) actor.report(event);
            else actor.send(event);
          }
          expectSame(flat, xstate);
        }
        expect(flat.can).toEqual(xstate.can);
      }),
    );
  });

  test('OP-1 control: a chart with another guard is told apart', () => {
    const planted = runners(
      syncOperationMachine.provide({ guards: { hasAttemptsLeft: () => true } }),
    );
    const failed = OPERATION_EVENTS.find(
      (event) => event.type === 'attempt.failed' && event.failure.notApplied === false,
    );
    const spent = { ...CONTEXTS[0], attempt: 2 } as SyncOperationContext;
    const flat = new Watched('flat', { value: 'attempting', context: spent }, planted);
    const xstate = new Watched('xstate', { value: 'attempting', context: spent });
    for (const actor of [flat, xstate]) actor.send(failed ?? { type: 'journal.failed' });
    expect(flat.seen).not.toEqual(xstate.seen);
  });
});

describe('SV-2 an operation that is run flat and dies', () => {
  const broken = setup({
    types: { events: {} as { readonly type: 'go' } | { readonly type: 'break' } },
    actors: { work: fromCallback(() => undefined) },
    guards: {
      isBroken: () => {
        throw new Error('bad guard');
      },
    },
  }).createMachine({
    id: 'broken',
    context: () => ({}),
    initial: 'idle',
    states: {
      idle: { on: { go: { target: 'working' } } },
      working: {
        invoke: { id: 'work', src: 'work' },
        on: { break: { guard: { type: 'isBroken' }, target: 'idle' } },
      },
    },
  });

  function start(work: () => () => void): {
    readonly actor: ReturnType<typeof born>;
    readonly died: unknown[];
  } {
    const actor = born(work);
    const died: unknown[] = [];
    actor.subscribe({ error: (error: unknown) => died.push(error) });
    actor.start();
    return { actor, died };
  }
  const born = (work: () => () => void) =>
    new LeanActor(SYSTEM, flatLogic(broken, { work }), 'its', {});

  test('SV-2 of a guard that throws takes what it had begun with it', () => {
    let ended = 0;
    const { actor, died } = start(() => () => {
      ended += 1;
    });
    actor.send({ type: 'go' });
    actor.send({ type: 'break' });
    expect(died).toEqual([new Error('bad guard')]);
    expect(actor.getSnapshot().status).toBe('error');
    expect(ended).toBe(1);
  });

  test('SV-2 of an effect that can not begin tells its observers', () => {
    const { actor, died } = start(() => {
      throw new Error('bad effect');
    });
    actor.send({ type: 'go' });
    expect(died).toEqual([new Error('bad effect')]);
    expect(actor.getSnapshot().status).toBe('error');
  });

  test('SV-4 the system stops one of them and leaves the others', () => {
    let ended = 0;
    const logic = flatLogic(broken, {
      work: () => () => {
        ended += 1;
      },
    });
    const first = new LeanActor(SYSTEM, logic, 'first', {});
    const second = new LeanActor(SYSTEM, logic, 'second', {});
    for (const actor of [first, second]) {
      actor.start();
      actor.send({ type: 'go' });
    }
    SYSTEM.stop(first);
    expect(ended).toBe(1);
    expect(first.getSnapshot().status).toBe('stopped');
    expect(second.getSnapshot().status).toBe('active');
  });
});

describe('OP-1 a chart that is not flat is refused', () => {
  const base = { id: 'other', context: () => ({}), initial: 'idle' } as const;
  const { createMachine } = setup({
    actors: { work: fromCallback(() => undefined) },
    actions: { shout: () => undefined, grow: assign({}) },
    guards: { isBig: () => true },
    delays: { soon: 5 },
  });
  const unfit: Readonly<Record<string, AnyStateMachine>> = {
    'regions inside': createMachine({
      ...base,
      states: { idle: { type: 'parallel', states: { inner: {} } } },
    }),
    'what a parent does at once': createMachine({
      ...base,
      states: { idle: { initial: 'inner', always: 'over', states: { inner: {} } }, over: {} },
    }),
    'what a parent invokes': createMachine({
      ...base,
      states: { idle: { initial: 'inner', invoke: { src: 'work' }, states: { inner: {} } } },
    }),
    'transitions to a parent': createMachine({
      ...base,
      states: {
        idle: { on: { go: 'busy' } },
        busy: { initial: 'inner', states: { inner: {} } },
      },
    }),
    'two states of one name': createMachine({
      ...base,
      states: { idle: {}, busy: { initial: 'idle', states: { idle: {} } } },
    }),
    regions: createMachine({ id: 'other', context: () => ({}), type: 'parallel', states: {} }),
    'entry actions': createMachine({ ...base, states: { idle: { entry: ['grow'] } } }),
    'exit actions': createMachine({ ...base, states: { idle: { exit: ['grow'] } } }),
    delays: createMachine({ ...base, states: { idle: { after: { soon: 'idle' } } } }),
    'transitions of the root': createMachine({
      ...base,
      on: { go: { target: '.idle' } },
      states: { idle: {} },
    }),
    'events with a star': createMachine({ ...base, states: { idle: { on: { '*': 'idle' } } } }),
    'actions that do not assign': createMachine({
      ...base,
      states: { idle: { on: { go: { actions: ['shout'] } } } },
    }),
    'inline guards': createMachine({
      ...base,
      states: { idle: { on: { go: { guard: () => true, target: 'idle' } } } },
    }),
    'two invocations': createMachine({
      ...base,
      states: { idle: { invoke: [{ src: 'work' }, { src: 'work' }] } },
    }),
    'a context that is no function': createMachine({
      id: 'other',
      context: {},
      initial: 'idle',
      states: { idle: {} },
    }),
  };

  test.each(Object.entries(unfit))('OP-1 %s', (_, machine) => {
    expect(() => flatLogic(machine, {})).toThrow(
      expect.objectContaining({ code: 'HF_INTERNAL', message: expect.stringContaining('other') }),
    );
  });

  test('OP-1 transitions that stay, named rules without params and several changes are not', () => {
    const counter = setup({
      types: {
        context: {} as { readonly count: number },
        events: {} as { readonly type: 'go' } | { readonly type: 'again' },
      },
      actors: { work: fromCallback(() => undefined) },
      actions: { add: assign({ count: ({ context }) => context.count + 1 }) },
      guards: { isSmall: ({ context }) => context.count < 5 },
    }).createMachine({
      id: 'counter',
      context: () => ({ count: 0 }),
      initial: 'idle',
      states: {
        idle: {
          invoke: { src: 'work' },
          on: {
            go: { guard: 'isSmall', actions: ['add', 'add'] },
            again: { target: 'idle', reenter: true },
          },
        },
      },
    });
    let begun = 0;
    const logic = flatLogic(counter, {
      work: () => {
        begun += 1;
        return () => undefined;
      },
    });
    const flat = new LeanActor(SYSTEM, logic, 'counter', {}).start();
    for (let time = 0; time < 4; time += 1) flat.send({ type: 'go' });
    expect(flat.getSnapshot().context).toEqual({ count: 6 });
    expect(begun).toBe(1);
    flat.send({ type: 'again' });
    expect(begun).toBe(2);
  });
});
