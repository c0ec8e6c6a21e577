/**
 * Situations that runs must meet sometimes (SM-3): runs that never met one prove nothing about it, however many
 * promises they kept.
 *
 * @module
 */

import { LINK_FAULTS } from './network/link.ts';
import { TROUBLES } from './network/simulatedUpstream.ts';
import type { Look, OpenRow } from './oracle/look.ts';
import type { DiskRow, TraceEvent, TraceEvents } from './oracle/trace.ts';

/**
 * Simulated days in which every situation must come. 200 days miss a situation that comes once in 25 days in one case
 * of 3,000, and the rarest must come more often than that.
 */
export const SEEN_WITHIN_DAYS = 200;
/** Longest time between two people's orders that count as given at once. */
const AT_ONCE_MS = 1_000;

/** A situation that runs must meet sometimes. */
export interface Situation {
  /** Name that stays, so that runs of two versions can be compared. */
  readonly name: string;
  /** Reason why it must come. */
  readonly says: string;
  /** Recognizes it in events; left out where the code that causes it calls `scene.saw(name)`. */
  readonly shown?: Shown;
}

interface Shown {
  readonly by: TraceEvent['event'];
  readonly is: (event: TraceEvent, past: Past) => boolean;
}

/** Earlier events of the same device. */
interface Past {
  /** True time. */
  nowMs: number;
  /** Latest giver and time of each order. */
  readonly orders: Map<string, { readonly by: string | null; readonly atMs: number }>;
  readonly keys: Set<string>;
  readonly spilled: Set<string>;
}

/** Makes a situation that one kind of event shows. */
function at<Kind extends TraceEvent['event']>(
  by: Kind,
  name: string,
  says: string,
  is: (event: TraceEvents[Kind], past: Past) => boolean,
): Situation {
  return { name, says, shown: { by, is: (event, past) => is(event as never, past) } };
}

function atLook(name: string, says: string, is: (look: Look, past: Past) => boolean): Situation {
  return at('looked', name, says, is);
}

/** Makes a situation that the unfinished rows of a killed process show. */
function atKill(name: string, says: string, is: (row: DiskRow, past: Past) => boolean): Situation {
  return at('disk', name, says, ({ rows }, past) =>
    rows.some((row) => row.outcome === null && is(row, past)),
  );
}

function ordered(
  name: string,
  says: string,
  is: (order: TraceEvents['ordered'], past: Past) => boolean,
): Situation {
  return at('ordered', name, says, is);
}

function ended(
  name: string,
  says: string,
  is: (outcome: TraceEvents['ended']['outcome']) => boolean,
): Situation {
  return at('ended', name, says, ({ outcome }) => is(outcome));
}

function noted(name: string, says: string): Situation {
  return { name, says };
}

/** Recognizes an undelivered crisis at an upstream whose breaker is in this state. */
function crisisBehind(state: string): (look: Look) => boolean {
  return ({ rows, health }) =>
    rows.some((row) => isUndelivered(row) && breakerOf(health, row) === state);
}

function isUndelivered({ isCrisis, isTest, standing }: OpenRow): boolean {
  return isCrisis && !isTest && standing !== 'deadLettered';
}

function breakerOf({ upstreams }: Look['health'], { upstream }: OpenRow): string | null {
  return upstream === null ? null : (upstreams[upstream]?.breaker ?? null);
}

function doneBy(...calls: readonly string[]): (order: TraceEvents['ordered']) => boolean {
  return ({ call, code }) => code === null && calls.includes(call);
}

