/**
 * An edit that somebody has made, in the words of the judge: what it puts into the record, and what it takes out.
 *
 * @module
 */

import type { Entity } from '../../../machines/vocabulary/record.ts';

export interface MadeEdit {
  readonly device: string;
  readonly entity: Entity;
  /** The key of its request. */
  readonly key: string;
  /** A text that it puts there and that occurs nowhere else; `null` where it only takes out. */
  readonly mark: string | null;
  /** Whether others may write at its place, too: then it may be kept with a conflict alone. */
  readonly isRival: boolean;
  /** The mark that it was put in place of, knowingly; `null` for none. */
  readonly replaces: string | null;
  /** Pointers of what a person has confirmed the removal of. */
  readonly removes: readonly string[];
  /** The id of the item that it changes; `null` for none. */
  readonly touches: string | null;
}
