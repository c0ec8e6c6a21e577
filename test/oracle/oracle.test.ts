/** The oracle on histories by hand: one for each way to break a promise, and some that break none. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Driver } from '../../src/simulator/oracle/clause.ts';
import type { Sight, TraceEvent } from '../../src/simulator/oracle/trace.ts';
import { CLAUSES, type Expected, isJudged, Oracle } from '../../src/simulator/promises/oracle.ts';
import { DRIVERS } from './drivers.ts';
import {
  ALL_SEEING,
  asked,
  attempted,
  BROKEN_PLAINLY,
  CLEAN,
  EXHAUSTED,
  ended,
  expected,
  failedInOutage,
  finished,
  type Histories,
} from './historiesByHand.ts';
import {
  AUDIT_BROKEN,
  AUDITED,
  allTakenOn,
  CALLS_BROKEN,
  called,
  ESCALATED,
  HEALTH,
  HEARD,
  HOUR_MS,
  heldBy,
  ILL,
  LETTER,
  LOOKS_BROKEN,
  ORDERS_BROKEN,
  ofMany,
  seen,
  shown,
  TAKEN_ON,
  toldAt,
  toldByLiar,
  turn,
  UNDELIVERED,
} from './looksByHand.ts';
import { TOUCHED_BROKEN, TOUCHED_CLEAN } from './touchedByHand.ts';

const BROKEN: Histories = joined([
  BROKEN_PLAINLY,
  LOOKS_BROKEN,
  ORDERS_BROKEN,
  CALLS_BROKEN,
  AUDIT_BROKEN,
  TOUCHED_BROKEN,
]);

/** Joins all histories, by the name of the breach. */
function joined(all: readonly Histories[]): Histories {
  const found: Record<string, readonly (readonly TraceEvent[])[]> = {};
  for (const [kind, histories] of all.flatMap(Object.entries<Histories[string]>)) {
    found[kind] = [...(found[kind] ?? []), ...histories];
  }
  return found;
}

function kindsOf(breaches: readonly string[]): readonly string[] {
  return breaches.map((breach) => breach.slice(0, breach.indexOf(':')));
}

test('HM-1 a look at a device that says what is so breaks nothing', () => {
  const looks = [
    seen({}),
    seen({ ...turn(1), ...ILL, level: 'limited' }, [{}], { reason: 'slot' }),
    seen({ ...turn(1), ...ILL }, [{ unchangedMs: 0 }], { reason: 'lane' }),
    seen({ ...turn(1), ...ILL }, [{ unchangedMs: 60_000 }], { reason: 'slot' }),
    seen(ESCALATED, [UNDELIVERED]),
  ];
  expect(judge(ALL_SEEING, looks)).toEqual([]);
  expect(
    judge(ALL_SEEING, [TAKEN_ON, seen(ILL, [UNDELIVERED], null, { hasChain: false })]),
  ).toEqual([]);
});

test('CR-5 who takes on what another subject has cuts short nobody who has a crisis', () => {
  const alone = { hasChain: false, takenOnMs: 4 * HOUR_MS };
  const looks = [1, 3].map((hour) =>
    seen(ILL, [UNDELIVERED], null, { ...alone, atMs: hour * HOUR_MS, upMs: hour * HOUR_MS }),
  );
  expect(judge(ALL_SEEING, [TAKEN_ON, allTakenOn([]), ...looks])).toEqual([]);
  expect(kindsOf(judge(ALL_SEEING, [TAKEN_ON, allTakenOn(['crisis']), ...looks]))).toContain(
    'crisis not escalated',
  );
});

test('CR-5 who has taken on a crisis still has it once a backup takes the place of the store', () => {
  const look = (hour: number, upHours: number): TraceEvent =>
    seen(ILL, [UNDELIVERED], null, {
      ...{ hasChain: false, takenOnMs: 4 * HOUR_MS },
      ...{ atMs: hour * HOUR_MS, upMs: upHours * HOUR_MS },
    });
  const restored: TraceEvent = { event: 'restored', rows: [] };
  const takenOn = [TAKEN_ON, look(1, 1), restored, look(3, 1)];
  expect(judge(ALL_SEEING, takenOn)).toEqual([]);
  for (const events of [
    [restored, look(3, 1)],
    [...takenOn, look(8, 6)],
  ]) {
    expect(kindsOf(judge(ALL_SEEING, events))).toContain('crisis not escalated');
  }
});

