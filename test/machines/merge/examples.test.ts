/**
 * Every case of test/fixtures/merge-examples.json and merge-examples-more.json, each in every order of its sides.
 */

import { describe, expect, test } from 'vitest';
import { failuresOf } from '../../support/merge/asserts.ts';
import { type Example, readExamples } from '../../support/merge/examples.ts';

const examples = readExamples('test/fixtures/merge-examples.json');
const more = readExamples('test/fixtures/merge-examples-more.json');

describe('CF-2 CF-4 examples of merges', () => {
  test('all are read', () => expect([examples.length, more.length]).toEqual([38, 38]));

  test.each([...examples, ...more].map((one: Example) => [one.id, one.title, one] as const))(
    '%s %s',
    (_, __, example) => {
      expect(failuresOf(example)).toEqual([]);
    },
  );
});
