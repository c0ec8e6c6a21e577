/**
 * The texts that a store keeps: states and payloads.
 *
 * @module
 */

import { describe, expect, test } from 'vitest';
import type { Contract } from './contract.ts';
import { accept, deadLetter, idOf, replay, settlement, update } from './writes.ts';

export function testTexts(contract: Contract): void {
  describe('OP-2 texts', () => {
    test('OP-2 texts come back letter for letter', async () => {
      const texts = [
        '',
        '\u{feff}bom',
        'naïve ☃ 𝄞',
        '{"a":"\\u0000"}',
        '\0',
        '\x002 ab',
        'x'.repeat(100_000),
      ];
      await contract
        .store()
        .commit(texts.map((state, index) => accept(index + 1, { state, payload: state })));
      for (const [index, text] of texts.entries()) {
        expect(await contract.store().find(idOf(index + 1))).toMatchObject({
          state: text,
          payload: text,
        });
      }
      // Without a payload beside it, too.
      await contract
        .store()
        .commit(texts.map((state, index) => update(index + 1, { state, payload: null })));
      for (const [index, text] of texts.entries()) {
        expect(await contract.store().find(idOf(index + 1))).toMatchObject({
          state: text,
          payload: null,
        });
      }
    });

    test('OP-2 SE-5 a payload of any size is kept by updates and replays, replaced, and erased', async () => {
      const lengths = [0, 1, 1_023, 1_024, 1_025, 50_000];
      for (const [index, length] of lengths.entries()) {
        const seq = index + 1;
        const kept = async (): Promise<string | null | undefined> =>
          (await contract.store().find(idOf(seq)))?.payload;
        const payload = 'p'.repeat(length);
        await contract.store().commit([accept(seq, { payload })]);
        await contract.store().commit([update(seq, { payload })]);
        expect(await kept()).toBe(payload);
        await contract.store().commit([deadLetter(seq, { revision: 3, payload })]);
        expect(await kept()).toBe(payload);
        await contract.store().commit([replay(seq, { revision: 4 })]);
        expect(await kept()).toBe(payload);
        await contract.store().commit([deadLetter(seq, { revision: 5, payload })]);
        const other = 'q'.repeat(lengths.at(-1 - index) ?? 0);
        await contract.store().commit([replay(seq, { revision: 6, payload: other })]);
        expect(await kept()).toBe(other);
        await contract.store().commit([update(seq, { revision: 7, payload: other })]);
        expect(await kept()).toBe(other);
        await contract.store().commit([settlement(seq, { revision: 8 })]);
        expect(await kept()).toBeNull();
      }
    });
  });
}
