/**
 * Gives life to the escalation of crises (CR-5): wakes each when its next step is due, has the steps called,
 * writes how far it is beside that, and tells of it. It waits for no disk: while nothing can be written it
 * goes on from memory.
 *
 * @module
 */

import type { CrisisContext } from '../../machines/crisis/crisisContext.ts';
import {
  type CrisisEscalation,
  CUT_OFF_MAX,
  type EscalationPace,
  isEveryStepTold,
  nextStep,
  owedCalls,
  THROWS_MAX,
  tellAgainMs,
} from '../../machines/crisis/crisisEscalation.ts';
import {
  type CrisisEscalationState,
  type CrisisSnapshot,
  crisisStatesOf,
} from '../../machines/crisis/crisisMachine.ts';
import { UNKNOWN_SUBJECT } from '../../machines/policy/crisis/crisisRequest.ts';
import { retryDelayMs } from '../../machines/policy/retry/retryPolicy.ts';
import { type Clock, clampDueTime, type Random } from '../../machines/vocabulary/clock.ts';
import type { Facts } from '../facts/factStream.ts';
import type { Resident } from '../operation/resident.ts';
import { madeAtMs } from '../platform/operationId.ts';
import type { TimerService } from '../platform/timerService.ts';
import { type EscalationStep, noticeOf, stepFailureOf } from './escalationStep.ts';
import { type CallEnd, type EndedHow, type Gathered, StepDesk } from './stepDesk.ts';

export interface EscalationsParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: TimerService;
  readonly facts: Facts;
  /** What an orderly stop waits for. */
  readonly busy: { begin(): void; end(): void };
  readonly chain: readonly EscalationStep[];
  readonly pace: EscalationPace;
  /** How long a crisis may be undelivered before people are told, whatever the reason. */
  readonly escalateAfterMs: number;
  /** Writes the row of a crisis as it is now. */
  readonly write: (resident: Resident) => void;
}

/** How many crises have escalated and are not over. */
export interface EscalationCounts {
  readonly escalated: number;
  /** Number of these that nobody has taken on. */
  readonly unacknowledged: number;
  /** When the oldest of those was accepted, in milliseconds since the epoch; `null` where there is none. */
  readonly unacknowledgedSinceAtMs: number | null;
  /** Number of these of which every step was told, or which have no chain. */
  readonly exhausted: number;
  /** The steps that refuse to be told of one of them, in order of the chain. */
  readonly stepsRefusing: readonly string[];
  /** Trial runs that are not over; none of them is in the other counts. */
  readonly tests: number;
}

/** A turn of what ends or wakes at once; between two of them crises are answered (CR-1). */
const TURN_MS = 5;

interface Watched {
  readonly resident: Resident;
  /** Person whose crisis it is; those of nobody that is known are no one person's, and trial runs are apart. */
  person: string;
  isTest: boolean;
  state: CrisisEscalationState | null;
  escalation: CrisisEscalation | null;
  /** What it waits for, by name, until when, and what ends that. */
  readonly waits: Map<string, { readonly atMs: number; readonly cancel: () => void }>;
  /** The calls that it waits for or that are under way for it: `on-call`, `ask on-call`. */
  wanted: ReadonlySet<string>;
  /** The steps that it is counted at. */
  at: ReadonlySet<string>;
}

type Snapshot = { readonly value: unknown; readonly context: unknown };

const NOWHERE: ReadonlySet<string> = new Set();

export class Escalations {
  readonly #parts: EscalationsParts;
  readonly #desks: ReadonlyMap<string, StepDesk<Watched>>;
  readonly #watched = new Map<Resident, Watched>();
  /** Crises that have escalated and are not over, by whose they are. */
  readonly #people = new Map<string, Set<Watched>>();
  /** What is done turn by turn. */
  #turns: (() => void)[] = [];
  #isInTurn = false;
  #isStopped = false;

