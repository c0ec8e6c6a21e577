/**
 * An edit that somebody has made, in the judge's terms: what it writes into the record, and what it removes.
 *
 * @module
 */

import type { Entity } from '../../../machines/vocabulary/record.ts';

export interface MadeEdit {
  readonly device: string;
  readonly entity: Entity;
  /** Key of its request. */
  readonly key: string;
  /** Text that it writes there and that occurs nowhere else; `null` where it only removes. */
  readonly mark: string | null;
  /** True if others may write at the same place: a conflict alone may then keep it. */
  readonly isRival: boolean;
  /** Mark that it knowingly replaces; `null` for none. */
  readonly replaces: string | null;
  /** Pointers whose removal a person has confirmed. */
  readonly removes: readonly string[];
  /** Id of the item that it changes; `null` for none. */
  readonly touches: string | null;
}
