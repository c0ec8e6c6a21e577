/**
 * The record that is kept elsewhere, and how a store stands to it (SE-6).
 *
 * @module
 */

import { expect, test } from 'vitest';
import { holdWrite } from '../../../persistence/port/review.ts';
import type { Contract } from './contract.ts';
import { accept } from './writes.ts';

const ANCHORED = { kind: 'anchored', isKept: true } as const;

export function testAnchor(contract: Contract): void {
  test('SE-6 a store agrees with the record of its last commit, at its next start', async () => {
    const store = contract.store();
    await store.commit([ANCHORED]);
    const found = await store.anchorRecord();
    expect(await store.compareAnchor({ found })).toMatchObject({ standing: 'agrees' });
    const again = await contract.reopened();
    await again.open();
    expect(await again.compareAnchor({ found })).toMatchObject({ standing: 'agrees', commits: 0 });
    expect(found.length).toBeLessThan(200);
  });

  test('SE-6 a store is ahead of the record of an earlier commit, by so many', async () => {
    const store = contract.store();
    await store.commit([ANCHORED]);
    const found = await store.anchorRecord();
    for (const seq of [1, 2, 3]) await store.commit([accept(seq)]);
    const again = await contract.reopened();
    await again.open();
    expect(await again.compareAnchor({ found })).toMatchObject({ standing: 'ahead', commits: 3 });
  });

  test('SE-6 what was committed since the start hides nothing: until it was compared, the store stands where it was', async () => {
    const store = contract.store();
    await store.commit([ANCHORED]);
    let again = await contract.reopened();
    await again.open();
    await again.commit([accept(1)]);
    const later = await again.anchorRecord();
    expect(await again.compareAnchor({ found: later })).toMatchObject({
      ...{ standing: 'behind', commits: expect.any(Number) },
    });
    await again.close();
    again = await contract.reopened();
    await again.open();
    await again.commit([accept(2)]);
    expect(await again.compareAnchor({ found: later })).toMatchObject({ standing: 'behind' });
    await again.commit([ANCHORED]);
    expect(await again.compareAnchor({ found: later })).toMatchObject({ standing: 'ahead' });
  });

  test('SE-6 a store that was compared, and whose anchor was never kept, misses none', async () => {
    const store = contract.store();
    await store.commit([{ kind: 'anchored', isKept: false }]);
    const again = await contract.reopened();
    await again.open();
    expect(await again.compareAnchor({ found: null })).toMatchObject({ standing: 'absent' });
    await again.commit([ANCHORED, { kind: 'anchored', isKept: false }]);
    expect(await again.compareAnchor({ found: null })).toMatchObject({ standing: 'missing' });
  });

  test('SE-6 no record is absent before the first was kept, and missing after it', async () => {
    const store = contract.store();
    expect(await store.compareAnchor({ found: null })).toMatchObject({ standing: 'absent' });
    await store.commit([ANCHORED]);
    expect(await store.compareAnchor({ found: null })).toMatchObject({ standing: 'missing' });
    const again = await contract.reopened();
    await again.open();
    expect(await again.compareAnchor({ found: null })).toMatchObject({ standing: 'missing' });
  });

  test('SE-6 a record of another store, and one that no store has made, are told apart', async () => {
    const store = contract.store();
    await store.commit([ANCHORED]);
    const found = await store.anchorRecord();
    const id = found.split(' ')[3] ?? '';
    const ofAnother = found.replace(id, `${id.startsWith('f') ? 'e' : 'f'}${id.slice(1)}`);
    for (const [given, standing] of [
      [ofAnother, 'ofAnother'],
      [found.replace(/ (\d+) /, ' 1$1 '), 'forged'],
      [found.slice(0, -6), 'forged'],
      ['some text', 'forged'],
      ['x'.repeat(100_000), 'forged'],
      ['\0', 'forged'],
    ] as const) {
      expect(await store.compareAnchor({ found: given })).toMatchObject({ standing, epoch: null });
    }
    const again = await contract.reopened();
    await again.open();
    expect(await again.compareAnchor({ found: ` ${found}\n` })).toMatchObject({
      standing: 'agrees',
    });
  });

  test('SE-6 a store that is let go is ahead of the record that it was behind of', async () => {
    const store = contract.store();
    const found = await store.anchorRecord();
    const { epoch } = await store.compareAnchor({ found });
    await store.commit([holdWrite({ reason: 'rolledBack', sinceAtMs: 1, seqMax: 0 })]);
    await store.commit([holdWrite(null, (epoch ?? 0) + 1_000)]);
    const record = await store.anchorRecord();
    expect(Number(record.split(' ')[4])).toBeGreaterThan((epoch ?? 0) + 1_000);
    const again = await contract.reopened();
    expect((await again.open()).hold).toBeNull();
    expect(await again.compareAnchor({ found: record })).toMatchObject({ standing: 'agrees' });
    expect(await again.compareAnchor({ found })).toMatchObject({ standing: 'ahead' });
  });
}
