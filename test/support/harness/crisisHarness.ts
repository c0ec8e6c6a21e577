/**
 * Drives the crisis's chart in tests.
 *
 * @module
 */

import { createActor, type EventObject, fromCallback } from 'xstate';
import {
  type CrisisState,
  crisisDemand,
  crisisStateOf,
} from '../../../machines/crisis/crisisDemand.ts';
import {
  type CrisisEscalation,
  isEveryStepTold,
  nextStep,
  type StepFailure,
} from '../../../machines/crisis/crisisEscalation.ts';
import {
  type CrisisContext,
  type CrisisEvent,
  type CrisisStates,
  crisisAt,
  crisisMachine,
  crisisStatesOf,
} from '../../../machines/crisis/crisisMachine.ts';
import { crisisToKeep } from '../../../machines/crisis/crisisShape.ts';
import type { FailureClass } from '../../../machines/policy/retry/classifyFailure.ts';
import type { Person } from '../../../machines/vocabulary/subject.ts';
import { coverTransitions } from '../charts/transitionCoverage.ts';

/** What is kept of a crisis: its row. */
export interface CrisisRow {
  readonly states: CrisisStates;
  readonly context: CrisisContext;
  readonly isEnding: boolean;
}

interface PendingWrite {
  readonly row: CrisisRow;
  readonly isAcceptance: boolean;
}

export interface CrisisFailing {
  readonly retryInMs?: number | undefined;
  readonly status?: number | undefined;
}

/** Who is told of a crisis of the harness, in order. */
export const CHAIN = [{ name: 'on-call' }, { name: 'clinician' }] as const;
/** How long it takes in the harness until the chain begins anew, and how long an acknowledgement lasts. */
export const ANEW_MS = 1_800_000;
export const LASTS_MS = 1_800_000;
export const NURSE: Person = { id: 'nurse-7', role: 'nurse' };

/** After so many attempts a crisis of the harness goes on at the late pace. */
export const FAST_ATTEMPTS_MAX = 4;

export const CRISIS_INPUT = {
  id: 'crisis-1',
  type: 'crisis.alert',
  subject: 'user-42',
  entity: null,
  tier: 'premium',
  idempotencyKey: 'key-1',
  method: null,
  path: null,
  acceptedAtMs: 1_000_000,
} as const;

/**
 * A crisis with the little that the engine adds to it: a disk that takes one write at a time when the test
 * says so, places and attempts that come and end when the test says so, and a clock that the test moves.
 */
export class CrisisHarness {
  nowMs: number = CRISIS_INPUT.acceptedAtMs;
  /** The numbers of the attempts that were begun, in this process and the ones before it. */
  readonly begun: number[] = [];
  /** Attempts running now, and places asked for. */
  running = 0;
  asking = 0;
  readonly #machine: typeof crisisMachine;
  #writes: PendingWrite[] = [];
  #row: CrisisRow | null = null;
  #revision = 0;
  #last: CrisisState | null = null;
  #lastEscalation: CrisisEscalation | null = null;
  #actor;