test('CR-5 an earlier copy of the store may know of a longer taking than the last one', () => {
  const telling = { againWithinMs: HOUR_MS };
  const events = (meanwhile: readonly TraceEvent[]): readonly TraceEvent[] => [
    ...toldAt(telling, 1_000),
    HEARD,
    called('crisis.acknowledge', { forMs: 4 * HOUR_MS }, 'crisis', 'ana'),
    ...toldAt(telling, 2_000),
    allTakenOn(['crisis']),
    ...toldAt(telling, 3_000),
    HEARD,
    ...meanwhile,
    ...toldAt(telling, 3 * HOUR_MS),
  ];
  expect(judge(ALL_SEEING, events([{ event: 'restored', rows: [] }]))).toEqual([]);
  expect(kindsOf(judge(ALL_SEEING, events([])))).toContain('nobody was told');
});

test('CR-5 whoever was told as it lapsed is told again when the chain begins anew', () => {
  const telling = { againWithinMs: 9 * HOUR_MS };
  const events = [
    ...toldAt(telling, 1_000),
    HEARD,
    allTakenOn(['crisis']),
    ...toldAt(telling, 2_000, 61_500),
    HEARD,
    ...toldAt(telling, 63_000, 2 * HOUR_MS),
  ];
  expect(judge(ALL_SEEING, events)).toEqual([]);
});

test('CR-5 where the clock was set ahead since a taking, who is asked may be told of its lapse', () => {
  const minuteMs = HOUR_MS / 60;
  const of = (clockSetAtMs: number): readonly string[] => {
    const looks = (...atMs: readonly number[]): readonly TraceEvent[] =>
      toldAt({ againWithinMs: 9 * HOUR_MS }, ...atMs).map((look) =>
        look.event === 'looked'
          ? { ...look, world: { ...look.world, upMs: look.world.atMs - clockSetAtMs } }
          : look,
      );
    return kindsOf(
      judge(ALL_SEEING, [
        ...[...looks(1_000), HEARD],
        called('crisis.acknowledge', { forMs: 30 * minuteMs }, 'crisis', 'ana'),
        ...[...looks(2_000, 26 * minuteMs), HEARD, ...looks(27 * minuteMs, 2 * HOUR_MS)],
      ]),
    );
  };
  expect(of(minuteMs)).toEqual([]);
  expect(of(0)).toContain('nobody was told');
});

test('CR-5 who a lying pager says to have told is told when the chain begins anew, no sooner', () => {
  const steps = ['on-call', 'desk'];
  const liarUntilMs = HOUR_MS / 2;
  const of = (telling: object): readonly string[] =>
    kindsOf(
      judge(ALL_SEEING, [
        ...toldByLiar({ steps, ...telling }, liarUntilMs, 1_000),
        allTakenOn(['crisis']),
        ...toldByLiar({ steps, ...telling }, liarUntilMs, 2_000, 2 * HOUR_MS),
      ]),
    );
  expect(of({ againWithinMs: 9 * HOUR_MS })).toEqual([]);
  expect(of({ againWithinMs: HOUR_MS })).toEqual(
    expect.arrayContaining(['a step was never told', 'nobody was told']),
  );
});

test('OB-1 HM-1 a page that is a moment behind breaks nothing', () => {
  const behind = [shown(turn(0), turn(1)), shown(turn(1), turn(2)), shown(turn(2), turn(2))];
  expect(judge(ALL_SEEING, behind)).toEqual([]);
});

/** Names the breaches in a list of events. */
function judge(
  driver: Driver,
  events: Iterable<TraceEvent>,
  endings?: Expected,
): readonly string[] {
  const oracle = new Oracle(driver, endings);
  for (const event of events) oracle.tell(event);
  return oracle.breaches;
}

