import fc from 'fast-check';
import type { Attempt } from '../../../actors/attempt/handler.ts';
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
import { createWorld, type Process } from '../../support/harness/engineHarness.ts';
import { createDiskWitness } from '../../support/process/diskWitness.ts';
import type { CommitFate } from '../../support/store/faultyStore.ts';

/** Fewer than make a culprit of a bystander, which has tests of its own. */
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

/** A crash at a point, at its passage of that number after so many steps. */
export interface Crash {
  readonly afterStep: number;
  readonly point: FaultPoint;
  readonly passage: number;
}

/** Bugs that a control plants. */
export interface Bugs {
  readonly fate?: (writes: readonly Write[]) => CommitFate | null;
  readonly rewrite?: (write: Write) => Write;
}

interface Call {
  readonly number: number;
  readonly atMs: number;
  hasFailed: boolean;
}

/** Runs one history and tells which clause of the invariant was broken, as `clause: details`. */
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
  readonly #breaches = new Set<string>();
  readonly #struck: FaultPoint[] = [];
  readonly #accepted: string[] = [];
  readonly #told = new Map<string, string>();
  readonly #calls = new Map<string, Call[]>();
  /** Whom somebody asked to go on at once: no wait is promised for them. */
  readonly #hurried = new Set<string>();
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
    // What is still armed may strike while the work is being finished.
    for (let passedMs = 0; passedMs < HEALED_LIMIT_MS && !this.#isDone(); passedMs += 1_000) {
      await clock.advance(1_000);
      await this.#resurrect();
    }
    this.#judge();
    return { breaches: [...this.#breaches, ...this.#changedWaits()], struck: this.#struck };
  }

  #boot(): Process {
    const process = this.#world.boot({
      upstreams: { payments: { concurrency: 3, breaker: { failureRateToOpen: 1 } } },
      handlers: {
        [TYPE]: { upstream: 'payments', run: (attempt) => this.#attempt(attempt, process) },
      },
      retry: { premium: RETRY, basic: RETRY, trial: RETRY },
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
      // Of a store, nothing that follows happens any more; elsewhere nothing that follows has an effect.
      if (point === 'store.beforeCommit') throw new Error('The process died.');
    });
  }

  /** After a crash: what the disk must hold, and the next process. */
  async #resurrect(): Promise<void> {
    if (!this.#process.isDead()) return;
    this.#judgeDisk();
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
        if (step.kind === 'retryNow') this.#hurried.add(id);
        const operation = process.runtime.getOperation(id);
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
    const request = {
      type: TYPE,
      subject: 'user-1',
      tier,
      idempotencyKey: `key-${this.#requests}`,
      payload: { failures, way, latencyMs },
      ...(lane === null ? {} : { entity: { type: 'account', id: `${lane}` } }),
    };
    process.runtime.sync(request).then(
      (operation) => {
        if (process.isDead()) return;
        this.#acknowledged(operation.id);
        this.#watch(operation.id, process);
      },
      (error: unknown) => {
        if (!isHoldfastError(error)) this.#breaches.add(`untyped error: ${String(error)}`);
      },
    );
  }

  #crisis(process: Process): void {
    this.#requests += 1;
    const key = `crisis-${this.#requests}`;
    void process.runtime
      .crisis({ type: TYPE, subject: 'user-1', idempotencyKey: key, payload: { latencyMs: 50 } })
      .then(async ({ operationId, durable }) => {
        await durable;
        if (!process.isDead() && operationId !== null) this.#acknowledged(operationId);
      });
  }

  /** Every acknowledged operation is on disk. */
  #acknowledged(id: string): void {
    this.#accepted.push(id);
    if (this.#witness.find(id) === undefined)
      this.#breaches.add(`acknowledged, not on disk: ${id}`);
  }

  /** Every reported outcome is on disk. */
  #watch(id: string, process: Process): void {
    process.runtime.getOperation(id).outcome.then(
      ({ status }) => {
        if (process.isDead()) return;
        const earlier = this.#told.get(id) ?? status;
        if (earlier !== status)
          this.#breaches.add(`reported twice: ${earlier}, ${status} of ${id}`);
        this.#told.set(id, status);
        this.#judgeOutcome(id, status);
      },
      () => undefined,
    );
  }

  #judgeOutcome(id: string, status: string): void {
    const onDisk = this.#witness.find(id);
    const isKept = onDisk?.context.ending === status && ENDED.has(onDisk.standing);
    if (!isKept) this.#breaches.add(`reported, not on disk: ${status} of ${id}`);
  }

  async #attempt(attempt: Attempt, process: Process): Promise<null> {
    const { operationId: id, number, priority } = attempt;
    const plan = attempt.payload as { failures?: number; way?: string; latencyMs: number };
    const call: Call = { number, atMs: this.#world.clock.now(), hasFailed: false };
    if (priority !== 'crisis') this.#judgeBeginning(id, call);
    this.#calls.set(id, [...(this.#calls.get(id) ?? []), call]);
    await new Promise<void>((resolve) => {
      this.#world.clock.schedule(plan.latencyMs, resolve);
    });
    if (number > (plan.failures ?? 0)) return null;
    call.hasFailed = !process.isDead();
    throw plan.way === 'busy' ? transientFailure('Busy.') : unknownOutcome('The connection broke.');
  }

  /** Every effect was ordered on disk before it began; no restart resets a count or shortens a wait. */
  #judgeBeginning(id: string, { number, atMs }: Call): void {
    const onDisk = this.#witness.find(id);
    const isOrdered =
      onDisk !== undefined &&
      ['accepting', 'ordering'].includes(onDisk.state) &&
      onDisk.context.attempt === number &&
      !onDisk.context.isSpent;
    if (!isOrdered) this.#breaches.add(`begun, not ordered: attempt ${number} of ${id}`);
    const calls = this.#calls.get(id) ?? [];
    const highest = Math.max(0, ...calls.map((call) => call.number));
    if (number < highest) this.#breaches.add(`count reset: ${highest} to ${number} of ${id}`);
    if (number > 1 && !calls.some((call) => call.number === number - 1 && call.hasFailed)) {
      this.#breaches.add(`attempt spent by a crash: ${number - 1} of ${id}`);
    }
    // The instant stays in context while the attempt that it was for is ordered.
    const wakeAtMs = onDisk?.context.wakeAtMs ?? 0;
    if (atMs < wakeAtMs && !this.#hurried.has(id)) {
      this.#breaches.add(`wait shortened: attempt ${number} of ${id}, ${wakeAtMs - atMs} ms early`);
    }
  }

  #judgeDisk(): void {
    for (const id of this.#accepted) {
      if (this.#witness.find(id) === undefined) this.#breaches.add(`acknowledged, lost: ${id}`);
    }
    for (const [id, status] of this.#told) this.#judgeOutcome(id, status);
  }

  #isDone(): boolean {
    return [...this.#witness.all().values()].every(({ standing }) => ENDED.has(standing));
  }

  #judge(): void {
    this.#judgeDisk();
    for (const [id, { state, standing, context }] of this.#witness.all()) {
      if (!ENDED.has(standing)) this.#breaches.add(`stuck: ${id} in ${state}`);
      if (context.failure?.code === 'HF_CRASHES_PROCESS') this.#breaches.add(`convicted: ${id}`);
    }
  }

  #changedWaits(): string[] {
    return this.#witness.changedWaits
      .filter((id) => !this.#hurried.has(id))
      .map((id) => `wait changed: ${id}`);
  }
}

const ENDED: ReadonlySet<string> = new Set(['settled', 'deadLettered']);
