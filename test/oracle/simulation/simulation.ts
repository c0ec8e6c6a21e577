import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Write } from '../../../persistence/port/store.ts';
import type { RuntimeOptions } from '../../../src/options.ts';
import { type SeededRandom, seededRandom } from '../../support/clock/seededRandom.ts';
import { createWorld, type Process, type World } from '../../support/harness/engineHarness.ts';
import type { CommitFate } from '../../support/store/faultyStore.ts';
import { SimulatedUpstream } from './simulatedUpstream.ts';

/** What a run may do to the system, and bugs to plant in it. */
export interface Plan {
  readonly seed: number;
  readonly steps: number;
  /** A bug of the store: commits whose fate is not the disk's to decide. */
  readonly sabotage?: ((writes: readonly Write[]) => CommitFate | null) | undefined;
  /** A bug of the engine: what it writes is not what it should. */
  readonly rewrite?: ((write: Write) => Write) | undefined;
  /** A bug of the engine: what the upstream sees instead of the operation's key. */
  readonly keySeen?: ((key: string, call: number) => string) | undefined;
}

export interface Report {
  /** Promises broken, as `what: details`. */
  readonly breaches: readonly string[];
  readonly accepted: number;
  readonly completed: number;
  readonly kills: number;
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

interface Promised {
  readonly id: string;
  readonly key: string;
  readonly lane: string | null;
  readonly order: number;
}

/** Runs a whole system through random trouble, heals it, and tells which promises were broken. */
export async function simulate(plan: Plan): Promise<Report> {
  return await new Simulation(plan).run();
}

class Simulation {
  readonly #plan: Plan;
  readonly #random: SeededRandom;
  readonly #world: World;
  readonly #upstream: SimulatedUpstream;
  readonly #promised = new Map<string, Promised>();
  readonly #crises = new Set<string>();
  readonly #ends = new Map<string, string>();
  readonly #breaches: string[] = [];
  #process: Process;
  #boots = 0;
  #kills = 0;
  #requests = 0;
  #calls = 0;
  #failsShare = 0;
  #slowMs = 0;

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
    return {
      breaches: [...this.#breaches, ...this.#upstream.breaches],
      accepted: this.#promised.size,
      completed: [...this.#ends.values()].filter((status) => status === 'completed').length,
      kills: this.#kills,
    };
  }

  #boot(): Process {
    this.#boots += 1;
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
    const { keySeen } = this.#plan;
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
            if (
              this.#ends.get(attempt.operationId) === 'completed' &&
              attempt.priority !== 'crisis'
            ) {
              this.#breaches.push(`attempted after it completed: ${attempt.operationId}`);
            }
            const key = keySeen?.(attempt.idempotencyKey, this.#calls) ?? attempt.idempotencyKey;
            return await this.#upstream.call(attempt, process, key);
          },
        },
      },
      retentionMs: LONGER_THAN_ALL_JUMPS_MS,
      residentsMax: 8,
      degradation: {},
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
    else if (draw < 0.98) this.#kill();
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
    this.#send(request, order);
    // A caller who repeats itself.
    if (random.chance(0.1)) this.#send(request, order);
  }

  #send(request: SyncRequest, order: number): void {
    const lane = request.entity === undefined ? null : request.entity.id;
    const { runtime } = this.#process;
    runtime.sync(request).then(
      (operation) => {
        const key = request.idempotencyKey ?? operation.id;
        const known = [...this.#promised.values()].find((promised) => promised.key === key);
        if (known !== undefined && known.id !== operation.id) {
          this.#breaches.push(`accepted twice: ${key} as ${known.id} and ${operation.id}`);
        }
        if (known === undefined)
          this.#promised.set(operation.id, { id: operation.id, key, lane, order });
        operation.outcome.then(
          ({ status }) => {
            this.#ended(operation.id, status);
          },
          () => undefined,
        );
      },
      (error: unknown) => {
        if (!isHoldfastError(error)) this.#breaches.push(`untyped error: ${String(error)}`);
      },
    );
  }

  #crisis(): void {
    const startedAtMs = this.#world.clock.monotonic();
    this.#requests += 1;
    const order = this.#requests;
    void this.#process.runtime
      .crisis({ type: TYPE, subject: 'user-42', idempotencyKey: `crisis-${order}` })
      .then((answer) => {
        if (this.#world.clock.monotonic() > startedAtMs) this.#breaches.push('a crisis waited');
        const { operationId: id } = answer;
        if (id === null) return;
        this.#crises.add(id);
        answer.durable.then(
          () => {
            this.#promised.set(id, { id, key: `crisis-${order}`, lane: null, order });
          },
          (error: unknown) => {
            // A close tells whoever still waits; that is no refusal.
            if (isHoldfastError(error) && error.code === 'HF_CLOSED') return;
            this.#breaches.push(`a crisis was refused: ${id}`);
          },
        );
        answer.delivery.then(
          ({ status }) => {
            this.#ended(id, status);
          },
          () => undefined,
        );
      });
  }

  /** A caller changes their mind. */
  #meddle(): void {
    const ids = [...this.#promised.keys()];
    const id = ids[this.#random.below(ids.length)];
    if (id === undefined) return;
    const operation = this.#process.runtime.getOperation(id);
    const done = this.#random.chance(0.5) ? operation.cancel() : operation.retryNow();
    done.catch(() => undefined);
  }

  #ended(id: string, status: string): void {
    const before = this.#ends.get(id);
    // Whoever waits for a crisis is told before its ending is on disk: a kill in between runs it again.
    const isUnwritten = this.#crises.has(id);
    if (before !== undefined && before !== status && !isUnwritten) {
      this.#breaches.push(`its ending changed: ${id} from ${before} to ${status}`);
    }
    this.#ends.set(id, status);
  }

  #kill(): void {
    if (this.#kills >= KILLS_MAX) return;
    this.#kills += 1;
    this.#process.kill();
    this.#process = this.#boot();
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
    const { clock, disk } = this.#world;
    for (let passedMs = 0; passedMs < HEALED_LIMIT_MS; passedMs += 10_000) {
      await clock.advance(10_000);
      const { settled, inHand, due, held } = await disk.counts();
      if (inHand + due + held === 0 && settled > 0) break;
    }
    await clock.advance(1_000);
  }

  async #judge(): Promise<void> {
    const { runtime } = this.#process;
    const { clock } = this.#world;
    const { views } = await clock.run(runtime.listOperations({ limit: 1_000 }));
    const found = new Map(views.map((view) => [view.id, view]));
    const completed: Promised[] = [];
    for (const promised of this.#promised.values()) {
      const { id, key } = promised;
      const view = found.get(id);
      if (view === undefined) {
        this.#breaches.push(`lost: ${id}`);
        continue;
      }
      if (view.settledAtMs === null) this.#breaches.push(`stuck: ${id} in ${view.state}`);
      else this.#ended(id, view.state);
      if (view.failure?.code === 'HF_CRASHES_PROCESS') this.#breaches.push(`convicted: ${id}`);
      if (view.state !== 'completed') continue;
      completed.push(promised);
      if (!this.#upstream.hasApplied(key)) this.#breaches.push(`completed, not applied: ${id}`);
    }
    this.#judgePlaces();
    this.#judgeCalls();
    this.#judgeOrder(completed);
    await clock.run(runtime.close());
  }

  /** Nothing runs any more, so that no place may be taken (OP-6). */
  #judgePlaces(): void {
    const { runtime } = this.#process;
    const { attemptsRunning } = runtime.getHealthStatus().operations;
    const { inFlight } = runtime.upstream(upstreamOf(this.#boots));
    if (attemptsRunning !== 0 || inFlight !== 0) {
      this.#breaches.push(`a place is lost: ${inFlight} taken, ${attemptsRunning} running`);
    }
  }

  #judgeCalls(): void {
    const keys = new Map<string, string>();
    const numbers = new Map<string, number>();
    for (const { operationId, key, number } of this.#upstream.calls) {
      if ((keys.get(operationId) ?? key) !== key) this.#breaches.push(`two keys: ${operationId}`);
      keys.set(operationId, key);
      if (number < (numbers.get(operationId) ?? 0) && !key.startsWith('crisis-')) {
        this.#breaches.push(`attempts counted back: ${operationId} to ${number}`);
      }
      numbers.set(operationId, number);
    }
  }

  /** In one lane, what was accepted first was applied first. */
  #judgeOrder(completed: readonly Promised[]): void {
    const appliedAt = new Map(this.#upstream.applied.map((key, index) => [key, index]));
    const seqOf = new Map([...this.#promised.keys()].map((id, index) => [id, index]));
    for (const lane of new Set(completed.map((promised) => promised.lane))) {
      if (lane === null) continue;
      const members = completed.filter((promised) => promised.lane === lane);
      const inOrder = members.toSorted((a, b) => (seqOf.get(a.id) ?? 0) - (seqOf.get(b.id) ?? 0));
      for (const [index, member] of inOrder.entries()) {
        const next = inOrder[index + 1];
        if (next === undefined) continue;
        if ((appliedAt.get(member.key) ?? 0) > (appliedAt.get(next.key) ?? 0)) {
          this.#breaches.push(`out of order in lane ${lane}: ${member.key} after ${next.key}`);
        }
      }
    }
  }
}
