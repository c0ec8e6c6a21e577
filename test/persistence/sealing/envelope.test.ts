import { createDecipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { CryptoEngine } from '../../../persistence/sealing/cryptoEngine.ts';
import {
  commitmentOf,
  createEnvelopes,
  ENVELOPE_BYTES_MAX,
  PLAINTEXT_BYTES_MAX,
} from '../../../persistence/sealing/envelope.ts';
import { nobleEngine } from '../../../persistence/sealing/nobleEngine.ts';
import { nodeEngine } from '../../../persistence/sealing/nodeEngine.ts';
import { bytes, hex, keys } from './engineContract.ts';
import { referenceEnvelope, referenceInBatch, referenceKeys } from './envelopeReference.ts';
import { thrownBy } from './failures.ts';
import { openRaw, twoKeyCiphertext } from './twoKeyCiphertext.ts';

const KEY = new Uint8Array(32).fill(0x4b);
const OTHER_KEY = new Uint8Array(32).fill(0x4c);
const KEY_ID = 0x01020304;
const TEXT = new TextEncoder().encode('{"state":"waiting","subject":"user-42"}');
const BOUND = new TextEncoder().encode('row 17 of table operation');
const HEADER_BYTES = 74;

const ring =
  (key: Uint8Array, id = KEY_ID) =>
  (asked: number) =>
    asked === id ? key : undefined;

function sealed(engine: CryptoEngine = nodeEngine): Uint8Array {
  return createEnvelopes(engine).seal(KEY, KEY_ID, TEXT, BOUND);
}

function codeOfOpening(
  envelope: Uint8Array,
  { engine = nodeEngine, key = KEY, id = KEY_ID, bound = BOUND } = {},
): string {
  return thrownBy(() => createEnvelopes(engine).open(ring(key, id), envelope, bound)).code;
}

/** An engine whose random bytes count up from 0. */
const countingEngine: CryptoEngine = {
  ...nodeEngine,
  randomBytes: (length) => Uint8Array.from({ length }, (_, at) => at & 0xff),
};

describe.each([nodeEngine, nobleEngine])('an envelope of the $name engine', (engine) => {
  test('SE-1 gives back what was sealed, of any length', () => {
    const envelopes = createEnvelopes(engine);
    const texts = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc.integer({ min: 4_000, max: 20_000 }).map((n) => new Uint8Array(n).fill(n & 0xff)),
      // Longer than the memory that envelopes are cut from.
      fc.integer({ min: 65_500, max: 70_000 }).map((n) => new Uint8Array(n).fill(n & 0xff)),
    );
    const bounds = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(keys, texts, bounds, (key, text, bound) => {
        const envelope = envelopes.seal(key, KEY_ID, text, bound);
        expect(hex(envelopes.open(ring(key), envelope, bound))).toBe(hex(text));
      }),
      { numRuns: 50 },
    );
  });

  test('SE-1 opens under the other engine', () => {
    const other = engine === nodeEngine ? nobleEngine : nodeEngine;
    expect(createEnvelopes(other).open(ring(KEY), sealed(engine), BOUND)).toEqual(TEXT);
  });
});

test('SE-1 the bytes are those of the documented format', () => {
  const salts = countingEngine.randomBytes(64);
  const envelopes = createEnvelopes(countingEngine);
  for (const at of [0, 32]) {
    expect(hex(envelopes.seal(KEY, KEY_ID, TEXT, BOUND))).toBe(
      hex(referenceEnvelope(KEY, KEY_ID, salts.slice(at, at + 32), TEXT, BOUND)),
    );
  }
});

test('SE-1 a record written by the first version still opens', () => {
  expect(createEnvelopes(nodeEngine).open(ring(KEY), bytes(FIRST_VERSION), BOUND)).toEqual(TEXT);
});

test('SE-1 sealing the same text twice gives nothing in common but the header', () => {
  const envelopes = createEnvelopes(nodeEngine);
  const seen = new Set<string>();
  for (let count = 0; count < 100; count++) {
    const envelope = envelopes.seal(KEY, KEY_ID, TEXT, BOUND);
    for (const part of [envelope.subarray(10, 42), envelope.subarray(42, 74)]) seen.add(hex(part));
    seen.add(hex(envelope.subarray(HEADER_BYTES, HEADER_BYTES + 16)));
  }
  expect(seen.size).toBe(300);
});

