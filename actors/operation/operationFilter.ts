/**
 * Which operations are meant by a filter: what a store is searched for, and which views match in the end.
 *
 * @module
 */

import { isCrisisState } from '../../machines/crisis/crisisDemand.ts';
import { crisisStandingsOf } from '../../machines/crisis/crisisShape.ts';
import { hasEnded } from '../../machines/operation/demand.ts';
import {
  isKeptAsShown,
  placeOfReason,
  placeOfState,
  type SearchedPlace,
} from '../../machines/operation/standingsOf.ts';
import type { Entity } from '../../machines/vocabulary/record.ts';
import { subjectForm } from '../../machines/vocabulary/subject.ts';
import type { Priority, TierName } from '../../machines/vocabulary/urgency.ts';
import type { Searched } from '../../persistence/port/store.ts';
import type { ParkReason } from '../facts/fact.ts';
import { firstIdAt } from '../platform/operationId.ts';
import type { OperationView } from './outcome.ts';

/**
 * Which operations are meant; what is left out restricts nothing. All of it has to hold.
 *
 * What each costs, whatever the number of operations: `tag` reads those that have it; `state` and `reason` read what may
 * be in it and little else, but for `completed`, `cancelled` and `expired`, which read all that has ended. `subject`, `idEnd`,
 * `sinceMs` and `untilMs` compare every record without opening it, for a microsecond or so each; `type`, `entity`, `tier` and
 * `priority` open each that the others leave, for some thirty (`npm run bench:search`). That is done in pieces of a few
 * milliseconds in the thread of the store, between which everything else goes on.
 */
export interface OperationFilter<Type extends string = string> {
  /** State as {@link OperationView.state} has it: `waiting`, `backingOff`, `deadLettered`, … */
  readonly state?: OperationView['state'] | undefined;
  readonly type?: Type | undefined;
  /** Whom it concerns, in whichever Unicode form. */
  readonly subject?: string | undefined;
  readonly entity?: Entity | undefined;
  readonly tier?: TierName | undefined;
  readonly priority?: Priority | undefined;
  /** One of the tags that its request had. */
  readonly tag?: string | undefined;
  /** Why it waits now, as {@link OperationView.wait} has it: `breaker`, `lane`, `review`, … */
  readonly reason?: ParkReason | undefined;
  /** How its id ends, 4 digits at least: what is left of one in a log or in a list. A whole id, too. */
  readonly idEnd?: string | undefined;
  /** Accepted at or after this instant, in milliseconds since the epoch. */
  readonly sinceMs?: number | undefined;
  /** Accepted before this instant. */
  readonly untilMs?: number | undefined;
}

/** Between the making of an id and the acceptance that is stamped with it, at most and by far. */
const MADE_BEFORE_MS = 60_000;

/** What rows have to be and say to be looked at: no more than that, {@link matchesFilter} tells the rest. */
export function searchedFor(filter: OperationFilter): Searched {
  const { subject, tag, idEnd, sinceMs, untilMs } = filter;
  return {
    ...placeOf(filter),
    subject,
    tag,
    idFrom: sinceMs === undefined ? undefined : firstIdAt(sinceMs - MADE_BEFORE_MS),
    idBefore: untilMs === undefined ? undefined : firstIdAt(Math.ceil(untilMs)),
    // Two digits are a byte of it; of an odd one the view tells.
    idEnd: idEnd === undefined ? undefined : digitsOf(idEnd).slice(digitsOf(idEnd).length % 2),
    mentions: mentionsOf(filter),
  };
}

/** Whether where it stands changes with what happens to it, so that what is in memory may stand elsewhere by now. */
export function asksForPlace({ state, reason }: OperationFilter): boolean {
  return state !== undefined || reason !== undefined;
}

export function matchesFilter(view: OperationView, filter: OperationFilter): boolean {
  const { state, type, subject, entity, tier, priority, tag, reason } = filter;
  const { idEnd, sinceMs, untilMs } = filter;
  return (
    (state === undefined || view.state === state) &&
    (type === undefined || view.type === type) &&
    (subject === undefined || subjectForm(view.subject) === subjectForm(subject)) &&
    (entity === undefined || isSame(view.entity, entity)) &&
    (tier === undefined || view.tier === tier) &&
    (priority === undefined || view.priority === priority) &&
    (tag === undefined || view.tags.includes(tag)) &&
    (reason === undefined || view.wait?.reason === reason) &&
    (idEnd === undefined || digitsOf(view.id).endsWith(digitsOf(idEnd))) &&
    (sinceMs === undefined || view.acceptedAtMs >= sinceMs) &&
    (untilMs === undefined || view.acceptedAtMs < untilMs)
  );
}

/** The digits of an id, without dashes and in small letters. */
function digitsOf(id: string): string {
  return id.replaceAll('-', '').toLowerCase();
}

function isSame(one: Entity | null, other: Entity): boolean {
  return one?.type === other.type && one.id === other.id;
}

function placeOf({ state, reason }: OperationFilter): SearchedPlace {
  if (state === undefined) return reason === undefined ? {} : placeOfReason(reason);
  if (isCrisisState(state)) return { standings: crisisStandingsOf(state) };
  return placeOfState(state);
}

/** What stands in the state of such an operation, as it is kept; it may stand in others, too. */
function mentionsOf({ state, type, entity, tier, priority }: OperationFilter): string[] {
  const field = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`"${name}":${JSON.stringify(value)}`];
  const own = state === undefined || isCrisisState(state) ? undefined : state;
  const ending = own !== undefined && hasEnded(own) ? own : undefined;
  const kept = own !== undefined && isKeptAsShown(own) ? own : undefined;
  return [
    ...field('ending', ending),
    ...field('value', kept),
    ...field('type', type),
    ...field('type', entity?.type),
    ...field('id', entity?.id),
    ...field('tier', tier),
    ...field('priority', priority),
  ];
}
