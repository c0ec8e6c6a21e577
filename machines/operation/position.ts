/**
 * Where the row of an operation stands, for each thing that is written of it.
 *
 * @module
 */

import { NEVER_MS, type Standing, type WaitsFor } from '../vocabulary/standing.ts';
import { demandOf } from './demand.ts';
import type { SyncOperationContext, SyncOperationState, Turn } from './syncOperationMachine.ts';
import { isBackingOff, waitReasonOf } from './waitReason.ts';

/** Where a row stands, and by what it is found there. */
export interface RowPosition {
  readonly standing: Standing;
  /** By the steady clock where it is `due`; by the wall clock where it is settled, and may be purged. */
  readonly dueAtMs: number | null;
  readonly waitsFor: WaitsFor;
  /**
   * By what it is claimed: its type ({@link routeOf}), or the name of an upstream where its handler was
   * given with the request. What has ended stands under the upstream that it was for.
   */
  readonly route: string;
}

/** What an operation waits for that rests in `state`, beside its time; `null` where it does not rest. */
export function waitsFor(state: SyncOperationState): WaitsFor | null {
  const reason = waitReasonOf(state);
  if (reason === 'backoff') return 'turn';
  return reason === 'overhang' ? null : reason;
}

/** Whether it waits for a person to decide: only `retry.requested` or `cancel.requested` goes on. */
export function waitsForDecision(state: SyncOperationState): boolean {
  const what = waitsFor(state);
  return what === 'conflict' || what === 'review';
}

/**
 * The route of operations of a type: the upstream that its handler goes to claims it. So a type that
 * moves to another upstream, or to one that was renamed, moves no row (docs/decisions/0110).
 */
export function routeOf(type: string): string {
  return `type:${type}`;
}

/** The type that has this route; `null` for functions that were given with their requests. */
export function typeOfRoute(route: string): string | null {
  return route.startsWith('type:') ? route.slice('type:'.length) : null;
}

/** Where operations wait that were told that their type has no handler: registering one moves them. */
export function missingHandlerRoute(type: string): string {
  return `handler:${type}`;
}

/** In hand of the process that runs it: after a crash it was in flight. */
export function inHandPosition(route: string): RowPosition {
  return { standing: 'inHand', dueAtMs: null, waitsFor: 'turn', route };
}

/** To be claimed by its route, from `dueAtMs` on. */
export function queuedPosition(route: string, dueAtMs: number): RowPosition {
  return { standing: 'due', dueAtMs, waitsFor: 'turn', route };
}

/** Where it waits until a handler of its type is registered. */
export function unhandledPosition(type: string): RowPosition {
  const route = missingHandlerRoute(type);
  return { standing: 'due', dueAtMs: NEVER_MS, waitsFor: 'handler', route };
}

/**
 * Where it waits until it may begin. No queue claims it: the watch over instants finds its row.
 */
export function scheduledPosition(route: string): RowPosition {
  return { standing: 'due', dueAtMs: NEVER_MS, waitsFor: 'startAt', route };
}

/** What of an operation says where it rests. */
type RestingFacts = Pick<SyncOperationContext, 'type' | 'delayMs' | 'rate'> &
  Partial<Pick<SyncOperationContext, 'round' | 'sinceAtMs' | 'acceptedAtMs'>>;

/** Where an operation waits that comes to rest in `state` at `nowMs`: for a time, or for an event. */
export function restingPosition(
  state: SyncOperationState,
  context: RestingFacts,
  route: string,
  nowMs: number,
): RowPosition {
  const what = waitsFor(state) ?? 'turn';
  if (what === 'handler') return unhandledPosition(context.type);
  if (what === 'startAt') return scheduledPosition(route);
  if (what === 'rate') {
    const dueAtMs = context.rate?.dueAtMs ?? nowMs;
    return { ...queuedPosition(route, dueAtMs), waitsFor: 'rate' };
  }
  if (what !== 'turn') return { standing: 'held', dueAtMs: null, waitsFor: what, route };
  if (isBackingOff(state)) return queuedPosition(route, nowMs + (context.delayMs ?? 0));
  return queuedPosition(route, Math.max(0, nowMs - waitedMs(context)));
}

/**
 * For how long it has stood in line before it was merged: it keeps its place, for behind all that came meanwhile
 * what it was merged with would be old again at its turn.
 */
