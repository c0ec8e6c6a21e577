import { describe, expect, test } from 'vitest';
import { type AnyShape, cutTo } from '../../../inspector/server/answerShape.ts';

const SHAPE: AnyShape = {
  fields: {
    id: 'plain',
    list: { each: { fields: { code: 'plain' } } },
    inner: { fields: { at: 'plain' } },
    done: 'nothing',
  },
};

describe('AC-2 what of an answer leaves', () => {
  test('AC-2: what is named, and nothing else', () => {
    const answer = {
      ...{ id: 'a', subject: 'canary', inner: { at: 1, note: 'canary' }, done: 'canary' },
      list: [{ code: 'X', message: 'canary' }, { code: null }],
    };
    expect(cutTo(SHAPE, answer)).toEqual({
      ...{ id: 'a', inner: { at: 1 }, done: null },
      list: [{ code: 'X' }, { code: null }],
    });
  });

  test.each([
    ['a field that holds more than was foreseen', { id: { deep: 'canary' } }, { id: null }],
    ['a list where one value was', { id: ['canary'] }, { id: null }],
    ['a text where a list was', { list: 'canary' }, { list: null }],
    ['a list where an object was', { inner: ['canary'] }, { inner: null }],
    ['a text where an object was', { inner: 'canary' }, { inner: null }],
    ['a text that is longer than any name', { id: 'canary'.repeat(100) }, { id: null }],
    ['a field of its prototype', Object.create({ id: 'canary' }), {}],
    ['bytes', { id: Buffer.from('canary') }, { id: null }],
  ])('AC-2: %s is left out', (_, answer, left) => {
    expect(cutTo(SHAPE, answer)).toEqual(left);
  });

  test.each([null, undefined, 'canary', 1, ['canary'], () => 'canary'])(
    'AC-2: %s is no answer of that shape',
    (answer) => {
      expect(cutTo(SHAPE, answer)).toBeNull();
    },
  );

  test('AC-2: what comes out has no way to what went in', () => {
    const inner = { at: 1, toJSON: () => 'canary' };
    expect(JSON.stringify(cutTo(SHAPE, { inner }))).toBe('{"inner":{"at":1}}');
  });
});
