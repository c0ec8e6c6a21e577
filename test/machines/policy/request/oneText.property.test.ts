import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical } from '../../../../machines/merge/values/canonical.ts';
import { cleanJson } from '../../../../machines/merge/values/cleanJson.ts';
import { soundJsonInPieces } from '../../../../machines/policy/crisis/soundJson.ts';
import { encodeBody } from '../../../../machines/policy/request/requestBody.ts';
import { atOnce } from '../../../../machines/vocabulary/pieces.ts';

const BYTES_MAX = 1_000_000;
const RULES = { bytesMax: BYTES_MAX, isExempt: () => false };
/** Names that a merge leaves out. */
const RESERVED = /"(?:__proto__|constructor|prototype)":/;

describe('CF-2 CF-7 one value has one canonical text', () => {
  test('CF-2 CF-7 whoever writes it: a request, a crisis or a merge', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme-ascii', maxDepth: 5 }), (value) => {
        fc.pre(!RESERVED.test(JSON.stringify(value)));
        const text = canonical(cleanJson(value));
        expect(encodeBody({ payload: value }, RULES)).toBe(`{"payload":${text}}`);
        expect(atOnce(soundJsonInPieces(value, 'payload', RULES)).text).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  // A fraction is no number of an item.
  test.each([
    [{ '0.1': 1, '': 2 }],
    [{ '10.5': 1, '1': 2, '!': 3 }],
    [{ '4294967295': 1, '4294967294': 2, '!': 3 }],
    [{ '1e3': 1, '01': 2, '-1': 3, '!': 4 }],
  ])('CF-2 CF-7 of the names of %j, too', (value) => {
    const text = canonical(cleanJson(value));
    expect(encodeBody({ payload: value }, RULES)).toBe(`{"payload":${text}}`);
    expect(atOnce(soundJsonInPieces(value, 'payload', RULES)).text).toBe(text);
  });
});
