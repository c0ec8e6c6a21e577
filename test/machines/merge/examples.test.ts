/**
 * Every case of test/fixtures/merge-examples.json, and each in every order of its sides.
 */

import { describe, expect, test } from 'vitest';
import { failuresOf } from '../../support/merge/asserts.ts';
import { type Example, readExamples } from '../../support/merge/examples.ts';

const examples = readExamples('test/fixtures/merge-examples.json');

describe('CF-2 CF-4 examples of merges', () => {
  test('all are read', () => expect(examples.length).toBe(38));

  test.each(examples.map((one: Example) => [one.id, one.title, one] as const))(
    '%s %s',
    (_, __, example) => {
      expect(failuresOf(example)).toEqual([]);
    },
  );
});
