/** What an edit was made of, by what it says and by what its store knows. */

import { describe, expect, test } from 'vitest';
import {
  ancestorOf,
  currentOfBase,
  isOfNothing,
  madeOn,
} from '../../../machines/conflict/editBase.ts';
import { type EntityRecord, newRecord } from '../../../machines/conflict/entityRecord.ts';
import type { RequestBody } from '../../../machines/policy/request/requestBody.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { ABOUT } from '../../support/conflict/device.ts';
import { noteRules } from '../../support/conflict/note.ts';

const rules = noteRules('waits');
const NOW = { title: 'now' };
const MADE = { title: 'made' };
const LAST = { title: 'last' };

/** The upstream holds "2"; the last edit of the app was made on "1". */
const known = (more: Partial<EntityRecord> = {}): EntityRecord => ({
  ...newRecord(ABOUT),
  current: { version: '"2"', value: NOW },
  ancestor: { value: LAST, edit: 'op-1', base: { version: '"1"', value: MADE } },
  ...more,
});

const made = (
  body: Partial<RequestBody>,
  record: EntityRecord | null = known(),
  more: { readonly id?: string; readonly isBroughtBack?: boolean } = {},
): Json | null =>
  ancestorOf({
    record,
    rules,
    edit: { body: { payload: { title: 'new' }, ...body }, acceptedAtMs: 1, round: 0, ...more },
  });

describe('CF-1 what an edit was made of', () => {
  test.each<[string, Partial<RequestBody>, Json | null]>([
    [
      'the value of its base',
      { base: { version: '"2"', value: { title: 'own' } } },
      { title: 'own' },
    ],
    ['what the version was that its base names', { base: '"2"' }, NOW],
    ['what the last edit was made on', { base: '"1"' }, MADE],
    ['a version that nobody knows', { base: '"9"' }, null],
    ['no version, and no value', { base: { version: null, value: null } }, null],
    ['the edit before it, of which its payload has all', { payload: LAST, base: '"1"' }, LAST],
    ['no base, and all of the edit before it', { payload: LAST }, LAST],
    ['no base, and nothing of it', {}, null],
    ['a later version, whatever it has', { payload: LAST, base: '"2"' }, NOW],
    [
      'a later version with the same in it, and all of the edit before it',
      { payload: LAST, base: { version: '"2"', value: MADE } },
      MADE,
    ],
    [
      'another value under that version',
      { payload: LAST, base: { version: '"1"', value: { title: 'x' } } },
      { title: 'x' },
    ],
    [
      'no version with the value that the edit before it was made of',
      { payload: LAST, base: { version: null, value: MADE } },
      LAST,
    ],
    [
      'the edit that its base names',
      { payload: LAST, base: { version: '"1"', value: MADE, edit: 'op-1' } },
      MADE,
    ],
    [
      'nothing of the app, as a person has decided it',
      { payload: LAST, base: '"1"', isDecision: true },
      MADE,
    ],
  ])('CF-1 %s', (_, body, expected) => {
    expect(made(body)).toEqual(expected);
  });

  test('CF-1 one that was brought back was made of no edit before it', () => {
    expect(made({ payload: LAST, base: '"1"' }, known(), { isBroughtBack: true })).toEqual(MADE);
    expect(made({ payload: LAST, base: '"1"' }, known(), { isBroughtBack: false })).toEqual(LAST);
  });

  test('CF-1 of an edit that was compared before it is what it was compared with', () => {
    const merged = { payload: {}, version: null, round: 0, meta: {} } as never;
    expect(made({ base: '"2"', merged })).toBeNull();
    expect(
      made({ base: '"2"', merged: { ...(merged as object), ancestor: MADE } as never }),
    ).toEqual(MADE);
  });

  test('CF-1 nothing is known where there is no record, no version, or the upstream has lost it', () => {
    expect(made({ base: '"2"' }, null)).toBeNull();
    expect(made({ base: '"2"' }, known({ isGone: true }))).toBeNull();
    expect(made({ base: '"1"' }, known({ isGone: true }))).toEqual(MADE);
    expect(made({ base: '"1"' }, known({ ancestor: null }))).toBeNull();
    expect(made({ base: '"1"' }, known({ current: null }))).toEqual(MADE);
    const apart = known({ ancestor: { value: LAST, edit: 'op-1', base: null } });
    expect(made({ base: '"1"' }, apart)).toBeNull();
    expect(made({ payload: LAST, base: '"2"' }, apart)).toEqual(NOW);
    expect(made({ payload: LAST }, apart)).toEqual(LAST);
  });

  test('CF-6 what a person has decided, having seen the edit, it leaves alone', () => {
    const holds = { paths: ['/title', '/text'], edits: ['op-2'] };
    const record = known({
      ancestor: { value: LAST, edit: 'op-1', base: { version: '"1"', value: MADE }, holds },
    });
    expect(made({ base: '"1"' }, record, { id: 'op-2' })).toEqual({ title: 'new' });
    expect(made({ base: '"1"' }, record, { id: 'op-3' })).toEqual(MADE);
    expect(made({ base: '"1"' }, record)).toEqual(MADE);
    expect(made({ base: '"9"' }, record, { id: 'op-2' })).toBeNull();
    const merged = { payload: {}, version: null, round: 0, meta: {}, ancestor: MADE } as never;
    expect(made({ base: '"1"', merged }, record, { id: 'op-2' })).toEqual(MADE);
  });
});

describe('CF-1 the version that an edit which was sent was made on', () => {
  test.each<[string, Json | undefined, Json | null]>([
    ['a version and its value', { version: '"7"', value: NOW }, { version: '"7"', value: NOW }],
    ['a version that is known', '"2"', { version: '"2"', value: NOW }],
    ['one that nobody knows', '"9"', null],
    ['none', undefined, null],
    [
      'that of the edit it shows',
      { version: '"7"', value: NOW, edit: 'op-1' },
      { version: '"1"', value: MADE },
    ],
    ['an edit that is not the last', { version: '"7"', value: NOW, edit: 'op-0' }, null],
  ])('CF-1 %s', (_, base, expected) => {
    expect(madeOn(known(), base)).toEqual(expected);
    expect(
      madeOn(known({ ancestor: null }), { version: null, value: null, edit: 'op-1' }),
    ).toBeNull();
  });

  test('CF-1 the app knew of no record where it gave no base, or one that says so', () => {
    const nothing = { version: null, value: null, edit: null };
    expect(isOfNothing(nothing)).toBe(true);
    expect(isOfNothing({ ...nothing, version: undefined })).toBe(true);
    expect(isOfNothing({ ...nothing, version: '"1"' })).toBe(false);
    expect(isOfNothing({ ...nothing, value: {} })).toBe(false);
    expect(isOfNothing({ ...nothing, edit: 'op-1' })).toBe(false);
  });

  test('CF-1 what the app has seen of the upstream is a version, with its value and no edit in it', () => {
    const seen = { version: '"1"', value: NOW, edit: null };
    expect(currentOfBase(seen)).toEqual({ version: '"1"', value: NOW });
    for (const more of [
      { version: null },
      { version: undefined },
      { value: null },
      { edit: 'op-1' },
    ])
      expect(currentOfBase({ ...seen, ...more })).toBeNull();
  });
});
