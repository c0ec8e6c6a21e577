/**
 * Who has approved which version of a chart (docs/machines/approvals.json). `holdfast charts approve` writes it.
 *
 * @module
 */

import { type Check, hasShape, isText, orAbsent } from '../../../machines/vocabulary/shape.ts';
import { parsed } from './coverage.ts';

export interface Approval {
  /** The id of the machine. */
  readonly machine: string;
  /** That of the chart that was looked at: of another one it says nothing. */
  readonly hash: string;
  readonly name: string;
  readonly role: string;
  /** As `2026-11-27`. */
  readonly date: string;
  readonly note?: string | undefined;
}

const isApproval = hasShape({
  machine: isText,
  hash: isText,
  name: isText,
  role: isText,
  date: (value) => isText(value) && /^\d{4}-\d\d-\d\d$/.test(value as string),
  note: orAbsent(isText),
});
const isApprovals: Check = (value) => Array.isArray(value) && value.every(isApproval);
const isFile = hasShape({ format: (value) => value === 1, approvals: isApprovals });

/** What the file says; `null` where it can't be read. */
export function readApprovals(text: string): readonly Approval[] | null {
  const read = parsed(text);
  return isFile(read) ? (read as { readonly approvals: readonly Approval[] }).approvals : null;
}