function waitedMs({ round = 0, sinceAtMs, acceptedAtMs }: RestingFacts): number {
  if (round === 0 || sinceAtMs === undefined || acceptedAtMs === undefined) return 0;
  return Math.max(0, sinceAtMs - acceptedAtMs);
}

/** Where a newly accepted row stands, unless its lane is busy. */
export function acceptedStanding(turn: Turn): Standing {
  return turn === 'granted' ? 'inHand' : 'due';
}

/**
 * Whether a row that was accepted, and not written since, says already that the operation rests at
 * `position`. Any later row stands for something else and must move.
 */
export function saysAlready(
  { revision, standing }: { readonly revision: number; readonly standing: Standing },
  position: RowPosition,
  { sinceAtMs }: Pick<SyncOperationContext, 'sinceAtMs'>,
): boolean {
  // In hand it was accepted to run at once.
  if (revision !== 1 || standing === 'inHand') return false;
  // One that was to begin later, and now may, stands where it stood.
  if (sinceAtMs !== undefined) return false;
  const { waitsFor: what } = position;
  const isAsAccepted = what === 'turn' || what === 'lane' || what === 'startAt';
  return isAsAccepted && standing === position.standing;
}

/**
 * The state that an operation wakes up in after a restart: a running attempt was ordered, no more, and one
 * that is compared waits for its turn.
 */
export function stateToKeep(state: SyncOperationState): SyncOperationState {
  if (state === 'comparing') return 'waiting';
  return state === 'attempting' || state === 'overhanging' ? 'ordering' : state;
}

/** The state that a newly accepted row is kept in: where the chart goes once the acceptance is durable. */
export const ACCEPTED_IN: Readonly<Record<Turn, SyncOperationState>> = {
  granted: 'ordering',
  awaitsUpstream: 'waiting',
  awaitsLane: 'inLane',
  awaitsHandler: 'handlerMissing',
  awaitsStart: 'scheduled',
};

/** Whether a row may be in this state: it rests, or its order or its ending is written. */
export function isKept(state: SyncOperationState): boolean {
  const { write } = demandOf(state, { handler: {} });
  return write === 'position' || write === 'order' || write === 'ending';
}

/**
 * What a row says of its operation: it holds the state that wrote it, and where it stands says what
 * became of it since.
 */
export function stateOfRow(
  kept: SyncOperationState,
  context: SyncOperationContext,
  standing: Standing,
): { readonly value: SyncOperationState; readonly context: SyncOperationContext } {
  const hasEnded = standing === 'settled' || standing === 'deadLettered';
  if (hasEnded && context.ending !== null) return { value: context.ending, context };
  if (standing !== 'held') return { value: kept, context };
  // The row was quarantined, and is back behind others of its lane: it waits for that whatever it waited for.
  if (kept === 'ordering')
    return { value: 'inLane', context: { ...context, isOutcomeUnknown: true } };
  const reason = waitReasonOf(kept);
  const isBehind =
    kept === 'waiting' ||
    reason === 'backoff' ||
    reason === 'rate' ||
    reason === 'handler' ||
    reason === 'startAt';
  return { value: isBehind ? 'inLane' : kept, context };
}

type Ended = Pick<SyncOperationContext, 'ending' | 'settledAtMs'>;

/** Where it stands: a dead letter waits for a person, however long that takes; all else may be purged. */
export function settledPosition(
  context: Ended,
  upstream: string,
  retentionMs: number,
): RowPosition {
  if (context.ending === 'deadLettered') {
    return { standing: 'deadLettered', dueAtMs: null, waitsFor: 'turn', route: upstream };
  }
  const dueAtMs = (context.settledAtMs ?? 0) + retentionMs;
  return { standing: 'settled', dueAtMs, waitsFor: 'turn', route: upstream };
}

/** Whether its lane goes to the next: a dead letter may hold it until a person decides (OP-4). */
export function leavesLane({ ending }: Ended, strictOrder: boolean): boolean {
  return ending !== 'deadLettered' || !strictOrder;
}

/** Whether its payload is kept: only a dead letter may run again (OP-5, SE-5). */
export function keepsPayload({ ending }: Ended): boolean {
  return ending === 'deadLettered';
}
