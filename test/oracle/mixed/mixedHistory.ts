/**
 * The whole runtime on virtual time with several upstreams, through a random mix of all that can happen to
 * it; then everything is healed, and it is timed how long the work takes to end. A driver of the oracle.
 *
 * @module
 */

import type { Attempt } from '../../../actors/attempt/handler.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Operation } from '../../../src/operation.ts';
import type { RuntimeOptions } from '../../../src/options.ts';
import { diskRows, reported } from '../../../src/simulator/oracle/diskRow.ts';
import { rowsAtRest } from '../../../src/simulator/oracle/rowsAtRest.ts';
import { givenKey, noteCrisis, noteSent } from '../../../src/simulator/oracle/sentKeys.ts';
import type { DiskRow } from '../../../src/simulator/oracle/trace.ts';
import { tracedAttempt } from '../../../src/simulator/oracle/tracedAttempt.ts';
import { Oracle } from '../../../src/simulator/promises/oracle.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { createWorld, type Process } from '../../support/harness/engineHarness.ts';
import { MIXED } from '../drivers.ts';
import { type AnswerInPlace, MixedServer } from './mixedServer.ts';
import { type MixedStep, type Setup, TYPES, UPSTREAMS } from './mixedStep.ts';
import { timeToEndMs, unfinishedIn, whoAsks } from './unfinished.ts';

/** What became of a history. */
export interface MixedReport {
  readonly breaches: readonly string[];
  readonly accepted: number;
  /** Virtual milliseconds from the healing until all had ended. */
  readonly tookMs: number;
}

/** More would make culprits of bystanders, which have tests of their own. */
const KILLS_MAX = 2;
const POISONS_MAX = 1;
/** So that the next process is started soon after a crash. */
const CHUNK_MS = 250;
const YEAR_MS = 365 * 86_400_000;
const FAULTY_MAX = 1;
const POISON = 'poison-';
const FAULTY = 'faulty-';
const CONFLICT = 'conflict-';
const CONCURRENCY = 4;
const ATTEMPT_TIMEOUT_MS = 3_000;
/** So that what waits at the healing waits seconds, and the bound has an edge. */
const RETRY = { initialDelayMs: 200, delayMsMax: 4_000 };

/** Runs a history from a first set-up to its end, and names each promise that was broken. */
export async function runMixed(
  seed: number,
  setup: Setup,
  steps: readonly MixedStep[],
): Promise<MixedReport> {
  return await new MixedHistory(seed, setup).run(steps);
}

class MixedHistory {
  readonly #random;
  readonly #world;
  readonly #oracle = new Oracle(MIXED);
  readonly #appliedKeys = new Set<string>();
  readonly #servers: readonly MixedServer[];
  /** Orders of operators in force, by upstream: each is taken back once. */
  readonly #orders: string[] = [];
  /** Which type a request is of, by its key, and which upstream each type goes to. */
  readonly #types = new Map<string, string>();
  readonly #goesTo = new Map<string, string>();
  /** Upstreams that are healed later than the others. */
  readonly #unwell = new Set<string>();
  #failsShare = 0;
  #slowMs = 0;
  #requests = 0;
  #kills = 0;
  #poisons = 0;
  #faulty = 0;
  #boots = 0;
  #setup: Setup;
  #process: Process;

  constructor(seed: number, setup: Setup) {
    this.#random = seededRandom(seed);
    this.#world = createWorld(seed);
    this.#servers = UPSTREAMS.map(() => new MixedServer(this.#random, this.#world.clock));
    this.#setup = setup;
    this.#process = this.#boot();
  }

  async run(steps: readonly MixedStep[]): Promise<MixedReport> {
    for (const step of steps) {
      await this.#take(step);
      await this.#pass(20);
    }
    const tookMs = await this.#heal();
    const { breaches, known } = this.#oracle;
    return { breaches, accepted: known.accepted.size, tookMs };
  }

  // Processes

