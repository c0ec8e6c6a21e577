/**
 * The keyring of a store: `keyring.json` in its folder, which holds the random store key wrapped by
 * the key of a {@link KeySource}. Everything the store seals derives from the store key.
 *
 * A keyring is made once, with the store, and never replaced by a new one: without it the data can't
 * be read. Callers make or open it while they own the store.
 *
 * @module
 */

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { adviceFor, errorCodeOf, writeFileAtomically } from '../files/atomicFile.ts';
import { encodeAssociated } from './associated.ts';
import type { CryptoEngine } from './cryptoEngine.ts';
import { engineOf, type Sealing } from './engines.ts';
import { createEnvelopes } from './envelope.ts';
import {
  checkKey,
  KEY_BYTES,
  type KeySource,
  type LoadedKey,
  type ScryptParameters,
} from './keySource.ts';
import { nodeEngine } from './nodeEngine.ts';
import { isScryptParameters } from './passphrase.ts';

// The text of `keyring.json`. It holds nothing secret in the clear: ids, the kind of key source, the parameters of the
// key derivation, and the wrapped store key.
//
// Its `check` is a fingerprint of the rest. It guards against damage, not against people (the wrapped key does): it
// distinguishes a damaged file from a wrong key.

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

export const KEYRING_FILE_NAME = 'keyring.json';
/**
 * The keyring's name until the data that it protects is made. A keyring under the other name says that there was data
 * once, which distinguishes a store whose data is gone from a new one.
 */
export const NEW_KEYRING_FILE_NAME = 'keyring.new.json';
export type KeyringName = typeof KEYRING_FILE_NAME | typeof NEW_KEYRING_FILE_NAME;

const KIND_PATTERN = /^[a-z][a-z0-9-]{0,31}$/;
const FILE_BYTES_MAX = 65_536;
/** The id in the envelope of the wrapped key: the source's key, which has no number of its own. */
const SOURCE_KEY_ID = 0;
const FIRST_STORE_KEY_ID = 1;

/** The opened keyring of a store. */
export interface Keyring {
  /** Random, made with the store, 32 hex digits. */
  readonly storeId: string;
  /** The id under which records are sealed. */
  readonly keyId: number;
  /** The engine that seals the records. */
  readonly sealing: Sealing;
  /**
   * 32 bytes. The caller's to wipe (`fill(0)`) once the sealer is made. Not enumerable, so that
   * printing or cloning a keyring leaves it out.
   */
  readonly storeKey: Uint8Array;
}

/** True if the folder holds a keyring, in whatever state. */
export async function keyringExists(
  folder: string,
  name: KeyringName = KEYRING_FILE_NAME,
): Promise<boolean> {
  try {
    await stat(join(folder, name));
    return true;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false;
    throw folderError(folder, error);
  }
}

/** The kind of key that a store was made with (`file`, `passphrase`, …); `null` if there is no keyring. */
export async function keyKindOf(folder: string): Promise<string | null> {
  for (const name of [KEYRING_FILE_NAME, NEW_KEYRING_FILE_NAME] as const) {
    if (!(await keyringExists(folder, name))) continue;
    const path = join(folder, name);
    return parseKeyring(await readKeyring(folder, path), path, nodeEngine).keySource;
  }
  return null;
}

/**
 * Makes a store id and a store key and keeps them in the folder, which must exist, as the keyring of a store that has
 * no data yet (see {@link NEW_KEYRING_FILE_NAME}). A keyring that never came to have data is replaced.
 */
export async function createKeyring(
  folder: string,
  keySource: KeySource,
  given?: CryptoEngine,
): Promise<Keyring> {
  const engine = given ?? (await engineOf(keySource.sealing));
  if (await keyringExists(folder)) {
    const path = join(folder, KEYRING_FILE_NAME);
    throw new HoldfastError(
      'HF_STORE_CORRUPT',
      `There is a keyring at ${path} already; a new one would make what it protects unreadable.`,
      { path },
    );
  }
  const { key, kdf } = await loadKey(keySource, folder, null);
  const storeId = Buffer.from(engine.randomBytes(16)).toString('hex');
  const storeKey = engine.randomBytes(KEY_BYTES);
  const identity = { storeId, keyId: FIRST_STORE_KEY_ID, keySource: keySource.kind, kdf };
  const wrappingKey = wrappingKeyOf(engine, key);
  const envelopes = createEnvelopes(engine);
  let wrappedKey: Uint8Array;
  try {
    wrappedKey = envelopes.seal(wrappingKey, SOURCE_KEY_ID, storeKey, bindingOf(identity));
  } finally {
    envelopes.wipe();
    wrappingKey.fill(0);
    key.fill(0);
  }
  try {
    const path = join(folder, NEW_KEYRING_FILE_NAME);
    await writeFileAtomically(path, formatKeyring({ ...identity, wrappedKey }, engine));
  } catch (error) {
    throw folderError(folder, error);
  }
  return keyring(identity, keySource, storeKey);
}

/**
 * Opens the keyring in the folder.
 *
 * @throws HoldfastError `HF_KEY_MISSING` when there is none: for a folder that holds data, the
 * keyring was lost. `HF_KEY_WRONG` for another key, or a source of another kind than the store was
 * made with. `HF_STORE_NEWER`, `HF_STORE_CORRUPT`; what {@link KeySource.load} throws.
 */
