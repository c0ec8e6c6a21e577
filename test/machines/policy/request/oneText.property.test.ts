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
});
