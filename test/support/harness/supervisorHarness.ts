import { setImmediate } from 'node:timers/promises';
import { createActor, fromPromise } from 'xstate';
import type { Component } from '../../../machines/policy/service/restartPolicy.ts';
import {
  type Alert,
  supervisorDue,
  supervisorMachine,
} from '../../../machines/supervisor/supervisorMachine.ts';
import type { SupervisorEvent } from '../../../machines/supervisor/supervisorSetup.ts';
import { coverTransitions } from '../charts/transitionCoverage.ts';

type Work =
  | 'openStore'
  | 'restoreComponents'
  | 'recoverOperations'
  | 'recoverCrises'
  | 'restartComponents'
  | 'drain'
  | 'closeStore';

/** A supervisor whose work begins and ends when the test says so. */
export class SupervisorHarness {
  nowMs = 1_000_000;
  /** What opening the store finds. */
  isHeld = false;
  readonly alerts: Alert[] = [];
  /** Each restart that was begun: what, and when. */
  readonly restarts: { readonly components: readonly Component[]; readonly atMs: number }[] = [];
  readonly aborted: Work[] = [];
  readonly #underWay = new Map<Work, { resolve(): void; reject(error: unknown): void }>();
  readonly #actor;

  constructor(machine: typeof supervisorMachine = supervisorMachine) {
    const logic = machine.provide({
      actors: {
        openStore: fromPromise(async ({ signal }) => {
          await this.#begin('openStore', signal);
          return { isHeld: this.isHeld };
        }),
        restoreComponents: this.#work('restoreComponents'),
        recoverOperations: this.#work('recoverOperations'),
        recoverCrises: this.#work('recoverCrises'),
        restartComponents: fromPromise<void, { components: readonly Component[] }>(
          ({ input, signal }) => {
            this.restarts.push({ components: input.components, atMs: this.nowMs });
            return this.#begin('restartComponents', signal);
          },
        ),
        drain: fromPromise<void, { deadlineAtMs: number }>(({ signal }) =>
          this.#begin('drain', signal),
        ),
        closeStore: this.#work('closeStore'),
      },
      actions: {
        raiseAlert: (_, alert) => {
          this.alerts.push(alert);
        },
      },
    });
    this.#actor = createActor(logic, {
      input: { startedAtMs: this.nowMs },
      inspect: coverTransitions(supervisorMachine),
    });
    this.#actor.start();
  }

  get snapshot() {
    return this.#actor.getSnapshot();
  }

  /** Whether operations of an earlier process are still being read back. */
  get isRecovering(): boolean {
    return (['recovering', 'interrupted'] as const).some((recovery) =>
      this.snapshot.matches({ running: { recovery } }),
    );
  }

  get due() {
    return supervisorDue(this.snapshot);
  }

  send(event: SupervisorEvent): void {
    this.#actor.send(event);
  }

  fail(component: Component): void {
    this.send({ type: 'component.failed', component, atMs: this.nowMs });
  }

  stop(deadlineMs = 1_000): void {
    const { nowMs: atMs } = this;
    this.send({ type: 'stop.requested', atMs, deadlineAtMs: atMs + deadlineMs });
  }

  isUnderWay(work: Work): boolean {
    return this.#underWay.has(work);
  }

  async finish(...works: Work[]): Promise<void> {
    for (const work of works) {
      this.#take(work).resolve();
      await setImmediate();
    }
  }

  async break(work: Work, error: unknown = new Error('secret detail')): Promise<void> {
    this.#take(work).reject(error);
    await setImmediate();
  }

  /** Lets time pass, sending what comes due at its instant. Work that begins goes on. */
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

  async run(): Promise<void> {
    await this.finish('openStore', 'restoreComponents');
  }

  #work(work: Work) {
    return fromPromise<void>(({ signal }) => this.#begin(work, signal));
  }

  #begin(work: Work, signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => {
      this.aborted.push(work);
      this.#underWay.delete(work);
    });
    return new Promise((resolve, reject) => {
      this.#underWay.set(work, { resolve, reject });
    });
  }

  #take(work: Work) {
    const taken = this.#underWay.get(work);
    if (taken === undefined) throw new Error(`${work} is not under way`);
    this.#underWay.delete(work);
    return taken;
  }
}
