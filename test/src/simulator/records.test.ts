/** The judge of edited records: it finds what is lost, doubled, deleted by nobody or back. */

import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../machines/vocabulary/shape.ts';
import type { MadeEdit } from '../../../src/simulator/oracle/madeEdit.ts';
import { believedIn, judgeRecords } from '../../../src/simulator/promises/records.ts';

const entity = { type: 'crisis_plan', id: 'r0' };
const contact = (id: string) => ({ id, name: `name-${id}` });
const BEGUN = { emergencyContacts: [contact('a'), contact('b')], note: 'begun' };

const edit = (more: Partial<MadeEdit>): MadeEdit => ({
  ...{ device: 'phone', entity, key: 'edit-1', mark: null, isRival: false, replaces: null },
  ...{ removes: [], touches: null },
  ...more,
});

function judged(
  values: readonly JsonObject[],
  edits: readonly MadeEdit[],
  more: {
    readonly shown?: JsonObject;
    readonly kept?: string;
    readonly ending?: string;
    readonly away?: string;
    readonly forgetful?: string;
    readonly forgotten?: string;
  } = {},
): readonly string[] {
  const { shown = values.at(-1) ?? {}, kept = '', ending = 'completed', away = '' } = more;
  const record = { path: '/v1/crisis_plan/r0', values, shown: new Map([['phone', shown]]) };
  const { forgetful = '', forgotten = '' } = more;
  const known = { restored: new Set<string>(), decidedAway: new Set([away]), kept };
  return judgeRecords([record], {
    ...{ edits, endingOf: () => ending, ...known },
    ...{ forgetful: new Set([forgetful]), forgotten: new Set([forgotten]) },
  });
}

describe('SM-2 promises about records that several devices edit', () => {
  const lost = edit({ mark: 'm1x' });
  const rival = edit({ mark: 'm1x', isRival: true });
  const removed = edit({ removes: ['/emergencyContacts/b'] });
  const withoutB = { ...BEGUN, emergencyContacts: [contact('a')] };

  test.each<[string, readonly string[], RegExp]>([
    ['a device shows another record', judged([BEGUN], [], { shown: withoutB }), /^apart: /],
    ['what was written is nowhere', judged([BEGUN], [lost]), /^lost: m1x/],
    [
      'what was written is nowhere, and only who wrote it has been restored',
      judged([BEGUN], [edit({ mark: 'm1x', isRival: false })], { forgetful: 'phone' }),
      /^lost: m1x/,
    ],
    [
      'what was written is nowhere, and another record was forgotten',
      judged([BEGUN], [rival], { forgotten: 'phone /v1/crisis_plan/r1' }),
      /^lost: m1x/,
    ],
    [
      'what was written has gone from a field that somebody took out later',
      judged(
        [{ ...BEGUN, note: 'm1x' }, BEGUN, { emergencyContacts: BEGUN.emergencyContacts }],
        [lost, edit({ key: 'edit-2', removes: ['/note'] })],
      ),
      /^lost: m1x/,
    ],
    [
      'it is there twice',
      judged([BEGUN, { ...BEGUN, note: 'm1x' }, { ...BEGUN, note: 'm1x\nm1x' }], [lost]),
      /^doubled: m1x/,
    ],
    ['a contact has gone by itself', judged([BEGUN, withoutB], []), /^deleted by nobody: .*\/b$/],
    [
      'a field has gone by itself',
      judged([BEGUN, { emergencyContacts: BEGUN.emergencyContacts }], []),
      /^deleted by nobody: .*\/note$/,
    ],
    [
      'who was removed is back',
      judged([BEGUN, withoutB, BEGUN], [removed]),
      /^back though removed/,
    ],
  ])('CF-1 CF-5 CF-7 control: %s', (_, breaches, expected) => {
    expect(breaches).toEqual([expect.stringMatching(expected)]);
  });

  test.each<[string, readonly string[]]>([
    ['nothing was edited', judged([BEGUN], [])],
    [
      'two have put back what was taken out, each at a place of their own',
      judged([{ ...BEGUN, note: 'm1x' }, BEGUN, { ...BEGUN, note: 'm1x\nm1x' }], [lost]),
    ],
    ['it was cancelled', judged([BEGUN], [lost], { ending: 'cancelled' })],
    ['it is kept with a conflict', judged([BEGUN], [lost], { kept: 'm1x' })],
    [
      'a backup has forgotten by what it was replaced',
      judged([BEGUN], [rival, edit({ device: 'tablet', isRival: true, key: 'edit-2' })], {
        forgetful: 'tablet',
      }),
    ],
    [
      'who put the two together was told to forget it',
      judged([BEGUN], [rival], { forgotten: 'phone /v1/crisis_plan/r0' }),
    ],
    [
      'somebody has removed the field that it was written to',
      judged(
        [{ ...BEGUN, note: 'm1x' }, { emergencyContacts: BEGUN.emergencyContacts }],
        [lost, edit({ key: 'edit-2', removes: ['/note'] })],
      ),
    ],
    ['somebody has removed a contact', judged([BEGUN, withoutB], [removed])],
    [
      'somebody has decided for the side without a contact',
      judged([BEGUN, withoutB], [], { away: '/v1/crisis_plan/r0/emergencyContacts/b' }),
    ],
  ])('CF-1 CF-5 CF-7 none is broken where %s', (_, breaches) => {
    expect(breaches).toEqual([]);
  });
});

describe('SM-2 edits that an upstream said it took, and did not', () => {
  const row = (seq: number, key: string, status: 'completed' | 'cancelled' = 'completed') => ({
    ...{ seq, key, lane: 'crisis_plan/r0' },
    outcome: { status, attempts: 1, settledAtMs: 0, code: null },
  });
  const isPretended = (key: string): boolean => key === 'lied';

  test.each([
    ['the last', [row(1, 'true'), row(2, 'lied')], true],
    ['the last that ended well', [row(3, 'true', 'cancelled'), row(2, 'lied')], true],
    ['one before the last', [row(2, 'true'), row(1, 'lied')], false],
    ['one that has not ended', [{ ...row(1, 'lied'), outcome: null }], false],
    ['one of no record', [{ ...row(1, 'lied'), lane: null }], false],
    ['none', [row(1, 'true')], false],
  ] as const)('CF-1 %s', (_, rows, isBelieved) => {
    expect(believedIn(rows, isPretended).has('crisis_plan/r0')).toBe(isBelieved);
  });
});
