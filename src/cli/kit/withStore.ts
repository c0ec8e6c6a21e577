/**
 * Reaches the store of a command through its owner or, at rest, by opening it.
 *
 * @module
 */

import { askOwner, ownersCalls } from '../../control/controlClient.ts';
import { withStoreAtRest } from '../../management/atRest.ts';
import type { Caller } from '../../management/managementCall.ts';
import { health } from '../../management/store.ts';
import { createOutput } from './output.ts';
import { storeKey } from './storeKey.ts';
import type { StoreOptions } from './storeOptions.ts';

/**
 * Makes management calls on a store, through its owner or, at rest, by opening it. Then this process owns it until
 * `use` has ended.
 *
 * @throws HoldfastError `HF_STORE_…` or `HF_KEY_…`, and what the calls throw.
 */
export async function withStore<Result>(
  options: StoreOptions,
  use: (caller: Caller, how: { readonly isAtRest: boolean }) => Promise<Result>,
): Promise<Result> {
  const { store: folder } = options;
  const owner = await askOwner(folder, health, {});
  if (owner !== null) return await use(ownersCalls(folder), { isAtRest: false });
  const onQuarantine = ({ id, code }: { readonly id: string; readonly code: string }): void => {
    createOutput({ json: false }).say(
      `holdfast: ${id} can't be opened (${code}) and is quarantined; see holdfast quarantine.`,
    );
  };
  const key = await storeKey(options, folder);
  return await withStoreAtRest({ folder, key, onQuarantine }, (management) =>
    use(management, { isAtRest: true }),
  );
}
