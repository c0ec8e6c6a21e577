/**
 * The tests that each crypto engine must pass.
 *
 * @module
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CryptoEngine } from '../../../persistence/sealing/cryptoEngine.ts';
import { thrownBy } from './failures.ts';
import { GCM_FORGED, GCM_SEALED, HKDF, HMAC } from './publicVectors.ts';

export const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');

export const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });
export const nonces = fc.uint8Array({ minLength: 12, maxLength: 12 });

export function sealWith(
  engine: CryptoEngine,
  key: Uint8Array,
  nonce: Uint8Array,
  associated: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const out = new Uint8Array(plaintext.length + 16);
  engine.aes256GcmSeal(key, nonce, associated, plaintext, out);
  return out;
}

/** What every crypto engine keeps. */
export function engineContract(engine: CryptoEngine, name: CryptoEngine['name']): void {
  describe(`the ${name} engine`, () => {
    test('SE-1 says which one it is', () => {
      expect(engine.name).toBe(name);
    });

    test('SE-5 a MAC keeps a copy of its key, and nothing of it once it is wiped', () => {
      const message = new Uint8Array(40).fill(9);
      for (const [mac, bytesOfKey] of [
        [(key: Uint8Array) => engine.hmacSha256(key), 32],
        [(key: Uint8Array) => engine.hmacSha512(key), 64],
      ] as const) {
        const key = new Uint8Array(bytesOfKey).fill(1);
        const [one, other] = [mac(key), mac(key.map(() => 2))];
        const before = one(message);
        expect(other(message)).not.toEqual(before);
        key.fill(0);
        expect(one(message)).toEqual(before);
        one.wipe();
        other.wipe();
        expect(one(message)).not.toEqual(before);
        expect(one(message)).toEqual(other(message));
      }
    });

    test('SE-1 gives the ciphertexts and tags of the NIST vectors', () => {
      for (const vector of GCM_SEALED) {
        const [key, nonce, associated] = [vector.key, vector.nonce, vector.associated].map(bytes);
        if (!key || !nonce || !associated) throw new Error('vector');
        const plaintext = bytes(vector.plaintext);
        expect(hex(sealWith(engine, key, nonce, associated, plaintext))).toBe(vector.sealed);
        expect(engine.aes256GcmOpen(key, nonce, associated, bytes(vector.sealed))).toEqual(
          plaintext,
        );
      }
    });

    test('SE-4 refuses the forgeries of the NIST vectors', () => {
      for (const { key, nonce, associated, sealed } of GCM_FORGED) {
        const opened = engine.aes256GcmOpen(
          bytes(key),
          bytes(nonce),
          bytes(associated),
          bytes(sealed),
        );
        expect(opened).toBeNull();
      }
    });

    test('SE-1 gives the HMACs of RFC 4231', () => {
      for (const { key, message, sha256, sha512 } of HMAC) {
        expect(hex(engine.hmacSha256(bytes(key))(bytes(message)))).toBe(sha256);
        expect(hex(engine.hmacSha512(bytes(key))(bytes(message)))).toBe(sha512);
      }
    });

    test('SE-1 gives the keys of RFC 5869', () => {
      for (const { key, salt, info, length, output } of HKDF) {
        const derived = engine.hkdfSha256(bytes(key), bytes(salt), bytes(info), length);
        expect(hex(derived)).toBe(output);
      }
    });

    test('SE-1 opens what it sealed, and nothing with one bit changed', () => {
      const texts = fc.uint8Array({ maxLength: 100 });
      fc.assert(
        fc.property(keys, nonces, texts, texts, fc.nat(), (key, nonce, associated, text, bit) => {
          const sealed = sealWith(engine, key, nonce, associated, text);
          expect(engine.aes256GcmOpen(key, nonce, associated, sealed)).toEqual(text);
          const at = (bit >> 3) % sealed.length;
          sealed[at] = (sealed[at] ?? 0) ^ (1 << (bit & 7));
          expect(engine.aes256GcmOpen(key, nonce, associated, sealed)).toBeNull();
        }),
      );
    });

    test('SE-1 takes no other length of key, nonce, tag or output', () => {
      const [key, nonce, none] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(0)];
      const out = new Uint8Array(16);
      const wrong = [
        () => engine.aes256GcmSeal(new Uint8Array(16), nonce, none, none, out),
        () => engine.aes256GcmSeal(new Uint8Array(24), nonce, none, none, out),
        () => engine.aes256GcmSeal(key, new Uint8Array(8), none, none, out),
        () => engine.aes256GcmSeal(key, nonce, none, none, new Uint8Array(15)),
        () => engine.aes256GcmSeal(key, nonce, none, none, new Uint8Array(17)),
        () => engine.aes256GcmOpen(new Uint8Array(16), nonce, none, out),
        () => engine.aes256GcmOpen(key, new Uint8Array(16), none, out),
        () => engine.aes256GcmOpen(key, nonce, none, new Uint8Array(4)),
      ];
      for (const call of wrong) expect(thrownBy(call).code).toBe('HF_INTERNAL');
    });

    test('SE-1 gives plain byte arrays that share no memory with anything else', () => {
      const key = new Uint8Array(32).fill(1);
      const nonce = new Uint8Array(12);
      const sealed = sealWith(engine, key, nonce, key, key);
      const results = [
        engine.randomBytes(32),
        engine.hmacSha256(key)(key),
        engine.hmacSha512(key)(key),
        engine.hkdfSha256(key, key, key, 32),
        engine.aes256GcmOpen(key, nonce, key, sealed) ?? new Uint8Array(0),
      ];
      for (const result of results) {
        expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype);
        // The pool that small Buffers share has 8 KiB.
        expect(result.buffer.byteLength).toBeLessThan(1024);
      }
      expect(engine.randomBytes(32)).not.toEqual(engine.randomBytes(32));
    });
  });
}
