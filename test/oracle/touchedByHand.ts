/**
 * Histories by hand for the oracle: another hand touches a store, and a device makes of it what it must not, or what it
 * may.
 *
 * @module
 */

import type {
  DiskRow,
  ToldOutcome,
  TraceEvent,
  TraceEvents,
} from '../../src/simulator/oracle/trace.ts';
import {
  applied,
  asked,
  attempted,
  DONE,
  ended,
  finished,
  type Histories,
  told as outcome,
  row,
} from './historiesByHand.ts';
import { called, HEALTH, HOUR_MS, ILL, seen, UNDELIVERED } from './looksByHand.ts';

const NO_ROWS: TraceEvent = { event: 'disk', rows: [] };

/** Another hand touches this while no process runs; `isAtRest` is false for while one runs, which ends later. */
function touched(given: Partial<TraceEvents['touched']>, isAtRest = true): readonly TraceEvent[] {
  const operation = { id: 'op-1', key: 'key-1' };
  const touch = { what: 'work', how: 'putBack', name: 'operation 1', process: 1 } as const;
  const event = { event: 'touched', ...touch, ...operation, ...given } as const;
  return isAtRest ? [event, NO_ROWS] : [event];
}

const mended = (name: string, by: string): TraceEvent => ({ event: 'mended', name, by });
const told: TraceEvent = { event: 'toldOfTouched', code: 'HF_RECORD_STALE' };

const GIVEN_UP: ToldOutcome = { ...DONE, status: 'deadLettered' };
const CRISIS = { what: 'crisis', how: 'putBack', id: 'op-1', key: 'crisis-1' } as const;
const PLAN = { what: 'plan', how: 'putBack', name: 'plan user-1', person: 'Sam' } as const;
const NO_PLAN = { what: 'plan', how: 'deleted', name: 'plan user-1' } as const;
const MODE = { what: 'crisisMode', how: 'deleted', name: 'mode user-1' } as const;

/** A crisis is answered, with this person first. */
function answered(planSaid: string, person: string | null): TraceEvent {
  const answer = { key: 'crisis-2', id: 'op-2', subject: 'user-1', waitedMs: 0 };
  return { event: 'answered', ...answer, planSaid, person };
}

/** A device says of itself that all is well, or this, once every record was checked. */
function saying(...ids: readonly string[]): TraceEvent {
  const findings = ids.map((id) => ({ id, component: 'storage', health: 'degraded', costs: 30 }));
  return seen({ findings: findings.map((one) => ({ ...one, reason: one.id })) });
}

const modeOf = (global: object | null): TraceEvent => seen({ crisisMode: { global, subjects: 0 } });
const unchecked = (upMs: number): TraceEvent =>
  seen({ storeCheck: { ...HEALTH.storeCheck, state: 'running' } }, [], null, { upMs });

const LEAVING: TraceEvent = { event: 'asked', id: null, what: 'leaveMode' };
const LEFT = called('crisisMode.leave', {}, null, 'ben');
const REFUSED = { ...LEFT, answer: null, code: 'HF_SECOND_PERSON_NEEDED' } as TraceEvent;
const IN_DOUBT = [...touched(MODE), mended(MODE.name, 'crisisModes'), told];

/** A damaged record leaves a lane whose head is less urgent than one behind it. */
const DAMAGED_HEAD: TraceEvent = { event: 'damaged', id: 'op-1', key: 'key-1', lane: 'a' };
const UNRAISED: TraceEvent = {
  event: 'disk',
  rows: [row(2, { lane: 'a', urgency: 6 }), row(3, { lane: 'a', ownUrgency: 4 })],
};

