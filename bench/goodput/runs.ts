/**
 * One run of one system through one drill, in virtual time or over loopback.
 *
 * @module
 */

import { systemClock } from '../../actors/platform/systemClock.ts';
import type { Run as Handler } from '../../actors/port.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { type SeededRandom, seededRandom } from '../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../src/virtual/virtualClock.ts';
import { temporaryFolder } from '../support.ts';
import type { CallRecord, Drill, DrillServer, Job } from './drill.ts';
import type { Ending, Stage, System } from './stage.ts';
import { type Backend, realTransport, virtualTransport } from './transport.ts';
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
  readonly keepsLanes: boolean;
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
  const play = new Play(drill, seed, clock);
  const transport = virtualTransport(play);
  const restore = system.isOnGlobalTimers
    ? virtualTimers(clock, () => play.random.next())
    : () => undefined;
  try {
    const stage = play.stage(transport.run, ':memory:');
    const { begin, stop } = await clock.run(system.open(stage));
    play.start();
    begin();
    while (!play.isOver) await clock.advance(LOOK_MS);
    const run = play.close(system);
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
  const play = new Play(drill, seed, systemClock);
  const transport = await realTransport(play);
  const { begin, stop } = await system.open(play.stage(transport.run, temporaryFolder()));
  play.start();
  begin();
  while (!play.isOver) {
    await new Promise<void>((resolve) => {
      systemClock.schedule(LOOK_MS / 10, resolve);
    });
  }
  const run = play.close(system);
  await stop();
  await transport.close();
  return run;
}

/** One playing of a drill: its requests, its server, and how each request ended. */
class Play implements Backend {
  readonly random: SeededRandom;
  readonly #drill: Drill;
  readonly #seed: number;
  readonly #jobs: readonly Job[];
  readonly #byKey: ReadonlyMap<string, Job>;
  readonly #clock: Clock;
  readonly #ended = new Map<number, Ended>();
  #startedAtMs = 0;
  #server: DrillServer | null = null;
  #isClosed = false;

  constructor(drill: Drill, seed: number, clock: Clock) {
    this.random = seededRandom(seed * CHANCE_APART);
    this.#drill = drill;
    this.#seed = seed;
    this.#jobs = drill.jobs(seed);
    this.#byKey = new Map(this.#jobs.map((job) => [job.key, job]));
    this.#clock = clock;
  }

  stage(run: Handler, store: string): Stage {
    return {
      drill: this.#drill,
      seed: this.#seed,
      jobs: this.#jobs,
      clock: this.#clock,
      random: this.random,
      run,
      store,
      ended: (job, ending) => {
        if (!this.#isClosed) this.#ended.set(job.index, { atMs: this.#atMs(), ending });
      },
    };
  }

  /** From now on time counts. */
  start(): void {
    this.#startedAtMs = this.#clock.monotonic();
    this.#server = this.#drill.server(this.#seed, this.#clock);
  }

  get server(): DrillServer {
    if (this.#server === null) throw new Error('The drill has not started.');
    return this.#server;
  }

  jobOf(key: string): Job {
    const job = this.#byKey.get(key);
    if (job === undefined) throw new Error(`No request has the key ${key}.`);
    return job;
  }

  /** Whether every request has ended, or the time of the drill is up. */
  get isOver(): boolean {
    return this.#ended.size >= this.#jobs.length || this.#atMs() >= this.#drill.capMs;
  }

  close({ name, keepsLanes }: System): Run {
    this.#isClosed = true;
    const isFull = this.#ended.size >= this.#jobs.length;
    const lastMs = Math.max(0, ...[...this.#ended.values()].map(({ atMs }) => atMs));
    return {
      drill: this.#drill,
      system: name,
      keepsLanes,
      seed: this.#seed,
      jobs: this.#jobs,
      ended: this.#ended,
      // What the system does while it is stopped is no part of the run.
      calls: this.server.calls.map((call) => ({ ...call })),
      tookMs: isFull ? lastMs : this.#atMs(),
    };
  }

  #atMs(): number {
    return this.#clock.monotonic() - this.#startedAtMs;
  }
}
