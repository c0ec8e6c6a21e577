/**
 * Random histories of the whole runtime on virtual time, with crashes at named points; a driver of the oracle. A test
 * can read its disk at any moment.
 *
 * @module
 */

import fc from 'fast-check';
import type { Attempt } from '../../../actors/operation/handler.ts';
import {
  transientFailure,
  unknownOutcome,
} from '../../../machines/policy/retry/classifyFailure.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { TIERS } from '../../../machines/vocabulary/urgency.ts';
import {
  armFaultPoint,
  disarmFaultPoints,
  type FaultPoint,
} from '../../../persistence/port/faultPoints.ts';
import type { Write } from '../../../persistence/port/store.ts';
import type { Operation } from '../../../src/operation.ts';
import type { CommitFate } from '../../../src/simulator/disk/faultyStore.ts';
import { diskRow, hasEnded, reported } from '../../../src/simulator/oracle/diskRow.ts';
import { noteCrisis, noteSent } from '../../../src/simulator/oracle/sentKeys.ts';
import type { DiskRow } from '../../../src/simulator/oracle/trace.ts';
import { tracedAttempt } from '../../../src/simulator/oracle/tracedAttempt.ts';
import { Oracle } from '../../../src/simulator/promises/oracle.ts';
import { createWorld, type Process } from '../../support/harness/engineHarness.ts';
import { createDiskWitness, type OnDisk } from '../../support/store/diskWitness.ts';
import { CRASH_HISTORY } from '../drivers.ts';

/** Most crashes: too few to convict a bystander, which has tests of its own. */
const CRASHES_MAX = 5;
const TYPE = 'payments.push';
const HEALED_LIMIT_MS = 3_600_000;
const RETRY = { initialDelayMs: 400, delayMsMax: 2_000 };

const anyRequest = fc.record({
  kind: fc.constant('request' as const),
  tier: fc.constantFrom(...TIERS),
  lane: fc.option(fc.nat(2)),
  /** Attempts that fail before one works. */
  failures: fc.nat(2),
  way: fc.constantFrom('busy', 'lostBefore', 'lostAfter'),
  latencyMs: fc.nat(300),
});
export const anyStep = fc.oneof(
  { weight: 10, arbitrary: anyRequest },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crisis' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(1_500) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('cancel' as const, 'retryNow' as const),
      which: fc.nat(30),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const) }) },
);
export type HistoryStep = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** A crash at the given passage of a point, after a number of steps. */
export interface Crash {
  readonly afterStep: number;
  readonly point: FaultPoint;
  readonly passage: number;
}

/** Planted bugs of a control. */
export interface Bugs {
  readonly fate?: (writes: readonly Write[]) => CommitFate | null;
  readonly rewrite?: (write: Write) => Write;
}

/** Runs a history, and names each broken promise, as `what: details`. */
export async function runHistory(
  steps: readonly HistoryStep[],
  crashes: readonly Crash[],
  bugs: Bugs = {},
): Promise<{ readonly breaches: readonly string[]; readonly struck: readonly FaultPoint[] }> {
  const history = new CrashHistory(bugs);
  try {
    return await history.run(steps, crashes.slice(0, CRASHES_MAX));
  } finally {
    disarmFaultPoints();
  }
}

class CrashHistory {
  readonly #bugs: Bugs;
  readonly #witness = createDiskWitness();
  readonly #world = createWorld(1, this.#witness.store);
  readonly #oracle = new Oracle(CRASH_HISTORY);
  readonly #appliedKeys = new Set<string>();
  /** Number of times that the upstream has failed each key. */
  readonly #failed = new Map<string, number>();
  readonly #struck: FaultPoint[] = [];
  readonly #accepted: string[] = [];
  #boots = 0;
  #requests = 0;
  #process: Process;

  constructor(bugs: Bugs) {
    this.#bugs = bugs;
    this.#process = this.#boot();
  }

  async run(steps: readonly HistoryStep[], crashes: readonly Crash[]) {
    const { clock } = this.#world;
    for (const [at, step] of steps.entries()) {
      for (const crash of crashes) if (crash.afterStep % steps.length === at) this.#arm(crash);
      await this.#take(step);
      await clock.advance(20);
      await this.#resurrect();
    }
    // A crash that is still armed may strike while the work is being finished.
    for (let passedMs = 0; passedMs < HEALED_LIMIT_MS && !this.#isDone(); passedMs += 1_000) {
      await clock.advance(1_000);
      await this.#resurrect();
    }
    for (const id of this.#witness.changedWaits) this.#oracle.tell({ event: 'dueTimeMoved', id });
    this.#oracle.tell({ event: 'finished', rows: this.#rows() });
    return { breaches: this.#oracle.breaches, struck: this.#struck };
  }

  #boot(): Process {
    this.#boots += 1;
    const number = this.#boots;
    const process = this.#world.boot({
      upstreams: { payments: { concurrency: 3, breaker: { failureRateToOpen: 1 } } },
      handlers: {
        [TYPE]: { upstream: 'payments', run: (attempt) => this.#attempt(attempt, process, number) },
      },
      policies: {
        tiers: { premium: { retry: RETRY }, basic: { retry: RETRY }, trial: { retry: RETRY } },
      },
      residentsMax: 4,
    });
    process.runtime.ready.catch(() => undefined);
    process.store.faults.fate = (writes) => this.#bugs.fate?.(writes) ?? 'works';
    process.store.faults.rewrite = this.#bugs.rewrite ?? ((write) => write);
    process.store.faults.delayMs = () => 2;
    return process;
  }