test('SE-1 an envelope stays as it was when others are sealed, whatever their size', () => {
  const envelopes = createEnvelopes(nodeEngine);
  const texts = Array.from({ length: 300 }, (_, at) => new Uint8Array((at * 37) % 9_000).fill(at));
  const made = texts.map((text) => envelopes.seal(KEY, KEY_ID, text, BOUND));
  for (const [at, envelope] of made.entries()) {
    expect(hex(envelopes.open(ring(KEY), envelope, BOUND))).toBe(hex(texts[at] ?? KEY));
  }
});

test('SE-5 the length of an envelope tells the size class of its text only', () => {
  const envelopes = createEnvelopes(nodeEngine);
  const lengthOf = (length: number) =>
    envelopes.seal(KEY, KEY_ID, new Uint8Array(length), BOUND).length;
  expect(new Set([0, 1, 100, 252].map(lengthOf))).toEqual(new Set([HEADER_BYTES + 256 + 16]));
  expect(new Set([253, 300, 508].map(lengthOf))).toEqual(new Set([HEADER_BYTES + 512 + 16]));
});

test('SE-4 a text over the limit is refused', () => {
  const text = new Uint8Array(PLAINTEXT_BYTES_MAX + 1);
  const error = thrownBy(() => createEnvelopes(nodeEngine).seal(KEY, KEY_ID, text, BOUND));
  expect(error.code).toBe('HF_PAYLOAD_TOO_LARGE');
  expect(error.message).toContain('67108865 bytes is over the 67108864');
});

test('SE-4 a text at the limit makes the largest envelope there is', () => {
  const quick: CryptoEngine = { ...nodeEngine, aes256GcmSeal: () => {} };
  const text = new Uint8Array(PLAINTEXT_BYTES_MAX);
  const envelope = createEnvelopes(quick).seal(KEY, KEY_ID, text, BOUND);
  expect(envelope.length).toBe(ENVELOPE_BYTES_MAX);
});

test('SE-1 what is bound may be longer than the memory that is set aside for it', () => {
  const envelopes = createEnvelopes(countingEngine);
  const salt = countingEngine.randomBytes(32);
  const long = new Uint8Array(10_000).fill(0x5a);
  const envelope = envelopes.seal(KEY, KEY_ID, TEXT, long);
  expect(hex(envelope)).toBe(hex(referenceEnvelope(KEY, KEY_ID, salt, TEXT, long)));
  expect(envelopes.open(ring(KEY), envelope, long)).toEqual(TEXT);
  expect(codeOfOpening(envelope, { bound: long.with(9_999, 0) })).toBe('HF_RECORD_TAMPERED');
});

test('SE-4 an authentic record whose padding is none is refused', () => {
  const careless: CryptoEngine = {
    ...nodeEngine,
    aes256GcmSeal: (key, nonce, associated, text, out) =>
      nodeEngine.aes256GcmSeal(key, nonce, associated, text.with(255, 1), out),
  };
  const error = thrownBy(() =>
    createEnvelopes(nodeEngine).open(ring(KEY), sealed(careless), BOUND),
  );
  expect(error.code).toBe('HF_RECORD_MALFORMED');
  expect(error.message).toBe(
    'This is not a sealed record: its padding is not one this version writes.',
  );
});

test('SE-4 UX-2 what an envelope is refused for is said in words', () => {
  const envelope = sealed();
  const said = (changed: Uint8Array, key = KEY, bound = BOUND, id = KEY_ID) =>
    thrownBy(() => createEnvelopes(nodeEngine).open(ring(key, id), changed, bound)).message;
  expect(said(envelope.with(0, 0))).toBe('This is not a sealed record: it does not start as one.');
  expect(said(envelope.subarray(0, 5))).toBe('This is not a sealed record: it is cut short.');
  expect(said(envelope.subarray(0, 80))).toBe('This is not a sealed record: it is cut short.');
  expect(said(envelope.with(4, 9))).toContain('(suite 9, flags 1)');
  expect(said(envelope, OTHER_KEY)).toContain(
    'sealed under another key, or its header was changed',
  );
  expect(said(envelope, KEY, BOUND.with(0, 0))).toContain('was changed since it was sealed');
  expect(said(envelope, KEY, BOUND, 7)).toContain(
    `key ${KEY_ID}, which this keyring does not hold`,
  );
  expect(said(envelope, KEY.subarray(1))).toBe('A sealing key has 32 bytes.');
});

