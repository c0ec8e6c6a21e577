/**
 * Where a store lies and how it is unlocked: what a channel needs to open it, in two steps, because
 * the keyring may only be made or read by the folder's owner.
 *
 * @module
 */

import type { Sealing } from '../../sealing/engines.ts';
import type { StoreKey } from '../protocol/requests.ts';

export interface StoreLocation {
  /** Whether a store is made where there is none. */
  readonly create: boolean;
  /** The engine that seals its records. */
  readonly sealing: Sealing;
  /** Checks the folder and reserves it within this process. */
  reserve(): Promise<{ readonly folder: string; readonly giveBack: () => void }>;
  /** Makes or opens the keyring; called once the folder is owned. */
  unlock(folder: string, hasData: boolean): Promise<StoreKey>;
}
