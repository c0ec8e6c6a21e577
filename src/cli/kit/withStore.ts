/**
 * A store that a command works on: through the process that owns it, or, when nobody does, by opening it.
 *
 * @module
 */

import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { askOwner, ownersCalls } from '../../control/controlClient.ts';
import { withStoreAtRest } from '../../management/atRest.ts';
import type { Caller } from '../../management/call/managementCall.ts';
import { health } from '../../management/store/health.ts';
import type { StoreOptions } from './command.ts';
import { createOutput } from './output.ts';

/**
 * Makes management calls on a store: through the process that owns it, or, when nobody does, by opening
 * it. Then it is owned until `use` has ended.
 *
 * @throws HoldfastError `HF_STORE_…` or `HF_KEY_…`, and what the calls throw.
 */
export async function withStore<Result>(
  { store: folder, keyFile: keyPath }: StoreOptions,
  use: (caller: Caller, how: { readonly isAtRest: boolean }) => Promise<Result>,
): Promise<Result> {
  const owner = await askOwner(folder, health, {});
  if (owner !== null) return await use(ownersCalls(folder), { isAtRest: false });
  const onQuarantine = ({ id, code }: { readonly id: string; readonly code: string }): void => {
    createOutput({ json: false }).say(
      `holdfast: ${id} can't be opened (${code}) and is set aside; see holdfast quarantine.`,
    );
  };
  return await withStoreAtRest({ folder, key: keyFile(keyPath), onQuarantine }, (management) =>
    use(management, { isAtRest: true }),
  );
}