  constructor(machine = crisisMachine) {
    this.#machine = machine.provide({
      actors: {
        place: fromCallback<EventObject, { readonly id: string }>(() => {
          this.asking += 1;
          return () => {
            this.asking -= 1;
          };
        }),
        attempt: fromCallback<EventObject, { readonly id: string }>(() => {
          this.begun.push(this.context.attempt);
          this.running += 1;
          return () => {
            this.running -= 1;
          };
        }),
      },
    });
    this.#actor = this.#start(null);
  }

  get states(): CrisisStates {
    return crisisStatesOf(this.#actor.getSnapshot().value);
  }

  get delivery(): CrisisStates['delivery'] {
    return this.states.delivery;
  }

  get record(): CrisisStates['record'] {
    return this.states.record;
  }

  /** How far people were told. */
  get people(): CrisisStates['escalation'] {
    return this.states.escalation;
  }

  get context(): CrisisContext {
    return this.#actor.getSnapshot().context;
  }

  /** What a crash would leave. */
  get row(): CrisisRow | null {
    return this.#row;
  }

  /** True once its ending is on disk, or it was never written before its process died. */
  get isOver(): boolean {
    return this.#actor.getSnapshot().status !== 'active';
  }

  get history(): readonly string[] {
    return this.context.history.map(({ what, attempt }) => `${what} ${attempt}`);
  }

  send(event: CrisisEvent): this {
    if (!this.isOver) this.#actor.send(event);
    return this;
  }

  /** Sends an event that tells nothing but its instant. */
  tell(
    type: Exclude<
      CrisisEvent['type'],
      | 'attempt.failed'
      | 'record.durable'
      | 'record.spilled'
      | 'record.refused'
      | 'record.unkept'
      | 'acknowledgement.given'
      | 'release.requested'
      | 'callOff.proposed'
      | 'safety.said'
      | 'step.called'
      | 'step.woken'
      | 'step.due'
      | 'step.notified'
      | 'step.failed'
    >,
  ): this {
    return this.send({ type, atMs: this.nowMs });
  }

  /** A place is free, and an attempt begins. */
  grant(): this {
    return this.tell('place.granted');
  }

  fail(failureClass: FailureClass = 'transient', how: CrisisFailing = {}): this {
    const { retryInMs = 1_000, status } = how;
    return this.send({
      type: 'attempt.failed',
      startedAtMs: this.nowMs - 50,
      atMs: this.nowMs,
      failure: { failureClass, code: 'HF_ATTEMPT_FAILED', message: 'It failed.', status },
      retryAtMs: this.nowMs + retryInMs,
      fastAttemptsMax: FAST_ATTEMPTS_MAX,
    });
  }

  /** Fails and is sent again, so many times. */
  failTimes(times: number): this {
    for (let time = 0; time < times; time += 1) this.fail().tell('retry.due').grant();
    return this;
  }

  /** The time of the next step has come; the chain may be another than that of the last process. */
  stepDue(chain: readonly { readonly name: string }[] = CHAIN): this {
    const { escalation } = this.context;
    return this.send({
      ...{ type: 'step.due', atMs: this.nowMs, anewInMs: ANEW_MS },
      step: nextStep(chain, escalation)?.name ?? null,
      isEveryStepTold: isEveryStepTold(chain, escalation),
    });
  }

  /** A call of a step begins: by default of the one that the chain has come to. */
  called(step = this.present): this {
    return this.send({ type: 'step.called', atMs: this.nowMs, step });
  }

  /** It has succeeded. */
  notified(acknowledgeWithinMs = 60_000, step = this.present): this {
    return this.send({ type: 'step.notified', atMs: this.nowMs, step, acknowledgeWithinMs });
  }

  /** It has failed; it is called again in `retryInMs`, and makes way unless that is soon. */
  stepFailed(
    why: StepFailure = 'notHeard',
    how: {
      readonly step?: string;
      readonly retryInMs?: number;
      readonly isSoon?: boolean;
      readonly isThrown?: boolean;
    } = {},
  ): this {
    const { step = this.present, retryInMs = 30_000, isSoon = false, isThrown = false } = how;
    const retryAtMs = this.nowMs + retryInMs;
    return this.send({
      ...{ type: 'step.failed', atMs: this.nowMs, step, why, isThrown, retryAtMs, isSoon },
    });
  }

  /** A step can be reached again. */
  woken(step = this.present): this {
    return this.send({ type: 'step.woken', atMs: this.nowMs, step });
  }

  /** The step that the chain has come to. */
  get present(): string {
    return this.context.escalation.step ?? CHAIN[0].name;
  }

  acknowledge(by: Person = NURSE, forMs = LASTS_MS, hasChain = true): this {
    const untilMs = this.nowMs + forMs;
    return this.send({
      ...{ type: 'acknowledgement.given', atMs: this.nowMs, by, note: null, untilMs, hasChain },
    });
  }

  release(by: Person = NURSE): this {
    return this.send({ type: 'release.requested', atMs: this.nowMs, by, note: null });
  }

  /** Whose crisis it is says that they are safe. */
  saySafe(): this {
    const by = { id: CRISIS_INPUT.subject, role: 'subject' };
    return this.send({ type: 'safety.said', atMs: this.nowMs, by, note: null });
  }

  propose(by: Person = NURSE): this {
    return this.send({ type: 'callOff.proposed', atMs: this.nowMs, by, note: null });
  }

  /** Fails until its fast attempts are used up. */
  exhaustAttempts(): this {
    return this.grant()
      .failTimes(FAST_ATTEMPTS_MAX - 1)
      .fail();
  }

  /** The oldest write becomes durable. */
  commitNext(): void {
    const [write, ...others] = this.#writes;
    if (write === undefined) return;
    this.#writes = others;
    this.#row = write.row;
    if (write.isAcceptance) this.send({ type: 'record.durable' });
    if (write.row.isEnding) this.tell('journal.committed');
  }

  commit(): this {
    while (this.#writes.length > 0) this.commitNext();
    return this;
  }

  wait(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  /** The process dies and another starts `downMs` later: what was not durable is lost. */
  restart(downMs = 0): this {
    this.#actor.stop();
    this.nowMs += downMs;
    this.running = 0;
    this.asking = 0;
    this.#writes = [];
    const row = this.#row;
    if (row === null || row.isEnding) return this;
    this.#actor = this.#start(row);
    return this.tell('process.restarted');
  }

  #start(row: CrisisRow | null) {
    this.#revision = row === null ? 0 : 1;
    const kept = row && (JSON.parse(JSON.stringify(row)) as CrisisRow);
    this.#last = kept === null ? null : crisisStateOf(kept.states);
    this.#lastEscalation = kept?.context.escalation ?? null;
    let escalationState = kept?.states.escalation ?? null;
    const actor = createActor(this.#machine, {
      input: CRISIS_INPUT,
      inspect: coverTransitions(crisisMachine),
      ...(kept === null
        ? {}
        : {
            snapshot: crisisAt(kept.states, kept.context, this.#machine),
          }),
    });
    actor.subscribe(({ value: nested, context }) => {
      const value = crisisStatesOf(nested);
      const state = crisisStateOf(value);
      const { escalation } = context;
      const hasMoved = state !== this.#last;
      // What is known of its escalation is written beside what its delivery orders.
      const isTold = escalation !== this.#lastEscalation || value.escalation !== escalationState;
      this.#last = state;
      this.#lastEscalation = escalation;
      escalationState = value.escalation;
      const demanded = hasMoved ? crisisDemand(state, { revision: this.#revision }).write : null;
      const write = demanded ?? (isTold && value.escalation !== 'ended' ? 'position' : null);
      if (write === null) return;
      this.#revision += 1;
      this.#writes.push({
        row: { states: crisisToKeep(value), context, isEnding: write === 'ending' },
        isAcceptance: write === 'acceptance',
      });
    });
    // The callback of an attempt asks for the context while the actor starts.
    this.#actor = actor;
    return actor.start();
  }
}
