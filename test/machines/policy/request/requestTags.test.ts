import { expect, test } from 'vitest';
import { checkRequest } from '../../../../machines/policy/request/request.ts';

function tagsOf(tags: unknown): readonly string[] {
  return checkRequest({ type: 'work.push', subject: 'user-1', tier: 'basic', tags }).tags;
}

test('OP-12 a request may have up to eight different tags', () => {
  expect(tagsOf(undefined)).toEqual([]);
  expect(tagsOf([])).toEqual([]);
  const eight = Array.from({ length: 8 }, (_, at) => `tag ${at}`.padEnd(64, '.'));
  expect(tagsOf(eight)).toEqual(eight);
});

test.each<[unknown, string, string]>([
  ['vip', 'tags', 'must be a list of texts'],
  [{ 0: 'vip' }, 'tags', 'must be a list of texts'],
  [Array.from({ length: 9 }, (_, at) => `${at}`), 'tags', 'must be at most 8'],
  [['vip', 7], 'tags[1]', 'must be a string'],
  [['vip', ''], 'tags[1]', 'must not be empty'],
  [['x'.repeat(65)], 'tags[0]', 'must have at most 64 characters'],
  [['vip', 'new', 'vip'], 'tags[2]', 'is there already'],
  [['a\0b'], 'tags[0]', 'without NUL'],
])('UX-2 OP-12 %j is refused', (tags, field, message) => {
  expect(() => tagsOf(tags)).toThrow(
    expect.objectContaining({
      code: 'HF_REQUEST_INVALID',
      field,
      message: expect.stringContaining(message) as string,
    }) as Error,
  );
});

test('OP-12 CF-7 a tag that is a card number is refused, and not repeated', () => {
  const refused = expect.objectContaining({ code: 'HF_CARD_NUMBER_REFUSED', field: 'tags[0]' });
  expect(() => tagsOf(['4111 1111 1111 1111'])).toThrow(refused as Error);
});