export const TOUCHED_BROKEN: Histories = {
  'less urgent than who waits for it': [[DAMAGED_HEAD, unchecked(1), saying(), UNRAISED]],
  'an earlier copy went out': [
    [...touched({}), attempted(1)],
    [...touched({}), mended('operation 1', 'update'), attempted(1)],
    [...touched({}, false), NO_ROWS, attempted(1)],
  ],
  'what was deleted went out': [
    [...touched({ how: 'deleted' }), attempted(1)],
    [...touched({ how: 'deleted' }, false), attempted(1), NO_ROWS, attempted(1, 2)],
  ],
  'an earlier crisis is not delivered': [[...touched(CRISIS), finished(ended(1))]],
  'an earlier plan is not marked': [
    [...touched(PLAN), answered('included', 'Sam')],
    [...touched(PLAN), mended('plan user-1', 'crisisPlan'), answered('included', 'Sam')],
  ],
  'an earlier plan is not shown': [
    [...touched(PLAN), answered('none', null)],
    [...touched(PLAN), answered('unreadable', null)],
  ],
  'a deleted plan counts as none': [
    [...touched(NO_PLAN), answered('none', null)],
    [...touched(NO_PLAN, false), answered('included', 'Sam'), NO_ROWS, answered('none', null)],
  ],
  'crisis mode in doubt is off': [
    [...touched(MODE), modeOf(null)],
    [...touched({ ...MODE, how: 'putBack' }), modeOf({}), modeOf(null)],
    [...IN_DOUBT, LEAVING, REFUSED, modeOf(null)],
  ],
  'another hand is not told of': [
    [...touched({}), saying('recordsMissing')],
    [...touched({ how: 'deleted' }), saying('quarantined')],
    [...touched({ how: 'deleted' }), unchecked(HOUR_MS)],
    [...touched({ what: 'record' }), saying('recordsMissing')],
    [...touched(MODE), mended(MODE.name, 'crisisModes'), saying()],
    [told, ...touched(MODE), mended(MODE.name, 'crisisModes'), saying()],
  ],
};

/** What a device may make of it. */
export const TOUCHED_CLEAN: Readonly<Record<string, readonly TraceEvent[]>> = {
  'who comes after a damaged head is not raised until that is found': [
    ...[DAMAGED_HEAD, saying(), UNRAISED, unchecked(1), UNRAISED],
  ],
  'what was put back is set aside, and told': [...touched({}), saying('quarantined')],
  'a person has the earlier copy run': [
    ...touched({}),
    mended('operation 1', 'reinstate'),
    attempted(1),
  ],
  'and it goes on from the attempt that it knows': [
    ...[attempted(1), attempted(1, 2)],
    ...touched({}),
    mended('operation 1', 'reinstate'),
    attempted(1),
  ],
  'and ends in its own way': [
    outcome(1),
    ...touched({}),
    mended('operation 1', 'reinstate'),
    attempted(1),
    outcome(1, GIVEN_UP),
    finished(ended(1, { outcome: GIVEN_UP as DiskRow['outcome'] })),
  ],
  'a process goes on with what it has in memory': [...touched({}, false), attempted(1)],
  'and makes a record of it again': [
    ...touched({}, false),
    mended('operation 1', 'update'),
    NO_ROWS,
    attempted(1),
  ],
  'what was deleted is told': [
    ...touched({ how: 'deleted' }),
    unchecked(1),
    saying('recordsMissing'),
  ],
  'a crisis is delivered again': [...touched(CRISIS), attempted(1), finished(ended(1))],
  'a process that has delivered a crisis tells nobody of an earlier copy': [
    ...touched({ ...CRISIS, id: 'crisis' }, false),
    seen(ILL, [UNDELIVERED]),
  ],
  'a crisis was called off': [asked(1, 'cancel'), ...touched(CRISIS), finished(ended(1))],
  'a plan is shown and marked': [...touched(PLAN), answered('earlierCopy', 'Sam')],
  'a plan is written again': [
    ...touched(PLAN),
    mended('plan user-1', 'crisisPlan'),
    answered('included', 'Kim'),
    answered('none', null),
  ],
  'a plan is not read in time': [...touched(PLAN), answered('notReadInTime', null)],
  'a deleted plan is said to be unreadable': [...touched(NO_PLAN), answered('unreadable', null)],
  'a deleted plan is in memory of a process': [...touched(NO_PLAN, false), answered('none', null)],
  'a deleted plan is written again, and its owner deletes it': [
    ...touched(NO_PLAN),
    mended('plan user-1', 'crisisPlan'),
    answered('none', null),
  ],
  'crisis mode is on, told, and ended': [...IN_DOUBT, ...[modeOf({}), LEFT, modeOf(null)]],
  'it is ended, which a disk in trouble takes later': [
    ...[...IN_DOUBT, LEAVING, modeOf(null), LEFT, modeOf(null)],
  ],
  'an earlier copy that a person takes goes out under a key that is forgotten': [
    ...[attempted(1), applied(1), ...touched({}), mended('operation 1', 'reinstate'), attempted(1)],
    { event: 'keyForgotten', key: 'key-1', isExcused: false },
  ],
  'what a backup replaced is forgotten': [
    ...touched({}),
    { event: 'restored', rows: [] },
    saying(),
    attempted(1),
  ],
};
