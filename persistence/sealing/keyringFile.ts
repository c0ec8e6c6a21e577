/**
 * The text of `keyring.json`. It holds nothing secret in the clear: ids, the kind of key source, the parameters of the
 * key derivation, and the wrapped store key.
 *
 * Its `check` is a fingerprint of the rest. It guards against damage, not against people (the wrapped key does): it
 * distinguishes a damaged file from a wrong key.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { encodeAssociated } from './associated.ts';
import type { CryptoEngine } from './cryptoEngine.ts';
import type { ScryptParameters } from './keySource.ts';
import { isScryptParameters } from './passphrase.ts';

/** The newest format this version reads, and the one it writes. */
export const KEYRING_FORMAT = 1;

export interface KeyringFile {
  readonly storeId: string;
  readonly keyId: number;
  readonly keySource: string;
  readonly kdf: ScryptParameters | null;
  /** The store key in an envelope under the source's key. */
  readonly wrappedKey: Uint8Array;
}

export function formatKeyring(file: KeyringFile, engine: CryptoEngine): string {
  const content = { format: KEYRING_FORMAT, ...file, wrappedKey: toHex(file.wrappedKey) };
  return `${JSON.stringify({ ...content, check: checkOf(content, engine) }, null, 2)}\n`;
}

/**
 * @throws HoldfastError `HF_STORE_NEWER` for a format of a later version, `HF_STORE_CORRUPT` for
 * anything else that {@link formatKeyring} does not write.
 */
export function parseKeyring(text: string, path: string, engine: CryptoEngine): KeyringFile {
  const content = fieldsOf(text);
  const format = content['format'];
  if (Number.isInteger(format) && Number(format) > KEYRING_FORMAT) {
    throw new HoldfastError(
      'HF_STORE_NEWER',
      `The keyring ${path} has format ${String(format)}, and this version reads up to ${KEYRING_FORMAT}. ` +
        'Use the version of holdfast that wrote it, or a later one.',
      { path },
    );
  }
  if (format !== KEYRING_FORMAT || !isKeyringContent(content)) throw corrupt(path);
  const { check, ...rest } = content;
  if (check !== checkOf(rest, engine)) throw corrupt(path);
  const { storeId, keyId, keySource, kdf, wrappedKey } = content;
  return { storeId, keyId, keySource, kdf, wrappedKey: fromHex(wrappedKey) };
}

interface KeyringContent {
  readonly format: number;
  readonly storeId: string;
  readonly keyId: number;
  readonly keySource: string;
  readonly kdf: ScryptParameters | null;
  readonly wrappedKey: string;
}

function checkOf(content: KeyringContent, engine: CryptoEngine): string {
  const { format, storeId, keyId, keySource, kdf, wrappedKey } = content;
  const stretching = kdf === null ? [null] : [kdf.name, kdf.N, kdf.r, kdf.p, kdf.salt];
  const fields = [format, storeId, keyId, keySource, wrappedKey, ...stretching];
  const label = new TextEncoder().encode('holdfast/keyring/check/1');
  return toHex(engine.hmacSha256(label)(encodeAssociated(fields)));
}

/** None where the text is no JSON, or no object. */
function fieldsOf(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function isKeyringContent(
  content: Record<string, unknown>,
): content is Record<string, unknown> & KeyringContent & { readonly check: unknown } {
  const { storeId, keyId, keySource, kdf, wrappedKey } = content;
  return (
    typeof storeId === 'string' &&
    /^[0-9a-f]{32}$/.test(storeId) &&
    keyId === Number(keyId) >>> 0 &&
    typeof keySource === 'string' &&
    (kdf === null || isScryptParameters(kdf)) &&
    typeof wrappedKey === 'string' &&
    /^(?:[0-9a-f]{2})+$/.test(wrappedKey)
  );
}

function corrupt(path: string): HoldfastError {
  return new HoldfastError(
    'HF_STORE_CORRUPT',
    `The keyring ${path} is damaged. Restore it from a backup; no key opens the store without it.`,
    { path },
  );
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
