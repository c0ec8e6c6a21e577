/**
 * What becomes of open questions by the edits that follow them, so that one question is open about a record and a path
 * (CF-6).
 *
 * - A conflict that is met while another about its record is open joins that one, and has its id from then on. The id is
 *   made once, by the store that met the first, and travels with the record: it is the same on every device.
 * - What somebody wrote gives way to what they made of it, never to what another wrote. An edit of this store is made of
 *   what its ancestor has at that path. Of another device the store itself tells sides apart, so its later words follow
 *   its earlier ones.
 * - An edit whose base has both sides, and that changes what is asked about, settles the question.
 *
 * @module
 */

import { fieldsOf } from '../merge/clock/recordMeta.ts';
import type { Alternative, AuditEntry, ReviewItem } from '../merge/rules/ruling.ts';
import { canonical, compareText, isSame } from '../merge/values/canonical.ts';
import { sha256 } from '../merge/values/sha256.ts';
import { baseOf } from '../policy/request/editRequest.ts';
import type { RequestBody } from '../policy/request/requestBody.ts';
import type { Json } from '../vocabulary/shape.ts';
import { type ConflictRecord, isOpen } from './conflictRecord.ts';
import { ancestorOf, type Comparison } from './editBase.ts';
import { valueAt, withValueAt } from './items.ts';

/** An edit of this store that follows an open question about its record. */
export interface LaterEdit {
  readonly id: string;
  /** The name of this store in vectors. */
  readonly device: string;
  readonly acceptedAtMs: number;
  /** What the app made it of; `null` where nobody knows: then it follows nothing. */
  readonly ancestor: Json | null;
  /** The text as the app gave it. */
  readonly given: Json;
  /** JSON Pointers of what it takes out. */
  readonly removed: readonly string[];
  /** The record as it is in force with the edit; left out where the edit still waits for the decision. */
  readonly inForce?: Json | undefined;
  /** The app had both sides of the question when it was made. */
  readonly knows: (open: ConflictRecord) => boolean;
}

const SETTLED = 'settled by a later edit that knew both';
const DECIDED = 'decided by a person';

/** An edit that is compared, as questions about its record see it. */
export function laterEditOf(comparison: Comparison, id: string, inForce: Json): LaterEdit {
  const { edit, device } = comparison;
  return {
    ...{ id, device, inForce },
    acceptedAtMs: edit.acceptedAtMs,
    ancestor: ancestorOf(comparison),
    given: edit.body.payload,
    removed: removedBy(edit.body),
    knows: (open) => isBaseOfBoth(comparison, open),
  };
}

/** An edit that waits behind one that a person is asked about. */
export function waitingEditOf(
  { id, device, acceptedAtMs }: Pick<LaterEdit, 'id' | 'device' | 'acceptedAtMs'>,
  body: RequestBody,
): LaterEdit {
  const { value: ancestor } = baseOf(body.base);
  const its = { id, device, acceptedAtMs, ancestor, given: body.payload };
  return { ...its, removed: removedBy(body), knows: () => false };
}

function removedBy({ removals = [] }: RequestBody): readonly string[] {
  return removals.map(({ path }) => path);
}

/** Whether the version that an edit was made on has both sides of a question in it. */
function isBaseOfBoth({ record, edit }: Comparison, open: ConflictRecord): boolean {
  const { version } = baseOf(edit.body.base);
  const current = record?.current?.version ?? null;
  if (typeof version !== 'string' || record === null || open.isHeld) return false;
  // Of the other side's version: with the edits that waited then, or where the question came with it.
  if (version === open.version) {
    return open.operationId === null || typeof fieldsOf(edit.body.base)?.['edit'] === 'string';
  }
  const order = [...record.past, current];
  const met = order.lastIndexOf(open.version);
  return met === -1 ? version === current : order.lastIndexOf(version) > met;
}

