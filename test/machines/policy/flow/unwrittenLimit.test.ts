import { expect, test } from 'vitest';
import {
  bytesInMemory,
  limitReached,
  mayKeepCrisis,
  UNWRITTEN_BYTES_MAX,
} from '../../../../machines/policy/flow/flowPolicy.ts';

const LIMITS = { residentsMax: 5, unwrittenBytesMax: 100 };

test('OP-6 requests wait up to a number and up to so many bytes, and it is told which was reached', () => {
  expect(limitReached({ count: 4, bytes: 99 }, LIMITS)).toBe(null);
  expect(limitReached({ count: 5, bytes: 0 }, LIMITS)).toBe('residentsMax');
  expect(limitReached({ count: 0, bytes: 100 }, LIMITS)).toBe('unwrittenBytesMax');
});

test('OP-6 the first may wait, however large it is', () => {
  expect(limitReached({ count: 0, bytes: 0 }, { residentsMax: 1, unwrittenBytesMax: 1 })).toBe(
    null,
  );
});

test('OP-6 CR-4 where no request may wait any more, crises are kept still', () => {
  expect(mayKeepCrisis({ count: 5, bytes: 100 }, LIMITS)).toBe(true);
  expect(mayKeepCrisis({ count: 49, bytes: 199 }, LIMITS)).toBe(true);
  expect(mayKeepCrisis({ count: 50, bytes: 0 }, LIMITS)).toBe(false);
  expect(mayKeepCrisis({ count: 0, bytes: 200 }, LIMITS)).toBe(false);
});

test('OP-6 it is 64 MiB unless it is set', () => {
  expect(UNWRITTEN_BYTES_MAX).toBe(67_108_864);
});

test('OP-6 no character takes more than it is counted for', () => {
  expect(bytesInMemory('{"a":"é"}'.length)).toBe(18);
});
