/**
 * One run of one system through one drill, in virtual time or over loopback.
 *
 * @module
 */

import { systemClock } from '../../actors/platform/systemClock.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { seededRandom } from '../../src/testing/seededRandom.ts';
import { VirtualClock } from '../../src/testing/virtualClock.ts';
import { temporaryFolder } from '../support.ts';
import type { CallRecord, Drill, Job } from './drill.ts';
import type { Ending, Stage, System } from './stage.ts';
import { realTransport, virtualTransport } from './transport.ts';
import { virtualTimers } from './virtualTimers.ts';

/** How a request ended, and when: milliseconds since the start. */
export interface Ended {
  readonly atMs: number;
  readonly ending: Ending;
}

/** All that is known of a run. */
export interface Run {
  readonly drill: Drill;
  readonly system: string;
  readonly seed: number;
  readonly jobs: readonly Job[];
  /** By index of the job; what is not in it had not ended when the run was stopped. */
  readonly ended: ReadonlyMap<number, Ended>;
  readonly calls: readonly CallRecord[];
  /** When the last request ended, or when the run was stopped; milliseconds since the start. */
  readonly tookMs: number;
}

/** So often it is looked whether all has ended, in virtual milliseconds. */
const LOOK_MS = 250;
/** The system's chance is not the server's. */
const CHANCE_APART = 7_919;

/** A run in virtual time. */
export async function runVirtual(drill: Drill, system: System, seed: number): Promise<Run> {
  await system.prepare?.();
  const clock = new VirtualClock();
  const { book, stage, server, jobOf } = setUp(drill, seed, clock);
  const transport = virtualTransport(server, jobOf);
  const restore = system.isOnGlobalTimers
    ? virtualTimers(clock, () => stage.random.next())
    : () => undefined;
  try {
    const stop = system.start({ ...stage, run: transport.run, store: ':memory:' });
    await clock
      .advanceUntil(() => book.isFull || book.atMs() > drill.capMs, drill.capMs + LOOK_MS, LOOK_MS)
      .catch(() => undefined);
    const run = book.close(system.name, server.calls);
    await clock.run(stop());
    return run;
  } finally {
    restore();
    transport.close();
  }
}

/** A run over real HTTP on 127.0.0.1, in real time; holdfast with a store on disk. */
export async function runOnLoopback(drill: Drill, system: System, seed: number): Promise<Run> {
  await system.prepare?.();
  const { book, stage, server, jobOf } = setUp(drill, seed, systemClock);
  const transport = await realTransport(server, jobOf);
  const stop = system.start({ ...stage, run: transport.run, store: temporaryFolder() });
  while (!book.isFull && book.atMs() < drill.capMs) {
    await new Promise<void>((resolve) => {
      systemClock.schedule(LOOK_MS / 10, resolve);
    });
  }
  const run = book.close(system.name, server.calls);
  await stop();
  await transport.close();
  return run;
}

function setUp(drill: Drill, seed: number, clock: Clock) {
  const jobs = drill.jobs(seed);
  const byKey = new Map(jobs.map((job) => [job.key, job]));
  const jobOf = (key: string): Job => {
    const job = byKey.get(key);
    if (job === undefined) throw new Error(`No request has the key ${key}.`);
    return job;
  };
  const book = new Book(drill, seed, jobs, clock);
  const stage: Omit<Stage, 'run' | 'store'> = {
    drill,
    seed,
    jobs,
    clock,
    random: seededRandom(seed * CHANCE_APART),
    ended: (job, ending) => {
      book.note(job, ending);
    },
  };
  return { book, stage, server: drill.server(seed, clock), jobOf };
}

/** Keeps how each request ended. */
class Book {
  readonly #drill: Drill;
  readonly #seed: number;
  readonly #jobs: readonly Job[];
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  readonly #ended = new Map<number, Ended>();
  #isClosed = false;

  constructor(drill: Drill, seed: number, jobs: readonly Job[], clock: Clock) {
    this.#drill = drill;
    this.#seed = seed;
    this.#jobs = jobs;
    this.#clock = clock;
    this.#startedAtMs = clock.monotonic();
  }

  atMs(): number {
    return this.#clock.monotonic() - this.#startedAtMs;
  }

  note(job: Job, ending: Ending): void {
    if (this.#isClosed) return;
    this.#ended.set(job.index, { atMs: this.atMs(), ending });
  }

  get isFull(): boolean {
    return this.#ended.size >= this.#jobs.length;
  }

  close(system: string, calls: readonly CallRecord[]): Run {
    this.#isClosed = true;
    const lastMs = Math.max(0, ...[...this.#ended.values()].map(({ atMs }) => atMs));
    return {
      drill: this.#drill,
      system,
      seed: this.#seed,
      jobs: this.#jobs,
      ended: this.#ended,
      // What the system does while it is stopped is no part of the run.
      calls: calls.map((call) => ({ ...call })),
      tookMs: this.isFull ? lastMs : this.atMs(),
    };
  }
}
