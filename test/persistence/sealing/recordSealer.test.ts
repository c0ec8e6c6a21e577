import { hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CryptoEngine, Mac } from '../../../persistence/sealing/cryptoEngine.ts';
import { commitmentOf } from '../../../persistence/sealing/envelope.ts';
import { nobleEngine } from '../../../persistence/sealing/nobleEngine.ts';
import { nodeEngine } from '../../../persistence/sealing/nodeEngine.ts';
import { createSealer } from '../../../persistence/sealing/recordSealer.ts';
import { hex } from './engineContract.ts';
import { referenceEnvelope } from './envelopeReference.ts';
import { leaks, thrownBy } from './failures.ts';

const STORE_KEY = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
const STORE_ID = '00112233445566778899aabbccddeeff';
const TEXT = new TextEncoder().encode('{"attempt":3}');
const ROW = new TextEncoder().encode('row 1');

function sealer(options: Partial<Parameters<typeof createSealer>[0]> = {}) {
  return createSealer({
    engine: nodeEngine,
    storeKey: STORE_KEY,
    keyId: 1,
    storeId: STORE_ID,
    ...options,
  });
}

test('SE-1 what one sealer of a store seals another opens, whatever its engine', () => {
  const [one, two] = [sealer(), sealer({ engine: nobleEngine })];
  expect(two.open(one.seal(TEXT, ROW), ROW)).toEqual(TEXT);
  expect(one.open(two.seal(TEXT, ROW), ROW)).toEqual(TEXT);
});

test('SE-1 what one sealer seals in a batch another opens, record by record; each batch has a key of its own', () => {
  const [one, two] = [sealer(), sealer({ engine: nobleEngine })];
  const first = one.sealInBatch(TEXT, ROW);
  const second = one.sealInBatch(TEXT, ROW);
  one.endBatch();
  const ofNext = one.sealInBatch(TEXT, ROW);
  for (const envelope of [second, ofNext, first]) expect(two.open(envelope, ROW)).toEqual(TEXT);
  const commitments = [first, second, ofNext].map((envelope) => hex(commitmentOf(envelope)));
  expect(commitments[1]).toBe(commitments[0]);
  expect(commitments[2]).not.toBe(commitments[0]);
});

test('SE-1 its record key is derived from store key and store id under the label of the format', () => {
  const recordKey = hkdfSync('sha256', STORE_KEY, STORE_ID, 'holdfast/store/record/1', 32);
  const salt = new Uint8Array(32).fill(9);
  const envelope = referenceEnvelope(new Uint8Array(recordKey), 1, salt, TEXT, ROW);
  expect(sealer().open(envelope, ROW)).toEqual(TEXT);
});

test('SE-4 a record of another store, key or row does not open', () => {
  const envelope = sealer().seal(TEXT, ROW);
  const codeWith = (options: Parameters<typeof sealer>[0]) =>
    thrownBy(() => sealer(options).open(envelope, ROW)).code;
  expect(codeWith({ storeKey: STORE_KEY.with(0, 9) })).toBe('HF_KEY_WRONG');
  expect(codeWith({ storeId: STORE_ID.replace('00', '01') })).toBe('HF_KEY_WRONG');
  expect(codeWith({ keyId: 2 })).toBe('HF_KEY_UNKNOWN');
  expect(thrownBy(() => sealer().open(envelope, TEXT)).code).toBe('HF_RECORD_TAMPERED');
});

test('SE-2 the store key is not kept: wiping it changes nothing, and it is never changed', () => {
  const storeKey = STORE_KEY.slice();
  const made = sealer({ storeKey });
  expect(storeKey).toEqual(STORE_KEY);
  storeKey.fill(0);
  expect(sealer().open(made.seal(TEXT, ROW), ROW)).toEqual(TEXT);
  expect(made.blindIndex('lane', 'a')).toEqual(sealer().blindIndex('lane', 'a'));
});

test('AU-1 bytes that a sealer draws are of the length asked for, and never the same twice, under one key', () => {
  for (const engine of [nodeEngine, nobleEngine]) {
    const made = sealer({ engine });
    const drawn = [made, made, sealer({ engine })].map((each) => each.randomBytes(16));
    expect(drawn.map(({ length }) => length)).toEqual([16, 16, 16]);
    expect(new Set(drawn.map(hex)).size).toBe(3);
  }
});