test('SE-1 the commitment of an envelope is its own bytes, in memory of its own', () => {
  const envelope = sealed();
  const commitment = commitmentOf(envelope);
  expect(commitment).toEqual(envelope.slice(42, 74));
  expect(commitment.buffer).not.toBe(envelope.buffer);
});

test('SE-1 small envelopes are cut from common memory, large ones have their own', () => {
  const envelopes = createEnvelopes(nodeEngine);
  const memory = (length: number, count: number) => {
    const texts = Array.from({ length: count }, () => new Uint8Array(length));
    return texts.map((text) => envelopes.seal(KEY, KEY_ID, text, BOUND).buffer);
  };
  // 65,536 bytes hold 189 envelopes of 346.
  expect(new Set(memory(100, 189)).size).toBe(1);
  expect(new Set(memory(100, 190)).size).toBe(2);
  const large = memory(9_000, 2);
  expect(new Set(large).size).toBe(2);
  expect(large.map((buffer) => buffer.byteLength)).toEqual([9_306, 9_306]);
});

describe('SE-5 the key of a store', () => {
  /** Node's engine, which notes the keys that a MAC was made of, and the MACs that were wiped. */
  function watched(): { engine: CryptoEngine; made: string[]; wiped: string[] } {
    const made: string[] = [];
    const wiped: string[] = [];
    const hmacSha512: CryptoEngine['hmacSha512'] = (key) => {
      const name = hex(key).slice(0, 2);
      made.push(name);
      const mac = nodeEngine.hmacSha512(key);
      return Object.assign((message: Uint8Array) => mac(message), {
        wipe() {
          wiped.push(name);
          mac.wipe();
        },
      });
    };
    return { engine: { ...nodeEngine, hmacSha512 }, made, wiped };
  }

  test('one MAC is made of it, and wiped once another key comes', () => {
    const { engine, made, wiped } = watched();
    const envelopes = createEnvelopes(engine);
    const envelope = envelopes.seal(KEY, KEY_ID, TEXT, BOUND);
    envelopes.seal(KEY.slice(), KEY_ID, TEXT, BOUND);
    envelopes.open(ring(KEY), envelope, BOUND);
    expect([made, wiped]).toEqual([['4b'], []]);
    envelopes.seal(OTHER_KEY, KEY_ID, TEXT, BOUND);
    expect([made, wiped]).toEqual([['4b', '4c'], ['4b']]);
    envelopes.wipe();
    envelopes.wipe();
    expect(wiped).toEqual(['4b', '4c']);
    expect(envelopes.open(ring(KEY), envelope, BOUND)).toEqual(TEXT);
  });

  test("the caller's own is neither wiped nor relied upon", () => {
    const envelopes = createEnvelopes(nodeEngine);
    const key = KEY.slice();
    const first = envelopes.seal(key, KEY_ID, TEXT, BOUND);
    envelopes.wipe();
    expect(key).toEqual(KEY);
    envelopes.seal(key, KEY_ID, TEXT, BOUND);
    key.set(OTHER_KEY);
    const second = envelopes.seal(key, KEY_ID, TEXT, BOUND);
    expect(codeOfOpening(first, { key: OTHER_KEY })).toBe('HF_KEY_WRONG');
    expect(codeOfOpening(second)).toBe('HF_KEY_WRONG');
  });
});

test('SE-4 a key of another length is refused, on sealing and on opening', () => {
  const short = KEY.subarray(0, 31);
  const error = thrownBy(() => createEnvelopes(nodeEngine).seal(short, KEY_ID, TEXT, BOUND));
  expect(error.code).toBe('HF_KEY_INVALID');
  expect(codeOfOpening(sealed(), { key: short })).toBe('HF_KEY_INVALID');
});

test('SE-4 a wrong key, an unknown key and other associated data each have their own code', () => {
  expect(codeOfOpening(sealed(), { key: OTHER_KEY })).toBe('HF_KEY_WRONG');
  expect(codeOfOpening(sealed(), { id: 7 })).toBe('HF_KEY_UNKNOWN');
  expect(codeOfOpening(sealed(), { bound: BOUND.with(0, 0) })).toBe('HF_RECORD_TAMPERED');
  expect(codeOfOpening(sealed(), { bound: new Uint8Array(0) })).toBe('HF_RECORD_TAMPERED');
});