  constructor(parts: EscalationsParts) {
    this.#parts = parts;
    const { clock, timers, busy } = parts;
    this.#desks = new Map(
      parts.chain.map((step) => [
        step.name,
        new StepDesk<Watched>(step, {
          ...{ clock, timers, busy },
          personOf: ({ person }) => person,
          isApart: ({ isTest }) => isTest,
          isRepeat: (its, isAsk) => callsOf(its, step.name, isAsk) > 0,
          begin: (wanting, how) => this.#begin(step, wanting, how),
          ended: (owed, end, how) => {
            this.#ended(step, owed, end, how);
          },
        }),
      ]),
    );
  }

  /** Whether there is anybody to be told. */
  get hasChain(): boolean {
    return this.#parts.chain.length > 0;
  }

  get counts(): EscalationCounts {
    let escalated = 0;
    let unacknowledged = 0;
    let unacknowledgedSinceAtMs: number | null = null;
    let exhausted = 0;
    let tests = 0;
    const refused = new Set<string>();
    for (const { resident, state, escalation, isTest } of this.#watched.values()) {
      if (isTest) tests += 1;
      if (isTest || escalation === null || escalation.sinceAtMs === null) continue;
      escalated += 1;
      if (state !== 'acknowledged' && state !== 'lapsing') {
        unacknowledged += 1;
        const acceptedAtMs = madeAtMs(resident.id);
        unacknowledgedSinceAtMs = Math.min(unacknowledgedSinceAtMs ?? acceptedAtMs, acceptedAtMs);
      }
      if (state === 'exhausted') exhausted += 1;
      for (const { name, outcome } of escalation.steps)
        if (outcome === 'refused') refused.add(name);
    }
    const stepsRefusing = [...this.#desks.keys()].filter((name) => refused.has(name));
    return {
      ...{ escalated, unacknowledged, unacknowledgedSinceAtMs, exhausted, stepsRefusing, tests },
    };
  }

  /** Watches a crisis that has come to memory, and whose actor is about to start. */
  enter(resident: Resident): void {
    const watched: Watched = {
      ...{ resident, person: '', isTest: false, state: null, escalation: null, waits: new Map() },
      ...{ wanted: NOWHERE, at: NOWHERE },
    };
    this.#watched.set(resident, watched);
    resident.actor.subscribe({
      next: (snapshot) => {
        if (this.#watched.get(resident) === watched) this.#changed(watched, snapshot);
      },
      error: () => undefined,
    });
  }

  /** Forgets a crisis that has left memory. */
  leave(resident: Resident): void {
    const watched = this.#watched.get(resident);
    if (watched !== undefined) this.#forget(watched);
  }

  /** No further step is begun: what is due is told by the next process. */
  stop(): void {
    this.#isStopped = true;
    for (const desk of this.#desks.values()) desk.stop();
  }

  #forget(watched: Watched): void {
    this.#watched.delete(watched.resident);
    for (const { cancel } of watched.waits.values()) cancel();
    watched.waits.clear();
    this.#wants(watched, NOWHERE);
    this.#counts(watched, NOWHERE);
    const theirs = this.#people.get(watched.person);
    theirs?.delete(watched);
    if (theirs?.size === 0) this.#people.delete(watched.person);
  }

  #changed(watched: Watched, snapshot: Snapshot): void {
    const { escalation: state } = crisisStatesOf(snapshot.value as CrisisSnapshot['value']);
    const context = snapshot.context as CrisisContext;
    const { escalation } = context;
    const { state: from, escalation: before } = watched;
    if (state === from && escalation === before) return;
    watched.person = personOf(context);
    watched.isTest = context.isTest === true;
    watched.state = state;
    watched.escalation = escalation;
    if (from !== null && before !== null) {
      this.#tell(watched.resident, context, { from, to: state, before });
    }
    if (state === 'ended') {
      this.#forget(watched);
      return;
    }
    if (escalation.sinceAtMs !== null) {
      const theirs = this.#people.get(watched.person) ?? new Set();
      this.#people.set(watched.person, theirs.add(watched));
    }
    this.#await(watched, state, context);
    if (from !== null) this.#parts.write(watched.resident);
  }

  /** Wakes it when its next step is due, and when a step that is owed a call is to be called. */
  #await(watched: Watched, state: CrisisEscalationState, context: CrisisContext): void {
    const { clock, timers, chain } = this.#parts;
    const { escalation } = context;
    const nowMs = clock.now();
    const owed = owedCalls(state, escalation, chain);
    const name = (step: string, isAsk: boolean): string => (isAsk ? `ask ${step}` : step);
    this.#wants(watched, new Set(owed.map(({ step, isAsk }) => name(step, isAsk))));
    const called = [
      ...escalation.steps.map(({ name: step }) => step),
      ...owed.map(({ step }) => step),
    ];
    this.#counts(watched, new Set(isTakenOn(state) || watched.isTest ? [] : called));
    const chainWait = this.#chainWait(state, context);
    const due = [
      ...(chainWait === null ? [] : [{ ...chainWait, of: state, wake: () => this.#due(watched) }]),
      ...owed.map(({ step, isAsk, atMs, waitMs }) => ({
        ...{ atMs, waitMs, of: name(step, isAsk) },
        wake: () => {
          if (!this.#isStopped) this.#desks.get(step)?.want(watched, isAsk);
        },
      })),
    ];
    const { waits } = watched;
    for (const [of, { atMs, cancel }] of waits) {
      // One that goes on is left as it is: it is a span, whatever the wall clock does meanwhile.
      if (due.some((one) => one.of === of && one.atMs === atMs)) continue;
      cancel();
      waits.delete(of);
    }
    for (const { of, atMs, waitMs, wake } of due) {
      if (waits.has(of)) continue;
      // Where it began before a restart, it is no longer than it was, however the clock was set since.
      const inMs = Math.max(0, clampDueTime(atMs, nowMs, waitMs) - nowMs);
      const cancel = timers.after(inMs, () => {
        waits.delete(of);
        wake();
      });
      waits.set(of, { atMs, cancel });
    }
  }

  /** Which calls it waits for; those that it does not wait for any more are not made. */
  #wants(watched: Watched, wanted: ReadonlySet<string>): void {
    for (const name of watched.wanted) {
      if (wanted.has(name)) continue;
      const isAsk = name.startsWith('ask ');
      this.#desks.get(isAsk ? name.slice(4) : name)?.leave(watched, isAsk);
    }
    watched.wanted = wanted;
  }

  /** At which steps it is one of those that they are told of. */
  #counts(watched: Watched, at: ReadonlySet<string>): void {
    const { person } = watched;
    for (const name of watched.at) if (!at.has(name)) this.#desks.get(name)?.count(person, -1);
    for (const name of at) if (!watched.at.has(name)) this.#desks.get(name)?.count(person, 1);
    watched.at = at;
  }

  #chainWait(
    state: CrisisEscalationState,
    { acceptedAtMs, escalation }: CrisisContext,
  ): { readonly atMs: number; readonly waitMs: number } | null {
    const { chain, clock, escalateAfterMs } = this.#parts;
    const { dueAtMs, waitMs } = escalation;
    switch (state) {
      case 'quiet':
        return { atMs: acceptedAtMs + escalateAfterMs, waitMs: escalateAfterMs };
      case 'notifyDue':
      case 'awaitingAcknowledgement':
      case 'acknowledged':
      case 'lapsing':
        return { atMs: dueAtMs, waitMs };
      case 'notifying':
        // A step that is in the chain of this process no more makes way.
        return chain.some(({ name }) => name === escalation.step)
          ? null
          : { atMs: clock.now(), waitMs: 0 };
      case 'stepsOwed':
        return this.#isChained(escalation) ? null : { atMs: clock.now(), waitMs: 0 };
      case 'exhausted':
        if (!this.#isExhausted(escalation)) return { atMs: clock.now(), waitMs: 0 };
        return this.hasChain ? { atMs: dueAtMs, waitMs } : null;
      default:
        return null;
    }
  }

  /** Whether nothing but what is owed is left to be done: no step is left to be called, and one is owed. */
  #isChained(escalation: CrisisEscalation): boolean {
    const { chain } = this.#parts;
    return nextStep(chain, escalation) === null && !isEveryStepTold(chain, escalation);
  }

  /** Whether no step of the chain of this process, which may be longer than that of the last, is left. */
  #isExhausted(escalation: CrisisEscalation): boolean {
    return nextStep(this.#parts.chain, escalation) === null;
  }

  #due({ resident: { actor } }: Watched): void {
    if (this.#isStopped) return;
    const { clock, chain, pace } = this.#parts;
    const atMs = clock.now();
    const { value, context } = actor.getSnapshot() as Snapshot;
    const { escalation: state } = crisisStatesOf(value as CrisisSnapshot['value']);
    const { escalation } = context as CrisisContext;
    if (state === 'acknowledged') actor.send({ type: 'acknowledgement.ending', atMs });
    else if (state === 'lapsing') actor.send({ type: 'acknowledgement.lapsed', atMs });
    else if (state === 'exhausted' && this.#isExhausted(escalation)) {
      actor.send({ type: 'chain.anew', atMs });
    } else {
      const step = nextStep(chain, escalation)?.name ?? null;
      const anewInMs = pace.anewMs * (escalation.anew === 0 ? 1 : 4);
      actor.send({
        ...{ type: 'step.due', atMs, step, anewInMs },
        isEveryStepTold: isEveryStepTold(chain, escalation),
      });
    }
  }

  /** Puts a call together, of all that is owed to the step about the same person, or about everybody. */
  #begin(
    step: EscalationStep,
    wanting: readonly Watched[],
    { isAsk, isDigest }: { readonly isAsk: boolean; readonly isDigest: boolean },
  ): Gathered<Watched> | null {
    const { chain, clock, pace } = this.#parts;
    const isOwed = ({ state, escalation }: Watched): boolean =>
      state !== null &&
      escalation !== null &&
      owedCalls(state, escalation, chain).some(
        (call) => call.step === step.name && call.isAsk === isAsk,
      );
    const [first] = wanting;
    if (this.#isStopped || first === undefined) return null;
    const about = isDigest
      ? [...this.#watched.values()].filter(({ isTest }) => !isTest)
      : [...(this.#people.get(first.person) ?? [])];
    const desk = this.#desks.get(step.name);
    const due = about.filter((its) => isOwed(its) && desk?.isUnderWay(its, isAsk) === false);
    const atMs = clock.now();
    // A call that ends the process each time is not made without end in a row.
    const isCutOff = (its: Watched): boolean => !isAsk && cutOffOf(its, step.name) >= CUT_OFF_MAX;
    for (const { resident } of due.filter(isCutOff)) {
      const retryAtMs = atMs + pace.refusedMs;
      this.#inTurn(() => {
        resident.actor.send({
          ...{ type: 'step.failed', atMs, step: step.name, why: 'refused' },
          ...{ isThrown: false, retryAtMs, isSoon: false },
        });
      });
    }
    const owed = due.filter((its) => !isCutOff(its));
    if (owed.length === 0) return null;
    const all = isAsk
      ? owed
      : about.filter(
          ({ state, escalation }) =>
            state !== null && escalation?.sinceAtMs !== null && !isTakenOn(state),
        );
    const notice = noticeOf(step.name, {
      ...{ all: all.map(contextOf), owed: owed.map(contextOf), isAsk, isDigest },
    });
    for (const { resident } of owed) {
      this.#inTurn(() => {
        resident.actor.send({ type: 'step.called', atMs, step: step.name });
      });
    }
    return { owed: new Set(owed), named: new Set(all), notice };
  }

  #ended(
    step: EscalationStep,
    owed: readonly Watched[],
    end: CallEnd,
    { isAsk, failures, named }: EndedHow<Watched>,
  ): void {
    const { clock } = this.#parts;
    const atMs = clock.now();
    const { name, acknowledgeWithinMs } = step;
    if (!end.ok) {
      for (const its of owed) {
        this.#inTurn(() => {
          this.#failed(step, its, end.thrown, { isAsk, failures });
        });
      }
      return;
    }
    for (const its of [...owed, ...(isAsk ? [] : this.#toldToo(step, owed, named))]) {
      this.#inTurn(() => {
        its.resident.actor.send({ type: 'step.notified', atMs, step: name, acknowledgeWithinMs });
      });
    }
    // It can be reached again: nobody else waits for their next call.
    for (const its of this.#watched.values()) {
      const waits = its.waits.get(name);
      if (waits === undefined || waits.atMs <= atMs) continue;
      this.#inTurn(() => {
        its.resident.actor.send({ type: 'step.woken', atMs: clock.now(), step: name });
      });
    }
  }

  /** The other crises that the notice named, of the same person, whose next step this is. */
  #toldToo(
    step: EscalationStep,
    owed: readonly Watched[],
    named: ReadonlySet<Watched>,
  ): readonly Watched[] {
    const people = new Set(owed.map(({ person }) => person));
    const [only] = people;
    if (only === undefined || people.size > 1) return [];
    const isNext = ({ state, escalation }: Watched): boolean =>
      escalation !== null &&
      (state === 'notifying' || state === 'awaitingAcknowledgement') &&
      nextStep(this.#parts.chain, escalation)?.name === step.name;
    // One that has escalated during the call is in no notice yet.
    return [...(this.#people.get(only) ?? [])].filter(
      (its) => named.has(its) && !owed.includes(its) && isNext(its),
    );
  }

  #failed(
    step: EscalationStep,
    { resident }: Watched,
    thrown: unknown,
    { isAsk, failures }: { readonly isAsk: boolean; readonly failures: number },
  ): void {
    const { clock, random, facts, pace } = this.#parts;
    const { value, context } = resident.actor.getSnapshot() as Snapshot;
    const { escalation: state } = crisisStatesOf(value as CrisisSnapshot['value']);
    const its = context as CrisisContext;
    if (state === 'ended' || isTakenOn(state) !== isAsk) return;
    const { name, retry } = step;
    const { escalation } = its;
    const before = escalation.steps.find((one) => one.name === name);
    const failure = stepFailureOf(thrown);
    const isThrown = failure.isThrown && !isAsk;
    const isRefusing = isThrown && (before?.throws ?? 0) + 1 >= THROWS_MAX;
    const why = isRefusing ? 'refused' : failure.why;
    const calls = isAsk ? (escalation.takenOn?.asks ?? 0) : (before?.calls ?? 0);
    const isSoon = why === 'notHeard' && calls < retry.attemptsMax && failures < retry.attemptsMax;
    const draw = random.next();
    const wait = { attempt: calls, previousDelayMs: null, retryAfterMs: null, draw };
    const alike = before?.outcome === why ? before.failures + 1 : 1;
    const atMs = clock.now();
    const retryAtMs =
      atMs + (isSoon ? retryDelayMs(retry, wait) : tellAgainMs(why, alike, draw, pace));
    const makesWay = !isAsk && !isSoon && state === 'notifying' && escalation.step === name;
    const failed = { name, calls, why, makesWay };
    facts.emit('crisis.stepFailed', its, upstreamOf(resident), failed, thrown);
    resident.actor.send({
      type: 'step.failed',
      atMs,
      step: name,
      why,
      isThrown,
      retryAtMs,
      isSoon,
    });
  }

  /** Does it now, or in a turn that comes soon where this one has lasted long enough. */
  #inTurn(what: () => void): void {
    this.#turns.push(what);
    if (!this.#isInTurn) this.#turn();
  }

  #turn(): void {
    const { clock, timers, busy } = this.#parts;
    const untilMs = clock.monotonic() + TURN_MS;
    this.#isInTurn = true;
    try {
      for (let what = this.#turns.shift(); what !== undefined; what = this.#turns.shift()) {
        what();
        if (clock.monotonic() >= untilMs) break;
      }
    } finally {
      this.#isInTurn = this.#turns.length > 0;
      if (this.#isInTurn) {
        busy.begin();
        timers.after(0, () => {
          this.#turn();
          busy.end();
        });
      }
    }
  }

  #tell(
    resident: Resident,
    context: CrisisContext,
    move: {
      readonly from: CrisisEscalationState;
      readonly to: CrisisEscalationState;
      readonly before: CrisisEscalation;
    },
  ): void {
    const { facts } = this.#parts;
    const { from, to, before } = move;
    const { escalation, ending } = context;
    const upstream = upstreamOf(resident);
    if (before.sinceAtMs === null && escalation.sinceAtMs !== null) {
      facts.emit('crisis.escalated', context, upstream, escalation.cause ?? 'notInTime');
    }
    for (const step of escalation.steps) {
      if (step.outcome !== 'told' || step.owedAtMs !== null || before.steps.includes(step))
        continue;
      facts.emit('crisis.stepNotified', context, upstream, step);
    }
    if (from === 'acknowledged' && to === 'lapsing' && before.takenOn !== null) {
      facts.emit('crisis.acknowledgementEnding', context, upstream, before.takenOn);
    }
    const decision = escalation.decisions.at(-1);
    const isDecided = decision !== undefined && decision !== before.decisions.at(-1);
    if (isDecided && to !== 'ended') {
      const { what, by } = decision;
      if (what === 'noted') facts.emit('crisis.noted', context, upstream, by);
      if (what === 'released') facts.emit('crisis.released', context, upstream, by);
      if (what === 'callOffProposed') facts.emit('crisis.callOffProposed', context, upstream, by);
      if (what === 'acknowledged' && escalation.takenOn !== null) {
        facts.emit('crisis.acknowledged', context, upstream, escalation.takenOn);
      }
    }
    if (from === 'lapsing' && to === 'notifyDue' && !isDecided && before.takenOn !== null) {
      facts.emit('crisis.acknowledgementLapsed', context, upstream, before.takenOn);
    }
    if (to === 'exhausted' && from !== 'exhausted' && this.hasChain) {
      facts.emit('crisis.exhausted', context, upstream, escalation);
    }
    if (to !== 'ended') return;
    if (ending !== 'completed') {
      facts.emit('crisis.calledOff', context, upstream, isDecided ? decision.by : null);
    }
    if (escalation.sinceAtMs === null) return;
    facts.emit('crisis.escalationEnded', context, upstream, ending ?? 'cancelled');
  }
}

/** Whether a person has it: nobody else is told. */
function isTakenOn(state: CrisisEscalationState): boolean {
  return state === 'acknowledged' || state === 'lapsing';
}

function contextOf({ resident }: Watched): CrisisContext {
  return (resident.actor.getSnapshot() as Snapshot).context as CrisisContext;
}

function personOf({ id, subject, isTest }: CrisisContext): string {
  const whose = subject === UNKNOWN_SUBJECT ? `unknown ${id}` : `of ${subject}`;
  return isTest === true ? `test ${whose}` : whose;
}

function callsOf({ escalation }: Watched, step: string, isAsk: boolean): number {
  if (escalation === null) return 0;
  if (isAsk) return escalation.takenOn?.asks ?? 0;
  const its = escalation.steps.find(({ name }) => name === step);
  return its?.round === escalation.round ? its.calls : 0;
}

function cutOffOf({ escalation }: Watched, step: string): number {
  return escalation?.steps.find(({ name }) => name === step)?.cutOff ?? 0;
}

function upstreamOf({ handler }: Resident): string | null {
  return handler?.upstream ?? null;
}