/** The conflict after a later edit of this store; as it is where that is about nothing that is asked. */
export function afterLaterEdit(open: ConflictRecord, edit: LaterEdit): ConflictRecord {
  const { ancestor, inForce, device, acceptedAtMs: atMs } = edit;
  const { behind = [] } = open;
  if (open.state !== 'awaitingReview' || ancestor === null) return open;
  if (edit.id === open.operationId || behind.includes(edit.id)) return open;
  const items: ReviewItem[] = [];
  const audit: AuditEntry[] = [];
  let value = open.value;
  let follows = 0;
  let isBeside = false;
  for (const item of open.items) {
    const { path, rule, alternatives } = item;
    const before = valueAt(ancestor, path) ?? null;
    const after = saidAt(edit, path, before);
    if (after === undefined || isSame(before, after)) {
      items.push(item);
      continue;
    }
    const stands = valueAt(value, path) ?? null;
    // While it waits, the app is shown what stands: what is made of that is made of both.
    const isOfBoth = open.isHeld && isSame(stands, before);
    const next = followed(item, { before, after, device, atMs, isOfBoth });
    if (edit.knows(open) || next === null) {
      audit.push({ path, rule, reason: SETTLED, kept: after, lost: alternatives });
      continue;
    }
    if (next === item) isBeside = true;
    else {
      follows += 1;
      const isOwn = alternatives.some((one) => one.actor === device && isSame(one.value, stands));
      if (open.isHeld && isOwn) value = withValueAt(value, path, after);
    }
    items.push(next);
  }
  const isSettled = audit.length > 0;
  if (follows === 0 && !isSettled && !isStandingElsewhere(open, inForce)) return open;
  return {
    ...open,
    state: isSettled && items.length === 0 ? 'resolved' : open.state,
    items,
    audit: [...open.audit, ...audit],
    value: inForce ?? value,
    ...(open.isHeld && !isBeside ? { behind: [...behind, edit.id] } : {}),
  };
}

/** What an edit says at a path; `undefined` where it says nothing: what it does not mention is not known to it. */
function saidAt({ given, removed }: LaterEdit, path: string, before: Json): Json | undefined {
  if (path === '') return undefined;
  if (removed.includes(path)) return null;
  const said = valueAt(given, path);
  return said === null && typeof before === 'object' ? undefined : said;
}

/** What is asked about is another in the record by now than the conflict shows. */
function isStandingElsewhere({ items, value }: ConflictRecord, inForce: Json | undefined): boolean {
  if (inForce === undefined) return false;
  return items.some(
    ({ path }) => !isSame(valueAt(value, path) ?? null, valueAt(inForce, path) ?? null),
  );
}

/** The question with what this store wrote later in place of what that was made of; `null` where both agree then. */
function followed(
  item: ReviewItem,
  {
    before,
    after,
    device,
    atMs,
    isOfBoth,
  }: {
    readonly before: Json;
    readonly after: Json;
    readonly device: string;
    readonly atMs: number;
    /** The version was made of what is shown, so it follows whatever this store wrote. */
    readonly isOfBoth: boolean;
  },
): ReviewItem | null {
  const isOwn = (one: Alternative): boolean =>
    one.actor === device && (isOfBoth || isSame(one.value, before));
  if (!item.alternatives.some(isOwn)) return item;
  const alternatives = item.alternatives.map((one) =>
    isOwn(one) ? { value: after, actor: device, atMs } : one,
  );
  // Of a question that came with the record not all words are here.
  const isOne = distinct(item.alternatives).length < 2;
  return isOne ? { ...item, alternatives } : asked(item, distinct(alternatives));
}

/**
 * The open conflict with another about the same record in it.
 *
 * @param edit the one that met `next`
 */