test('OP-5 CB-1 an order that does what was asked for breaks nothing', () => {
  const events = [
    seen({ ...ILL, waiting: { ...HEALTH.waiting, deadLettered: 1 } }, [LETTER]),
    ofMany('purge'),
    called('deadLetter.purgeBatch', { filter: { type: 'pay' } }),
    seen({}),
    asked(1, 'replay'),
    called('deadLetter.replay', {}, 'op-1'),
    attempted(1, 1),
    heldBy('ana'),
    called('breaker.release', { upstream: 'payments', of: 'ana' }, null, 'ben'),
    seen({}),
    heldBy('ana'),
    called('breaker.release', { upstream: 'payments' }, null, 'ben'),
    heldBy('ana'),
    called('breaker.release', { upstream: 'payments' }, null, 'ana'),
    seen({}),
  ];
  expect(judge(ALL_SEEING, events)).toEqual([]);
});

test('AU-1 AU-2 what is recorded as it was done breaks nothing', () => {
  expect(judge(ALL_SEEING, AUDITED)).toEqual([]);
});

test('CB-2 DG-2 what people held back gets its turn once they let it go, not before', () => {
  const waitsAt = (atMs: number): TraceEvent => seen({ ...turn(1), ...ILL }, [{}], null, { atMs });
  const found = (...events: readonly TraceEvent[]): boolean =>
    judge(ALL_SEEING, events).some((breach) => breach.startsWith('held up by others'));
  expect(found(heldBy('ana'), waitsAt(HOUR_MS + 60_000))).toBe(false);
  expect(found(heldBy('ana'), waitsAt(2 * HOUR_MS))).toBe(true);
});

describe('RT-1 a call that a portal redirects in an outage', () => {
  const redirected: TraceEvent = { event: 'redirected', outage: 'mail 1' };
  const before = (number: number): TraceEvent => failedInOutage(number, true);
  const after = (number: number): TraceEvent => failedInOutage(number, true, 'mail 1 after it');
  const found = (...events: readonly TraceEvent[]): boolean =>
    judge(ALL_SEEING, [...events, finished(ended(1, { outcome: EXHAUSTED }))]).some((breach) =>
      breach.startsWith('given up in an outage'),
    );

  test('is an answer: who failed before it, or fails alone after it, may be given up', () => {
    expect(found(before(2), redirected, after(1))).toBe(false);
    expect(found(before(2), before(1), redirected)).toBe(false);
    expect(found(before(2), before(1), redirected, after(2), after(1))).toBe(false);
  });

  test('control: without it nobody is given up beside others, nor where all have failed after it', () => {
    expect(found(before(2), before(1))).toBe(true);
    expect(found(redirected, after(2), after(1))).toBe(true);
    expect(found(before(3), redirected, after(2), after(1))).toBe(true);
    expect(found(before(2), before(1), { event: 'redirected', outage: 'post 1' })).toBe(true);
  });
});

describe('a history that keeps every promise', () => {
  /** A driver of clean histories, most of which tell no endings. */
  const driver: Driver = { name: 'clean', blind: { everyEnding: 'not told' } };
  test.each(Object.entries(CLEAN))('OP-2 OP-3 OP-4 PS-2 RT-4 %s breaks none', (_, events) => {
    expect(judge(driver, events, expected)).toEqual([]);
  });
});

describe('a device whose store another hand has touched', () => {
  const ofHand = new Set(Object.keys(TOUCHED_BROKEN));
  test.each(Object.entries(TOUCHED_CLEAN))('SE-6 breaks nothing where %s', (_, events) => {
    const breaches = kindsOf(judge(ALL_SEEING, events, expected));
    expect(breaches.filter((breach) => ofHand.has(breach))).toEqual([]);
  });
});

describe.each(Object.entries(BROKEN))('%s', (kind, histories) => {
  test.each(histories.map((events, index) => [index + 1, events] as const))(
    `OP-2 OP-3 OP-4 PS-2 RT-4 control: history %i is found out`,
    (_, events) => {
      expect(kindsOf(judge(ALL_SEEING, events, expected))).toContain(kind);
    },
  );
});

test('OP-2 OP-3 OP-4 PS-2 RT-4 every clause has a history that breaks it, and a name of its own', () => {
  const names = CLAUSES.map(({ breach }) => breach);
  expect(Object.keys(BROKEN).toSorted()).toEqual(names.toSorted());
  expect(new Set(names).size).toBe(names.length);
});

