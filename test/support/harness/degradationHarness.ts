import { createActor, type Snapshot } from 'xstate';
import {
  type DegradationContext,
  type DegradationEvent,
  degradationDue,
  degradationMachine,
} from '../../../machines/degradation/degradationMachine.ts';
import type { Level } from '../../../machines/policy/service/degradationLevel.ts';
import {
  checkDegradationPolicy,
  type DegradationPolicy,
  type LevelCause,
} from '../../../machines/policy/service/degradationPolicy.ts';
import { coverTransitions } from '../charts/transitionCoverage.ts';

/** A degradation level with a clock that the test moves and a timer that sends what is due. */
export class DegradationHarness {
  readonly policy: DegradationPolicy;
  nowMs = 1_000_000;
  #actor;
  readonly #machine: typeof degradationMachine;

  constructor(options: Partial<DegradationPolicy> = {}, machine = degradationMachine) {
    this.policy = checkDegradationPolicy({ recoverAfterMs: 1_000, ...options }, 'degradation');
    this.#machine = machine;
    this.#actor = this.#start();
  }

  get level(): Level {
    return this.#actor.getSnapshot().value;
  }

  get context(): DegradationContext {
    return this.#actor.getSnapshot().context;
  }

  get due() {
    return degradationDue(this.#actor.getSnapshot());
  }

  send(event: DegradationEvent): void {
    this.#actor.send(event);
  }

  measure(wanted: Level, causes: readonly LevelCause[] = []): void {
    this.send({ type: 'signals.measured', wanted, causes, atMs: this.nowMs });
  }

  /** Lets time pass, sending what comes due at its instant. */
  wait(ms: number): void {
    const endMs = this.nowMs + ms;
    let wakeUps = 0;
    for (let due = this.due; due !== null && due.atMs <= endMs; due = this.due) {
      if (++wakeUps > 1_000) throw new Error('a due time that stays due keeps the timer spinning');
      this.nowMs = Math.max(this.nowMs, due.atMs);
      this.send({ type: due.type, atMs: this.nowMs });
    }
    this.nowMs = endMs;
  }

  /** The process dies and another starts `downMs` later by the clock, which may have been set back. */
  restart(downMs = 0, policy?: DegradationPolicy): void {
    const kept: unknown = JSON.parse(JSON.stringify(this.#actor.getPersistedSnapshot()));
    this.#actor.stop();
    this.nowMs += downMs;
    this.#actor = this.#start(kept as Snapshot<unknown>);
    this.send({ type: 'process.restarted', atMs: this.nowMs, policy });
  }

  #start(snapshot?: Snapshot<unknown>) {
    return createActor(this.#machine, {
      input: { scope: 'global', policy: this.policy },
      inspect: coverTransitions(degradationMachine),
      ...(snapshot === undefined ? {} : { snapshot }),
    }).start();
  }
}
