import { describe, expect, test } from 'vitest';
import {
  type AuditEntry,
  entryText,
  NO_ENTRY_BEFORE,
  parseEntry,
} from '../../../persistence/audit/auditEntry.ts';
import { thrownBy } from '../sealing/failures.ts';
import { LOG, logOf, uuidOf } from './sampleLog.ts';

const LEAST: AuditEntry = {
  ...{ v: 1, log: LOG, seq: 0, at: 0, id: uuidOf(0), prev: NO_ENTRY_BEFORE, act: 'store.opened' },
};

/** An entry with every field, written by hand as docs/audit-format.md has it. */
const WHOLE =
  '{"act":"call.made","at":1790000000000,"by":"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",' +
  '"call":"deadLetter.replay","code":"HF_CLOSED","id":"01998a2c-0000-7000-8000-000000000000",' +
  '"log":"0123456789abcdef0123456789abcdef","n":{"Z":0}'.replace('"Z":0', '"a":-1,"aZ":2,"aa":3') +
  ',"operation":"01998a2c-0000-7000-8000-000000000001","out":"asked",' +
  `"prev":"${NO_ENTRY_BEFORE}","seq":0,"subject":"abababababababababababababababab",` +
  '"upstream":"billing","v":1,"via":"commandLine"}';

test('AU-2 an entry has one text: names in order of code units, no spaces, nothing undefined', () => {
  const entry = parseEntry(WHOLE);
  expect(entryText(entry)).toBe(WHOLE);
  const backwards = Object.fromEntries(Object.entries(entry).toReversed()) as unknown as AuditEntry;
  expect(entryText({ ...backwards, n: { aa: 3, a: -1, aZ: 2 } })).toBe(WHOLE);
  expect(entryText({ ...LEAST, by: undefined, n: {} })).toBe(entryText(LEAST));
});

test('AU-2 what was written is read back', () => {
  for (const text of logOf(10)) expect(entryText(parseEntry(text))).toBe(text);
});

describe('AU-2 no entry can be made with', () => {
  const wrong: Readonly<Record<string, object>> = {
    'an unknown field': { note: 'x' },
    'a field of the prototype': JSON.parse('{"__proto__":1}') as object,
    'free text as a code': { code: 'was asleep' },
    'a name that is not ASCII': { upstream: 'k\u00f6ln' },
    'a quote': { upstream: 'a"b' },
    'a line end': { code: 'A\n' },
    'a plain id of a person': { subject: 'patient-7' },
    'a handle in upper case': { by: 'AB'.repeat(16) },
    'a UUID in upper case': { id: uuidOf(10).toUpperCase() },
    'a fraction': { n: { rate: 0.5 } },
    'a number that is not safe': { n: { rate: 2 ** 53 } },
    'minus zero': { n: { rate: -0 } },
    'a text among numbers': { n: { rate: '1' } },
    'a name of a number with a dot': { n: { 'a.b': 1 } },
    'a list of numbers': { n: [1] },
    'an act of one word': { act: 'open' },
    'another version': { v: 2 },
    'another outcome': { out: 'maybe' },
    'another door': { via: 'window' },
    'a number before 0': { seq: -1 },
    'a time that is not whole': { at: 1.5 },
    'no time': { at: undefined },
    null: { code: null },
  };
  test.each(Object.entries(wrong))('%s', (_, fields) => {
    const entry = Object.defineProperties({ ...LEAST }, Object.getOwnPropertyDescriptors(fields));
    expect(thrownBy(() => entryText(entry))).toMatchObject({ code: 'HF_INTERNAL' });
  });

  test('and the message repeats no value', () => {
    const error = thrownBy(() => entryText({ ...LEAST, code: 'secret text', upstream: '!secret' }));
    expect(String(error)).not.toContain('secret');
  });
});

describe('AU-2 no entry is read from', () => {
  const least = entryText(LEAST);
  const wrong: Readonly<Record<string, string>> = {
    nothing: '',
    'a list': '[]',
    'a text': '"a"',
    null: 'null',
    'half an entry': least.slice(0, -1),
    'an entry and more': `${least} `,
    'a space within': least.replace(',', ', '),
    'a line end of Windows': `${least}\r`,
    'another order': least.replace('"seq":0,"v":1', '"v":1,"seq":0'),
    'a field twice': least.replace('"seq":0', '"seq":0,"seq":0'),
    'a number in another form': least.replace('"seq":0', '"seq":0e0'),
    'a fraction that is whole': least.replace('"at":0', '"at":0.0'),
    'a leading zero': least.replace('"at":0', '"at":00'),
    'an escape': least.replace('store.opened', 'store.\\u006fpened'),
    'no numbers': least.replace('"prev"', '"n":{},"prev"'),
    'a mark of byte order': `\ufeff${least}`,
  };
  test.each(Object.entries(wrong))('%s', (_, text) => {
    expect(thrownBy(() => parseEntry(text))).toMatchObject({ code: 'HF_RECORD_MALFORMED' });
  });
});