export function joined(
  open: ConflictRecord,
  next: ConflictRecord,
  edit: LaterEdit,
): ConflictRecord {
  // Met again, as after a crash or in its next round: only what others left open stands beside it.
  const isAgain = open.operationId === next.operationId;
  const before = isAgain
    ? { ...open, items: open.earlier ?? [] }
    : afterLaterEdit(open, { ...edit, inForce: undefined });
  const byPath = new Map(before.items.map((item) => [item.path, item]));
  const place = (path: string) => ({
    before: edit.ancestor === null ? undefined : (valueAt(edit.ancestor, path) ?? null),
    after: saidAt(
      edit,
      path,
      edit.ancestor === null ? null : (valueAt(edit.ancestor, path) ?? null),
    ),
  });
  for (const item of next.items) {
    const earlier = byPath.get(item.path);
    byPath.set(
      item.path,
      earlier === undefined ? item : together(earlier, item, edit.device, place(item.path)),
    );
  }
  const items = [...byPath.values()].toSorted((one, other) => compareText(one.path, other.path));
  return {
    ...next,
    id: open.id,
    openedAtMs: open.openedAtMs,
    decisions: open.decisions,
    items,
    earlier: before.items,
    audit: auditOfBoth(before, next),
    state: items.length === 0 ? next.state : 'awaitingReview',
  };
}

/**
 * The audit of a conflict that is met again once it was decided: what is merged now is the decision, without the words
 * that rules, or the person, had not taken before.
 */
export function auditSinceDecided(
  before: ConflictRecord,
  next: Pick<ConflictRecord, 'audit'>,
): readonly AuditEntry[] {
  const after = before.decisions.at(-1)?.after ?? null;
  const items = isOpen(before) ? [] : before.items;
  const decided = items.flatMap(({ path, rule, alternatives }) => {
    const kept = valueAt(after, path) ?? null;
    const lost = alternatives.filter(({ value }) => !isSame(value, kept));
    return lost.length === 0 ? [] : [{ path, rule, reason: DECIDED, kept, lost }];
  });
  return auditOfBoth({ audit: auditOfBoth(before, { audit: decided }) }, next);
}

/** Lists the entries of both, those of before first, each once. */
function auditOfBoth(
  before: Pick<ConflictRecord, 'audit'>,
  next: Pick<ConflictRecord, 'audit'>,
): readonly AuditEntry[] {
  const known = new Set(before.audit.map((entry) => canonical(entry as unknown as Json)));
  const news = next.audit.filter((entry) => !known.has(canonical(entry as unknown as Json)));
  return [...before.audit, ...news];
}

/** One question of two about one path. What stands at a number stays there, so that nobody decides on another. */
function together(
  earlier: ReviewItem,
  later: ReviewItem,
  device: string,
  own: { readonly before: Json | undefined; readonly after: Json | undefined },
): ReviewItem {
  const isOver = ({ actor, value }: Alternative): boolean =>
    actor === device &&
    own.before !== undefined &&
    own.after !== undefined &&
    isSame(value, own.before) &&
    !isSame(own.before, own.after);
  const coming = later.alternatives.filter((one) => !isOver(one));
  const kept = earlier.alternatives.flatMap((one): readonly Alternative[] => {
    // What stood before, and what rules made, is of that merge alone.
    if (one.actor === null) return [];
    if (one.actor === device) return [one];
    return [coming.find(({ actor }) => actor === one.actor) ?? one];
  });
  return asked(later, distinct([...kept, ...coming])) ?? later;
}

function distinct(alternatives: readonly Alternative[]): readonly Alternative[] {
  return alternatives.filter(
    (one, at) => alternatives.findIndex(({ value }) => isSame(value, one.value)) === at,
  );
}

/** The question with these alternatives, under an id that follows from them; `null` where there is nothing to choose. */
function asked(item: ReviewItem, alternatives: readonly Alternative[]): ReviewItem | null {
  if (alternatives.length < 2) return null;
  const texts = alternatives.map((one) => canonical(one as unknown as Json)).toSorted();
  const id = sha256(canonical([item.path, item.rule, item.reason, ...texts])).slice(0, 32);
  return { ...item, id, alternatives };
}
