/**
 * A key stretched from a passphrase with scrypt.
 *
 * @module
 */

import { randomBytes, scrypt } from 'node:crypto';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { checkFields, type OptionRules } from '../../machines/vocabulary/optionFields.ts';
import type { KeySource, ScryptParameters } from './keySource.ts';
import { KEY_BYTES } from './keySource.ts';

/** The length below which guessing succeeds, however the passphrase is stretched. */
const PASSPHRASE_CHARACTERS_MIN = 12;
/** "aaaaaaaaaaaa" has the length and is guessed at once. */
const DIFFERENT_CHARACTERS_MIN = 6;
/** Characters that show nothing, so nobody means them: control and format characters, zero-width ones among them. */
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}]/gu;

const SALT_BYTES = 16;
/** 128 MiB and some 0.4 s a guess: the least OWASP recommends for r = 8, p = 1. */
const N_MIN = 2 ** 17;
const N_DEFAULT = N_MIN;
/** Stores that an earlier version made with less still open. */
const N_MIN_KEPT = 2 ** 14;
/** 1 GiB. A keyring that asks for more would only exhaust the process. */
const N_MAX = 2 ** 20;
const R = 8;
const P = 1;

export interface PassphraseOptions {
  /** The scrypt cost for a new store, a power of two from 2^17 to 2^20. Default 2^17. */
  readonly N?: number | undefined;
}

/**
 * A key made from a passphrase, by scrypt with a random salt that is kept in the keyring. The text is normalised
 * (Unicode NFKC), so it may be typed on any keyboard.
 *
 * @example
 * const key = passphrase('correct horse battery staple');
 *
 * @throws HoldfastError `HF_KEY_INVALID` for fewer than 12 visible characters, or fewer than 6 different ones;
 * `HF_OPTION_INVALID` for a cost out of range.
 */
export function passphrase(text: string, options: PassphraseOptions = {}): KeySource {
  checkFields(options, { N: 'anything' } satisfies OptionRules<PassphraseOptions>, '');
  const { N = N_DEFAULT } = options;
  const normalised = typeof text === 'string' ? text.normalize('NFKC') : '';
  const visible = Array.from(normalised.trim().replace(INVISIBLE, ''));
  if (
    visible.length < PASSPHRASE_CHARACTERS_MIN ||
    new Set(visible).size < DIFFERENT_CHARACTERS_MIN
  ) {
    throw new HoldfastError(
      'HF_KEY_INVALID',
      `A passphrase has at least ${PASSPHRASE_CHARACTERS_MIN} characters, ${DIFFERENT_CHARACTERS_MIN} of them ` +
        'different; take several random words.',
    );
  }
  if (!isCost(N, N_MIN)) {
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      'The scrypt cost N is a power of two from 2^17 to 2^20.',
      { field: 'N' },
    );
  }
  return Object.freeze({
    kind: 'passphrase',
    async load({ kdf }) {
      if (kdf !== null && !isScryptParameters(kdf)) {
        throw new HoldfastError('HF_KEY_INVALID', 'The scrypt parameters are out of range.');
      }
      const used = kdf ?? newParameters(N);
      return { key: await stretch(normalised, used), kdf: used };
    },
  } satisfies KeySource);
}

/** True for parameters this version made or could have made. */
export function isScryptParameters(value: unknown): value is ScryptParameters {
  if (typeof value !== 'object' || value === null) return false;
  const { name, N, r, p, salt } = value as Partial<Record<keyof ScryptParameters, unknown>>;
  return (
    name === 'scrypt' &&
    isCost(N, N_MIN_KEPT) &&
    r === R &&
    p === P &&
    typeof salt === 'string' &&
    /^[0-9a-f]{32}$/.test(salt)
  );
}

function isCost(N: unknown, least: number): N is number {
  return typeof N === 'number' && N >= least && N <= N_MAX && Number.isInteger(Math.log2(N));
}

function newParameters(N: number): ScryptParameters {
  return { name: 'scrypt', N, r: R, p: P, salt: randomBytes(SALT_BYTES).toString('hex') };
}

function stretch(text: string, { N, r, p, salt }: ScryptParameters): Promise<Uint8Array> {
  // OpenSSL counts a little beside the 128·N·r bytes of the table.
  const maxmem = 128 * r * (N + p + 2);
  return new Promise((resolve, reject) => {
    scrypt(text, Buffer.from(salt, 'hex'), KEY_BYTES, { N, r, p, maxmem }, (error, key) => {
      if (error === null) {
        resolve(new Uint8Array(key.buffer, key.byteOffset, key.length));
      } else {
        reject(
          new HoldfastError(
            'HF_KEY_MISSING',
            `The passphrase could not be stretched: scrypt needs ${(128 * N * r) / 2 ** 20} MiB of memory.`,
            { retry: 'later', cause: error },
          ),
        );
      }
    });
  });
}