  #names(): readonly string[] {
    const { upstreams, firstName } = this.#setup;
    return UPSTREAMS.map((_, at) => UPSTREAMS[(firstName + at) % UPSTREAMS.length] ?? '').slice(
      0,
      upstreams,
    );
  }

  #nameFor(index: number): string {
    const names = this.#names();
    return names[index % names.length] ?? UPSTREAMS[0];
  }

  #boot(): Process {
    this.#boots += 1;
    const process = this.#world.boot(this.#options());
    process.runtime.ready.catch(() => undefined);
    process.store.faults.fate = () =>
      this.#random.chance(this.#failsShare)
        ? this.#random.pick(['failsUnwritten', 'failsWritten'])
        : 'works';
    process.store.faults.delayMs = () => this.#random.below(this.#slowMs + 1);
    process.store.faults.readFails = () => this.#random.chance(this.#failsShare);
    return process;
  }

  #options(): Partial<RuntimeOptions> {
    const { goesTo, isLate } = this.#setup;
    const handlers = TYPES.flatMap((type, at) =>
      isLate[at] === true
        ? []
        : [[type, this.#handler(type, this.#nameFor(goesTo[at] ?? 0))] as const],
    );
    return {
      upstreams: Object.fromEntries(
        this.#names().map((name) => [
          name,
          { concurrency: CONCURRENCY, crisisConcurrency: 2, attemptTimeoutMs: ATTEMPT_TIMEOUT_MS },
        ]),
      ),
      handlers: Object.fromEntries(handlers),
      policies: {
        tiers: { premium: { retry: RETRY }, basic: { retry: RETRY }, trial: { retry: RETRY } },
      },
      retentionMs: 50 * YEAR_MS,
      residentsMax: 12,
    };
  }

  #handler(type: string, upstream: string) {
    this.#goesTo.set(type, upstream);
    const server = this.#servers[UPSTREAMS.findIndex((name) => name === upstream)];
    const number = this.#boots;
    return {
      upstream,
      keyLifetimeMs: 50 * YEAR_MS,
      run: async (attempt: Attempt) => {
        await this.#attempt(attempt, number, server ?? this.#servers[0]);
        return null;
      },
    };
  }

  async #attempt(attempt: Attempt, number: number, server: MixedServer | undefined): Promise<void> {
    const { signal } = attempt;
    const key = givenKey(attempt.idempotencyKey);
    const process = this.#process;
    const isDead = (): boolean => number !== this.#boots || process.isDead();
    await tracedAttempt(
      attempt,
      {
        process: number,
        key,
        atMs: this.#world.clock.now(),
        isDead,
        tell: (event) => {
          this.#oracle.tell(event);
        },
      },
      this.#appliedKeys,
      async (apply) => {
        if (key.startsWith(POISON)) process.kill();
        else await server?.work(apply, signal, answerTo(key));
      },
    );
  }

  async #restart(): Promise<void> {
    this.#oracle.tell({ event: 'disk', rows: await this.#rows() });
    this.#process = this.#boot();
  }

  async #rows(): Promise<readonly DiskRow[]> {
    const { disk } = this.#world;
    await disk.open();
    return diskRows(await rowsAtRest(disk));
  }

  /** Lets time pass; a process that has died meanwhile is followed by the next. */
  async #pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= CHUNK_MS) {
      await this.#world.clock.advance(Math.min(left, CHUNK_MS));
      if (this.#process.isDead()) await this.#restart();
    }
  }

  // Steps

  async #take(step: MixedStep): Promise<void> {
    const { runtime } = this.#process;
    switch (step.kind) {
      case 'work':
        for (let left = step.count; left > 0; left -= 1) {
          this.#request(`key-${this.#next()}`, step.type, step.lane, step);
        }
        break;
      case 'poison':
        if (this.#poisons >= POISONS_MAX) break;
        this.#poisons += 1;
        this.#request(`${POISON}${this.#next()}`, step.type, step.lane);
        break;
      case 'faulty':
        // More of them, and nothing else at their upstream, are an outage for all that anybody can tell.
        if (this.#faulty >= FAULTY_MAX) break;
        this.#faulty += 1;
        this.#request(`${FAULTY}${this.#next()}`, step.type, step.lane, {
          tier: 'premium',
          priority: 'high',
        });
        break;
      case 'conflict':
        this.#request(`${CONFLICT}${this.#next()}`, step.type, step.lane);
        break;
      case 'crisis':
        this.#crisis(step.type);
        break;
      case 'condition':
        for (const [at, server] of this.#servers.entries()) {
          if (at === step.upstream) server.condition = step.to;
        }
        break;
      case 'pass':
        await this.#pass(step.ms);
        break;
      case 'kill':
        if (this.#kills >= KILLS_MAX) break;
        this.#kills += 1;
        this.#process.kill();
        this.#setup = step.setup;
        await this.#restart();
        break;
      case 'stop':
        await this.#stop();
        this.#setup = step.setup;
        await this.#restart();
        break;
      case 'move':
        await this.#handle(step.type, step.upstream);
        break;
      case 'register':
        await this.#registerAll();
        break;
      case 'wall':
        this.#world.clock.setWall(step.byMs);
        break;
      case 'disk':
        this.#failsShare = step.failsShare;
        this.#slowMs = step.slowMs;
        break;
      case 'order':
        this.#order(this.#nameFor(step.upstream), step.what);
        break;
      case 'cancel':
      case 'retryNow': {
        const ids = [...this.#oracle.known.accepted.values()];
        const id = ids[step.which % Math.max(1, ids.length)];
        if (id === undefined) break;
        this.#oracle.tell({ event: 'asked', id, what: step.kind });
        const operation = runtime.operations.get(id);
        const done = step.kind === 'cancel' ? operation.cancel() : operation.retryNow();
        done.catch(() => undefined);
        break;
      }
      default:
        step satisfies never;
    }
  }

  #next(): number {
    this.#requests += 1;
    return this.#requests;
  }

  #request(
    key: string,
    type: number,
    lane: number | null,
    urgency: Partial<Pick<Extract<MixedStep, { kind: 'work' }>, 'tier' | 'priority'>> = {},
  ): void {
    const { tier = 'basic', priority = 'normal' } = urgency;
    this.#types.set(key, TYPES[type] ?? TYPES[0]);
    const request = noteSent({
      type: TYPES[type] ?? TYPES[0],
      subject: `user-${this.#requests % 3}`,
      tier,
      priority,
      idempotencyKey: key,
      // Only what names a version meets another one.
      ...(key.startsWith(CONFLICT) ? { base: 'v1' } : {}),
      ...(lane === null ? {} : { entity: { type: 'account', id: `a${lane}` } }),
    });
    this.#process.runtime.sync(request).then(
      (operation) => {
        this.#oracle.tell({ event: 'accepted', key, id: operation.id });
        this.#watch(operation);
      },
      (error: unknown) => {
        this.#refused(key, error);
      },
    );
  }

  #crisis(type: number): void {
    const key = `crisis-${this.#next()}`;
    this.#types.set(key, TYPES[type] ?? TYPES[0]);
    const startedAtMs = this.#world.clock.monotonic();
    const request = { type: TYPES[type] ?? TYPES[0], subject: 'user-1', idempotencyKey: key };
    void this.#process.runtime
      .crisis(noteCrisis(request, this.#world.clock.now()))
      .then(({ operationId: id, durable, delivery }) => {
        if (id === null) return;
        const waitedMs = this.#world.clock.monotonic() - startedAtMs;
        this.#oracle.tell({ event: 'answered', key, id, waitedMs });
        durable.then(
          () => {
            this.#oracle.tell({ event: 'accepted', key, id });
          },
          (error: unknown) => {
            this.#refused(key, error);
          },
        );
        this.#watch({ id, outcome: delivery });
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

  #order(name: string, what: 'forceOpen' | 'disable' | 'release'): void {
    const control = this.#process.runtime.upstream(name);
    if (what === 'release') this.#releaseOne(name);
    else {
      if (what === 'forceOpen') control.forceOpen('A drill.');
      else control.disable('A drill.');
      this.#orders.push(name);
    }
  }

  #releaseOne(name: string): void {
    const at = this.#orders.indexOf(name);
    if (at >= 0) this.#orders.splice(at, 1);
    this.#process.runtime.upstream(name).release();
  }

  async #handle(type: number, upstream: number): Promise<void> {
    const name = TYPES[type] ?? TYPES[0];
    const done = this.#process.runtime.handle(name, this.#handler(name, this.#nameFor(upstream)));
    done.catch(() => undefined);
    await this.#pass(1);
  }

  async #registerAll(): Promise<void> {
    for (const [at] of TYPES.entries()) await this.#handle(at, this.#setup.goesTo[at] ?? 0);
  }

  async #stop(): Promise<void> {
    this.#process.runtime.close({ deadlineMs: 1_000 }).catch(() => undefined);
    await this.#world.clock.advance(2_000);
    this.#process.kill();
  }

  // The end

  /**
   * Makes everything well but some upstreams, whose trouble is no other's; then those, too. Each time all
   * that can has to end in time.
   */
  async #heal(): Promise<number> {
    const names = this.#names();
    const wellFirst = names[this.#random.below(names.length)];
    for (const name of names) {
      if (name !== wellFirst && this.#random.chance(0.7)) this.#unwell.add(name);
    }
    for (const [at, server] of this.#servers.entries()) {
      if (!this.#unwell.has(UPSTREAMS[at] ?? '')) server.condition = 'well';
    }
    this.#failsShare = 0;
    this.#slowMs = 0;
    // Whatever process comes next knows every type.
    this.#setup = { ...this.#setup, isLate: [false, false, false] };
    await this.#pass(1);
    for (const name of names) await this.#releaseAll(name);
    await this.#registerAll();
    await this.#untilEnded();
    this.#unwell.clear();
    for (const server of this.#servers) server.condition = 'well';
    const tookMs = await this.#untilEnded();
    // A person decides on what waits for one, and what waited behind it has to end as well, or ask in turn.
    for (let rows = whoAsks(await this.#rows()); rows.length > 0; ) {
      for (const { id } of rows) {
        this.#oracle.tell({ event: 'asked', id, what: 'cancel' });
        this.#process.runtime.operations
          .get(id)
          .cancel()
          .catch(() => undefined);
      }
      await this.#pass(1_000);
      await this.#untilEnded();
      const before = new Set(rows.map(({ id }) => id));
      rows = whoAsks(await this.#rows()).filter(({ id }) => !before.has(id));
    }
    await this.#judge();
    return tookMs;
  }

  /** Orders are kept over a restart, whoever gave them: each is taken back. */
  async #releaseAll(name: string): Promise<void> {
    if (!this.#names().includes(name)) return;
    const control = this.#process.runtime.upstream(name);
    for (let left = this.#orders.length + 1; left > 0; left -= 1) {
      if (control.breaker !== 'forcedOpen' && control.breaker !== 'disabled') return;
      control.release();
      await this.#pass(1);
    }
  }

  async #untilEnded(): Promise<number> {
    const rows = await this.#rows();
    const withinMs = timeToEndMs(rows, {
      nowMs: this.#world.clock.now(),
      attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
      backoffMsMax: 2 * RETRY.delayMsMax,
      concurrency: CONCURRENCY,
    });
    for (let passedMs = 0; ; passedMs += 1_000) {
      const late = unfinishedIn(this.#process.runtime, await this.#rows(), ({ key }) => {
        return this.#unwell.has(this.#goesTo.get(this.#types.get(key) ?? '') ?? '');
      });
      if (late.every(({ isExcused }) => isExcused)) return passedMs;
      if (passedMs >= withinMs) {
        for (const one of late) {
          if (!one.isExcused) this.#oracle.tell({ event: 'overdue', ...one, afterMs: withinMs });
        }
        return passedMs;
      }
      await this.#pass(1_000);
    }
  }

  async #judge(): Promise<void> {
    // What has just ended gives back what it held.
    await this.#pass(4_000);
    const { runtime } = this.#process;
    const { upstreams, operations } = runtime.getHealthStatus();
    const slotsTaken = Object.values(upstreams).reduce((all, { inFlight }) => all + inFlight, 0);
    const { attemptsRunning } = operations;
    this.#oracle.tell({ event: 'finished', rows: await this.#rows(), slotsTaken, attemptsRunning });
    await this.#stop();
  }
}

function answerTo(key: string): AnswerInPlace {
  if (key.startsWith(CONFLICT)) return 'conflict';
  return key.startsWith(FAULTY) ? 'fault' : null;
}
