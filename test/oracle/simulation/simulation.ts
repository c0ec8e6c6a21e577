/**
 * The whole runtime on virtual time, driven through random trouble and healed; a driver of the oracle.
 *
 * @module
 */

import { crisisEndedAs, isCrisisState } from '../../../machines/crisis/crisisDemand.ts';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Write } from '../../../persistence/port/store.ts';
import type { Operation } from '../../../src/operation.ts';
import type { RuntimeOptions } from '../../../src/options.ts';
import type { CommitFate } from '../../../src/simulator/disk/faultyStore.ts';
import { diskRows, reported } from '../../../src/simulator/oracle/diskRow.ts';
import { rowsAtRest } from '../../../src/simulator/oracle/rowsAtRest.ts';
import { noteCrisis, noteSent } from '../../../src/simulator/oracle/sentKeys.ts';
import type { DiskRow, ToldOutcome } from '../../../src/simulator/oracle/trace.ts';
import { tracedAttempt } from '../../../src/simulator/oracle/tracedAttempt.ts';
import { Oracle } from '../../../src/simulator/promises/oracle.ts';
import { SIMULATION } from '../../../src/simulator/simulation.ts';
import { type SeededRandom, seededRandom } from '../../../src/virtual/seededRandom.ts';
import { createWorld, type Process, type World } from '../../support/harness/engineHarness.ts';
import { SimulatedUpstream } from './simulatedUpstream.ts';

/** What a run may do to the system, and bugs to plant in it. */
export interface Plan {
  readonly seed: number;
  readonly steps: number;
  /** A bug of the store: commits whose fate is not the disk's to decide. */
  readonly sabotage?: ((writes: readonly Write[]) => CommitFate | null) | undefined;
  /** A bug of the engine: what it writes is not what it should. */
  readonly rewrite?: ((write: Write) => Write) | undefined;
  /** A bug of the engine: it takes a handler for returned that it has only told to stop. */
  readonly takesStopForReturn?: boolean | undefined;
  /** A bug of the engine: what the upstream sees instead of the operation's key. */
  readonly keySeen?: ((key: string, call: number) => string) | undefined;
}

export interface Report {
  /** Promises broken, as `what: details`. */
  readonly breaches: readonly string[];
  readonly accepted: number;
  readonly completed: number;
  readonly kills: number;
  /** Handlers that had not returned when all else had ended. */
  readonly silent: number;
}

const YEAR_MS = 365 * 86_400_000;
/** Or a person would have to decide on keys that are too old, and endings would be purged. */
const LONGER_THAN_ALL_JUMPS_MS = 50 * YEAR_MS;
/** More would bring bystanders near the crash limit, which has tests of its own. */
const KILLS_MAX = 3;
const TYPE = 'payments.push';
/** Every third process knows the upstream by another name. */
const upstreamOf = (process: number): string => (process % 3 === 0 ? 'billing' : 'payments');
const HEALED_LIMIT_MS = 6 * 3_600_000;

/** Runs a whole system through random trouble, heals it, and tells which promises were broken. */
export async function simulate(plan: Plan): Promise<Report> {
  return await new Simulation(plan).run();
}

