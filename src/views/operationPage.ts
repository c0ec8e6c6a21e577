/**
 * A page of operations, as lists of them are answered.
 *
 * @module
 */

import type { OperationView } from '../../actors/operation/outcome.ts';

/** Operations in order of acceptance. */
export interface OperationPage {
  readonly views: readonly OperationView[];
  /**
   * How many lie between them and can't be shown: set aside (`holdfast quarantine`), or damaged in
   * the file (`holdfast doctor --deep`).
   */
  readonly unreadable: number;
  readonly nextAfterSeq: number | null;
}
