/**
 * Guards the keyring of an open store: without it the store can't be opened again, and the process that has it open
 * would never miss it.
 *
 * @module
 */

import { readFileSync, renameSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { syncFolder, writeFileWhole } from '../../files/durableFiles.ts';
import { KEYRING_FILE_NAME, NEW_KEYRING_FILE_NAME, parseKeyring } from '../../sealing/keyring.ts';
import { nodeEngine } from '../../sealing/nodeEngine.ts';
import { storeFailure } from '../driver/failures.ts';

/** Suffix under which a file in the keyring's place is kept; the last one only. */
const REPLACED_SUFFIX = '.replaced';

/** The keyring beside a database. */
export class KeyringKept {
  readonly #path: string;
  readonly #newPath: string;
  readonly #storeId: string;
  #text: string | null = null;
  #found: Stats | null = null;

  constructor(dataPath: string, storeId: string) {
    this.#path = join(dirname(dataPath), KEYRING_FILE_NAME);
    this.#newPath = join(dirname(dataPath), NEW_KEYRING_FILE_NAME);
    this.#storeId = storeId;
  }

  /**
   * To be called once the store is open, and so has data: a new keyring gets its final name.
   *
   * @throws errors of the file system.
   */
  opened(): void {
    if (this.#text !== null) return;
    if (look(this.#path) === null && look(this.#newPath) !== null) {
      renameSync(this.#newPath, this.#path);
      syncFolder(dirname(this.#path));
    }
    const found = look(this.#path);
    const text = found === null ? null : readFileSync(this.#path, 'utf8');
    if (text === null || !this.#isOurs(text)) return;
    this.#text = text;
    this.#found = found;
  }

  /**
   * To be called after each commit, before anybody is told of it: a keyring that was deleted, replaced or changed is
   * written back. Returns the fault that was mended, `null` if all is well.
   *
   * @throws HoldfastError `HF_STORE_LOST` while it can't be written back.
   */
  confirm(): HoldfastError | null {
    if (this.#text === null) return null;
    const found = look(this.#path);
    if (found !== null && isUnchanged(found, this.#found)) return null;
    try {
      return this.#writeBack(this.#text, found !== null);
    } catch (error) {
      const { message } = storeFailure(error, this.#path);
      throw new HoldfastError(
        'HF_STORE_LOST',
        `The keyring ${this.#path} is gone or was changed, and can't be written back yet: ${message} ` +
          'Without it nobody can open the store once this process has ended.',
        { path: this.#path, retry: 'later' },
      );
    }
  }

  #writeBack(text: string, isThere: boolean): HoldfastError | null {
    const isSame = isThere && readsAs(this.#path, text);
    if (!isSame) {
      if (isThere) renameSync(this.#path, `${this.#path}${REPLACED_SUFFIX}`);
      writeFileWhole(this.#path, text);
    }
    this.#found = look(this.#path);
    if (isSame) return null;
    const what = isThere
      ? `was replaced or changed while the store was open, and was written back; what lay there is now ` +
        `${this.#path}${REPLACED_SUFFIX}`
      : 'was deleted while the store was open, and was written back';
    return new HoldfastError(
      'HF_STORE_LOST',
      `The keyring ${this.#path} ${what}. Nothing is missing. Find out what does that: without it the ` +
        'store could not have been opened again.',
      { path: this.#path, retry: 'later' },
    );
  }

  #isOurs(text: string): boolean {
    try {
      return parseKeyring(text, this.#path, nodeEngine).storeId === this.#storeId;
    } catch (error) {
      if (isHoldfastError(error)) return false;
      throw error;
    }
  }
}

/** False too for what is no file, or can't be read. */
function readsAs(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8') === text;
  } catch {
    return false;
  }
}

function look(path: string): Stats | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null;
}

/** Compares the change time too, which nobody can set: a byte overwritten in place is noticed. */
function isUnchanged(a: Stats, b: Stats | null): boolean {
  return a.ino === b?.ino && a.dev === b.dev && a.size === b.size && a.ctimeMs === b.ctimeMs;
}
