/**
 * The place of a store's anchor, as the options of a command name it (SE-6).
 *
 * @module
 */

import type { AnchorSource } from '../../../actors/port.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { readSecretFile } from '../../../persistence/sealing/secretFile.ts';
import { anchorFile, anchorUrl, checkAnchorPlace } from '../../anchorSources.ts';
import { parseUrl } from '../../http/hostAddresses.ts';
import type { AnchorOptions } from './storeOptions.ts';

const TOKEN_FILE = {
  what: "file of the anchor's token",
  exposed: 'HF_OPTION_INVALID',
  mayBePipe: true,
} as const;

/**
 * The place that the options name; `undefined` where they name none.
 *
 * @throws HoldfastError (rejects) `HF_OPTION_INVALID`: an address that is none, a file in the store's folder, a token that
 * can't be read or is for no address.
 */
export async function anchorPlace(
  { anchor: place, anchorTokenFile }: AnchorOptions,
  storeFolder: string,
): Promise<AnchorSource | undefined> {
  if (place === undefined || !/^https?:/i.test(place)) {
    if (anchorTokenFile !== undefined) throw tokenForNothing(anchorTokenFile);
    if (place === undefined) return undefined;
    const file = anchorFile(place);
    checkAnchorPlace(file, storeFolder);
    return file;
  }
  const url = parseUrl(place, { name: '--anchor' });
  if (anchorTokenFile === undefined) return anchorUrl(url);
  const token = (await readSecretFile(anchorTokenFile, TOKEN_FILE)).trim();
  return anchorUrl(url, { token });
}

function tokenForNothing(path: string): HoldfastError {
  return new HoldfastError(
    'HF_OPTION_INVALID',
    'The file of the token is for the address of an anchor. Give that with --anchor https://…',
    { field: '--anchor-token-file', path },
  );
}