test('SE-4 every byte of an envelope is guarded, by the code of its part', () => {
  const envelope = sealed();
  const codes = Array.from(envelope, (byte, at) => codeOfOpening(envelope.with(at, byte ^ 0x80)));
  const expected = [
    ...Array<string>(4).fill('HF_RECORD_MALFORMED'),
    ...Array<string>(2).fill('HF_RECORD_UNSUPPORTED'),
    ...Array<string>(4).fill('HF_KEY_UNKNOWN'),
    ...Array<string>(64).fill('HF_KEY_WRONG'),
    ...Array<string>(256 + 16).fill('HF_RECORD_TAMPERED'),
  ];
  expect(codes).toEqual(expected);
});

test('SE-4 a key id changed to another known one does not pass', () => {
  const envelope = sealed();
  const anyKey = () => KEY;
  const error = thrownBy(() =>
    createEnvelopes(nodeEngine).open(anyKey, envelope.with(9, 0x05), BOUND),
  );
  expect(error.code).toBe('HF_KEY_WRONG');
});

test('SE-4 an envelope cut short anywhere, or lengthened, does not open', () => {
  const envelope = sealed();
  for (let length = 0; length < envelope.length; length++) {
    expect(codeOfOpening(envelope.subarray(0, length))).toBe('HF_RECORD_MALFORMED');
  }
  expect(codeOfOpening(Uint8Array.of(...envelope, 0))).toBe('HF_RECORD_TAMPERED');
  const longer = createEnvelopes(nodeEngine).seal(KEY, KEY_ID, new Uint8Array(400), BOUND);
  expect(codeOfOpening(longer.subarray(0, longer.length - 1))).toBe('HF_RECORD_TAMPERED');
});

test('SE-4 bytes that are no envelope are told from a damaged one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (noise) => {
      fc.pre(noise[0] !== 0x48);
      expect(codeOfOpening(noise)).toBe('HF_RECORD_MALFORMED');
    }),
  );
  expect(codeOfOpening(new TextEncoder().encode('{"state":"plain"}'))).toBe('HF_RECORD_MALFORMED');
});

test('SE-4 parts of two envelopes of one key do not make a third', () => {
  const [one, two] = [sealed(), sealed()];
  const mixedAt = (at: number) =>
    codeOfOpening(Uint8Array.of(...one.subarray(0, at), ...two.subarray(at)));
  expect(mixedAt(42)).toBe('HF_KEY_WRONG');
  expect(mixedAt(HEADER_BYTES)).toBe('HF_RECORD_TAMPERED');
  expect(mixedAt(one.length - 16)).toBe('HF_RECORD_TAMPERED');
});

describe('controls: what the tests above would catch', () => {
  /** The single-bit changes and other rows under which an envelope of `engine` opens all the same. */
  function unguarded(engine: CryptoEngine): readonly string[] {
    const envelope = sealed(engine);
    const open = (changed: Uint8Array, bound: Uint8Array): boolean => {
      try {
        createEnvelopes(engine).open(ring(KEY), changed, bound);
        return true;
      } catch (error) {
        return !isHoldfastError(error);
      }
    };
    const flips = Array.from(envelope, (byte, at) =>
      open(envelope.with(at, byte ^ 1), BOUND) ? [`byte ${at}`] : [],
    ).flat();
    return open(envelope, BOUND.with(0, 0)) ? [...flips, 'row'] : flips;
  }

  test('SE-4 the engines leave nothing unguarded', () => {
    expect(unguarded(nodeEngine)).toEqual([]);
  });

  test('SE-4 control: an engine that does not check the tag is caught', () => {
    const careless: CryptoEngine = {
      ...nodeEngine,
      aes256GcmOpen(key, nonce, associated, text) {
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
        decipher.setAAD(associated);
        return Uint8Array.from(decipher.update(text.subarray(0, -16)));
      },
    };
    expect(unguarded(careless)).toContain(`byte ${HEADER_BYTES + 10}`);
  });

  test('SE-1 control: an engine that does not bind associated data is caught', () => {
    const none = new Uint8Array(0);
    const unbound: CryptoEngine = {
      ...nodeEngine,
      aes256GcmSeal: (key, nonce, _associated, text, out) =>
        nodeEngine.aes256GcmSeal(key, nonce, none, text, out),
      aes256GcmOpen: (key, nonce, _associated, text) =>
        nodeEngine.aes256GcmOpen(key, nonce, none, text),
    };
    expect(unguarded(unbound)).toEqual(['row']);
  });
});

