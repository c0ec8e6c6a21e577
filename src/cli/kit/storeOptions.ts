/**
 * Which store a command works on, and what opens it: by options, or by the environment.
 *
 * @module
 */

import { Option } from 'commander';
import { SEALINGS, type Sealing } from '../../../persistence/sealing/engines.ts';

/** What opens a store; neither where its owner is asked, and where a person at the terminal is. */
export interface KeyOptions {
  readonly keyFile?: string;
  readonly passphraseFile?: string;
  readonly sealing?: Sealing;
}

/** Which store a command works on. */
export interface StoreOptions extends KeyOptions {
  readonly store: string;
}

/** An option that the environment may give. */
export class StoreOption extends Option {
  isNeeded = false;
  /** The option that says the same in another way. */
  insteadOf: string | null = null;
}

function storeOptionOf(flags: string, envVar: string, what: string): StoreOption {
  const option = new StoreOption(flags, what);
  option.env(envVar);
  return option;
}

/** The same option, refused where neither the arguments nor the environment have it. */
export function needed(option: StoreOption): Option {
  option.isNeeded = true;
  return option;
}

export function storeOption(what = 'folder of the store'): Option {
  return needed(storeOptionOf('--store <dir>', 'HOLDFAST_STORE', what));
}

/** The same where a command can also do without one. */
export function anyStoreOption(what: string): Option {
  return storeOptionOf('--store <dir>', 'HOLDFAST_STORE', what);
}

export function keyFileOption(what = 'key of the store'): StoreOption {
  return storeOptionOf('--key-file <file>', 'HOLDFAST_KEY_FILE', what);
}

/** What opens a store: a key, or a passphrase; and the engine that encrypts it. */
export function keyOptions(what?: string): readonly Option[] {
  const byPassphrase = storeOptionOf(
    '--passphrase-file <file>',
    'HOLDFAST_PASSPHRASE_FILE',
    'or its passphrase, - for stdin',
  );
  byPassphrase.insteadOf = 'keyFile';
  const sealing = storeOptionOf(
    '--sealing <engine>',
    'HOLDFAST_SEALING',
    "what encrypts the store: Node's engine, or JavaScript",
  );
  sealing.choices(SEALINGS);
  return [keyFileOption(what), byPassphrase, sealing];
}

/** The store, and what opens it. */
export function storeOptions(what?: string, ofKey?: string): readonly Option[] {
  return [storeOption(what), ...keyOptions(ofKey)];
}

/** All that the environment may give. An empty variable says nothing. */
export const STORE_VARIABLES = [
  'HOLDFAST_STORE',
  'HOLDFAST_KEY_FILE',
  'HOLDFAST_PASSPHRASE_FILE',
  'HOLDFAST_SEALING',
] as const;
