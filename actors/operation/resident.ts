/**
 * An operation while a live actor holds it.
 *
 * @module
 */

import type { WaitReason } from '../../machines/operation/waitReason.ts';
import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Standing } from '../../machines/vocabulary/standing.ts';
import { NOTHING_SAID, type Said } from '../../machines/vocabulary/upstreamAnswer.ts';
import type { ChartOfWork, WorkActor, WorkContext, WorkState } from '../charts/chartOfWork.ts';
import type { ChartedActor } from '../charts/chartWatch.ts';
import type { Pending } from '../journal/journalEntry.ts';
import type { PendingAcceptance } from './acceptance.ts';
import type { Permit } from './flowControl.ts';
import type { Handler, TakenRecord } from './handler.ts';

/** An operation in memory. Everything that must survive is in the actor's context or on the row. */
export interface Resident {
  readonly id: string;
  /** Rank among what waits: its own, or that of the most urgent behind it in its lane. */
  urgency: number;
  /** That of its own, which its row has. */
  readonly ownUrgency: number;
  /** By what its row is claimed: see `routeOf`. */
  route: string;
  readonly subject: string;
  /** Which chart it is on. */
  readonly chart: ChartOfWork;
  readonly actor: WorkActor;
  /** The state last handled, so that a transition is handled once. */
  state: WorkState | null;
  /** What it waited for there, with nothing in flight. */
  waitedFor: WaitReason | null;
  /** Reservation by the rate in that state: one that the rate sends away again waits for another time. */
  rate: WorkContext['rate'];
  /** 0 until the row is written. */
  seq: number;
  /** Revision of the last write ordered. */
  revision: number;
  /** The last update of its row that was ordered. */
  unwritten: Pending | null;
  /** False for a crisis that is delivered and not written, since the disk hangs (OP-6). */
  isKept: boolean;
  /** Where the row stands after the last write ordered. */
  standing: Standing;
  /** When it is due by the steady clock, where it waits for that; else when it last was, or `null`. */
  dueAtMs: number | null;
  /**
   * The request's payload as kept, parsed when an attempt asks for it; `null` once it is erased. Of an edit that was
   * merged it has the merged record beside what the app gave.
   */
  body: string | null;
  /** The payload on disk is another one: each write of its row brings this one there, until one of them has. */
  isBodyNew: boolean;
  handler: Handler | null;
  permit: Permit | null;
  /** The call of its permit has: until then that goes back unused. */
  hasBegun: boolean;
  /** Caller that waits for its acceptance. */
  pending: PendingAcceptance | null;
  /** The attempt that runs, by which it is aborted. */
  interrupt: { abort(reason: HoldfastError): void } | null;
  /** True from when it enters memory until it leaves it. */
  isInMemory: boolean;
  /** True while it is being written or attempted. */
  isBusy: boolean;
  /** What the upstream said to the last attempt that was made to its end. */
  said: Said;
  /** Record that the upstream holds now, as far as that is known, of an edit that it has taken. */
  taken: TakenRecord | null;
}

/** An operation that enters memory: a new one, or one read back from its row. */
export function createResident(
  actor: WorkActor,
  from: Pick<
    Resident,
    'id' | 'chart' | 'urgency' | 'route' | 'subject' | 'body' | 'standing' | 'handler' | 'permit'
  > &
    Partial<
      Pick<Resident, 'ownUrgency' | 'state' | 'seq' | 'revision' | 'dueAtMs' | 'pending' | 'said'>
    >,
): Resident {
  const state = from.state ?? null;
  return {
    id: from.id,
    urgency: from.urgency,
    ownUrgency: from.ownUrgency ?? from.urgency,
    route: from.route,
    subject: from.subject,
    chart: from.chart,
    actor,
    state,
    waitedFor: state === null ? null : from.chart.waitReasonOf(state),
    rate: actor.getSnapshot().context.rate,
    seq: from.seq ?? 0,
    revision: from.revision ?? 0,
    unwritten: null,
    isKept: true,
    standing: from.standing,
    dueAtMs: from.dueAtMs ?? null,
    body: from.body,
    isBodyNew: false,
    handler: from.handler,
    permit: from.permit,
    hasBegun: false,
    pending: from.pending ?? null,
    interrupt: null,
    isInMemory: false,
    isBusy: false,
    said: from.said ?? NOTHING_SAID,
    taken: null,
  };
}

/** View of an operation for those who watch its chart. */
export function chartedActor({ id, chart, actor, handler }: Resident): ChartedActor {
  const { value, context } = actor.getSnapshot();
  const { type, tier, priority, acceptedAtMs } = context;
  return {
    ...{ session: actor.sessionId, id, machine: chart.machine },
    value: typeof value === 'string' ? value : { ...value },
    about: { type, upstream: handler?.upstream ?? null, tier, priority, acceptedAtMs },
  };
}

/** From now on it is sent with this payload, which is on disk before it is. */
export function giveBody(resident: Resident, body: string): void {
  if (resident.body === body) return;
  resident.body = body;
  resident.isBodyNew = true;
}

/** Takes out the caller that waits for its acceptance, to be told once. */
export function takePending(resident: Resident): PendingAcceptance | null {
  const { pending } = resident;
  resident.pending = null;
  return pending;
}

/**
 * Whether what `tell` sends changes anything of it: by its snapshot, not its state, since it may come
 * back to that by way of others, to be written again.
 */
export function takesNotice({ actor }: Resident, tell: () => void): boolean {
  const before = actor.getSnapshot();
  tell();
  return actor.getSnapshot() !== before;
}

/** By which instant of the wall clock its row is found while it waits; `null` for none. */
export function watchedAtMs({ chart, state, actor }: Resident): number | null {
  return chart.watchedAtMs(state, actor.getSnapshot().context);
}

/** What an erased payload is read as; nothing asks for it any more. */
export const NO_BODY = '{"payload":null}';