test('SE-4 a store key of another length and a key id out of range are refused', () => {
  for (const length of [0, 16, 31, 33]) {
    expect(thrownBy(() => sealer({ storeKey: new Uint8Array(length) })).code).toBe(
      'HF_KEY_INVALID',
    );
  }
  expect(thrownBy(() => sealer({ storeKey: new Uint8Array(31) })).message).toBe(
    'A store key has 32 bytes.',
  );
  for (const keyId of [-1, 0.5, 2 ** 32]) {
    const error = thrownBy(() => sealer({ keyId }));
    expect(error.code).toBe('HF_KEY_INVALID');
    expect(error.message).toBe('A key id is an integer from 0 to 2^32-1.');
  }
  expect(sealer({ keyId: 0 }).keyId).toBe(0);
  const last = sealer({ keyId: 2 ** 32 - 1 });
  expect(last.open(last.seal(TEXT, ROW), ROW)).toEqual(TEXT);
});

describe('the blind index', () => {
  test('SE-5 equal values of one column meet, and no others do', () => {
    const one = sealer();
    const values = fc.string({ unit: 'grapheme', maxLength: 20 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(one.blindIndex('lane', a)).toHaveLength(16);
        expect(hex(one.blindIndex('lane', a)) === hex(one.blindIndex('lane', b))).toBe(a === b);
        expect(one.blindIndex('lane', a)).not.toEqual(one.blindIndex('route', a));
      }),
    );
  });

  test('SE-5 it is the same with both engines and differs from store to store and key to key', () => {
    const index = hex(sealer().blindIndex('idempotencyKey', 'order-1'));
    expect(hex(sealer({ engine: nobleEngine }).blindIndex('idempotencyKey', 'order-1'))).toBe(
      index,
    );
    const others = [
      sealer({ storeId: STORE_ID.replace('00', '01') }),
      sealer({ storeKey: STORE_KEY.with(0, 9) }),
    ].map((other) => hex(other.blindIndex('idempotencyKey', 'order-1')));
    expect(others).not.toContain(index);
  });

  test('SE-1 the fingerprints of the first version still meet', () => {
    expect(hex(sealer().blindIndex('idempotencyKey', 'order-1'))).toBe(
      '09ed6c8166b459b3834eac8497c34a37',
    );
  });
});

test('SE-5 the key of a column is made once, and wiped as soon as it is used', () => {
  const keys: Uint8Array[] = [];
  const watched: CryptoEngine = {
    ...nodeEngine,
    hmacSha256: (key) => {
      keys.push(key);
      return nodeEngine.hmacSha256(key);
    },
  };
  const made = sealer({ engine: watched });
  made.blindIndex('lane', 'a');
  made.blindIndex('lane', 'b');
  // That of the index itself, and one of the column.
  expect(keys).toHaveLength(2);
  made.blindIndex('route', 'a');
  expect(keys).toHaveLength(3);
  for (const key of keys) expect(key.every((byte) => byte === 0)).toBe(true);
});

test('SE-5 a printed sealer shows no key', () => {
  const made = sealer();
  made.blindIndex('lane', 'a');
  const derived = nodeEngine.hkdfSha256(
    STORE_KEY,
    new TextEncoder().encode(STORE_ID),
    new TextEncoder().encode('holdfast/store/record/1'),
    32,
  );
  for (const key of [STORE_KEY, derived]) expect(leaks(made, key)).toEqual([]);
  // Control: the same check sees a key that does show.
  expect(leaks({ ...made, recordKey: derived }, derived)).toContain('list');
});

test.each([nodeEngine, nobleEngine])(
  'SE-2 a sealer of the $name engine forgets its keys when told',
  (engine) => {
    const macs: Mac[] = [];
    const derived: Uint8Array[] = [];
    const watched: CryptoEngine = {
      ...engine,
      hkdfSha256: (...args) => {
        const key = engine.hkdfSha256(...args);
        derived.push(key);
        return key;
      },
      hmacSha256: (key) => {
        const mac = engine.hmacSha256(key);
        macs.push(mac);
        return mac;
      },
    };
    const made = sealer({ engine: watched });
    made.seal(TEXT, ROW);
    made.blindIndex('lane', 'a');
    const before = macs.map((mac) => mac(TEXT));
    made.wipe();
    expect(derived).toHaveLength(2);
    for (const key of derived) expect(key.every((byte) => byte === 0)).toBe(true);
    for (const [index, mac] of macs.entries()) expect(mac(TEXT)).not.toEqual(before[index]);
  },
);