class Simulation {
  readonly #plan: Plan;
  readonly #random: SeededRandom;
  readonly #world: World;
  readonly #upstream: SimulatedUpstream;
  readonly #oracle = new Oracle(SIMULATION);
  readonly #appliedKeys = new Set<string>();
  #process: Process;
  #boots = 0;
  #kills = 0;
  #requests = 0;
  #calls = 0;
  #failsShare = 0;
  #slowMs = 0;
  #silent = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#random = seededRandom(plan.seed);
    this.#world = createWorld(plan.seed);
    this.#upstream = new SimulatedUpstream(this.#random, this.#world.clock);
    this.#process = this.#boot();
  }

  async run(): Promise<Report> {
    for (let step = 0; step < this.#plan.steps; step += 1) {
      await this.#step();
      await this.#world.clock.advance(this.#random.below(500));
    }
    await this.#heal();
    await this.#judge();
    const { breaches, known } = this.#oracle;
    const ended = [...known.outcomes.values()];
    const completed = ended.filter(({ status }) => status === 'completed').length;
    const accepted = known.accepted.size;
    return { breaches, accepted, completed, kills: this.#kills, silent: this.#silent };
  }

  #boot(): Process {
    this.#boots += 1;
    this.#upstream.hangUp();
    const number = this.#boots;
    const process = this.#world.boot(this.#options(number));
    process.runtime.ready.catch(() => undefined);
    process.store.faults.rewrite = this.#plan.rewrite ?? ((write) => write);
    process.store.faults.fate = (writes) => this.#fateOf(writes);
    process.store.faults.delayMs = () => this.#random.below(this.#slowMs + 1);
    process.store.faults.readFails = () => this.#random.chance(this.#failsShare);
    return process;
  }

  #options(process: number): Partial<RuntimeOptions> {
    const { keySeen, takesStopForReturn } = this.#plan;
    return {
      upstreams: {
        [upstreamOf(process)]: { concurrency: 4, crisisConcurrency: 2, attemptTimeoutMs: 3_000 },
      },
      handlers: {
        [TYPE]: {
          upstream: upstreamOf(process),
          keyLifetimeMs: LONGER_THAN_ALL_JUMPS_MS,
          run: async (attempt) => {
            this.#calls += 1;
            const key = keySeen?.(attempt.idempotencyKey, this.#calls) ?? attempt.idempotencyKey;
            const returned = tracedAttempt(
              attempt,
              {
                process,
                key,
                atMs: this.#world.clock.now(),
                isDead: () => process !== this.#boots || this.#process.isDead(),
                tell: (event) => {
                  this.#oracle.tell(event);
                },
              },
              this.#appliedKeys,
              (apply) => this.#upstream.work(attempt, apply),
            );
            await (takesStopForReturn === true
              ? Promise.race([returned, untilAborted(attempt.signal)])
              : returned);
            return { key };
          },
        },
      },
      retentionMs: LONGER_THAN_ALL_JUMPS_MS,
      residentsMax: 8,
    };
  }

  #fateOf(writes: readonly Write[]): CommitFate {
    const sabotaged = this.#plan.sabotage?.(writes) ?? null;
    if (sabotaged !== null) return sabotaged;
    if (!this.#random.chance(this.#failsShare)) return 'works';
    return this.#random.pick(['failsUnwritten', 'failsWritten']);
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const draw = random.next();
    if (draw < 0.6) for (let left = 1 + random.below(4); left > 0; left -= 1) this.#request();
    else if (draw < 0.66) this.#crisis();
    else if (draw < 0.78) this.#upstream.mood = random.pick(['healthy', 'flaky', 'down']);
    else if (draw < 0.86) this.#failsShare = random.pick([0, 0, 0.3, 1]);
    else if (draw < 0.9) this.#slowMs = random.pick([0, 5, 400]);
    else if (draw < 0.93) this.#world.clock.setWall(random.below(2 * YEAR_MS) - YEAR_MS);
    else if (draw < 0.95) this.#meddle();
    else if (draw < 0.98) await this.#kill();
    else await this.#closeAndBoot();
  }

  #request(): void {
    const random = this.#random;
    this.#requests += 1;
    const order = this.#requests;
    const entity = random.chance(0.7) ? { type: 'account', id: `a${random.below(4)}` } : undefined;
    const request: SyncRequest = {
      type: TYPE,
      subject: 'user-42',
      tier: random.pick(['premium', 'basic', 'trial']),
      priority: random.pick(['high', 'normal', 'low']),
      entity,
      idempotencyKey: `key-${order}`,
    };
    this.#send(request);
    // A caller who repeats itself.
    if (random.chance(0.1)) this.#send(request);
  }

  #send(request: SyncRequest): void {
    const key = request.idempotencyKey ?? '';
    this.#process.runtime.sync(noteSent(request)).then(
      (operation) => {
        this.#oracle.tell({ event: 'accepted', key, id: operation.id });
        this.#watch(operation);
      },
      (error: unknown) => {
        this.#refused(key, error);
      },
    );
  }

  #crisis(): void {
    const { clock } = this.#world;
    const startedAtMs = clock.monotonic();
    this.#requests += 1;
    const key = `crisis-${this.#requests}`;
    void this.#process.runtime
      .crisis(noteCrisis({ type: TYPE, subject: 'user-42', idempotencyKey: key }, clock.now()))
      .then((answer) => {
        const { operationId: id } = answer;
        if (id === null) return;
        const waitedMs = clock.monotonic() - startedAtMs;
        this.#oracle.tell({ event: 'answered', key, id, waitedMs });
        answer.durable.then(
          () => {
            this.#oracle.tell({ event: 'accepted', key, id });
          },
          (error: unknown) => {
            this.#refused(key, error);
          },
        );
        this.#watch({ id, outcome: answer.delivery });
      });
  }

  #refused(key: string, error: unknown): void {
    const code = isHoldfastError(error) ? error.code : null;
    this.#oracle.tell({ event: 'refused', key, code });
  }

  #watch({ id, outcome }: Pick<Operation, 'id' | 'outcome'>): void {
    outcome.then(
      (made) => {
        this.#oracle.tell({ event: 'ended', id, outcome: reported(made) });
      },
      () => undefined,
    );
  }

  /** A caller changes their mind. */
  #meddle(): void {
    const ids = [...this.#oracle.known.accepted.values()];
    const id = ids[this.#random.below(ids.length)];
    if (id === undefined) return;
    const operation = this.#process.runtime.operations.get(id);
    const what = this.#random.chance(0.5) ? 'cancel' : 'retryNow';
    this.#oracle.tell({ event: 'asked', id, what });
    const done = what === 'cancel' ? operation.cancel() : operation.retryNow();
    done.catch(() => undefined);
  }

  async #kill(): Promise<void> {
    if (this.#kills >= KILLS_MAX) return;
    this.#kills += 1;
    this.#process.kill();
    this.#oracle.tell({ event: 'disk', rows: await this.#rows() });
    this.#process = this.#boot();
  }

  async #rows(): Promise<readonly DiskRow[]> {
    const { disk } = this.#world;
    // As a process that starts: what was spilled beside the store is taken in.
    await disk.open();
    return diskRows(await rowsAtRest(disk));
  }

  async #closeAndBoot(): Promise<void> {
    await this.#world.clock.run(this.#process.runtime.close({ deadlineMs: 1_000 }));
    this.#process.kill();
    this.#process = this.#boot();
  }

  async #heal(): Promise<void> {
    this.#upstream.mood = 'healthy';
    this.#failsShare = 0;
    this.#slowMs = 0;
    await this.#rest();
    if (this.#upstream.silent.size === 0) return;
    const { inFlight: slotsTaken } = this.#process.runtime.upstream(upstreamOf(this.#boots));
    const { attemptsRunning } = this.#process.runtime.getHealthStatus().operations;
    const handlersOut = this.#upstream.silent.size;
    this.#silent = handlersOut;
    this.#oracle.tell({ event: 'rested', slotsTaken, attemptsRunning, handlersOut });
    // Only the end of the process ends them.
    await this.#closeAndBoot();
    await this.#rest();
  }

  /** Lets time pass until all has ended, but for what a silent handler holds up in its lane. */
  async #rest(): Promise<void> {
    const { clock } = this.#world;
    let waiting: readonly DiskRow[] = [];
    for (let passedMs = 0; passedMs < HEALED_LIMIT_MS; passedMs += 10_000) {
      await clock.advance(10_000);
      waiting = await this.#waiting();
      if (waiting.length === 0) break;
    }
    await clock.advance(1_000);
    for (const { id, state } of waiting) {
      const said = this.#process.runtime.getHealthStatus().reasons.join(' ');
      this.#oracle.tell({ event: 'overdue', id, state, afterMs: HEALED_LIMIT_MS, said });
    }
  }

  /** What has not ended, and no handler that is silent holds up. */
  async #waiting(): Promise<readonly DiskRow[]> {
    const { disk } = this.#world;
    const { inHand, due, held } = await disk.counts();
    if (inHand + due + held === 0) return [];
    const { silent } = this.#upstream;
    const rows = diskRows(await rowsAtRest(disk)).filter(({ outcome }) => outcome === null);
    const lanes = new Set(rows.filter(({ id }) => silent.has(id)).map(({ lane }) => lane));
    return rows.filter(({ id, lane }) => !silent.has(id) && (lane === null || !lanes.has(lane)));
  }

  async #judge(): Promise<void> {
    const { runtime } = this.#process;
    const { clock } = this.#world;
    const { views } = await clock.run(runtime.operations.page({ limit: 1_000 }));
    for (const { id, state, settledAtMs } of views) {
      if (settledAtMs === null) continue;
      const status = (isCrisisState(state) ? crisisEndedAs(state) : null) ?? state;
      const outcome = { status: status as ToldOutcome['status'], settledAtMs };
      this.#oracle.tell({ event: 'ended', id, outcome });
    }
    // What the runtime does not list is lost to its callers too.
    const listed = new Set(views.map(({ id }) => id));
    const rows = (await this.#rows()).filter(({ id }) => listed.has(id));
    const { attemptsRunning } = runtime.getHealthStatus().operations;
    const { inFlight: slotsTaken } = runtime.upstream(upstreamOf(this.#boots));
    this.#oracle.tell({ event: 'finished', rows, slotsTaken, attemptsRunning });
    await clock.run(runtime.close());
  }
}

async function untilAborted(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
}
