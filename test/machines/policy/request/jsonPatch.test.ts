import { describe, expect, test } from 'vitest';
import { takenOutBy } from '../../../../machines/conflict/items.ts';
import { entityRulesOf } from '../../../../machines/merge/entities/rulesOf.ts';
import { patched } from '../../../../machines/policy/request/jsonPatch.ts';
import type { Json } from '../../../../machines/vocabulary/shape.ts';

const nothing = () => ({ paths: [], needsBy: false });

function made(base: Json, changes: readonly object[]): Json {
  return patched(base, changes, nothing).value;
}

/** The examples of RFC 6902, appendix A, and what else the standard says. */
const TAKEN: readonly [what: string, base: Json, changes: readonly object[], after: Json][] = [
  ['A.1', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { baz: 'qux', foo: 'bar' }],
  [
    'A.2',
    { foo: ['bar', 'baz'] },
    [{ op: 'add', path: '/foo/1', value: 'q' }],
    { foo: ['bar', 'q', 'baz'] },
  ],
  ['A.3', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
  [
    'A.4',
    { foo: ['bar', 'qux', 'baz'] },
    [{ op: 'remove', path: '/foo/1' }],
    { foo: ['bar', 'baz'] },
  ],
  ['A.5', { baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
  [
    'A.6',
    { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
    [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
    { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
  ],
  [
    'A.7',
    { foo: ['all', 'cows', 'eat'] },
    [{ op: 'move', from: '/foo/0', path: '/foo/2' }],
    { foo: ['cows', 'eat', 'all'] },
  ],
  [
    'A.8',
    { baz: 'qux', foo: ['a', 2, 'c'] },
    [
      { op: 'test', path: '/baz', value: 'qux' },
      { op: 'test', path: '/foo/1', value: 2 },
    ],
    { baz: 'qux', foo: ['a', 2, 'c'] },
  ],
  [
    'A.10',
    { foo: 'bar' },
    [{ op: 'add', path: '/child', value: { g: {} } }],
    { foo: 'bar', child: { g: {} } },
  ],
  [
    'A.11',
    { foo: 'bar' },
    [{ op: 'add', path: '/baz', value: 'q', xyz: 123 }],
    { foo: 'bar', baz: 'q' },
  ],
  ['A.14', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
  [
    'A.16',
    { foo: ['bar'] },
    [{ op: 'add', path: '/foo/-', value: ['abc'] }],
    { foo: ['bar', ['abc']] },
  ],
  ['the whole', { foo: 1 }, [{ op: 'replace', path: '', value: { bar: 2 } }], { bar: 2 }],
  ['add to what is there', { foo: 1 }, [{ op: 'add', path: '/foo', value: 2 }], { foo: 2 }],
  ['an empty name', { '': 1 }, [{ op: 'replace', path: '/', value: 2 }], { '': 2 }],
  [
    'test of an object, in any order',
    { a: { b: 1, c: [null] } },
    [{ op: 'test', path: '/a', value: { c: [null], b: 1 } }],
    { a: { b: 1, c: [null] } },
  ],
  [
    'a copy is another',
    { a: { n: [1] } },
    [
      { op: 'add', path: '/a/n/-', value: 2 },
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/b/n/-', value: 3 },
    ],
    { a: { n: [1, 2] }, b: { n: [1, 2, 3] } },
  ],
];

const REFUSED: readonly [what: string, base: Json, change: object, field: string][] = [
  [
    'A.9, a test that fails',
    { baz: 'qux' },
    { op: 'test', path: '/baz', value: 'bar' },
    'changes[0]',
  ],
  ['A.12', { foo: 'bar' }, { op: 'add', path: '/baz/bat', value: 'q' }, 'changes[0].path'],
  ['A.15, a text is no number', { '/': 9 }, { op: 'test', path: '/~1', value: '9' }, 'changes[0]'],
  ['a field that is not there', { a: 1 }, { op: 'remove', path: '/b' }, 'changes[0].path'],
  [
    'a field of every object',
    { a: 1 },
    { op: 'replace', path: '/constructor', value: 1 },
    'changes[0].path',
  ],
  ['an item that is not there', [1], { op: 'replace', path: '/1', value: 1 }, 'changes[0].path'],
  ['the place behind the last', [1], { op: 'remove', path: '/-' }, 'changes[0].path'],
  ['a place beyond that', [1], { op: 'add', path: '/2', value: 1 }, 'changes[0].path'],
  ['an index with a zero', [1, 2], { op: 'replace', path: '/01', value: 1 }, 'changes[0].path'],
  ['from nowhere', { a: 1 }, { op: 'copy', from: '/b', path: '/c' }, 'changes[0].from'],
  ['into itself', { a: { b: 1 } }, { op: 'move', from: '/a', path: '/a/b' }, 'changes[0].path'],
  ['all of it', { a: 1 }, { op: 'remove', path: '' }, 'changes[0].path'],
  ['no pointer', { a: 1 }, { op: 'remove', path: 'a' }, 'changes[0].path'],
  ['no operation', { a: 1 }, { op: 'merge', path: '/a' }, 'changes[0].op'],
  ['no value', { a: 1 }, { op: 'add', path: '/a' }, 'changes[0].value'],
  ['no object', { a: 1 }, 7 as never, 'changes[0]'],
];

describe('JSON Patch', () => {
  test.each(TAKEN)('CF-1 %s', (_, base, changes, after) => {
    const before = structuredClone(base);
    expect(made(base, changes)).toEqual(after);
    expect(base).toEqual(before);
  });

  test.each(REFUSED)(
    'UX-2 CF-1 refuses %s, and says nothing of what is there',
    (_, base, change, field) => {
      expect(() => made(base, [change])).toThrow(
        expect.objectContaining({ code: 'HF_REQUEST_INVALID', field }),
      );
      try {
        made(base, [change]);
      } catch (error) {
        expect((error as Error).message).not.toMatch(/qux|baz/);
      }
    },
  );

  test('UX-2 CF-1 refuses what is no list, and too many', () => {
    const many = Array.from({ length: 1_025 }, () => ({ op: 'test', path: '/a', value: 1 }));
    for (const changes of [7 as never, many]) {
      expect(() => made({ a: 1 }, changes)).toThrow(expect.objectContaining({ field: 'changes' }));
    }
  });

  test('CF-1 a field named as a prototype is a field', () => {
    const value = made({}, [{ op: 'add', path: '/__proto__', value: { bad: 1 } }]);
    expect(JSON.stringify(value)).toBe('{"__proto__":{"bad":1}}');
    expect(({} as { bad?: number }).bad).toBeUndefined();
  });
});

describe('what a patch takes out', () => {
  const sam = { id: 'sam', name: 'Sam', phones: ['+49 30 1'] };
  const robin = { id: 'rob/in', name: 'Robin', phones: ['+49 30 2', '+49 30 3'] };
  const plan = { note: 'calm', emergencyContacts: [sam, robin], other: { list: ['a', 'b'] } };
  const ofPlan = (changes: readonly object[]) =>
    patched(plan, changes, takenOutBy(entityRulesOf('crisis_plan')));

  test('CF-7 is named as its rules name it, with who confirmed it', () => {
    const { value, removals } = ofPlan([
      { op: 'remove', path: '/emergencyContacts/0', by: 'p-17', at: 7, reason: 'moved' },
      { op: 'remove', path: '/emergencyContacts/0/phones/1', by: 'p-17' },
    ]);
    expect(value).toMatchObject({ emergencyContacts: [{ id: 'rob/in', phones: ['+49 30 2'] }] });
    expect(removals).toEqual([
      { path: '/emergencyContacts/sam', confirmed: true, by: 'p-17', at: 7, reason: 'moved' },
      expect.objectContaining({ confirmed: true, by: 'p-17' }),
    ]);
    expect(removals[1]?.path).toMatch(/^\/emergencyContacts\/rob~1in\/phones\/./);
  });

  test('CF-5 CF-7 of a contact it has to say who confirmed it, also the last one; a tag may go without', () => {
    for (const changes of [
      [{ op: 'remove', path: '/emergencyContacts/1' }],
      [
        { op: 'remove', path: '/emergencyContacts/1', by: 'p-17' },
        { op: 'remove', path: '/emergencyContacts/0' },
      ],
    ]) {
      expect(() => ofPlan(changes)).toThrow(
        expect.objectContaining({ field: `changes[${changes.length - 1}].by` }),
      );
    }
    const tags = { id: 'm1', tags: ['a', 'b'], note: 'x' };
    const diary = patched(
      tags,
      [{ op: 'remove', path: '/tags/0' }],
      takenOutBy(entityRulesOf('mood_entry')),
    );
    expect(diary.value).toEqual({ ...tags, tags: ['b'] });
  });

  test('CF-7 what is moved within its list is there still; what leaves it is taken out', () => {
    const within = ofPlan([
      { op: 'move', from: '/emergencyContacts/0', path: '/emergencyContacts/1' },
    ]);
    expect(within.removals).toEqual([]);
    const away = ofPlan([
      { op: 'add', path: '/former', value: [] },
      { op: 'move', from: '/emergencyContacts/0', path: '/former/0', by: 'p-17' },
    ]);
    expect(away.removals).toMatchObject([{ path: '/emergencyContacts/sam', confirmed: true }]);
    expect(away.value).toMatchObject({ former: [sam], emergencyContacts: [robin] });
  });
});
