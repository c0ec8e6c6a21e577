import { expect, test } from 'vitest';
import {
  commentOn,
  headerOf,
  instantsOf,
  readChartSource,
} from '../../../../tools/docs/text/chartSource.ts';
import { clause, heading, namesIn } from '../../../../tools/docs/text/markdown.ts';
import { idsInTitles, parseRequirements } from '../../../../tools/docs/text/requirements.ts';
import { DOOR_PATH, DOOR_REQUIREMENTS, DOOR_SOURCE } from '../../../support/docs/doorDocs.ts';

test('OB-3 requirement ids are read from titles only where they begin one', () => {
  expect([...idsInTitles(`test('CB-1 opens', () => { see('about CB-9'); });`)]).toEqual(['CB-1']);
  expect([...idsInTitles('test.prop([fc.nat()])(\n  `OP-10 and RT-2 hold`,')]).toEqual([
    'OP-10',
    'RT-2',
  ]);
  expect([...idsInTitles("describe('CB-3: the door', () => {")]).toEqual(['CB-3']);
  // What a test is about may be a test.
  expect([...idsInTitles(`const text = "test('CB-4 opens', () => {";`)]).toEqual([]);
  expect(parseRequirements(DOOR_REQUIREMENTS).map(({ id }) => id)).toEqual(['CB-1', 'CB-2']);
});

test('OB-3 each guard, action, actor, event and tag is read with its own comment, and no other', () => {
  const said = readChartSource([{ path: DOOR_PATH, text: DOOR_SOURCE }]);
  expect([...said.guards.values()].map(({ name, meaning }) => `${name}: ${meaning}`)).toEqual([
    'isLocked: Nobody has the key.',
    'isHeavy: It is as heavy as that (CB-2).',
  ]);
  expect([...said.events.keys()]).toEqual(['push.felt', 'close.due']);
  expect(said.tags.get('resting')?.meaning).toBe('Nobody is near.');
  expect(said.actors.get('look')?.meaning).toBe('Looks who is there.');
  expect(said.actions.get('say')).toMatchObject({
    text: 'say: () => {}',
    path: DOOR_PATH,
    line: 41,
  });

  const text = "type AEvent =\n  /** First. */\n  | { type: 'a.b' }\n  | News<'c.d'>\n  | 'e';";
  const events = readChartSource([{ path: 'a.ts', text }]).events;
  expect([...events.values()].map(({ name, meaning }) => [name, meaning])).toEqual([
    ['a.b', 'First.'],
    ['c.d', ''],
  ]);
});

test('OB-3 heads of files and instants are read from comments', () => {
  expect(headerOf('export const a = 1;\n/** Late. */')).toEqual([]);
  expect(headerOf(DOOR_SOURCE)).toEqual([
    'Keeps a door, in the words of CB-1.',
    '- It says `sampleDoor`.',
  ]);
  expect(commentOn('/** First. */ one: 1,\n two: 2', 'two')).toBe('');
  expect(instantsOf([DOOR_SOURCE])).toEqual(['ajarSinceAtMs', 'movedAtMs']);
  expect(instantsOf(['interface FooContext extends Bar, Baz {\n}'])).toEqual([]);
});

test('OB-3 names in guards, headings and parts of sentences', () => {
  expect(namesIn('not(isA)')).toEqual(['isA']);
  expect(namesIn('and(isA(kind=b, x=1), or(isC, not(isD)))')).toEqual(['isA', 'isC', 'isD']);
  expect(namesIn('in({"delivery":"attempting"})')).toEqual([]);
  expect(heading('circuitBreaker')).toBe('Circuit breaker');
  expect(clause('Nobody has the key.')).toBe('nobody has the key');
  expect(clause('SQLite is out.')).toBe('SQLite is out');
});
