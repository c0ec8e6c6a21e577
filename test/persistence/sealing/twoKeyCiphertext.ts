/**
 * Makes a ciphertext that opens under two keys, as GCM alone allows.
 *
 * @module
 */

import { createCipheriv, createDecipheriv } from 'node:crypto';

/** What {@link twoKeyCiphertext} opens under. */
interface TwoKeys {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
  readonly nonce: Uint8Array;
  readonly associated: Uint8Array;
}

/**
 * A GCM ciphertext that opens under two keys ("invisible salamanders", Dodis et al. 2018): under the
 * first to `plaintext` with its block `freeBlock` changed, under the second to noise. The tag is
 * linear in each ciphertext block, so one block can be solved for to make both tags equal.
 */
export function twoKeyCiphertext(keys: TwoKeys, plaintext: Uint8Array, freeBlock: number): Buffer {
  const { first, second, nonce, associated } = keys;
  const cipher = createCipheriv('aes-256-gcm', first, nonce);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  ciphertext.fill(0, 16 * freeBlock, 16 * freeBlock + 16);

  const blocks = hashedBlocks(associated, ciphertext);
  const exponent = blocks.length - (Math.ceil(associated.length / 16) + freeBlock);
  const [h1, h2] = [encryptBlock(first, Buffer.alloc(16)), encryptBlock(second, Buffer.alloc(16))];
  const j0 = Buffer.concat([nonce, Buffer.from([0, 0, 0, 1])]);
  const [mask1, mask2] = [encryptBlock(first, j0), encryptBlock(second, j0)];
  const difference = ghash(blocks, h1) ^ mask1 ^ ghash(blocks, h2) ^ mask2;
  const weight = power(h1, BigInt(exponent)) ^ power(h2, BigInt(exponent));
  const solved = toBlock(multiply(difference, power(weight, 2n ** 128n - 2n)));
  solved.copy(ciphertext, 16 * freeBlock);
  return Buffer.concat([
    ciphertext,
    toBlock(ghash(hashedBlocks(associated, ciphertext), h1) ^ mask1),
  ]);
}

/** Opens as plain GCM does, without a commitment; throws when the tag does not fit. */
export function openRaw(key: Uint8Array, keys: TwoKeys, sealed: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, keys.nonce, { authTagLength: 16 });
  decipher.setAAD(keys.associated);
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}

function hashedBlocks(associated: Uint8Array, ciphertext: Uint8Array): bigint[] {
  const lengths = Buffer.alloc(16);
  lengths.writeBigUInt64BE(BigInt(8 * associated.length), 0);
  lengths.writeBigUInt64BE(BigInt(8 * ciphertext.length), 8);
  return [...blocksOf(associated), ...blocksOf(ciphertext), fromBlock(lengths)];
}

function blocksOf(bytes: Uint8Array): bigint[] {
  const padded = Buffer.alloc(16 * Math.ceil(bytes.length / 16));
  padded.set(bytes);
  return Array.from({ length: padded.length / 16 }, (_, index) =>
    fromBlock(padded.subarray(16 * index, 16 * index + 16)),
  );
}

function encryptBlock(key: Uint8Array, block: Uint8Array): bigint {
  return fromBlock(createCipheriv('aes-256-ecb', key, null).update(block));
}

function ghash(blocks: readonly bigint[], h: bigint): bigint {
  return blocks.reduce((sum, block) => multiply(sum ^ block, h), 0n);
}

/** Multiplication in GF(2^128) with the bit order of SP 800-38D, algorithm 1. */
function multiply(x: bigint, y: bigint): bigint {
  let product = 0n;
  let shifted = y;
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((x >> bit) & 1n) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ (0xe1n << 120n) : shifted >> 1n;
  }
  return product;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n << 127n; // the one of this field
  let square = base;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

function fromBlock(block: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(block).toString('hex')}`);
}

function toBlock(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(32, '0'), 'hex');
}
