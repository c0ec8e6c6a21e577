/**
 * What the parts of the store contract are given: the store of the test that is running.
 *
 * @module
 */

import type { Store } from '../../../persistence/port/store.ts';

export interface Contract {
  /** Opened, and empty at the start of the test. */
  readonly store: () => Store;
  /** Closes it and gives another over the same data, not opened yet. */
  readonly reopened: () => Promise<Store>;
  readonly faultsReachIt: boolean;
}