test('SE-1 a ciphertext made to open under two keys, as plain GCM lets it, is refused under the second', () => {
  const salt = countingEngine.randomBytes(32);
  const text = new Uint8Array(252).fill(0x61);
  // Made with the first key in hand; the header commits to it.
  const header = referenceEnvelope(KEY, KEY_ID, salt, text, BOUND).slice(0, HEADER_BYTES);
  const recordKeys = {
    first: referenceKeys(KEY, KEY_ID, salt).recordKey,
    second: referenceKeys(OTHER_KEY, KEY_ID, salt).recordKey,
    nonce: salt.slice(0, 12),
    associated: Uint8Array.of(...header, ...BOUND),
  };
  const crafted = twoKeyCiphertext(recordKeys, Uint8Array.of(0, 0, 0, 252, ...text), 7);

  // Control: GCM alone takes it under either key.
  expect(openRaw(recordKeys.first, recordKeys, crafted).subarray(0, 4).toString('hex')).toBe(
    '000000fc',
  );
  expect(openRaw(recordKeys.second, recordKeys, crafted)).toHaveLength(256);

  const envelope = Uint8Array.of(...header, ...crafted);
  expect(createEnvelopes(nodeEngine).open(ring(KEY), envelope, BOUND)).toHaveLength(252);
  expect(codeOfOpening(envelope, { key: OTHER_KEY })).toBe('HF_KEY_WRONG');
});

test('SE-5 the record key and the padded text are wiped after use, also when sealing fails', () => {
  const seen: Uint8Array[] = [];
  let fails = false;
  const watching: CryptoEngine = {
    ...nodeEngine,
    aes256GcmSeal(key, nonce, associated, text, out) {
      seen.push(key, text);
      if (fails) throw new Error('planted');
      nodeEngine.aes256GcmSeal(key, nonce, associated, text, out);
    },
    aes256GcmOpen(key, nonce, associated, text) {
      seen.push(key);
      return nodeEngine.aes256GcmOpen(key, nonce, associated, text);
    },
  };
  const envelopes = createEnvelopes(watching);
  const envelope = envelopes.seal(KEY, KEY_ID, TEXT, BOUND);
  envelopes.open(ring(KEY), envelope, BOUND);
  fails = true;
  expect(() => envelopes.seal(KEY, KEY_ID, TEXT, BOUND)).toThrow('planted');
  expect(seen).toHaveLength(5);
  for (const buffer of seen) expect(buffer.every((byte) => byte === 0)).toBe(true);
  expect(KEY[0]).toBe(0x4b);
});

/** `TEXT` under `KEY` and `BOUND`, as sealed by version 0.1.0. */
const FIRST_VERSION = [
  '484652310101010203040b30557a9fc4e90e33587da2c7ec11365b80a5caef14395e83a8cdf2173c6186',
  '9d88b7f659edd704dfdcf41d8f284490e13b1a2ea4a5e4a7cd53b262457ec84a8ca30c4eb710125ecca7',
  'eceacbc83d2d1b161634b8c9c391d614fb1b3853bd6098aea7c3438564e44d0b7e6a2f0f8c3a82b791ca',
  '27187df963f65eae4d4fc756b988e38ad2df18004c3c9baa6bf240d03a67582d8bd4a41384f951674b5a',
  '6597b95a9826a2fc0074484994d3f73ac306f188df189a1565be8842b9353fde77f509b306355c701ea7',
  '339988463b37417e588b853833735be15d9f5cf924c2d75c980585306f554975ec958b0a81caba9b1dde',
  'e9f32277e1b8b43c6cc6f03143ecbe32e9a22cf5ebbabcbcd63639e6464be7d72dcab82295abc8aac90f',
  '47ccaf0cf5bb07316c046e830ad49737d7fa2b6785028c6a87c64dc6baaf13e3f6731cd0ebc5a76f5937',
  'c5e2253d6438f6f3d1c0',
].join('');

