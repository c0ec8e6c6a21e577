/**
 * The drill while the process itself is troubled: its memory is churned, its descriptors are used up, its clock is set.
 *
 * @module
 */

import { closeSync, existsSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { GCProfiler } from 'node:v8';
import { machineMs, systemClock } from '../../../actors/platform/systemClock.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { className } from '../../../machines/vocabulary/errors.ts';
import { becomes } from '../measure/figures.ts';
import { keepInFlight } from './ballast.ts';
import type { Scenario } from './scenario.ts';

const DAY_MS = 86_400_000;
const CALLERS = 20;
/** What is kept alive, in objects, so that a full collection has something to walk. */
const KEPT_OBJECTS = 1_000_000;
/** What is thrown away, in objects, each few milliseconds. */
const CHURN_OBJECTS = 20_000;
const CHURN_EVERY_MS = 5;

export const garbage: Scenario = {
  name: 'gc-pressure',
  title: 'Garbage collection pressure',
  means: 'a million objects are kept, and millions thrown away, in a heap with little room',
  nodeOptions: ['--max-old-space-size=256'],
  seconds: { full: 24, short: 3 },
  async run(stage) {
    const runtime = await stage.openWell();
    const kept = Array.from({ length: KEPT_OBJECTS }, (_, number) => ({ number }));
    const profiler = new GCProfiler();
    let isOver = false;
    const churn = (): void => {
      // Some are kept for a while, in the place of others: only that makes full collections.
      for (let count = 0; count < CHURN_OBJECTS; count += 1) {
        const number = (count * 48_271) % KEPT_OBJECTS;
        kept[number] = { number };
      }
      if (!isOver) systemClock.schedule(CHURN_EVERY_MS, churn);
    };
    profiler.start();
    churn();
    await stage.stream(runtime);
    isOver = true;
    const { statistics } = profiler.stop();
    const pausesMs = statistics.map(({ cost }) => cost / 1_000);
    const longestMs = Math.max(0, ...pausesMs);
    stage.saw(
      statistics.length > 0,
      `${statistics.length} collections, the longest of ${longestMs.toFixed(1)} ms`,
    );
  },
};

export const noDescriptor: Scenario = {
  name: 'descriptors',
  title: 'No descriptor left',
  means: 'the process has as many files open as it may, so that no connection gets a descriptor',
  seconds: { full: 24, short: 4 },
  // They share few connections.
  crises: { full: 2_000, short: 200 },
  descriptorsMax: 512,
  async run(stage) {
    const runtime = await stage.openWell();
    const taken: number[] = [];
    const said = takeAll(taken);
    stage.saw(
      said === 'EMFILE',
      `${taken.length} files were opened, until the system said ${said}`,
    );
    stage.atEnd(() => {
      for (const descriptor of taken) closeSync(descriptor);
    });
    let delivered = 0;
    const stop = runtime.subscribe(({ kind }) => {
      if (kind === 'attempt.succeeded') delivered += 1;
    });
    await stage.stream(runtime);
    stop();
    stage.saw(delivered > 0, `${delivered} crises were delivered while there was none`);
  },
};

/** Opens files until there is no descriptor left; gives the code of what the system says then. */
function takeAll(taken: number[]): string {
  try {
    for (;;) taken.push(openSync(devNull, 'r'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? className(error);
  }
}

/** Real time, with a wall clock that can be set. */
class SettableClock implements Clock {
  #aheadMs = 0;

  set(aheadMs: number): void {
    this.#aheadMs = aheadMs;
  }

  now(): number {
    return systemClock.now() + this.#aheadMs;
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  schedule(delayMs: number, wake: () => void): () => void {
    return systemClock.schedule(delayMs, wake);
  }

  defer(go: () => void): void {
    systemClock.defer(go);
  }
}

export const clockSet: Scenario = {
  name: 'clock-set',
  title: 'Clock set back and forward by a day',
  means:
    'the wall clock that the runtime is given is set back by a day, then forward by two, while the upstream is offline and crises wait',
  wellMeans: 'the upstream is back',
  seconds: { full: 36, short: 6 },
  async run(stage) {
    const clock = new SettableClock();
    const runtime = await stage.openWell({ clock });
    const work = keepInFlight(runtime, CALLERS, 50);
    const answers = stage.stream(runtime);
    await stage.pauseFor(1 / 6);
    await stage.upstream.goOffline();
    await stage.pauseFor(1 / 6);
    clock.set(-DAY_MS);
    await stage.pauseFor(1 / 6);
    clock.set(DAY_MS);
    await stage.pauseFor(1 / 6);
    const { retries } = runtime.getHealthStatus().operations;
    await stage.upstream.comeBack();
    stage.wellNow();
    stage.saw(retries > 0, `${retries} attempts were repeated while it was set`);
    await answers;
    work.stop();
  },
};

/** How long the event loop is blocked at a time, and how long it then runs. */
const BLOCK_MS = 1_000;
const RUN_MS = 1_500;

export const loopBlocked: Scenario = {
  name: 'loop-blocked',
  title: 'Event loop blocked for a second (outside callers)',
  means:
    'the main thread computes for a second, again and again; another process asks at the socket of crisis.outside',
  seconds: { full: 30, short: 4 },
  async run(stage) {
    const socketPath = join(stage.storeFolder, 'crisis.sock');
    const runtime = await stage.openWell({ crisis: { outside: { socketPath: true } } });
    const isListening = await becomes(() => existsSync(socketPath), 10_000);
    stage.saw(isListening, 'a thread answered at a socket in the folder of the store');
    let isOver = false;
    const block = (): void => {
      const untilMs = machineMs() + BLOCK_MS;
      while (machineMs() < untilMs);
      if (!isOver) systemClock.schedule(RUN_MS, block);
    };
    systemClock.schedule(RUN_MS, block);
    await stage.streamOutside(socketPath);
    isOver = true;
    const { blocked, longestMs } = runtime.getHealthStatus().eventLoop;
    stage.saw(
      longestMs >= BLOCK_MS / 2,
      `the loop was blocked ${blocked} times, for ${Math.round(longestMs)} ms at the longest`,
    );
  },
};