const IN_CRISES: readonly Situation[] = [
  atLook(
    'a crisis behind a half-open breaker',
    'It goes out beside the probe and does not wait for what comes of it.',
    crisisBehind('halfOpen'),
  ),
  atLook('a crisis behind an open breaker', 'It is tried all the same.', crisisBehind('open')),
  atLook(
    'a crisis that people have to know of',
    'It is not delivered, and escalates.',
    ({ health }) => health.crises.escalated > 0,
  ),
  atLook(
    'a crisis that nobody has taken on',
    'The chain goes on until somebody has it.',
    ({ health }) => health.crises.unacknowledged > 0,
  ),
  atLook(
    'crisis mode',
    'People have switched it on, and other work waits.',
    ({ health }) => health.crisisMode.subjects > 0 || health.crisisMode.global !== null,
  ),
  at(
    'spilled',
    'a crisis is spilled',
    'The store can not take it, and a file beside it does.',
    () => true,
  ),
  at(
    'looked',
    'a spilled crisis is taken up',
    'It is in the store once that takes it.',
    ({ rows }, { spilled }) => spilled.size > 0 && rows.some(({ id }) => spilled.has(id)),
  ),
  atKill(
    'a kill with a crisis undelivered',
    'The next process delivers it.',
    ({ isCrisis }) => isCrisis,
  ),
  noted('a crisis by a client', 'A process answers that does not own the store.'),
  noted('a crisis while nobody owns the store', 'It is answered without an owner.'),
  noted('a crisis is kept by another thread', 'Its process is blocked, and is killed then.'),
  noted('a power cut while a crisis is spilled', 'What was synced is there afterwards.'),
];

const AT_ENDS_OF_PROCESSES: readonly Situation[] = [
  atKill('a kill with an attempt ordered', 'It may have been made.', ({ isOrdered }) => isOrdered),
  atKill(
    'a kill with a retry under way',
    'Its number and time are kept.',
    ({ isBackingOff, attempt }) => isBackingOff && attempt > 0,
  ),
  atKill(
    'work that a crash found in flight',
    'It is made again, and counted.',
    ({ crashes }) => crashes > 0,
  ),
  noted(
    'a decision under a kill',
    'Somebody decides a conflict, and the process ends at one of the next timers.',
  ),
  at(
    'restored',
    'a restore with work out',
    'What the backup has as undone may be done: nothing of it runs before a person says so.',
    ({ rows }) => rows.some(({ outcome }) => outcome === null),
  ),
  noted('a folder is put back', 'Its anchor tells of it, and the store is held.'),
  noted('a store is copied', 'The copy is held.'),
  noted('a stop in good order', '`close()` ends by its deadline.'),
  noted(
    'a process starts with other options than the one before',
    'What is on disk goes by the new ones.',
  ),
  noted('a request by a client that owns', 'A client has taken the store over.'),
  noted('the owner was killed, and was one of several that may own', 'Another one takes over.'),
  noted('the owner stood still', 'Its clients wait, and crises do not.'),
  noted('a handler was registered late', 'What waited for it goes on.'),
  noted('a record of unfinished work is damaged', 'It is put aside, and told.'),
];

