import { describe, expect, test } from 'vitest';
import {
  companionsOf,
  isPartial,
  lastStepOf,
  type SequenceRow,
  sequenceOf,
  serialsOf,
} from '../../../../inspector/page/past/sequence.ts';
import type { News, RingName, Step } from '../../../../inspector/protocol.ts';

function step(serial: number, actor: number, atMs: number, to = 'b'): Step {
  return {
    ...{ serial, ring: 'operation', nth: serial, actor, atMs, event: `e${serial}` },
    ...{ from: ['a'], to: [to], transitions: [] },
  };
}

function news(serial: number, id: string | null, atMs: number): News {
  const words = { text: '', tone: 'quiet' } as const;
  return { serial, atMs, kind: `fact.${serial}`, id, reason: null, ...words, details: {} };
}

function short(row: SequenceRow): string {
  if (row.kind === 'missed') return `missed ${row.count} after ${row.after}`;
  const what = row.kind === 'step' ? row.step.event : row.news.kind;
  return `${what} +${row.afterMs}`;
}

describe('OB-1 the event sequence', () => {
  const rings = new Set<RingName>(['operation']);
  const steps = [step(1, 7, 100), step(2, 8, 150), step(3, 7, 400, 'a'), step(4, 9, 500)];

  test('OB-1 of one actor has its steps and what was told of it, the newest first', () => {
    const told = [news(1, 'op', 400), news(2, 'other', 410), news(3, null, 450)];
    const rows = sequenceOf(steps, told, { actors: new Set([7]), ids: new Set(['op']), rings });
    expect(rows.map(short)).toEqual(['fact.1 +0', 'e3 +300', 'e1 +null']);
    expect(rows.map((row) => row.kind === 'step' && row.isStay)).toEqual([false, true, false]);
  });

  test('OB-1 of several actors has them interleaved by time', () => {
    const rows = sequenceOf(steps, [], { actors: new Set([7, 8]), ids: new Set<string>(), rings });
    expect(rows.map(short)).toEqual(['e3 +250', 'e2 +50', 'e1 +null']);
  });

  test('OB-1 steps that were not sent are counted where they are missing between its own', () => {
    const gappy = [step(1, 7, 100), step(5, 8, 150), step(9, 7, 400), step(12, 8, 500)];
    const rows = sequenceOf(gappy, [], { actors: new Set([7]), ids: new Set<string>(), rings });
    expect(rows.map(short)).toEqual(['e9 +null', 'missed 6 after 1', 'e1 +null']);
    // What is missing before its first row or after its last is not between anything.
    const late = sequenceOf(gappy, [], { actors: new Set([8]), ids: new Set<string>(), rings });
    expect(late.map(short)).toEqual(['e12 +null', 'missed 5 after 5', 'e5 +null']);
  });

  test('OB-1 what is not remembered of operations is no gap in the story of a component', () => {
    const own = (serial: number, nth: number): Step => ({
      ...{ ...step(serial, 1, serial * 10), ring: 'component', nth },
    });
    const mixed = [own(3, 1), step(40, 7, 405), own(60, 2), step(90, 7, 900), own(95, 3)];
    const rows = sequenceOf(mixed, [], {
      ...{ actors: new Set([1]), ids: new Set<string>(), rings: new Set<RingName>(['component']) },
    });
    expect(rows.map(short)).toEqual(['e95 +350', 'e60 +570', 'e3 +null']);
  });

  test('OB-1 that an actor took none is said only where every step of its kind is remembered', () => {
    expect(isPartial(steps, 'operation')).toBe(false);
    expect(isPartial(steps, 'component')).toBe(false);
    expect(isPartial(steps.slice(1), 'operation')).toBe(true);
    expect(isPartial(steps.slice(1), 'crisis')).toBe(false);
    // A component may have taken one there, and stayed.
    expect(isPartial(steps.slice(1), 'component')).toBe(true);
    expect(isPartial(steps.toSpliced(1, 1), 'operation')).toBe(true);
  });

  test('OB-1 nothing is there of an actor that did nothing', () => {
    expect(sequenceOf(steps, [], { actors: new Set([1]), ids: new Set<string>(), rings })).toEqual(
      [],
    );
    expect(sequenceOf([], [], { actors: new Set([1]), ids: new Set<string>(), rings })).toEqual([]);
  });

  test('OB-1 its last step is the newest up to the moment that is looked at', () => {
    expect(lastStepOf(steps, 7, null)?.serial).toBe(3);
    expect(lastStepOf(steps, 7, 2)?.serial).toBe(1);
    expect(lastStepOf(steps, 8, 1)).toBeNull();
    expect(serialsOf(steps, 7)).toEqual([1, 3]);
  });
});

test('OB-1 beside an operation stand its breaker, its levels and what runs them', () => {
  const about = {
    ...{ type: 't', upstream: 'pay', tier: 'basic', priority: 'normal', acceptedAtMs: null },
  };
  const actors = [
    { id: '0190-op', about },
    { id: 'breaker:pay', about: null },
    { id: 'breaker:mail', about: null },
    { id: 'degradation:pay', about: null },
    { id: 'degradation:global', about: null },
    { id: 'supervisor', about: null },
  ];
  expect(companionsOf(actors, 'pay').map(({ id }) => id)).toEqual([
    'breaker:pay',
    'degradation:pay',
    'degradation:global',
    'supervisor',
  ]);
  expect(companionsOf(actors, null).map(({ id }) => id)).toEqual([
    'degradation:global',
    'supervisor',
  ]);
});
