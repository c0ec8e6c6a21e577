/**
 * The options that name a store and its key, also from the environment.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Option } from 'commander';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { SEALINGS, type Sealing } from '../../../persistence/sealing/engines.ts';

/** The key of a store. Neither is needed where its owner is asked, or a person at the terminal. */
export interface KeyOptions {
  readonly keyFile?: string;
  readonly passphraseFile?: string;
  readonly sealing?: Sealing;
}

/** The store of a command. */
export interface StoreOptions extends KeyOptions {
  readonly store: string;
}

/** An option that the environment may give. */
export class StoreOption extends Option {
  isNeeded = false;
  /** The option that this one excludes. */
  insteadOf: string | null = null;
}

function storeOptionOf(flags: string, envVar: string, what: string): StoreOption {
  const option = new StoreOption(flags, what);
  option.env(envVar);
  return option;
}

/** Makes an option required, from the arguments or the environment. */
export function needed(option: StoreOption): Option {
  option.isNeeded = true;
  return option;
}

export function storeOption(what = 'folder of the store'): Option {
  return needed(storeOptionOf('--store <dir>', 'HOLDFAST_STORE', what));
}

/** The option `--store` for a command that can do without one. */
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

/** The place of the anchor of a store (SE-6). */
export interface AnchorOptions {
  readonly anchor?: string;
  readonly anchorTokenFile?: string;
}

/** The options that name the place of a store's anchor. */
export function anchorOptions(): readonly Option[] {
  return [
    storeOptionOf(
      '--anchor <place>',
      'HOLDFAST_ANCHOR',
      'where the anchor of the store is kept: a file, or http(s)://…',
    ),
    storeOptionOf(
      '--anchor-token-file <file>',
      'HOLDFAST_ANCHOR_TOKEN_FILE',
      'file with the token that the address of the anchor asks for',
    ),
  ];
}

/** The environment variables for options. An empty one counts as unset. */
export const STORE_VARIABLES = [
  'HOLDFAST_STORE',
  'HOLDFAST_KEY_FILE',
  'HOLDFAST_PASSPHRASE_FILE',
  'HOLDFAST_SEALING',
  'HOLDFAST_ANCHOR',
  'HOLDFAST_ANCHOR_TOKEN_FILE',
] as const;

/** The file that every store has. */
const DATA_FILE = 'data.db';

/** @throws HoldfastError `HF_STORE_MISSING` */
export function requireStore(folder: string): void {
  if (existsSync(join(folder, DATA_FILE))) return;
  throw new HoldfastError('HF_STORE_MISSING', `There is no store in ${resolve(folder)}.`, {
    path: folder,
  });
}
