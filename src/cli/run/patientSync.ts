/**
 * Offers a request to the runtime until the store can take it.
 *
 * @module
 */

import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Operation } from '../../operation.ts';
import type { Runtime } from '../../runtime.ts';

/** How long to wait before a request is offered again that the store could not take. */
const OFFER_AGAIN_MS = 500;

/**
 * Offers a request until the store takes it: a disk that stalls or is full is no fault of the
 * request. `null` when `isStopped` said so before.
 *
 * @param request - has an idempotency key, so that offering it again is harmless even if the first
 * offer did reach the disk
 * @throws HoldfastError where trying again can't help
 */
export async function syncPatiently(
  runtime: Runtime,
  request: SyncRequest & { readonly idempotencyKey: string },
  isStopped: () => boolean,
): Promise<Operation | null> {
  while (!isStopped()) {
    try {
      return await runtime.sync(request);
    } catch (error) {
      // Stopping the run closed the runtime; that is no failure.
      if (isStopped()) return null;
      if (!isHoldfastError(error) || error.retry === 'never') throw error;
      await new Promise<void>((resolve) => {
        systemClock.schedule(OFFER_AGAIN_MS, resolve);
      });
    }
  }
  return null;
}