  #arm({ point, passage }: Crash): void {
    armFaultPoint(point, passage, () => {
      if (this.#process.isDead()) return;
      this.#struck.push(point);
      this.#process.kill();
      // A store that dies before its commit must not write. Elsewhere, nothing that follows has an effect.
      if (point === 'store.beforeCommit') throw new Error('The process died.');
    });
  }

  /** Checks the disk after a crash, and starts the next process. */
  async #resurrect(): Promise<void> {
    if (!this.#process.isDead()) return;
    this.#oracle.tell({ event: 'disk', rows: this.#rows() });
    this.#process = this.#boot();
    await this.#world.clock.advance(1);
  }

  async #take(step: HistoryStep): Promise<void> {
    const process = this.#process;
    switch (step.kind) {
      case 'request':
        this.#request(step, process);
        break;
      case 'crisis':
        this.#crisis(process);
        break;
      case 'pass':
        await this.#world.clock.advance(step.ms);
        break;
      case 'cancel':
      case 'retryNow': {
        const id = this.#accepted[step.which % Math.max(1, this.#accepted.length)];
        if (id === undefined) break;
        this.#oracle.tell({ event: 'asked', id, what: step.kind });
        const operation = process.runtime.operations.get(id);
        const asked = step.kind === 'cancel' ? operation.cancel() : operation.retryNow();
        asked.catch(() => undefined);
        break;
      }
      case 'stop':
        void process.runtime.close({ deadlineMs: 200 }).catch(() => undefined);
        await this.#world.clock.advance(400);
        process.kill();
        break;
      default:
        step satisfies never;
    }
  }

  #request(step: Extract<HistoryStep, { kind: 'request' }>, process: Process): void {
    this.#requests += 1;
    const { tier, lane, failures, way, latencyMs } = step;
    const request = noteSent({
      type: TYPE,
      subject: 'user-1',
      tier,
      idempotencyKey: `key-${this.#requests}`,
      payload: { failures, way, latencyMs },
      ...(lane === null ? {} : { entity: { type: 'account', id: `${lane}` } }),
    });
    process.runtime.sync(request).then(
      (operation) => {
        if (process.isDead()) return;
        this.#acknowledged(request.idempotencyKey, operation.id);
        this.#watch(operation, process);
      },
      (error: unknown) => {
        this.#refused(request.idempotencyKey, error);
      },
    );
  }

  #crisis(process: Process): void {
    this.#requests += 1;
    const key = `crisis-${this.#requests}`;
    const request = { type: TYPE, subject: 'user-1', idempotencyKey: key };
    void process.runtime
      .crisis(noteCrisis({ ...request, payload: { latencyMs: 50 } }, this.#world.clock.now()))
      .then(async ({ operationId, durable }) => {
        await durable;
        if (!process.isDead() && operationId !== null) this.#acknowledged(key, operationId);
      })
      .catch((error: unknown) => {
        this.#refused(key, error);
      });
  }

  #acknowledged(key: string, id: string): void {
    this.#accepted.push(id);
    this.#oracle.tell({ event: 'accepted', key, id, onDisk: this.#find(id) });
  }

  #refused(key: string, error: unknown): void {
    const code = isHoldfastError(error) ? error.code : null;
    this.#oracle.tell({ event: 'refused', key, code });
  }

  #watch({ id, outcome }: Operation, process: Process): void {
    outcome.then(
      (made) => {
        if (process.isDead()) return;
        this.#oracle.tell({ event: 'ended', id, outcome: reported(made), onDisk: this.#find(id) });
      },
      () => undefined,
    );
  }

  #find(id: string): DiskRow | null {
    const found = this.#witness.find(id);
    return found === undefined ? null : rowOf(found);
  }

  #rows(): readonly DiskRow[] {
    return [...this.#witness.all().values()].map(rowOf);
  }

  async #attempt(attempt: Attempt, process: Process, number: number): Promise<null> {
    const plan = attempt.payload as { failures?: number; way?: string; latencyMs: number };
    const { clock } = this.#world;
    await tracedAttempt(
      attempt,
      {
        process: number,
        key: attempt.idempotencyKey,
        atMs: clock.now(),
        ...(attempt.priority === 'crisis' ? {} : { onDisk: this.#find(attempt.operationId) }),
        isDead: process.isDead,
        tell: (event) => {
          this.#oracle.tell(event);
        },
      },
      this.#appliedKeys,
      async (apply) => {
        await new Promise<void>((resolve) => {
          clock.schedule(plan.latencyMs, resolve);
        });
        // The upstream counts by itself: an attempt that spent nothing keeps its number (RT-1).
        const failed = this.#failed.get(attempt.idempotencyKey) ?? 0;
        const fails = failed < (plan.failures ?? 0);
        if (fails) this.#failed.set(attempt.idempotencyKey, failed + 1);
        if (!fails || plan.way === 'lostAfter') apply();
        if (!fails) return;
        throw plan.way === 'busy'
          ? transientFailure('Busy.')
          : unknownOutcome('The connection broke.');
      },
    );
    return null;
  }

  #isDone(): boolean {
    return [...this.#witness.all().values()].every(({ standing }) => hasEnded(standing));
  }
}

function rowOf(row: OnDisk): DiskRow {
  return diskRow(row, row.state, row.context);
}
