import { createActor, fromPromise, type InspectionEvent } from 'xstate';
import type { Component } from '../machines/policy/restartPolicy.ts';
import {
  type Alert,
  conditionOf,
  isAccepting,
  type Phase,
  phaseOf,
  type SupervisorRef,
  supervisorDue,
  supervisorMachine,
} from '../machines/supervisorMachine.ts';
import type { Clock } from '../machines/vocabulary/clock.ts';
import { HoldfastError } from '../machines/vocabulary/errors.ts';
import type { Engine } from './engine.ts';

export interface SupervisorParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly inspect: ((event: InspectionEvent) => void) | undefined;
  /** Called once the store is open and work is accepted. */
  readonly onRunning: () => void;
  /** `cause` is why the start failed, where that is what the alert is about. */
  readonly onAlert: (alert: Alert, cause: unknown) => void;
}

/** The supervisor's chart given life: it orders start-up, recovery, restarts and the stop (SV-1). */
export class Supervisor {
  readonly ready: Promise<void>;
  readonly #parts: SupervisorParts;
  readonly #actor: SupervisorRef;
  readonly #stopped: Promise<void>;
  #startError: unknown = null;
  #cancelTimer: (() => void) | null = null;
  #isStopRequested = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    const { engine, clock, inspect, onAlert } = parts;
    this.#actor = createActor(
      supervisorMachine.provide({
        actors: {
          openStore: fromPromise(async () => {
            try {
              await engine.openStore();
              return { isHeld: engine.hold !== null };
            } catch (error) {
              // The chart keeps the code; the caller of `ready` gets the error itself.
              this.#startError = error;
              throw error;
            }
          }),
          restoreComponents: fromPromise(async () => {
            engine.restoreComponents();
          }),
          recoverOperations: fromPromise(() => engine.recoverOperations()),
          recoverCrises: fromPromise(() => engine.recoverCrises()),
          restartComponents: fromPromise<void, { components: readonly Component[] }>(
            async ({ input }) => {
              for (const component of input.components) await engine.restartComponent(component);
            },
          ),
          drain: fromPromise(() => engine.drain()),
          closeStore: fromPromise(() => engine.closeStore()),
        },
        actions: {
          raiseAlert: (_, alert: Alert) => {
            onAlert(alert, this.#startError);
          },
        },
      }),
      {
        id: 'supervisor',
        input: { startedAtMs: clock.now() },
        ...(inspect === undefined ? {} : { inspect }),
      },
    );
    this.ready = this.#whenReady();
    this.#stopped = new Promise<void>((resolve) => {
      this.#actor.subscribe({
        complete: resolve,
        error: () => {
          resolve();
        },
      });
    }).then(() => {
      engine.abandon();
    });
    this.#actor.subscribe(() => {
      this.#arm();
    });
  }

  get phase(): Phase {
    return phaseOf(this.#actor.getSnapshot());
  }

  get isAccepting(): boolean {
    return isAccepting(this.#actor.getSnapshot());
  }

  get isStopped(): boolean {
    return this.phase === 'draining' || this.phase === 'closing' || this.phase === 'stopped';
  }

  /** A component is down and not restarted for now. */
  get isImpaired(): boolean {
    return conditionOf(this.#actor.getSnapshot()) === 'impaired';
  }

  start(): void {
    this.#actor.start();
  }

  componentFailed(component: Component): void {
    this.#actor.send({ type: 'component.failed', component, atMs: this.#parts.clock.now() });
  }

  /** The held store was let go: what is in it runs from now on. */
  holdReleased(): void {
    this.#actor.send({ type: 'hold.released' });
  }

  /** Stops in good order by `deadlineMs` from now; asked again, at once. Resolves when it has stopped. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.phase === 'stopped') return;
    const atMs = this.#parts.clock.now();
    if (this.#isStopRequested) this.#actor.send({ type: 'stop.forced' });
    else this.#actor.send({ type: 'stop.requested', atMs, deadlineAtMs: atMs + deadlineMs });
    this.#isStopRequested = true;
    await this.#stopped;
  }

  #whenReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      const subscription = this.#actor.subscribe((snapshot) => {
        const phase = phaseOf(snapshot);
        if (phase === 'starting') return;
        subscription.unsubscribe();
        if (phase === 'running') {
          this.#parts.onRunning();
          resolve();
        } else {
          reject(
            this.#startError ??
              new HoldfastError('HF_CLOSED', 'The runtime was closed before it was ready.'),
          );
        }
      });
    });
  }

  #arm(): void {
    this.#cancelTimer?.();
    const due = supervisorDue(this.#actor.getSnapshot());
    const { clock } = this.#parts;
    // Not by the engine's timer service: that is one of the things it supervises.
    this.#cancelTimer =
      due === null
        ? null
        : clock.schedule(due.atMs - clock.now(), () => {
            this.#actor.send({ type: due.type, atMs: clock.now() });
          });
  }
}
