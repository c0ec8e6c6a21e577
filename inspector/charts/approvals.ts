/**
 * Who has approved which version of a chart (docs/machines/approvals.json). `holdfast charts approve` writes it.
 *
 * @module
 */

import { type Check, hasShape, isText, orAbsent } from '../../machines/vocabulary/shape.ts';
import type { ChartModel } from './chartData.ts';

export interface Approval {
  /** The id of the machine. */
  readonly machine: string;
  /** The hash of the chart that was looked at: the approval holds for no other. */
  readonly hash: string;
  /** What the chart called that version; `null` for one that has none. */
  readonly version: string | null;
  readonly name: string;
  readonly role: string;
  /** The day, as `2026-11-27`. */
  readonly date: string;
  readonly note?: string | undefined;
}

/** Whether somebody has approved a chart as it is. */
export interface Standing {
  readonly machine: string;
  readonly hash: string;
  readonly version: string | null;
  /** `void`: approved once, and changed since. */
  readonly state: 'approved' | 'void' | 'never';
  /** Approvals of the chart as it is; where they are void, those of the version approved last. */
  readonly approvals: readonly Approval[];
}

const isApproval = hasShape({
  machine: isText,
  hash: isText,
  version: (value) => value === null || isText(value),
  name: isSeen,
  role: isSeen,
  date: (value) => isText(value) && isDate(value as string),
  note: orAbsent(isSeen),
});
const isApprovals: Check = (value) => Array.isArray(value) && value.every(isApproval);
const isFile = hasShape({ format: (value) => value === 1, approvals: isApprovals });

/** Whether a value is one line of visible characters: no name may look like another. */
export function isSeen(value: unknown): boolean {
  return typeof value === 'string' && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(value);
}

/** Whether a text is a day as approvals have it. */
export function isDate(text: string): boolean {
  const isWritten = /^\d{4}-\d\d-\d\d$/.test(text);
  return isWritten && new Date(`${text}T00:00:00Z`).toJSON()?.slice(0, 10) === text;
}

/** What the file says; `null` where it can't be read. */
export function readApprovals(text: string): readonly Approval[] | null {
  try {
    const read: unknown = JSON.parse(text);
    return isFile(read) ? (read as { readonly approvals: readonly Approval[] }).approvals : null;
  } catch {
    return null;
  }
}

/** The text of the file: by machine, then by date; the same approvals give the same text. */
export function writeApprovals(approvals: readonly Approval[]): string {
  const sorted = approvals.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return `${JSON.stringify({ format: 1, approvals: sorted }, null, 2)}\n`;
}

/** The file with this approval alone; `null` while name or role is missing or has invisible characters. */
export function approvalText(
  { id, hash, version }: Pick<ChartModel, 'id' | 'hash' | 'version'>,
  who: { readonly name: string; readonly role: string },
  nowMs: number,
): string | null {
  const [name, role] = [who.name, who.role].map((text) => text.trim().normalize('NFC'));
  if (!name || !role || !isSeen(name) || !isSeen(role)) return null;
  const date = new Date(nowMs).toISOString().slice(0, 10);
  return writeApprovals([{ machine: id, hash, version, name, role, date }]);
}

/** The approvals with one more, which replaces that of the same version by the same person in the same role. */
export function withApproval(approvals: readonly Approval[], made: Approval): readonly Approval[] {
  const others = approvals.filter(
    ({ machine, hash, name, role }) =>
      machine !== made.machine || hash !== made.hash || name !== made.name || role !== made.role,
  );
  return [...others, made];
}

/** Whether a chart is approved: an approval holds for one hash, and is void once the chart has another. */
export function standingOf(
  { id, hash, version }: Pick<ChartModel, 'id' | 'hash' | 'version'>,
  approvals: readonly Approval[],
): Standing {
  const own = approvals.filter(({ machine }) => machine === id);
  const present = own.filter((approval) => approval.hash === hash);
  const last = own.toSorted((a, b) => (a.date < b.date ? 1 : -1))[0]?.hash;
  const state = present.length > 0 ? 'approved' : own.length > 0 ? 'void' : 'never';
  const shown = state === 'approved' ? present : own.filter((approval) => approval.hash === last);
  return { machine: id, hash, version, state, approvals: shown };
}

function keyOf({ machine, date, name, role, hash }: Approval): string {
  return JSON.stringify([machine, date, name, role, hash]);
}
