/**
 * Where the row of an operation stands, for each thing that is written of it.
 *
 * @module
 */

import { NEVER_MS, type Standing, type WaitsFor } from '../vocabulary/standing.ts';
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