describe('SE-1 a random source that would repeat key and nonce', () => {
  const sealUntilRefused = (randomBytes: CryptoEngine['randomBytes']) => {
    const envelopes = createEnvelopes({ ...nodeEngine, randomBytes });
    let seals = 0;
    const { code, message } = thrownBy(() => {
      for (; seals < 130; seals += 1) envelopes.seal(KEY, KEY_ID, TEXT, BOUND);
    });
    expect(code).toBe('HF_RANDOM_UNSOUND');
    expect(message).toMatch(/^The platform's random generator .+; nothing is sealed with it\.$/);
    return { seals, why: message.slice(32, message.indexOf(';')) };
  };

  test.each([
    ['gives too few bytes', () => nodeEngine.randomBytes(10), 0, 'gave too few bytes'],
    ['gives nothing', () => new Uint8Array(0), 0, 'gave too few bytes'],
    ['gives too many', () => nodeEngine.randomBytes(4_000), 0, 'gave too few bytes'],
    ['gives zeros', (length: number) => new Uint8Array(length), 0, 'repeats itself'],
    ['gives one value', (length: number) => new Uint8Array(length).fill(7), 1, 'repeats itself'],
  ])('that %s seals nothing twice', (_, randomBytes, seals, why) => {
    expect(sealUntilRefused(randomBytes)).toEqual({ seals, why });
  });

  test('that gives the same bytes at each call is refused', () => {
    const fixed = nodeEngine.randomBytes(64 * 32);
    expect(sealUntilRefused(() => fixed.slice())).toEqual({ seals: 64, why: 'repeats itself' });
  });
});

describe('SE-1 records of one batch', () => {
  const inBatch = (
    envelopes = createEnvelopes(nodeEngine),
    { key = KEY, id = KEY_ID, text = TEXT } = {},
  ): Uint8Array => envelopes.sealInBatch(key, id, text, BOUND);
  const saltOf = (envelope: Uint8Array): string => hex(envelope.subarray(10, 38));
  const commitmentIn = (envelope: Uint8Array): string => hex(commitmentOf(envelope));

  test('are the bytes of the documented format, and count up', () => {
    const envelopes = createEnvelopes(countingEngine);
    const salt = countingEngine.randomBytes(28);
    for (const number of [1, 2, 3]) {
      expect(hex(inBatch(envelopes))).toBe(
        hex(referenceInBatch(KEY, KEY_ID, [salt, number], TEXT, BOUND)),
      );
    }
    envelopes.endBatch();
    const next = Uint8Array.from({ length: 28 }, (_, at) => at + 32);
    expect(hex(inBatch(envelopes))).toBe(
      hex(referenceInBatch(KEY, KEY_ID, [next, 1], TEXT, BOUND)),
    );
  });

  test.each([nodeEngine, nobleEngine])('open under the other engine than $name', (engine) => {
    const other = createEnvelopes(engine === nodeEngine ? nobleEngine : nodeEngine);
    const envelopes = createEnvelopes(engine);
    const made = [inBatch(envelopes), inBatch(envelopes), sealed(engine), inBatch(envelopes)];
    for (const envelope of made) expect(other.open(ring(KEY), envelope, BOUND)).toEqual(TEXT);
  });

  test('share a key until the batch ends, and one that is sealed alone has its own', () => {
    const envelopes = createEnvelopes(nodeEngine);
    const one = inBatch(envelopes);
    const alone = envelopes.seal(KEY, KEY_ID, TEXT, BOUND);
    const two = inBatch(envelopes);
    expect([saltOf(two), commitmentIn(two)]).toEqual([saltOf(one), commitmentIn(one)]);
    expect(commitmentIn(alone)).not.toBe(commitmentIn(one));
    envelopes.endBatch();
    const later = inBatch(envelopes);
    expect(saltOf(later)).not.toBe(saltOf(one));
    expect(commitmentIn(later)).not.toBe(commitmentIn(one));
    for (const envelope of [one, alone, two, later]) {
      expect(envelopes.open(ring(KEY), envelope, BOUND)).toEqual(TEXT);
    }
  });

  test('lie under one key: another key, or another id, has a batch of its own', () => {
    const envelopes = createEnvelopes(nodeEngine);
    const made = [
      inBatch(envelopes),
      inBatch(envelopes, { key: OTHER_KEY }),
      inBatch(envelopes, { id: 7 }),
      inBatch(envelopes),
    ];
    expect(new Set(made.map(saltOf)).size).toBe(4);
    expect(new Set(made.map(commitmentIn)).size).toBe(4);
  });

  test('each have a nonce of their own, also where one could not be sealed', () => {
    let fails = false;
    const nonces: string[] = [];
    const envelopes = createEnvelopes({
      ...nodeEngine,
      aes256GcmSeal(key, nonce, associated, text, out) {
        nonces.push(`${hex(key)} ${hex(nonce)}`);
        if (fails) throw new Error('planted');
        nodeEngine.aes256GcmSeal(key, nonce, associated, text, out);
      },
    });
    inBatch(envelopes);
    fails = true;
    expect(() => inBatch(envelopes)).toThrow('planted');
    fails = false;
    inBatch(envelopes);
    expect(new Set(nonces).size).toBe(3);
    expect(new Set(nonces.map((each) => each.slice(0, 64))).size).toBe(1);
  });

  test('SE-4 guard every byte, by the code of its part', () => {
    const envelope = inBatch();
    const codes = Array.from(envelope, (byte, at) => codeOfOpening(envelope.with(at, byte ^ 0x80)));
    const expected = [
      ...Array<string>(4).fill('HF_RECORD_MALFORMED'),
      ...Array<string>(2).fill('HF_RECORD_UNSUPPORTED'),
      ...Array<string>(4).fill('HF_KEY_UNKNOWN'),
      ...Array<string>(28).fill('HF_KEY_WRONG'),
      ...Array<string>(4).fill('HF_RECORD_TAMPERED'),
      ...Array<string>(32).fill('HF_KEY_WRONG'),
      ...Array<string>(256 + 16).fill('HF_RECORD_TAMPERED'),
    ];
    expect(codes).toEqual(expected);
    // One that calls itself of the other suite is derived otherwise.
    expect(codeOfOpening(envelope.with(4, 1))).toBe('HF_KEY_WRONG');
    expect(codeOfOpening(sealed().with(4, 2))).toBe('HF_KEY_WRONG');
    expect(codeOfOpening(envelope, { key: OTHER_KEY })).toBe('HF_KEY_WRONG');
    expect(codeOfOpening(envelope, { id: 7 })).toBe('HF_KEY_UNKNOWN');
    expect(codeOfOpening(envelope, { bound: BOUND.with(0, 0) })).toBe('HF_RECORD_TAMPERED');
  });

  test('SE-4 parts of two of them do not make a third, and none opens as another', () => {
    const envelopes = createEnvelopes(nodeEngine);
    const [one, two] = [inBatch(envelopes), inBatch(envelopes)];
    for (const at of [42, HEADER_BYTES, one.length - 16]) {
      const mixed = Uint8Array.of(...one.subarray(0, at), ...two.subarray(at));
      expect(codeOfOpening(mixed)).toBe('HF_RECORD_TAMPERED');
    }
    const elsewhere = () => envelopes.open(ring(KEY), two, BOUND.with(0, 0));
    expect(thrownBy(elsewhere).code).toBe('HF_RECORD_TAMPERED');
  });

  test('SE-4 a key that was right for one is not taken for the next', () => {
    const envelopes = createEnvelopes(nodeEngine);
    const [one, two] = [inBatch(envelopes), inBatch(envelopes)];
    expect(envelopes.open(ring(KEY), one, BOUND)).toEqual(TEXT);
    const open = () => envelopes.open(ring(OTHER_KEY), two, BOUND);
    expect(thrownBy(open).code).toBe('HF_KEY_WRONG');
    expect(envelopes.open(ring(KEY), two, BOUND)).toEqual(TEXT);
  });

  test('SE-5 the keys of a batch are wiped when it ends, and the text after each seal', () => {
    const keysSeen: Uint8Array[] = [];
    const texts: Uint8Array[] = [];
    const envelopes = createEnvelopes({
      ...nodeEngine,
      aes256GcmSeal(key, nonce, associated, text, out) {
        keysSeen.push(key);
        texts.push(text);
        nodeEngine.aes256GcmSeal(key, nonce, associated, text, out);
      },
      aes256GcmOpen(key, nonce, associated, text) {
        keysSeen.push(key);
        return nodeEngine.aes256GcmOpen(key, nonce, associated, text);
      },
    });
    const isWiped = (bytesSeen: Uint8Array): boolean => bytesSeen.every((byte) => byte === 0);
    const one = inBatch(envelopes);
    envelopes.open(ring(KEY), one, BOUND);
    expect(texts.every(isWiped)).toBe(true);
    expect(keysSeen.some(isWiped)).toBe(false);
    envelopes.endBatch();
    expect(keysSeen).toHaveLength(2);
    expect(keysSeen.every(isWiped)).toBe(true);
    expect(envelopes.open(ring(KEY), one, BOUND)).toEqual(TEXT);
    envelopes.wipe();
    expect(keysSeen.every(isWiped)).toBe(true);
  });
});
