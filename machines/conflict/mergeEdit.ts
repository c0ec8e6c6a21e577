/**
 * Merges an edit with what its upstream holds by now, by the rules of its entity (CF-1, CF-6). What comes of it goes
 * out on that version, or waits for a person; nothing of either side is lost, or it is told that it failed.
 *
 * @module
 */

import { withPaths } from '../merge/clock/carriedMeta.ts';
import { lostInPieces } from '../merge/lost.ts';
import { type Merged, mergeEntityInSteps } from '../merge/mergeEntity.ts';
import type { Alternative, AuditEntry, ReviewItem } from '../merge/rules/ruling.ts';
import type { SideMeta } from '../merge/sides.ts';
import { canonical, compareText, isSame } from '../merge/values/canonical.ts';
import { cleanJson } from '../merge/values/cleanJson.ts';
import { sha256 } from '../merge/values/sha256.ts';
import { baseOf } from '../policy/request/editRequest.ts';
import {
  type DecisionHolds,
  type MergedBody,
  PAYLOAD_BYTES_MAX,
} from '../policy/request/requestBody.ts';
import { Work } from '../vocabulary/pieces.ts';
import type { Current, Maker, Tombstone } from '../vocabulary/record.ts';
import { type Json, utf8Length } from '../vocabulary/shape.ts';
import { holdsCards, searchForCards, withoutCards } from './cards.ts';
import { removalsOf } from './compareEdit.ts';
import type { ConflictDecided, ConflictSide } from './conflictRecord.ts';
import { ABSENCE, confirmedBy } from './decision.ts';
import { ancestorOf, type Comparison, isOfNothing, lookThroughEdit } from './editBase.ts';
import { bodyOf } from './editBody.ts';
import { isSameRecord, pointersIn, valueAt } from './items.ts';
import { laterMaker, listsAll } from './recordMeta.ts';
import { makerOfCurrent, UPSTREAM } from './recordNews.ts';
import { withUnmentioned } from './unmentioned.ts';

export interface MergeQuestion extends Comparison {
  /** What the upstream holds; `null` where it has no such record. */
  readonly current: Current | null;
  /** The most bytes of the merged record as JSON, in UTF-8. Default {@link PAYLOAD_BYTES_MAX}, or twice what one side has, where that is more. */
  readonly bytesMax?: number | undefined;
}

/** Both sides, for whoever has to decide. */
export interface BothSides {
  /** What both began with; `null` where nobody knows. */
  readonly base: Json | null;
  readonly sides: readonly ConflictSide[];
}

/** What an edit and the version of its upstream come to. */
export interface EditMerged extends BothSides {
  readonly isMerged: true;
  /** What is sent, unless it waits. */
  readonly merged: MergedBody;
  readonly review: readonly ReviewItem[];
  readonly audit: readonly AuditEntry[];
  /** What would have been asked, and what the person who made the edit had confirmed of it; absent for nothing. */
  readonly confirmed?: {
    readonly asked: readonly ReviewItem[];
    readonly decisions: readonly ConflictDecided[];
  };
  readonly mergeId: string;
  /** By the rules of the entity nothing goes out while a person is asked. */
  readonly isToWait: boolean;
  /** A person is asked by the rules, and nothing goes out before that. */
  readonly isHeld: boolean;
  /** The upstream holds all of it already: nothing is to be sent. */
  readonly isNothingLeft: boolean;
}

/**
 * - `tooLarge`: together they are more than may be sent.
 * - `cardData`: one of them holds what looks like card data, which a merge would mask.
 * - `failed`: rules of the app threw, or something would be lost.
 */
export interface EditNotMerged extends BothSides {
  readonly isMerged: false;
  readonly because: 'tooLarge' | 'cardData' | 'failed';
}

/** The question about what was removed while this device was silent for so long that nobody carries the removal. */
const SILENT = {
  rule: 'silence',
  reason:
    'items are gone since this device was last heard of, and who removed them is known no more',
} as const;

/** The question that is put where the upstream has lost the record. */
const GONE = { rule: ABSENCE, reason: 'the upstream has it no more' } as const;