const IN_WORK: readonly Situation[] = [
  noted('an edit with a field missing that meets nobody', 'What it leaves out stays.'),
  noted('an edit with a field missing that meets another', 'What both mean is merged.'),
  atLook(
    'edits that wait for a person',
    'They disagree.',
    ({ health }) => health.conflicts.count > 0,
  ),
  noted('an endpoint that always fails, beside others', 'Nothing else waits for it.'),
  atLook(
    'a type that is parked by itself',
    'Its every call fails while others succeed.',
    ({ health }) =>
      Object.values(health.upstreams).some(({ parkedTypes }) => parkedTypes.length > 0),
  ),
  atLook(
    'work without a handler',
    'It waits for its type to be registered.',
    ({ health }) => health.waiting.handlerMissing > 0,
  ),
  atLook(
    'work that may have been done and is not safe to repeat',
    'It waits for a person.',
    ({ health }) => health.waiting.inReview > 0,
  ),
  atLook('work behind its lane', 'One after the other.', ({ health }) => health.waiting.inLane > 0),
  atLook(
    'work that starts later',
    'Not before its time.',
    ({ health }) => health.waiting.scheduled > 0,
  ),
  atLook(
    'work beyond its rate',
    'It waits for its turn.',
    ({ health }) => health.waiting.rateLimited > 0,
  ),
  atLook(
    'a handler that overhangs',
    'Its lane waits until it returns.',
    ({ health }) => health.waiting.overhanging > 0,
  ),
  atLook(
    'a dead letter',
    'A person may replay it.',
    ({ health }) => health.waiting.deadLettered > 0,
  ),
  atLook(
    'a record in quarantine',
    'It can not be opened.',
    ({ health }) => health.waiting.quarantined > 0,
  ),
  atLook(
    'a start that takes long',
    'Nothing is accepted yet, and health says so.',
    ({ health }) => health.phase === 'starting' && health.overall !== 'healthy',
  ),
  atLook(
    'a subject that is parked by itself',
    'Its every call of a type fails while those of others succeed.',
    ({ health }) =>
      Object.values(health.upstreams).some(({ parkedSubjects }) => parkedSubjects !== null),
  ),
  at(
    'reopened',
    'an upstream that is back after an outage',
    'It is given work slowly at first.',
    () => true,
  ),
  atLook('a store that is held', 'Nothing of it runs.', ({ health }) => health.hold !== null),
  atLook(
    'a disk that is not well',
    'Health names it.',
    ({ health }) => health.storage.state !== 'well',
  ),
  ended(
    'an expiry under way',
    'Its time was over after its first attempt.',
    ({ status, attempts = 0 }) => status === 'expired' && attempts > 0,
  ),
  ended(
    'work that expired before its turn',
    'Nothing of it went out.',
    ({ status, attempts }) => status === 'expired' && attempts === 0,
  ),
  ended('work that was cancelled', 'It ends as that.', ({ status }) => status === 'cancelled'),
  ended(
    'work that came through after failures',
    'It was retried.',
    ({ status, attempts = 0 }) => status === 'completed' && attempts > 2,
  ),
  at(
    'applied',
    'a late effect',
    'The upstream did the work after its attempt was given up, or its process had died.',
    ({ isLate }) => isLate === true,
  ),
  at(
    'pretended',
    'an upstream that lies',
    'It says that it did the work, and did not.',
    () => true,
  ),
  at('accepted', 'a request that came twice', 'It is one operation.', ({ key }, { keys }) =>
    keys.has(key),
  ),
  at(
    'refused',
    'a request that is surely not stored',
    'Its caller may give it again.',
    ({ isForSure }) => isForSure === true,
  ),
];

const BY_PEOPLE: readonly Situation[] = [
  ordered(
    'two people give one order at once',
    'One of them is told that it is done already, or both are right.',
    ({ call, id, by }, { orders, nowMs }) => {
      const last = orders.get(`${call} ${id}`);
      return last !== undefined && by !== null && last.by !== by && nowMs - last.atMs <= AT_ONCE_MS;
    },
  ),
  ordered(
    'an order that is refused',
    'It says why, and changes nothing.',
    ({ code }) => code !== null,
  ),
  ordered('a decision on a conflict', 'It is carried out.', doneBy('conflict.resolve')),
  ordered(
    'a crisis is taken on',
    'Its chain ends.',
    doneBy('crisis.acknowledge', 'crisis.acknowledgeSubject'),
  ),
  ordered(
    'a breaker is held',
    'Until it is released.',
    doneBy('breaker.forceOpen', 'breaker.disable'),
  ),
  ordered(
    'a dead letter is replayed',
    'It runs again.',
    doneBy('deadLetter.replay', 'deadLetter.replayBatch'),
  ),
  ordered('a cancel', 'What has not gone out never does.', doneBy('operation.cancel')),
  ordered('a retry by a person', 'It does not wait for its time.', doneBy('operation.retry')),
  noted('a subject that always fails, beside others', 'Nobody else waits for that.'),
  noted('upstream has forgotten a key', 'What may have been done is not sent again under it.'),
  noted('a purge that makes room on a full disk', 'What failed before it is written again.'),
  noted(
    'crises that were spilled and can not be read',
    'They are there once they can, whatever was spilled meanwhile.',
  ),
  noted(
    'work of which much may start at one instant',
    'What was read of it is acted on only where it is still so.',
  ),
  noted('a slow processor', 'What has come at once is done in many turns.'),
  noted('a stop beside calls', 'Guarded calls end with it.'),
  noted('work that ends its process', 'It ends in the dead letters, and nothing else does.'),
  noted('a key that comes with another body', 'It is refused.'),
  noted('requests in bulk by a client', 'Each has its own answer.'),
  noted('a client was told of a change', 'What it watches is what is on disk.'),
  noted('a page was opened', 'It shows what health says.'),
];

