/**
 * The supervisor: its chart, and the engine's steps that it orders: start-up, recovery, restarts and
 * the stop (SV-1).
 *
 * @module
 */

import { fromPromise } from 'xstate';
import type { Component } from '../machines/policy/service/restartPolicy.ts';
import { HANGING_AFTER_MS } from '../machines/policy/service/storageTrouble.ts';
import {
  type Alert,
  conditionOf,
  isAccepting,
  isWaitingToStart,
  type Phase,
  phaseOf,
  type SupervisorSnapshot,
  supervisorDue,
  supervisorMachine,
} from '../machines/supervisor/supervisorMachine.ts';
import type { Clock } from '../machines/vocabulary/clock.ts';
import { type ErrorCode, HoldfastError } from '../machines/vocabulary/errors.ts';
import type { ActorSystem } from './charts/actorSystem.ts';
import { ChartActor } from './charts/chartActor.ts';
import type { EngineCore } from './engine.ts';
import { notConnected } from './platform/wires.ts';

export interface SupervisorParts {
  readonly engine: EngineCore;
  readonly clock: Clock;
  readonly system: ActorSystem;
  /** Nobody restarts the supervisor itself: what runs goes on, and {@link Supervisor.stop} still closes. */
  readonly onFailed: (error: unknown) => void;
  /** `cause` is why the start failed, where that is what the alert is about. */
  readonly onAlert: (alert: Alert, cause: unknown) => void;
}

/** Why nothing runs yet, as a person is told of it. */
export interface StartTrouble {
  readonly code: ErrorCode;
  readonly sinceAtMs: number;
  /** Starts that failed. */
  readonly tries: number;
  /** `null` while one is under way, and where it is tried again on demand only. */
  readonly nextTryAtMs: number | null;
}

/** What a snapshot of the chart says. */
interface Look {
  readonly snapshot: SupervisorSnapshot;
  readonly phase: Phase;
  readonly isAccepting: boolean;
}

