import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { HoldfastError } from '../../../../machines/vocabulary/errors.ts';
import { machineFiles } from '../../../../persistence/files/files.ts';
import type { AcceptWrite } from '../../../../persistence/port/store.ts';
import { nodeEngine } from '../../../../persistence/sealing/nodeEngine.ts';
import { createSealer } from '../../../../persistence/sealing/recordSealer.ts';
import { SPILLS, SpillFile } from '../../../../persistence/sqlite/file/spillFile.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { inThreadStore } from '../../contract/storeUnderTest.ts';
import { accept, idOf } from '../../contract/writes.ts';

const STORE_ID = '00112233445566778899aabbccddeeff';
const MIB = 1_024 * 1_024;
const COUNT = 5;

function spillFile(path: string): SpillFile<AcceptWrite> {
  const storeKey = new Uint8Array(32).fill(5);
  const sealer = createSealer({ engine: nodeEngine, storeKey, keyId: 1, storeId: STORE_ID });
  return new SpillFile(SPILLS.acceptances, path, sealer, STORE_ID, machineFiles);
}

/** Five records, where each begins, and the bytes of the file. */
function filled(): { path: string; bytes: Buffer; begins: readonly number[] } {
  const path = join(tempFolder(), 'spill');
  const spill = spillFile(path);
  spill.reserve();
  for (let seq = 1; seq <= COUNT; seq += 1) spill.append(accept(seq));
  const bytes = readFileSync(path);
  const begins: number[] = [];
  for (let at = 0; bytes.readUInt32BE(at) !== 0; at += 4 + bytes.readUInt32BE(at)) begins.push(at);
  expect(begins).toHaveLength(COUNT);
  return { path, bytes, begins };
}

function readBack(path: string): { seqs: readonly number[]; notices: readonly HoldfastError[] } {
  const notices: HoldfastError[] = [];
  const seqs = spillFile(path)
    .read((notice) => notices.push(notice))
    .map(({ seq }) => seq);
  return { seqs, notices };
}

test('CR-4 PS-3 one bit of the length of a record costs at most that record, and is told of', () => {
  const { path, bytes, begins } = filled();
  for (const [index, begin] of begins.entries()) {
    for (let bit = 0; bit < 32; bit += 1) {
      const harmed = Buffer.from(bytes);
      const byte = begin + (bit >> 3);
      harmed[byte] = (harmed[byte] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(path, harmed);
      const { seqs, notices } = readBack(path);
      const others = [1, 2, 3, 4, 5].filter((seq) => seq !== index + 1);
      expect(seqs, `record ${index + 1}, bit ${bit}`).toEqual(expect.arrayContaining(others));
      // Where another follows, it tells where this one ends.
      if (index < COUNT - 1) expect(seqs, `record ${index + 1}, bit ${bit}`).toHaveLength(COUNT);
      if (seqs.length < COUNT) {
        expect(notices).toMatchObject([{ code: 'HF_RECORD_TAMPERED', path: `${path}.unreadable` }]);
      }
    }
  }
});

test('CR-4 PS-3 any byte of a record overwritten costs that record only, and the file is kept', () => {
  const { path, bytes, begins } = filled();
  const [, second = 0, third = 0] = begins;
  for (let at = second + 4; at < third; at += 7) {
    const harmed = Buffer.from(bytes);
    harmed[at] = (harmed[at] ?? 0) ^ 0xff;
    writeFileSync(path, harmed);
    const spill = spillFile(path);
    const writes = spill.read();
    expect(
      writes.map(({ seq }) => seq),
      `byte ${at}`,
    ).toEqual([1, 3, 4, 5]);
    spill.committed(writes);
    spill.wipe();
    expect(readFileSync(`${path}.unreadable`).equals(harmed)).toBe(true);
    // What could not be read does not come up once more.
    expect(readFileSync(path).every((byte) => byte === 0)).toBe(true);
  }
});

test('CR-4 PS-3 a record that was cut off, or whose zeros were, loses none before it', () => {
  const { path, bytes, begins } = filled();
  const last = begins[COUNT - 1] ?? 0;
  writeFileSync(path, bytes.subarray(0, last + 60));
  expect(readBack(path).seqs).toEqual([1, 2, 3, 4]);
  writeFileSync(path, bytes);
  expect(readBack(path)).toEqual({ seqs: [1, 2, 3, 4, 5], notices: [] });
});

test.each([
  ['small records of four bytes', () => Buffer.alloc(MIB, Buffer.from([0, 0, 0, 4, 1, 2, 3, 4]))],
  ['beginnings of envelopes', () => Buffer.alloc(MIB, Buffer.from('\x00\x00\x01\x00HFR1'))],
  ['anything', () => Buffer.alloc(MIB, 0xa5)],
])(
  'CR-4 PS-3 a spill file of 1 MiB of junk, %s, keeps no store shut; it is kept once and told of',
  async (_, junk) => {
    const folder = join(tempFolder(), 'store');
    mkdirSync(folder, { mode: 0o700 });
    const path = join(folder, 'crises.spill');
    writeFileSync(path, junk(), { mode: 0o600 });
    const store = inThreadStore(folder);
    const notices: HoldfastError[] = [];
    store.onNotice((notice) => notices.push(notice));
    await store.open();
    await store.commit([accept(1)]);
    expect(notices).toMatchObject([{ code: 'HF_RECORD_TAMPERED', path: `${path}.unreadable` }]);
    expect(readFileSync(`${path}.unreadable`).equals(junk())).toBe(true);
    // A crisis after that is spilled as ever.
    await store.spill(accept(2, { urgency: 0 }));
    await store.close();
    const next = inThreadStore(folder);
    const later: HoldfastError[] = [];
    next.onNotice((notice) => later.push(notice));
    await next.open();
    expect(await next.find(idOf(2))).toMatchObject({ payload: 'payload 2' });
    expect(later).toEqual([]);
    expect(existsSync(`${path}.unreadable`)).toBe(true);
    await next.close();
  },
);