test('OP-2 OP-3 OP-4 PS-2 RT-4 what one driver cannot see another can', () => {
  const unjudged = CLAUSES.filter((clause) => !DRIVERS.some((driver) => isJudged(clause, driver)));
  expect(unjudged.map(({ breach }) => breach)).toEqual([]);
});

/** Clauses about looks and the audit, which other drivers leave to the simulator. */
const OF_LOOKS = [
  'audit unsound',
  'done and not recorded',
  'recorded and not done',
  'order not recorded',
  "another's hold released",
  'more was done than was asked for',
  'verdict without reason',
  'sums differ',
  'count untrue',
  'nobody is told',
  'queue untrue',
  'healthy while nothing starts',
  'healthy while the disk hangs',
  'a view waits for a write',
  'healthy while it starts',
  'parked and not named',
  'a step was never told',
  'page differs from health',
  'wait without a true reason',
  'end of a wait is past',
  'pause lengthened',
  'held up by others',
  'crisis not escalated',
  'nobody was told',
  'taken on before anybody was told',
  'health is silent of a crisis',
  'crisis mode in doubt is off',
  'another hand is not told of',
];
const OF_ANOTHER_PROCESS = [
  ...OF_LOOKS,
  'all at once after an outage',
  'refused and stored',
  'untyped error',
  'two in one lane',
  'not in the order of acceptance',
  'attempt not ordered',
  'attempt spent by a crash',
  'due time moved',
  'crisis waited',
  'crisis of a client waited',
  'crisis refused',
  'crisis answered without help',
  'crisis answered without its plan',
  'an earlier plan is not marked',
  'an earlier plan is not shown',
  'a deleted plan counts as none',
  'slot leaked',
];
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  simulation: ['never reported', 'wrong ending', 'attempt not ordered', 'due time moved'],
  'mixed history': [
    ...OF_LOOKS,
    'never reported',
    'wrong ending',
    'attempt not ordered',
    'due time moved',
  ],
  'crash history': [
    ...OF_LOOKS,
    'body changed',
    'not in the order of acceptance',
    'never reported',
    'wrong ending',
    'crisis waited',
    'crisis answered without help',
    'crisis answered without its plan',
    'an earlier plan is not marked',
    'an earlier plan is not shown',
    'a deleted plan counts as none',
    'crisis of a client waited',
    'slot leaked',
  ],
  restart: [...OF_ANOTHER_PROCESS, 'attempted after it completed'],
  'power cut': [...OF_ANOTHER_PROCESS, 'body changed', 'never reported', 'wrong ending'],
  'resumed after a power cut': [...OF_ANOTHER_PROCESS, 'attempted after it completed'],
};

describe.each(DRIVERS)('$name', ({ name, blind }) => {
  test('OP-2 OP-3 OP-4 PS-2 RT-4 judges what it can see and says why it leaves out the rest', () => {
    const driver = { name: '', blind };
    const left = CLAUSES.filter((clause) => !isJudged(clause, driver));
    for (const clause of left) {
      for (const events of BROKEN[clause.breach] ?? []) {
        expect(kindsOf(judge(driver, events, expected))).not.toContain(clause.breach);
      }
    }
    expect(left.map(({ breach }) => breach).toSorted()).toEqual(LEFT_OUT[name]?.toSorted());
    for (const reason of Object.values(blind)) expect(reason).not.toBe('');
  });
});

test('OP-2 no sight is declared that no clause needs', () => {
  const needed = new Set(CLAUSES.flatMap(({ needs = [] }) => needs));
  const declared = new Set(DRIVERS.flatMap(({ blind }) => Object.keys(blind) as Sight[]));
  expect([...declared].filter((sight) => !needed.has(sight))).toEqual([]);
});

/** Reads a page as its reader does: without links, emphasis, list marks and line breaks. */
function readPage(page: string): string {
  return readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), 'utf8')
    .replaceAll(/\]\([^)]*\)/gu, '')
    .replaceAll(/<a [^>]*><\/a>|\*\*?|\[|^> ?/gmu, '')
    .replaceAll(/\s+/gu, ' ');
}

test.each(CLAUSES.map(({ breach, says }) => [breach, says] as const))(
  'SM-2 "%s" holds a sentence that the docs have',
  (_, { page, sentence }) => {
    expect(readPage(page)).toContain(sentence);
  },
);