export class Supervisor {
  /** Called once the store is open and work is accepted. */
  onRunning: () => void = notConnected;
  /** Settles with the first start. */
  readonly ready: Promise<void>;
  readonly #parts: SupervisorParts;
  readonly #chart: ChartActor<typeof supervisorMachine>;
  readonly #stopped: Promise<void>;
  #tellStopped = (): void => undefined;
  /** Told of each change until they return true. */
  readonly #waiting = new Set<(snapshot: SupervisorSnapshot) => boolean>();
  #startError: unknown = null;
  #failingSinceAtMs: number | null = null;
  #isStopRequested = false;
  #closing: Promise<void> | null = null;
  #seen: Look | null = null;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    const { engine, clock, system, onAlert, onFailed } = parts;
    this.#stopped = new Promise<void>((resolve) => {
      this.#tellStopped = resolve;
    }).then(() => {
      engine.abandon();
      system.close();
    });
    let wasRunning = false;
    this.#chart = new ChartActor({
      system,
      id: 'supervisor',
      input: { startedAtMs: engine.steady.now() },
      // Not by the engine's timer service: that is one of the things it supervises.
      due: { of: supervisorDue, steady: engine.steady, after: clock.schedule.bind(clock) },
      onChange: (snapshot) => {
        if (snapshot.status === 'done') this.#tellStopped();
        this.#rescan(snapshot);
        if (!isAccepting(snapshot) || wasRunning) return;
        wasRunning = true;
        this.#failingSinceAtMs = null;
        this.onRunning();
      },
      onFailed: (error) => {
        onFailed(error);
        this.#startError = error;
        this.#rescan(this.#chart.snapshot);
        // Its chart was to close the store, and its caller waits for that.
        if (this.#isStopRequested) void this.#closeItself();
      },
      machine: supervisorMachine.provide({
        actors: {
          openStore: fromPromise(() =>
            this.#starting(async () => {
              await engine.openStore();
              return { isHeld: engine.hold !== null, isToCompare: engine.anchor.isGiven };
            }),
          ),
          restoreComponents: fromPromise(() =>
            this.#starting(async () => {
              engine.restoreComponents();
            }),
          ),
          compareAnchor: fromPromise(() => engine.compareAnchor()),
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
            onAlert(alert, alert.reason === 'startFailed' ? this.#startError : null);
          },
        },
      }),
    });
    this.ready = this.#settled(isStartOver);
  }

  get phase(): Phase {
    return this.#look().phase;
  }

  get isAccepting(): boolean {
    return this.#look().isAccepting;
  }

  get isStopped(): boolean {
    const { phase } = this;
    return phase === 'draining' || phase === 'closing' || phase === 'stopped';
  }

  /** A component is down and not restarted for now. */
  get isImpaired(): boolean {
    return conditionOf(this.#chart.snapshot) === 'impaired';
  }

  /** Why the start fails, from the first failure until one succeeds; `null` else. */
  get startTrouble(): StartTrouble | null {
    const snapshot = this.#chart.snapshot;
    const { failedStart } = snapshot.context;
    if (failedStart === null || this.#failingSinceAtMs === null) return null;
    const { steady } = this.#parts.engine;
    // Between the failure and the plan for the next try, that one counts as due.
    const nextTryAtMs = isWaitingToStart(snapshot) ? (failedStart.dueAtMs ?? steady.now()) : null;
    return {
      code: failedStart.code,
      sinceAtMs: this.#failingSinceAtMs,
      tries: failedStart.inARow,
      nextTryAtMs: nextTryAtMs === null ? null : steady.toWall(nextTryAtMs),
    };
  }

  /** When the first start began, once it takes as long as a disk that hangs; `null` where it does not, or has failed. */
  get slowStartSinceAtMs(): number | null {
    if (this.phase !== 'starting' || this.#failingSinceAtMs !== null) return null;
    const { steady } = this.#parts.engine;
    const { startedAtMs } = this.#chart.snapshot.context;
    const isSlow = steady.now() - startedAtMs >= HANGING_AFTER_MS;
    return isSlow ? steady.toWall(startedAtMs) : null;
  }

  start(): void {
    this.#chart.start();
  }

  /** Resolves once it runs; rejects with why the last start failed, or `HF_CLOSED`. */
  async whenRunning(): Promise<void> {
    await this.#settled(isStartOver);
  }

  /** Tries a start that failed again now, and resolves once one succeeded; see `Runtime.start`. */
  async startAgain(): Promise<void> {
    if (this.phase === 'startFailed') this.#chart.send({ type: 'start.requested' });
    await this.#settled((snapshot) => isStartOver(snapshot) && !isWaitingToStart(snapshot));
  }

  componentFailed(component: Component): void {
    this.#chart.send({
      type: 'component.failed',
      component,
      atMs: this.#parts.engine.steady.now(),
    });
  }

  /** The held store was let go: what is in it runs from now on. */
  holdReleased(): void {
    this.#chart.send({ type: 'hold.released' });
  }

  /** The store is held, though work had begun. */
  holdBegan(): void {
    this.#chart.send({ type: 'hold.began' });
  }

  /** Stops in order by `deadlineMs` from now; asked again, at once. Resolves when it has stopped. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.phase === 'stopped') return;
    if (this.#chart.isFailed) {
      await this.#closeItself();
      return;
    }
    const atMs = this.#parts.engine.steady.now();
    if (this.#isStopRequested) this.#chart.send({ type: 'stop.forced' });
    else this.#chart.send({ type: 'stop.requested', atMs, deadlineAtMs: atMs + deadlineMs });
    this.#isStopRequested = true;
    await this.#stopped;
  }

  /** Closes without the chart, which has failed. */
  async #closeItself(): Promise<void> {
    const { engine, onFailed } = this.#parts;
    this.#closing ??= engine.closeStore().catch(onFailed);
    await this.#closing;
    this.#tellStopped();
    await this.#stopped;
  }

  #rescan(snapshot: SupervisorSnapshot): void {
    for (const look of this.#waiting) if (look(snapshot)) this.#waiting.delete(look);
  }

  /** Reads the chart once for each of its snapshots: every request asks for this. */
  #look(): Look {
    const { snapshot } = this.#chart;
    if (this.#seen?.snapshot !== snapshot) {
      this.#seen = { snapshot, phase: phaseOf(snapshot), isAccepting: isAccepting(snapshot) };
    }
    return this.#seen;
  }

  /** A step of the start. The chart keeps the code of what failed; who waits gets the error itself. */
  async #starting<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      this.#startError = error;
      this.#failingSinceAtMs ??= this.#parts.clock.now();
      throw error;
    }
  }

  /** Settles as the start has ended once that `isOver`: at once, or with one of the next changes. */
  #settled(isOver: (snapshot: SupervisorSnapshot) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (snapshot: SupervisorSnapshot): boolean => {
        const isFailed = this.#chart.isFailed;
        if (!isOver(snapshot) && !isFailed) return false;
        if (isAccepting(snapshot)) resolve();
        else if (isFailed || phaseOf(snapshot) === 'startFailed') reject(this.#startError);
        else reject(new HoldfastError('HF_CLOSED', 'The runtime is closed.', { retry: 'later' }));
        return true;
      };
      if (!look(this.#chart.snapshot)) this.#waiting.add(look);
    });
  }
}

function isStartOver(snapshot: SupervisorSnapshot): boolean {
  return phaseOf(snapshot) !== 'starting';
}