/** What another hand may touch, and what has to come of it. */
const TOUCHED = {
  work: 'Nothing of it goes out.',
  crisis: 'One that was put back is delivered, perhaps again.',
  plan: 'An earlier one is shown and marked, and a deleted one does not count as none.',
  crisisMode: 'It is on for everybody.',
  breaker: 'An earlier state of it is used.',
  record: 'It counts as not there.',
} as const;

const BY_ANOTHER_HAND: readonly Situation[] = Object.entries(TOUCHED).flatMap(([what, says]) =>
  ['deleted', 'putBack'].map((how) =>
    at(
      'touched',
      `another hand: ${what} ${how}`,
      `${says} It is told.`,
      (touched) => touched.what === what && touched.how === how,
    ),
  ),
);

/** Every situation, in the order of the report. */
export const SITUATIONS: readonly Situation[] = [
  ...IN_CRISES,
  ...AT_ENDS_OF_PROCESSES,
  ...IN_WORK,
  ...BY_PEOPLE,
  ...BY_ANOTHER_HAND,
  ...LINK_FAULTS.map((kind) => noted(`network: ${kind}`, 'A request met it.')),
  ...TROUBLES.map((kind) => noted(`upstream ${kind}`, 'A request met it.')),
];

/** Tests for the situations that events show, by the kind of event. */
const SHOWN_BY = new Map<TraceEvent['event'], [name: string, is: Shown['is']][]>();
for (const { name, shown } of SITUATIONS) {
  if (shown === undefined) continue;
  const those = SHOWN_BY.get(shown.by) ?? [];
  SHOWN_BY.set(shown.by, [...those, [name, shown.is]]);
}

/** Watches the events of one device for situations. */
export class Sometimes {
  readonly #saw: (name: string) => void;
  readonly #past: Past = {
    ...{ nowMs: 0, orders: new Map(), keys: new Set(), spilled: new Set() },
  };

  constructor(saw: (name: string) => void) {
    this.#saw = saw;
  }

  /** @param nowMs - true time */
  told(event: TraceEvent, nowMs: number): void {
    const past = this.#past;
    past.nowMs = nowMs;
    for (const [name, is] of SHOWN_BY.get(event.event) ?? []) if (is(event, past)) this.#saw(name);
    if (event.event === 'accepted') past.keys.add(event.key);
    if (event.event === 'spilled') past.spilled.add(event.id);
    if (event.event === 'ordered')
      past.orders.set(`${event.call} ${event.id}`, { by: event.by, atMs: nowMs });
  }
}

export function neverSeen(seen: Readonly<Record<string, number>>): readonly Situation[] {
  return SITUATIONS.filter(({ name }) => (seen[name] ?? 0) === 0);
}

/** Tells whether so many days prove too little because a situation never came. */
export function isTooWeak(seen: Readonly<Record<string, number>>, days: number): boolean {
  return days >= SEEN_WITHIN_DAYS && neverSeen(seen).length > 0;
}
