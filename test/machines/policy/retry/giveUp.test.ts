import { expect, test } from 'vitest';
import {
  GIVE_UP_AFTER_MS,
  givenUp,
  isGivenUp,
  upMark,
} from '../../../../machines/policy/retry/retryPolicy.ts';

const at = (upMs: number, upstream = 'payments') => ({ upstream, upMs });

test('OP-5 three days are the default', () => {
  expect(GIVE_UP_AFTER_MS).toBe(259_200_000);
});

test('OP-5 the time counts from its mark, at the upstream of the mark, and is over to the millisecond', () => {
  expect(upMark(undefined, at(5))).toEqual(at(5));
  expect(upMark(at(5), at(9))).toEqual(at(5));
  expect(upMark(at(5), at(9, 'labs'))).toEqual(at(9, 'labs'));
  expect(isGivenUp(at(5), at(104), 100)).toBe(false);
  expect(isGivenUp(at(5), at(105), 100)).toBe(true);
  expect(isGivenUp(at(5), at(500, 'labs'), 100)).toBe(false);
  expect(isGivenUp(undefined, at(500), 100)).toBe(false);
  expect(isGivenUp(at(5), at(500), null)).toBe(false);
});

test('OP-5 what is given up says so, with how its last attempt failed', () => {
  const told = 'It was tried for as long as its policy allows while its upstream was up.';
  expect(givenUp(null)).toEqual({ failureClass: 'permanent', code: 'HF_GIVEN_UP', message: told });
  const last = { failureClass: 'transient', code: 'HF_ATTEMPT_FAILED', message: '500.' } as const;
  expect(givenUp(last)).toMatchObject({ message: `${told} The last failure: 500.` });
});
