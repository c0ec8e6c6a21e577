/**
 * Merges an edit with what its upstream holds, and keeps what comes of that: for people to look at, and for those who
 * are asked (CF-6).
 *
 * @module
 */

import { type LaterEdit, laterEditOf } from '../../machines/conflict/askedOnce.ts';
import type { ConflictRecord } from '../../machines/conflict/conflictRecord.ts';
import type { Comparison } from '../../machines/conflict/editBase.ts';
import type { EntityRecord } from '../../machines/conflict/entityRecord.ts';
import type { EditMerged, EditNotMerged } from '../../machines/conflict/mergeEdit.ts';
import type { Onlooker } from '../../machines/conflict/remembered.ts';
import { canonical } from '../../machines/merge/values/canonical.ts';
import { exemptionsOf } from '../../machines/policy/request/cardData.ts';
import type { RequestBody } from '../../machines/policy/request/requestBody.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { ConflictReason, Entity } from '../../machines/vocabulary/record.ts';
import type { WorkContext } from '../charts/chartOfWork.ts';
import type { AboutConflict } from '../facts/conflictFacts.ts';
import { conflictRulesOf, type Handler, SILENT_MAX_MS } from '../operation/handler.ts';
import type { DeskTools } from './deskParts.ts';

/** A conflict, as far as it is known before it is merged. */
export interface Met {
  readonly conflictId: string;
  readonly context: WorkContext;
  readonly handler: Handler;
  readonly reason: ConflictReason;
  /** The version that the upstream held; `null` where it gave none, or has no such record. */
  readonly version: string | null;
  /** When it was met, by the wall clock. */
  readonly atMs: number;
}

/** What this store looks at a record by. */
export function onlookerOf(tools: DeskTools, { type }: Entity, handler: Handler | null): Onlooker {
  const { device, rulesOf, clock } = tools;
  const silentMaxMs = silentMaxMsOf(tools, handler);
  const isExempt = exemptionsOf(handler?.cardDataExempt);
  return { device: device(), rules: rulesOf(type), nowMs: clock.now(), silentMaxMs, isExempt };
}

/** How long a device may be silent: by the handler, or by the most patient of all where none is named. */
export function silentMaxMsOf({ pool }: DeskTools, handler: Handler | null): number {
  const handlers = handler === null ? [...pool().registered.byType.values()] : [handler];
  const spans = handlers.flatMap((one) => conflictRulesOf(one)?.silentMaxMs ?? []);
  return spans.length === 0 ? SILENT_MAX_MS : Math.max(...spans);
}

/** An edit, and what it is compared with. */
export function comparisonOf(
  { device, rulesOf, clock, random, pool }: DeskTools,
  {
    context,
    body,
    record,
    round = context.round ?? 0,
  }: {
    readonly context: WorkContext;
    readonly body: RequestBody;
    readonly record: EntityRecord | null;
    /** Round of the body that is made; left out: the one that it had. */
    readonly round?: number;
  },
): Comparison {
  const handler = pool().registered.of(context);
  const conflicts = handler === null ? null : conflictRulesOf(handler);
  return {
    record,
    edit: {
      id: context.id,
      body,
      acceptedAtMs: context.acceptedAtMs,
      round,
      isBroughtBack: context.history.some(({ what }) => BROUGHT_BACK.has(what)),
    },
    rules: rulesOf(context.entity?.type ?? ''),
    device: device(),
    nowMs: clock.now(),
    ...(conflicts === null ? {} : { metaBytesMax: conflicts.metaBytesMax }),
    draw: random.uuid().slice(-DRAW_DIGITS),
  };
}

/** Digits of the random part of a body, all of them random in a UUID: two of one device and count must differ. */
const DRAW_DIGITS = 12;

const BROUGHT_BACK: ReadonlySet<string> = new Set(['replayRequested', 'editedReplayRequested']);

/** Whether a merge is worth a look: something was decided, or is asked, or is not as the app gave it. */
function isTrueMerge(made: EditMerged, reason: ConflictReason): boolean {
  if (made.review.length > 0 || made.audit.length > 0 || made.confirmed !== undefined) return true;
  if (reason === 'outcomeUnknown') return true;
  const ours = made.sides.find(({ isOurs }) => isOurs);
  const isAsGiven = ours !== undefined && canonical(ours.value) === canonical(made.merged.payload);
  // What was merged for an edit before it in its lane is told there.
  return reason !== 'predecessor' && !isAsGiven;
}

