/**
 * Warns of a program that has come to its end without closing its runtime.
 *
 * @module
 */

import { isMainThread } from 'node:worker_threads';
import { systemClock } from '../actors/platform/systemClock.ts';
import type { Clock } from '../machines/vocabulary/clock.ts';
import type { HealthStatus } from './views/health.ts';

/** Time of the first check. Each next one comes after twice the time, so that a process at rest sleeps. */
const FIRST_LOOK_MS = 10_000;

/**
 * Handles that keep a process with nothing but an open runtime alive, as Node names them, with how many of each may
 * be there: a timer of the runtime, and a terminal for output and errors. Anything else, even a second timer, may be
 * work of the program.
 */
const OF_NO_PROGRAM: Readonly<Record<string, number>> = { Timeout: 1, TTYWrap: 2 };

export interface ForgottenCloseParts {
  readonly store: string;
  readonly health: () => HealthStatus;
  readonly schedule: Clock['schedule'];
  readonly activeResources: () => readonly string[];
  readonly warn: (message: string) => void;
}

/**
 * Warns once when a program has come to its end and an open runtime is all that keeps its process alive, which looks
 * like a hang otherwise (UX-3). The returned function ends the watch.
 */
export function watchForForgottenClose(parts: ForgottenCloseParts): () => void {
  let afterMs = FIRST_LOOK_MS;
  let cancel = parts.schedule(afterMs, look);
  function look(): void {
    if (hasProgramEnded(parts.activeResources()) && isAtRest(parts.health())) {
      parts.warn(
        `Nothing but the open runtime over the store in ${parts.store} keeps this process alive, and nothing is left for it to do. Call runtime.close() when the program is done.`,
      );
      return;
    }
    afterMs *= 2;
    cancel = parts.schedule(afterMs, look);
  }
  return () => {
    cancel();
  };
}

/** A watch over this process, from its begin to its end. */
export interface ProcessWatch {
  readonly begin: (health: () => HealthStatus) => void;
  readonly end: () => void;
}

/** Watches this process, unless what keeps it alive can't be told. */
export function watchOfProcess({
  store,
  clock,
}: {
  readonly store: string;
  readonly clock: Clock;
}): ProcessWatch {
  // Nothing to warn of: a store in memory has no thread, an Electron app lives by its windows, a thread by its
  // parent.
  const isOther =
    store === ':memory:' || process.versions['electron'] !== undefined || !isMainThread;
  let end = (): void => undefined;
  return {
    begin: (health) => {
      if (isOther || clock !== systemClock) return;
      end = watchForForgottenClose({
        store,
        health,
        schedule: (delayMs, wake) => systemClock.schedule(delayMs, wake),
        activeResources: () => process.getActiveResourcesInfo(),
        warn: (message) => {
          process.emitWarning(message, { type: 'HoldfastWarning', code: 'HOLDFAST_NOT_CLOSED' });
        },
      });
    },
    end: () => {
      end();
    },
  };
}

function hasProgramEnded(resources: readonly string[]): boolean {
  const counts = new Map<string, number>();
  for (const kind of resources) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].every(([kind, count]) => count <= (OF_NO_PROGRAM[kind] ?? 0));
}

/**
 * Whether nothing is in memory, under way or due. Work that waits for a person or a handler does not run by itself.
 */
function isAtRest({ phase, operations, waiting }: HealthStatus): boolean {
  return (
    phase === 'running' &&
    operations.inMemory === 0 &&
    operations.attemptsRunning === 0 &&
    waiting.turn + waiting.inLane + waiting.scheduled + waiting.rateLimited === 0
  );
}
