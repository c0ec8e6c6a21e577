import { expect, test } from 'vitest';
import {
  HOLD_KINDS,
  type HoldKind,
  holdInForce,
  type OperatorHold,
  shownHold,
  withHold,
  withoutHold,
} from '../../../../machines/policy/breaker/operatorHolds.ts';

function hold(kind: HoldKind, by: string | null, sinceAtMs = 0): OperatorHold {
  return { kind, by, reason: null, sinceAtMs };
}

test('CB-1 without an order nothing is in force, and nothing is shown', () => {
  expect([holdInForce([]), shownHold([])]).toEqual([null, null]);
  expect(withoutHold([], { by: 'ada' })).toEqual([]);
});

test('CB-1 the strongest is in force, whatever their order', () => {
  const holds = [hold('observing', 'ada'), hold('forcedOpen', 'ben'), hold('disabled', 'cem')];
  expect(HOLD_KINDS).toEqual(['forcedOpen', 'disabled', 'observing']);
  expect(holdInForce(holds)).toBe('forcedOpen');
  expect(holdInForce(holds.toReversed())).toBe('forcedOpen');
  expect(holdInForce([hold('observing', 'ada'), hold('disabled', 'cem')])).toBe('disabled');
});

test('CB-1 who lets go lets go of the latest of their own', () => {
  const holds = [
    hold('disabled', 'ada', 1),
    hold('disabled', 'ben', 2),
    hold('observing', 'ada', 3),
  ];
  expect(withoutHold(holds, { by: 'ada' })).toEqual(holds.slice(0, 2));
  expect(withoutHold(holds, { by: 'ben' })).toEqual([holds[0], holds[2]]);
});

test('CB-1 who holds none lets go of nothing that another holds', () => {
  const holds = [hold('forcedOpen', 'ana', 1), hold('disabled', 'cem', 2)];
  expect(withoutHold(holds, { by: 'bob' })).toBe(holds);
  expect(withoutHold(holds, { by: 'bob', of: 'dan' })).toBe(holds);
});

test('CB-1 what another holds is let go by naming them, and what nobody has signed by anybody', () => {
  const holds = [
    hold('disabled', null, 1),
    hold('forcedOpen', 'ana', 2),
    hold('disabled', 'cem', 3),
  ];
  expect(withoutHold(holds, { by: 'bob', of: 'ANA' })).toEqual([holds[0], holds[2]]);
  expect(withoutHold(holds, { by: 'bob' })).toEqual(holds.slice(1));
  expect(withoutHold(holds, {})).toEqual(holds.slice(0, 2));
});

test('CB-1 shown is the latest of those in force', () => {
  const holds = [
    hold('forcedOpen', 'ada', 1),
    hold('forcedOpen', 'ben', 2),
    hold('observing', 'cem', 3),
  ];
  expect(shownHold(holds)).toEqual(holds[1]);
});

test('CB-1 orders without end stay bounded, and the latest of them are kept', () => {
  let holds: readonly OperatorHold[] = [];
  for (let each = 0; each < 150; each += 1) holds = withHold(holds, hold('disabled', null, each));
  expect([holds.length, holds.at(-1)?.sinceAtMs]).toEqual([100, 149]);
});

test('CB-1 what is in force is not pushed out by weaker orders', () => {
  let holds: readonly OperatorHold[] = [hold('forcedOpen', 'ada', 0)];
  for (let each = 1; each < 150; each += 1) holds = withHold(holds, hold('observing', null, each));
  expect([holds.length, holdInForce(holds)]).toEqual([100, 'forcedOpen']);
});
