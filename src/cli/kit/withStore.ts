/**
 * Reaches the store of a command through its owner or, at rest, by opening it.
 *
 * @module
 */

import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { UpkeepOptions, UpkeepProgress } from '../../../persistence/upkeep/progress.ts';
import { askOwner, ownersCalls } from '../../control/controlClient.ts';
import { withStoreAtRest } from '../../management/atRest.ts';
import type { Caller } from '../../management/managementCall.ts';
import { health } from '../../management/store.ts';
import { anchorPlace } from './anchorPlace.ts';
import { createOutput, type Output } from './output.ts';
import { onInterrupt } from './program.ts';
import { storeKey } from './storeKey.ts';
import type { AnchorOptions, StoreOptions } from './storeOptions.ts';

/**
 * Makes management calls on a store, through its owner or, at rest, by opening it. Then this process owns it until
 * `use` has ended.
 *
 * @throws HoldfastError `HF_STORE_…` or `HF_KEY_…`, and what the calls throw.
 */
export async function withStore<Result>(
  options: StoreOptions & AnchorOptions,
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
  const anchor = await anchorPlace(options, folder);
  return await withStoreAtRest({ folder, key, anchor, onQuarantine }, (management) =>
    use(management, { isAtRest: true }),
  );
}

/** The name and the unit of each step. */
const STEPS: Readonly<Record<UpkeepProgress['step'], readonly [what: string, unit: string]>> = {
  copying: ['copying', 'pages'],
  checkingFiles: ['checking files', 'bytes'],
  checkingTables: ['checking tables', 'tables'],
  openingRecords: ['opening records', 'records'],
  purging: ['purging', 'rows'],
};

/**
 * Does long work on a store with progress on stderr. Ctrl-C ends it: then it resolves with `null`, and the command
 * exits with `EXIT.interrupted`.
 */
export async function runUpkeep<Result>(
  output: Output,
  work: (options: UpkeepOptions) => Promise<Result>,
): Promise<Result | null> {
  const stop = new AbortController();
  const forgetSignals = onInterrupt(output, () => {
    stop.abort();
  });
  try {
    return await work({
      clock: systemClock,
      signal: stop.signal,
      onNotice: (text) => {
        output.say(`holdfast: ${text}`);
      },
      onProgress: ({ step, done, total }) => {
        const [what, unit] = STEPS[step];
        output.progress(() => `${what}: ${done} of ${total} ${unit}`);
      },
    });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return null;
  } finally {
    output.endProgress();
    forgetSignals();
  }
}