/** Merges an edit with what the upstream holds. Never throws. */
export function mergeEdit(question: MergeQuestion): EditMerged | EditNotMerged {
  const steps = mergeInSteps(question);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same as {@link mergeEdit}, for a large record: others may have their turn between two steps. */
export function* mergeInSteps(
  question: MergeQuestion,
): Generator<undefined, EditMerged | EditNotMerged> {
  const { record, edit, rules, device, nowMs, bytesMax = PAYLOAD_BYTES_MAX } = question;
  const { body } = edit;
  yield* lookThroughEdit(question, question.current);
  const current = withPathsOf(question);
  const isDecided = body.merged?.isDecided === true;
  const ours = oursOf(question);
  const known = record?.current ?? null;
  // Others have made something of what the upstream has no more.
  const theirs = current ?? known;
  const given = ancestorOf(question);
  const ancestor =
    given === null || theirs === null ? given : withUnmentioned(given, ours, theirs.value);
  const maker = theirMaker(question, theirs);
  const both = bothSides(question, ancestor, maker);
  if (holdsCards(ours) || (theirs !== null && holdsCards(theirs.value))) {
    const work = new Work();
    for (const value of [both.base, ...both.sides.map((side) => side.value)]) {
      yield* searchForCards(value, work);
    }
    return { isMerged: false, because: 'cardData', ...masked(both) };
  }
  yield;
  const removals = [
    ...removalsOf(question, ancestor),
    ...confirmedRemovals(question, theirs, ours),
  ];
  const back = broughtBack(question, ancestor, ours);
  const presumed = presumedOf(question, ours);
  const sides = [
    { value: ours, meta: ourMeta(question, ours, removals) },
    ...(theirs === null
      ? []
      : [{ value: theirs.value, meta: theirMeta(theirs, maker, { back, presumed }) }]),
  ];
  let result: Merged;
  try {
    result = yield* mergeEntityInSteps(rules, ancestor, sides, nowMs);
    yield;
    if ((yield* lostInPieces(rules, { base: ancestor, sides }, result)).length > 0) {
      return { isMerged: false, because: 'failed', ...both };
    }
  } catch {
    return { isMerged: false, because: 'failed', ...both };
  }
  const { mergeId } = result;
  yield;
  if (isTooLarge(result.value, [ours, theirs?.value ?? null], bytesMax)) {
    return { isMerged: false, because: 'tooLarge', ...both };
  }
  yield;
  const isLost = current === null && wasThere(question);
  const asked = [
    ...result.review,
    ...(isLost ? [goneItem(result.value, device)] : []),
    ...presumedItems(question, presumed, ours, result.value),
  ]
    .map((item) => ({ ...item, alternatives: item.alternatives.map(withoutZero) }))
    .toSorted(byPath);
  const { value, review, decisions } = yield* confirmedBy(
    { value: result.value, review: asked },
    body.confirm ?? [],
    {
      device,
      atMs: edit.acceptedAtMs,
      // An upstream that carries nothing of holdfast does not say who wrote it.
      isOthers: (path, one) =>
        given !== null &&
        theirs !== null &&
        isSame(one, valueAt(theirs.value, path) ?? null) &&
        !isSame(one, valueAt(given, path) ?? null),
    },
    rules,
  );
  const audit = result.audit.map((entry) => ({ ...entry, lost: entry.lost.map(withoutZero) }));
  const merged: MergedBody = {
    ...bodyOf(question, {
      payload: value,
      version: current?.version ?? null,
      ...(current === null ? { absent: true } : {}),
      // A decision is carried on from version to version; what the app gave counts no more.
      ancestor: isDecided ? (current?.value ?? ancestor) : ancestor,
      current,
      removals,
    }),
    ...(maker === null || maker.actor === device ? {} : { others: maker }),
    ...(isDecided ? decisionIn(body.merged) : {}),
  };
  const isToWait = rules.whileInReview === 'waits';
  return {
    isMerged: true,
    ...both,
    merged,
    review,
    audit,
    ...(decisions.length === 0 ? {} : { confirmed: { asked, decisions } }),
    mergeId,
    isToWait,
    isHeld: isToWait && review.length > 0,
    isNothingLeft:
      current !== null && isSameRecord(value, current.value) && areKnown(merged, current),
  };
}

/** A decision is carried on to the next version, for whom it holds, too. */
function decisionIn(merged: MergedBody | undefined): Pick<MergedBody, 'isDecided' | 'holds'> {
  const holds = merged?.holds;
  return { isDecided: true, ...(holds === undefined ? {} : { holds }) };
}

/** What an edit leaves out, and its person has confirmed, is removed. */
function confirmedRemovals(
  { edit: { body, acceptedAtMs } }: MergeQuestion,
  theirs: Current | null,
  ours: Json,
): readonly Tombstone[] {
  if (theirs === null || body.merged?.isDecided === true) return [];
  return (body.confirm ?? []).flatMap(({ path, by, reason }) => {
    const isLeftOut =
      path !== '' &&
      valueAt(theirs.value, path) !== undefined &&
      (valueAt(ours, path) ?? null) === null;
    const why = reason === undefined ? {} : { reason };
    return isLeftOut ? [{ path, confirmed: true, by, at: acceptedAtMs, ...why }] : [];
  });
}

/** Both sides of an edit that nobody can merge; kept as they are. */
export function notMerged(question: MergeQuestion): EditNotMerged {
  const { record, current } = question;
  const maker = theirMaker(question, current ?? record?.current ?? null);
  return {
    isMerged: false,
    because: 'failed',
    ...masked(bothSides(question, ancestorOf(question), maker)),
  };
}

/** Nothing is kept of card data that an upstream holds (CF-7). */
function masked({ base, sides }: BothSides): BothSides {
  return {
    base: base === null ? null : withoutCards(base),
    sides: sides.map((side) => ({ ...side, value: withoutCards(side.value) })),
  };
}

function oursOf({ edit: { body } }: Comparison): Json {
  return body.merged?.isDecided === true ? body.merged.payload : body.payload;
}

function bothSides(question: MergeQuestion, ancestor: Json | null, maker: Maker | null): BothSides {
  const { device, edit, current } = question;
  return {
    base: ancestor,
    sides: [
      { who: device, atMs: edit.acceptedAtMs, isOurs: true, value: oursOf(question) },
      {
        who: maker?.actor ?? UPSTREAM,
        atMs: maker === null || maker.hlc.ms === 0 ? null : maker.hlc.ms,
        isOurs: false,
        value: current?.value ?? null,
      },
    ],
  };
}

/** The body of an edit by what a person has decided, whatever the app gave. */
export function decidedBody(
  comparison: Comparison,
  decided: {
    readonly value: Json;
    /** The version that the person has seen; on that the edit is sent. */
    readonly version: string | null;
    readonly absent?: true | undefined;
    /** What the person has seen of the upstream. Left out: what is known of it. */
    readonly ancestor?: Json | undefined;
    readonly holds?: DecisionHolds | undefined;
  },
): MergedBody {
  const { record, edit } = comparison;
  const { value, version, absent } = decided;
  const current = record?.current ?? null;
  const before = edit.body.merged?.payload ?? edit.body.payload;
  const asDecided: Comparison = {
    ...comparison,
    edit: {
      ...edit,
      acceptedAtMs: comparison.nowMs,
      body: { ...edit.body, isDecision: true, payload: value },
    },
  };
  const seen = decided.ancestor ?? current?.value ?? null;
  const removed = [before, seen].flatMap((one) => removalsOf(asDecided, one));
  const body = bodyOf(asDecided, {
    payload: value,
    version,
    absent,
    // A later version is compared with what the person has seen.
    ancestor: seen,
    current,
    removals: removed,
  });
  const { holds } = decided;
  return { ...body, isDecided: true, ...(holds === undefined ? {} : { holds }) };
}

/**
 * What the app put in again though this store knew that it was removed, and the app did not have it: it is meant to be
 * there. Whoever merely has it still, or did not know, puts nothing back.
 */
function broughtBack({ record, edit, rules }: Comparison, ancestor: Json | null, ours: Json) {
  const tombstones = record?.tombstones ?? [];
  if (ancestor === null || tombstones.length === 0) return new Set<string>();
  const before = pointersIn(rules, ancestor);
  const after = pointersIn(rules, ours);
  const known = tombstones.filter(({ sinceMs }) => sinceMs <= edit.acceptedAtMs);
  return new Set(
    known
      .map(({ tombstone: { path } }) => path)
      .filter((path) => after.has(path) && !before.has(path)),
  );
}

function ourMeta(
  { device, record, edit, rules }: MergeQuestion,
  ours: Json,
  removals: readonly Tombstone[],
): SideMeta {
  const held = (record?.tombstones ?? []).map(({ tombstone }) => tombstone);
  // That this store knows of a removal does not mean that the app did when it gave what has the item still.
  const there = held.length === 0 ? new Set() : pointersIn(rules, ours);
  const { merged } = edit.body;
  return {
    actor: device,
    // A decision is of when it was made.
    hlc: merged?.isDecided === true ? merged.meta.hlc : { ms: edit.acceptedAtMs, c: 0 },
    tombstones: [...held.filter(({ path }) => !there.has(path)), ...removals],
  };
}

function theirMeta(
  { meta, asOfMs, isVerified }: Current,
  maker: Maker | null,
  {
    back,
    presumed,
  }: { readonly back: ReadonlySet<string>; readonly presumed: readonly Tombstone[] },
): SideMeta {
  return {
    actor: maker?.actor ?? UPSTREAM,
    hlc: maker?.hlc ?? { ms: 0, c: 0 },
    tombstones: [...(meta?.tombstones ?? []), ...presumed].filter(({ path }) => !back.has(path)),
    ...(isVerified === true ? { verified: true } : {}),
    ...(asOfMs === undefined ? {} : { asOf: asOfMs }),
  };
}

/** What the upstream holds, with the pointers that hashes of removals stand for, where one of this edit's is it. */
function withPathsOf(question: MergeQuestion): Current | null {
  const { current, record, edit, rules } = question;
  const meta = current?.meta;
  if (current === null || meta?.tombstones === undefined) return current;
  const tombstones = withPaths(meta.tombstones, () => [
    ...(record?.tombstones ?? []).map(({ tombstone: { path } }) => path),
    ...pointersIn(rules, edit.body.payload),
    ...pointersIn(rules, ancestorOf(question)),
    ...pointersIn(rules, current.value),
  ]);
  return tombstones === meta.tombstones ? current : { ...current, meta: { ...meta, tombstones } };
}

/** What the edit still has, and seems to have been removed by somebody whose removal is carried no more. */
function presumedOf({ record, rules }: Comparison, ours: Json): readonly Tombstone[] {
  const presumed = (record?.tombstones ?? []).filter(({ isPresumed }) => isPresumed === true);
  if (presumed.length === 0) return [];
  const there = pointersIn(rules, ours);
  return presumed.map(({ tombstone }) => tombstone).filter(({ path }) => there.has(path));
}

/** A question for each list that such an item was left out of: with them, or without. */
function presumedItems(
  { edit, device, rules }: MergeQuestion,
  presumed: readonly Tombstone[],
  ours: Json,
  value: Json,
): readonly ReviewItem[] {
  if (presumed.length === 0) return [];
  const there = pointersIn(rules, value);
  const parents = new Set(
    presumed
      .filter(({ path }) => !there.has(path))
      .map(({ path }) => path.slice(0, path.lastIndexOf('/'))),
  );
  return [...parents].map((path) => {
    const alternatives = [
      { value: valueAt(value, path) ?? null, actor: UPSTREAM, atMs: null },
      { value: valueAt(ours, path) ?? null, actor: device, atMs: edit.acceptedAtMs },
    ];
    const id = sha256(canonical(cleanJson([path, SILENT.reason, alternatives]))).slice(0, 32);
    return { id, path, ...SILENT, alternatives };
  });
}

/** The author of what is there beside the edit. */
function theirMaker({ record, device }: MergeQuestion, theirs: Current | null): Maker | null {
  const others = record?.others ?? null;
  if (theirs === null) return others;
  const { meta } = theirs;
  // Nobody else: then it is of another window of this app.
  const own = meta === undefined ? null : { actor: meta.actor, hlc: meta.hlc };
  return laterMaker(others, makerOfCurrent(theirs, device)) ?? own;
}

/** Where one side alone is more than is usual, the app may send more. */
function isTooLarge(value: Json, sides: readonly Json[], bytesMax: number): boolean {
  const bytesOf = (one: Json): number => utf8Length(canonical(one));
  const bytes = bytesOf(value);
  // Most are far below, whatever the sides have.
  if (bytes <= bytesMax) return false;
  const sideBytes = Math.max(...sides.map(bytesOf));
  return bytes > (sideBytes > bytesMax ? 2 * sideBytes : bytesMax);
}

/** Whether the upstream is known to have had the record: its absence is then no beginning. */
function wasThere({ record, edit: { body } }: MergeQuestion): boolean {
  if (record?.current !== undefined && record.current !== null) return true;
  if (body.merged !== undefined) return body.merged.absent !== true;
  const base = baseOf(body.base);
  // What waited may never have arrived.
  return !isOfNothing(base) && base.edit === null;
}

/** Nobody has to hear of a removal that the upstream does not carry. */
function areKnown({ meta }: MergedBody, current: Current): boolean {
  if (current.meta === undefined) return true;
  return listsAll(current.meta, meta.tombstones ?? []);
}

/** An upstream that does not say when has not said 1970. */
function withoutZero(one: Alternative): Alternative {
  return one.actor === UPSTREAM && one.atMs === 0 ? { ...one, atMs: null } : one;
}

function goneItem(value: Json, device: string): ReviewItem {
  const alternatives = [
    { value, actor: device, atMs: null },
    { value: null, actor: UPSTREAM, atMs: null },
  ];
  const id = sha256(canonical(cleanJson(['', GONE.reason, alternatives]))).slice(0, 32);
  return { id, path: '', ...GONE, alternatives };
}

function byPath(one: ReviewItem, other: ReviewItem): number {
  return compareText(one.path, other.path) || compareText(one.id, other.id);
}
