/**
 * The key of a command's store: a key file, a passphrase in a file, or one that a person types.
 *
 * @module
 */

import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { type KeySource, sealedBy } from '../../../persistence/sealing/keySource.ts';
import { passphrase } from '../../../persistence/sealing/passphrase.ts';
import { readSecretFile } from '../../../persistence/sealing/secretFile.ts';
import { keyKindOf } from '../../../persistence/upkeep/checkData.ts';
import { plainLine } from './output.ts';
import { Interrupted } from './program.ts';
import type { KeyOptions } from './storeOptions.ts';

const PASSPHRASE_FILE = {
  what: 'passphrase file',
  exposed: 'HF_KEY_FILE_EXPOSED',
  mayBePipe: true,
} as const;

const keys = new WeakMap<KeyOptions, Promise<KeySource>>();

/** The key source for the options of a command, read or asked for once, however often the store is opened. */
export function storeKey(options: KeyOptions, folder: string): Promise<KeySource> {
  const key = keys.get(options) ?? chosen(options, folder);
  keys.set(options, key);
  return key;
}

async function chosen(options: KeyOptions, folder: string): Promise<KeySource> {
  return sealedBy(await keySource(options, folder), options.sealing);
}

/**
 * What opens the store in `folder`. Without a key file and without a passphrase file a person at the terminal
 * is asked, where the store was made with a passphrase.
 *
 * @throws HoldfastError (rejects) `HF_OPTION_INVALID` where nothing says it; `HF_KEY_…`. {@link Interrupted}
 * where the person does not answer.
 */
async function keySource(
  { keyFile: path, passphraseFile }: KeyOptions,
  folder: string,
): Promise<KeySource> {
  if (path !== undefined) return keyFile(path);
  if (passphraseFile !== undefined && (passphraseFile !== '-' || !process.stdin.isTTY)) {
    const given =
      passphraseFile === '-'
        ? await text(process.stdin)
        : await readSecretFile(passphraseFile, PASSPHRASE_FILE);
    return passphrase(given.replace(/\r?\n$/, ''));
  }
  const kind = await keyKindOf(folder);
  if (!process.stdin.isTTY || (passphraseFile === undefined && kind !== 'passphrase')) {
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      'Nothing says what opens the store. Give --key-file or --passphrase-file, or set HOLDFAST_KEY_FILE or HOLDFAST_PASSPHRASE_FILE.',
      { field: '--key-file' },
    );
  }
  const typed = await askFor(`Passphrase of ${folder}: `);
  if (kind === null && typed !== (await askFor('Again, for the new store: '))) {
    throw new HoldfastError('HF_OPTION_INVALID', 'The two passphrases differ; nothing was made.', {
      field: '--passphrase-file',
    });
  }
  return passphrase(typed);
}

/** Asks at the terminal without echo. */
async function askFor(question: string): Promise<string> {
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  // From here on the terminal does not echo.
  process.stderr.write(plainLine(question));
  try {
    return await terminal.question('');
  } catch (error) {
    // Ctrl-C, or Ctrl-D, instead of an answer.
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    throw new Interrupted();
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
