/**
 * The location of a store, and its key: what a channel needs to open it, in two steps, because only the folder's owner
 * may make or read the keyring.
 *
 * @module
 */

import type { Sealing } from '../../sealing/engines.ts';
import type { StoreKey } from '../protocol/requests.ts';

export interface StoreLocation {
  /** True to make a store where there is none. */
  readonly create: boolean;
  /** The engine that seals its records. */
  readonly sealing: Sealing;
  /** Checks the folder and reserves it within this process. */
  reserve(): Promise<{ readonly folder: string; readonly giveBack: () => void }>;
  /** Makes or opens the keyring; called once the folder is owned. */
  unlock(folder: string, hasData: boolean): Promise<StoreKey>;
}
