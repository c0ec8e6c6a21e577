/**
 * Drives the supervisor's chart in tests.
 *
 * @module
 */

import { setImmediate } from 'node:timers/promises';
import { fromPromise } from 'xstate';
import type { Component } from '../../../machines/policy/service/restartPolicy.ts';
import {
  type Alert,
  supervisorDue,
  supervisorMachine,
} from '../../../machines/supervisor/supervisorMachine.ts';
import { ChartHarness } from './chartHarness.ts';

type Work =
  | 'openStore'
  | 'restoreComponents'
  | 'compareAnchor'
  | 'recoverOperations'
  | 'recoverCrises'
  | 'restartComponents'
  | 'drain'
  | 'closeStore';

/** A supervisor whose work begins and ends when the test says so. */
export class SupervisorHarness extends ChartHarness<typeof supervisorMachine> {
  /** What opening the store finds. */
  isHeld = false;
  isToCompare = false;
  /** What the comparison with the anchor finds. */
  isBehind = false;
  readonly alerts: Alert[] = [];
  /** Each restart that was begun: what, and when. */
  readonly restarts: { readonly components: readonly Component[]; readonly atMs: number }[] = [];
  readonly aborted: Work[] = [];
  readonly #underWay = new Map<Work, { resolve(): void; reject(error: unknown): void }>();

  constructor(machine = supervisorMachine) {
    super();
    const logic = machine.provide({
      actors: {
        openStore: fromPromise(async ({ signal }) => {
          await this.#begin('openStore', signal);
          return { isHeld: this.isHeld, isToCompare: this.isToCompare };
        }),
        compareAnchor: fromPromise(async ({ signal }) => {
          await this.#begin('compareAnchor', signal);
          return { isHeld: this.isBehind };
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
    this.run({
      chart: supervisorMachine,
      machine: logic,
      input: { startedAtMs: this.nowMs },
      dueOf: supervisorDue,
    });
  }

  /** Operations of an earlier process are still being read back. */
  get isRecovering(): boolean {
    return (['recovering', 'interrupted'] as const).some((each) =>
      this.snapshot.matches({ running: { recovery: each } }),
    );
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

  async becomeRunning(): Promise<void> {
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
