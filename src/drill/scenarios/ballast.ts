/**
 * Other work beside the crises: operations in flight, and a queue on disk.
 *
 * @module
 */

import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import type { Runtime } from '../../runtime.ts';
import { pause } from '../measure/figures.ts';
import { WORK_TYPE } from '../stage/stage.ts';

function workOf(number: number, latencyMs: number, of = 'work'): SyncRequest {
  return {
    type: WORK_TYPE,
    subject: `customer-${number % 1_000}`,
    tier: 'basic',
    payload: { number, latencyMs, note: 'x'.repeat(120) },
    idempotencyKey: `${of}-${number}`,
  };
}

/** So long a caller waits before it tries again what was refused. */
const AGAIN_AFTER_MS = 200;

/**
 * Keeps so many operations accepted and not ended, each of which takes the upstream `latencyMs`, until it
 * is told to stop.
 */
export function keepInFlight(
  runtime: Runtime,
  callers: number,
  latencyMs: number,
): { readonly stop: () => void } {
  let isStopped = false;
  let next = 0;
  const call = async (): Promise<void> => {
    while (!isStopped) {
      next += 1;
      try {
        const operation = await runtime.sync(workOf(next, latencyMs));
        await operation.outcome;
      } catch {
        // Refused for now, as where the disk is full; or it stops.
        await pause(AGAIN_AFTER_MS);
      }
    }
  };
  for (let caller = 0; caller < callers; caller += 1) void call();
  return {
    stop() {
      isStopped = true;
    },
  };
}

/** Accepts so many operations; they are on disk when it resolves. */
export async function queueUp(runtime: Runtime, count: number, of?: string): Promise<void> {
  function* requests(): Generator<SyncRequest> {
    for (let number = 0; number < count; number += 1) yield workOf(number, 0, of);
  }
  await runtime.syncAll(requests());
}
