/**
 * Where rows stand that say of an operation that it is in a state: what a search for that state looks at.
 *
 * @module
 */

import type { Standing, WaitCause, WaitsFor } from '../vocabulary/standing.ts';
import type { SyncOperationState } from './syncOperationState.ts';
import { STATE_WAITING_FOR, type WaitReason } from './waitReason.ts';

/** The standings of each state; none where no row is kept in it: an operation is in it in memory only. */
const STANDINGS: Readonly<Record<SyncOperationState, readonly Standing[]>> = {
  accepting: [],
  inLane: ['held'],
  scheduled: ['due'],
  waiting: ['due'],
  handlerMissing: ['due'],
  suspect: [],
  comparing: [],
  ordering: ['inHand'],
  attempting: [],
  overhanging: [],
  cancelling: ['inHand'],
  backingOff: ['due'],
  rateLimited: ['due'],
  conflicted: ['held'],
  inReview: ['held'],
  settling: [],
  completed: ['settled'],
  deadLettered: ['deadLettered'],
  replayed: ['due', 'held'],
  cancelled: ['settled'],
  expired: ['settled'],
  rejected: [],
  duplicate: [],
};

const WAITS_FOR: Partial<Readonly<Record<SyncOperationState, WaitsFor>>> = {
  handlerMissing: 'handler',
  rateLimited: 'rate',
  scheduled: 'startAt',
  conflicted: 'conflict',
  inReview: 'review',
};

/** States that no row has but one that is kept in them, whatever version wrote it. */
const KEPT_AS_SHOWN: ReadonlySet<SyncOperationState> = new Set([
  'backingOff',
  'replayed',
  'cancelling',
]);

/** Whether a row says that an operation is in this state only where it is kept in that. */
export function isKeptAsShown(state: SyncOperationState): boolean {
  return KEPT_AS_SHOWN.has(state);
}

/** What is looked at for those that are meant. */
export interface SearchedPlace {
  readonly standings?: readonly Standing[] | undefined;
  readonly waitsFor?: WaitsFor | undefined;
}

const ANY_WAIT: readonly Standing[] = ['due', 'inHand', 'held'];

/** Where rows stand in which an operation is in this state, as `stateOfRow` reads them. */
export function placeOfState(state: SyncOperationState): SearchedPlace {
  return { standings: STANDINGS[state], waitsFor: WAITS_FOR[state] };
}

/** Where rows stand of what waits for this reason; of an upstream's reasons, all that may wait for their turn. */
export function placeOfReason(reason: WaitReason | WaitCause): SearchedPlace {
  if (reason === 'conflict') return placeOfState(STATE_WAITING_FOR.conflict);
  if (reason === 'review') return placeOfState(STATE_WAITING_FOR.review);
  if (reason === 'lane') return { standings: ['held'] };
  return { standings: reason === 'overhang' ? [] : ANY_WAIT };
}
