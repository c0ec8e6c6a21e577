/**
 * The management calls on a store at rest, which this process owns meanwhile.
 *
 * @module
 */

import { systemClock } from '../../actors/platform/systemClock.ts';
import { systemRandom } from '../../actors/platform/systemRandom.ts';
import type { CrisisView } from '../../actors/port.ts';
import { recordsAtRest } from '../../actors/recordsAtRest.ts';
import { checkRequest } from '../../machines/policy/request/request.ts';
import { PAYLOAD_BYTES_MAX } from '../../machines/policy/request/requestBody.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Random } from '../../machines/vocabulary/random.ts';
import { openAtRest, type StoreOptions } from '../../persistence/openStore.ts';
import type { Hold } from '../../persistence/port/hold.ts';
import type { QuarantinedRow, Store } from '../../persistence/port/store.ts';
import { Management } from './call/management.ts';

/**
 * Opens a store that nobody owns, and closes it once `use` has ended.
 *
 * @throws HoldfastError (rejects) `HF_STORE_…` or `HF_KEY_…`, and what `use` throws.
 */
export async function withStoreAtRest<Result>(
  options: StoreOptions & { readonly onQuarantine: (row: QuarantinedRow) => void },
  use: (management: Management) => Promise<Result>,
): Promise<Result> {
  const { store, info } = await openAtRest(options);
  store.onQuarantine(options.onQuarantine);
  try {
    const payloadBytesMax = PAYLOAD_BYTES_MAX;
    const { hold } = info;
    const parts = { store, hold, clock: systemClock, random: systemRandom, payloadBytesMax };
    return await use(managementAtRest(parts));
  } finally {
    await store.close();
  }
}

/** The crises of a store that is open and that nothing runs on, those that can't be read among them. */
export async function openCrisesAtRest(
  store: Store,
  hold: Hold | null,
): Promise<readonly CrisisView[]> {
  return await recordsAtRest(store, hold, systemClock, systemRandom).crises.open();
}

/** The calls on a store that is open and that nothing runs on. */
export function managementAtRest(parts: {
  readonly store: Store;
  readonly hold: Hold | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly payloadBytesMax: number;
}): Management {
  const { clock, random, payloadBytesMax } = parts;
  const records = recordsAtRest(parts.store, parts.hold, clock, random);
  return new Management({
    store: {
      records,
      clock,
      random,
      // Nobody knows the handlers here, and what they exempt from the search for card data.
      checkRequest: async (request) => checkRequest(request, { payloadBytesMax }),
      release: () => records.release(),
    },
    runtime: null,
    whenOpen: () => Promise.resolve(),
    onOverride: () => undefined,
  });
}