function isAskedOf({ review }: EditMerged, reason: ConflictReason): boolean {
  return review.length > 0 || reason === 'outcomeUnknown';
}

/** What is asked about the record shows what a later edit says, or is settled by it; resolves once that is on disk. */
export async function followQuestions(
  { facts, conflicts, asked, clock, pool }: DeskTools,
  { context }: Pick<Met, 'context'>,
  edit: LaterEdit | null,
): Promise<void> {
  const { entity } = context;
  if (edit === null || entity === null || !asked.has(entity)) return;
  for (const { id, operationId, type, openedAtMs } of await conflicts.follow(
    entity,
    [edit],
    false,
  )) {
    const upstream = pool().registered.byType.get(type)?.upstream ?? null;
    const about = { conflictId: id, operationId, type, upstream, entityType: entity.type };
    facts.emit('conflict.resolved', about, null, Math.max(0, clock.now() - openedAtMs));
  }
}

/**
 * Keeps what came of a merge where it is worth a look, and tells of it; resolves once that is on disk.
 *
 * @param waits whether the edit waits for a person
 * @param comparison what was compared
 */
export async function keepConflict(
  tools: DeskTools,
  met: Met,
  made: EditMerged | EditNotMerged,
  waits: boolean,
  comparison: Comparison,
): Promise<void> {
  const { facts, conflicts, clock } = tools;
  const later =
    made.isMerged && !waits ? laterEditOf(comparison, met.context.id, made.merged.payload) : null;
  if (made.isMerged && !waits && !isAskedOf(made, met.reason))
    await followQuestions(tools, met, later);
  if (made.isMerged && !waits && !isTrueMerge(made, met.reason)) return;
  const {
    id: conflictId,
    isSettled,
    isNews,
  } = await conflicts.keep(recordOf(met, made, waits), later);
  if (waits) await tools.followWaiting(met.context);
  // A decision about one before it may be on its way still: then this is another.
  const about = aboutOf({ ...met, conflictId });
  if (isSettled) facts.emit('conflict.resolved', about, null, clock.now() - met.atMs);
  if (!made.isMerged) {
    facts.emit('conflict.quarantined', about, notMergedFor(met.reason));
    return;
  }
  const questions = made.review.length;
  if (isNews && (waits || isAskedOf(made, met.reason)))
    facts.emit('conflict.awaitsReview', about, met.reason, questions, waits);
  if (waits) return;
  const { round } = made.merged;
  const elapsedMs = clock.now() - met.atMs;
  facts.emit('conflict.merged', about, { round, questions, decided: made.audit.length, elapsedMs });
}

function notMergedFor(reason: ConflictReason): ConflictReason {
  return reason === 'unreadable' ? reason : 'mergeFailed';
}

export function aboutOf({
  conflictId,
  context,
  handler,
}: Omit<Met, 'reason' | 'version' | 'atMs'>): AboutConflict {
  return {
    conflictId,
    operationId: context.id,
    type: context.type,
    upstream: handler.upstream,
    entityType: context.entity?.type ?? '',
  };
}

function recordOf(met: Met, made: EditMerged | EditNotMerged, waits: boolean): ConflictRecord {
  const { conflictId, context, reason, version, atMs } = met;
  const { type, subject, entity, id } = context;
  if (entity === null) throw new HoldfastError('HF_INTERNAL', 'An edit has no entity.');
  const its = { id: conflictId, type, subject, entity, operationId: id, openedAtMs: atMs, version };
  const sides = { base: made.base, sides: made.sides, decisions: [] };
  if (!made.isMerged) {
    const ours = made.sides.find(({ isOurs }) => isOurs)?.value ?? null;
    return {
      ...{ ...its, ...sides, state: 'quarantined', reason: notMergedFor(reason), isHeld: true },
      ...{ value: ours, items: [], audit: [], mergeId: '' },
    };
  }
  const { merged, review, audit, mergeId, confirmed } = made;
  // One that may have been applied is looked at, though it goes out.
  const isAsked = waits || isAskedOf(made, reason);
  const state = isAsked ? 'awaitingReview' : 'resolved';
  return {
    ...its,
    ...sides,
    state,
    reason,
    isHeld: waits,
    value: merged.payload,
    items: isAsked ? review : (confirmed?.asked ?? review),
    audit,
    mergeId,
    decisions: (confirmed?.decisions ?? []).map((one) => ({ ...one, operationId: id })),
  };
}