export async function openKeyring(
  folder: string,
  keySource: KeySource,
  given?: CryptoEngine,
): Promise<Keyring> {
  const engine = given ?? (await engineOf(keySource.sealing));
  // Under its first name, where a crash has cut off the making of the store.
  const hasBegun = await keyringExists(folder);
  const isNew = !hasBegun && (await keyringExists(folder, NEW_KEYRING_FILE_NAME));
  const path = join(folder, isNew ? NEW_KEYRING_FILE_NAME : KEYRING_FILE_NAME);
  const file = parseKeyring(await readKeyring(folder, path), path, engine);
  if (file.keySource !== keySource.kind) {
    throw new HoldfastError(
      'HF_KEY_WRONG',
      `The store in ${folder} was made with a key of kind "${file.keySource}", ` +
        `and one of kind "${keySource.kind}" was given.`,
      { path },
    );
  }
  const { key } = await loadKey(keySource, folder, file.kdf);
  const wrappingKey = wrappingKeyOf(engine, key);
  const envelopes = createEnvelopes(engine);
  try {
    const storeKey = envelopes.open(
      (id) => (id === SOURCE_KEY_ID ? wrappingKey : undefined),
      file.wrappedKey,
      bindingOf(file),
    );
    checkKey(storeKey);
    return keyring(file, keySource, storeKey);
  } catch (error) {
    if (isHoldfastError(error) && error.code === 'HF_KEY_WRONG') {
      throw new HoldfastError(
        'HF_KEY_WRONG',
        `This is not the key the store in ${folder} was made with.`,
        { path },
      );
    }
    throw new HoldfastError('HF_STORE_CORRUPT', `The keyring ${path} was changed.`, {
      path,
      cause: error,
    });
  } finally {
    envelopes.wipe();
    wrappingKey.fill(0);
    key.fill(0);
  }
}

async function readKeyring(folder: string, path: string): Promise<string> {
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > FILE_BYTES_MAX) {
      throw new HoldfastError('HF_STORE_CORRUPT', `The keyring ${path} is too long to be one.`, {
        path,
      });
    }
    bytes = await readFile(path);
  } catch (error) {
    if (isHoldfastError(error)) throw error;
    if (errorCodeOf(error) === 'ENOENT') {
      throw new HoldfastError(
        'HF_KEY_MISSING',
        `The keyring ${path} is gone; without it the store can't be opened. Restore it from a backup.`,
        { path },
      );
    }
    throw folderError(folder, error);
  }
  return bytes.toString('utf8');
}

async function loadKey(
  source: KeySource,
  storeFolder: string,
  kdf: ScryptParameters | null,
): Promise<LoadedKey> {
  if (!KIND_PATTERN.test(source.kind)) {
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      'The kind of a key source is lower-case letters, digits and hyphens, at most 32.',
      { field: 'key.kind' },
    );
  }
  let loaded: LoadedKey;
  try {
    loaded = await source.load({ storeFolder, kdf });
  } catch (error) {
    if (isHoldfastError(error)) throw error;
    throw new HoldfastError(
      'HF_KEY_UNAVAILABLE',
      `The key source "${source.kind}" gave no key (${errorCodeOf(error)}).`,
      { retry: 'later' },
    );
  }
  checkKey(loaded.key);
  if (loaded.kdf !== null && !isScryptParameters(loaded.kdf)) {
    // Written down now, they would make the keyring unreadable at the next start.
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      `The key source "${source.kind}" gave scrypt parameters that are out of range.`,
      { field: 'key' },
    );
  }
  return loaded;
}

/** A label of its own, so that a key a host uses elsewhere too has nothing in common with this use. */
function wrappingKeyOf(engine: CryptoEngine, key: Uint8Array): Uint8Array {
  const label = new TextEncoder().encode('holdfast/keyring/wrap/1');
  return engine.hkdfSha256(key, new Uint8Array(0), label, KEY_BYTES);
}

function bindingOf({
  storeId,
  keyId,
  keySource,
  kdf,
}: Omit<KeyringFile, 'wrappedKey'>): Uint8Array {
  return encodeAssociated([
    'holdfast/keyring',
    KEYRING_FORMAT,
    storeId,
    keyId,
    keySource,
    ...(kdf === null ? [null] : [kdf.name, kdf.N, kdf.r, kdf.p, kdf.salt]),
  ]);
}

function keyring(
  { storeId, keyId }: Pick<Keyring, 'storeId' | 'keyId'>,
  { sealing = 'native' }: KeySource,
  storeKey: Uint8Array,
): Keyring {
  const keys = { sealing: { value: sealing }, storeKey: { value: storeKey } };
  return Object.defineProperties({ storeId, keyId }, keys) as Keyring;
}

function folderError(folder: string, error: unknown): HoldfastError {
  const code = errorCodeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new HoldfastError('HF_STORE_FULL', `No room for the keyring in ${folder}.`, {
      path: folder,
      retry: 'later',
      cause: error,
    });
  }
  return new HoldfastError(
    'HF_STORE_FOLDER',
    `The store's folder ${folder} can't be used (${code}).`,
    { path: folder, retry: adviceFor(error), cause: error },
  );
}
