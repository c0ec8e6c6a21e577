import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { momentAt, moved, placeAfter, timeOf } from '../../../../inspector/page/past/moment.ts';
import type { Step } from '../../../../inspector/protocol.ts';

function step(serial: number, actor: number, from: string, to: string): Step {
  const states = (text: string) => (text === '' ? [] : text.split('+'));
  return {
    ...{ serial, ring: 'operation', nth: serial, actor, atMs: serial * 100 },
    ...{ event: 'went', transitions: [] },
    ...{ from: states(from), to: states(to) },
  };
}

const lives = { ring: 'operation', sinceAtMs: 0, endedAtMs: null } as const;

describe('OB-1 time travel', () => {
  const steps = [
    step(5, 1, 'a', 'b'),
    step(6, 2, '', 'x'),
    step(7, 1, 'b', 'c'),
    step(8, 2, 'x', 'y'),
  ];

  test('OB-1 an actor stood where its next step began, and where its last one ended', () => {
    expect(momentAt(steps, 5).of(1, lives)).toMatchObject({ kind: 'known', states: ['b'] });
    expect(momentAt(steps, 6).of(1, lives)).toMatchObject({ kind: 'known', states: ['b'] });
    expect(momentAt(steps, 7).of(1, lives)).toMatchObject({ kind: 'known', states: ['c'] });
    expect(momentAt(steps, 8).of(2, lives)).toEqual({
      ...{ kind: 'known', states: ['y'], sinceAtMs: 800 },
    });
    expect(momentAt([step(3, 1, 'a', 'b'), step(4, 2, 'k', 'l')], 3).of(2, lives)).toEqual({
      ...{ kind: 'known', states: ['k'], sinceAtMs: null },
    });
  });

  test('OB-1 before its first step ever it was not there; what did nothing stands as now', () => {
    expect(momentAt(steps, 5).of(2, lives)).toEqual({ kind: 'absent' });
    expect(momentAt(steps, 5).of(3, lives)).toEqual({ kind: 'asNow' });
    expect(momentAt(steps, 5).of(3, { ...lives, sinceAtMs: 750 })).toEqual({
      kind: 'absent',
    });
    expect(momentAt(steps, 5).of(3, { ...lives, sinceAtMs: null })).toEqual({
      kind: 'asNow',
    });
  });

  test('OB-1 after its end it is not there, before it is', () => {
    const ended = { ...lives, endedAtMs: 650 };
    expect(momentAt(steps, 7).of(9, ended)).toEqual({ kind: 'absent' });
    expect(momentAt(steps, 6).of(9, ended)).toEqual({ kind: 'asNow' });
  });

  test('OB-1 a component is known where the operations beside it are remembered no more', () => {
    const component = { ...lives, ring: 'component' } as const;
    const own = (serial: number, nth: number, from: string, to: string): Step => ({
      ...step(serial, 1, from, to),
      ...{ ring: 'component', nth },
    });
    const work = (serial: number): Step => step(serial, 2, 'x', 'y');
    const mixed = [own(3, 1, 'closed', 'open'), own(60, 2, 'open', 'closed'), work(9_000)];
    // Control: in one ring of all, nobody would know.
    const inOne = mixed.map((one): Step => ({ ...one, ring: 'component', nth: one.serial }));
    expect(momentAt(inOne, 30).of(1, component)).toEqual({ kind: 'unknown' });
    expect(momentAt(mixed, 30).of(1, component)).toMatchObject({ kind: 'known', states: ['open'] });
    expect(momentAt(mixed, 30).of(7, component)).toEqual({ kind: 'asNow' });
    expect(momentAt(mixed, 30).of(7, lives)).toEqual({ kind: 'unknown' });
    // The first of its ring that is remembered may not be the first there was.
    expect(momentAt([work(5), own(60, 2, 'open', 'closed')], 5).of(1, component)).toEqual({
      kind: 'unknown',
    });
    expect(momentAt([work(5), own(6, 2, 'open', 'closed')], 5).of(1, component)).toMatchObject({
      ...{ kind: 'known', states: ['open'] },
    });
  });

  test('OB-1 steps that this page was not sent make unknown what they may have changed', () => {
    const gap = [step(5, 1, 'a', 'b'), step(6, 3, 'k', 'l'), step(9, 1, 'd', 'e')];
    // 7 and 8 are missing: at 7 nobody knows where 1 stood, nor whether 2 moved.
    expect(momentAt(gap, 6).of(1, lives)).toMatchObject({ kind: 'known', states: ['b'] });
    expect(momentAt(gap, 7).of(1, lives)).toEqual({ kind: 'unknown' });
    expect(momentAt(gap, 7).of(2, lives)).toEqual({ kind: 'unknown' });
    // From 8 on the next step is known again.
    expect(momentAt(gap, 8).of(1, lives)).toMatchObject({ kind: 'known', states: ['d'] });
    expect(momentAt(gap, 8).of(2, lives)).toEqual({ kind: 'asNow' });
  });

  test('OB-1 the times are those of the remembered steps', () => {
    expect(timeOf(steps, 6)).toBe(600);
    expect(timeOf(steps, 4)).toBeNull();
    expect(placeAfter(steps, 8)).toBe(4);
  });
});

test('OB-1 whatever is remembered, what is told of a moment is what was, or that nobody knows', () => {
  const names = ['a', 'b', 'c', 'd'];
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ actor: fc.nat(3), to: fc.constantFrom(...names), isSent: fc.boolean() }),
        {
          maxLength: 40,
        },
      ),
      (events) => {
        const now = new Map<number, string>();
        const was: Map<number, string>[] = [new Map()];
        const all = events.map(({ actor, to }, at) => {
          const one = step(at + 1, actor, now.get(actor) ?? '', to);
          now.set(actor, to);
          was.push(new Map(now));
          return one;
        });
        const sent = all.filter((_, at) => events[at]?.isSent === true);
        const [oldest, newest] = [sent[0]?.serial ?? 1, sent.at(-1)?.serial ?? 0];
        for (let serial = oldest; serial <= newest; serial += 1) {
          const moment = momentAt(sent, serial);
          for (const actor of [0, 1, 2, 3]) {
            const then = moment.of(actor, lives);
            const truth = was[serial]?.get(actor);
            if (then.kind === 'known') expect(then.states).toEqual([truth]);
            if (then.kind === 'absent') expect(truth).toBeUndefined();
            // Steps after the newest that was sent can't be missed: they are on their way.
            if (then.kind === 'asNow') expect(truth).toBe(was[newest]?.get(actor));
          }
        }
        // Where nothing is missing, everything is known.
        if (sent.length === all.length) {
          const kinds = all.map(
            ({ serial, actor }) => momentAt(sent, serial).of(actor, lives).kind,
          );
          expect(kinds.filter((kind) => kind !== 'known')).toEqual([]);
        }
      },
    ),
  );
});

describe('UX-1 the scrubber goes by keys', () => {
  const serials = [3, 7, 12];

  test.each([
    [null, 'earlier', 7],
    [12, 'earlier', 7],
    [9, 'earlier', 7],
    [3, 'earlier', 3],
    [3, 'later', 7],
    [9, 'later', 12],
    [12, 'later', null],
    [null, 'first', 3],
    [3, 'last', 12],
    [12, 'farEarlier', 3],
    [3, 'farLater', null],
  ] as const)('UX-1 from %s %s leads to %s', (from, move, to) => {
    expect(moved(serials, from, move)).toBe(to);
  });

  test('UX-1 where nothing is remembered there is only now', () => {
    expect(moved([], null, 'earlier')).toBeNull();
  });
});
