/**
 * Places for the anchor of a store (SE-6): a file, or an address that takes GET and PUT. An app can give a place of its
 * own, as two functions.
 *
 * @module
 */

import { realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import type { AnchorSource } from '../actors/port.ts';
import { isError } from '../machines/vocabulary/errors.ts';
import { requireOption } from '../machines/vocabulary/optionFields.ts';
import { writeFileAtomically } from '../persistence/files/atomicFile.ts';
import { parseUrl } from './http/hostAddresses.ts';
import { readBodyStart } from './http/readJson.ts';
import { type Network, send, systemNetwork } from './http/send.ts';

/** A place that lies in a file. */
interface AnchorFile extends AnchorSource {
  readonly path: string;
}

/** Options of {@link anchorUrl}. */
export interface AnchorUrlOptions {
  /** Sent as `Authorization: Bearer …` with each request. It is shown nowhere. */
  readonly token?: string | undefined;
}

/**
 * Keeps the anchor of a store in a file: on another disk, a share, or in a folder that another user of this machine
 * owns and lets this program write. It must not lie in the store's folder: who puts that back would put it back, too.
 *
 * The file is replaced as a whole, mode 0600, so its folder must be writable. `read` rejects where it can't be read, but
 * for one that is not there.
 *
 * @example
 * const runtime = createRuntime({
 *   store: './data',
 *   key: keyFile('./holdfast.key'),
 *   anchor: anchorFile('/mnt/anchors/payments'),
 * });
 *
 * @throws HoldfastError `HF_OPTION_INVALID` where `path` is none.
 */
export function anchorFile(path: string): AnchorSource {
  requireOption(typeof path === 'string' && path !== '', 'path', 'must be the path of a file');
  const file = resolve(path);
  let writing: Promise<void> = Promise.resolve();
  return Object.freeze({
    path: file,
    async read() {
      try {
        return await readFile(file, 'utf8');
      } catch (error) {
        if (isError(error) && 'code' in error && error.code === 'ENOENT') return null;
        throw error;
      }
    },
    write(record, signal) {
      // One after the other: one that was given up may be under way still.
      writing = writing
        .catch(() => undefined)
        .then(async () => {
          signal.throwIfAborted();
          await writeFileAtomically(file, record);
        });
      return writing;
    },
  } satisfies AnchorFile);
}

/**
 * Keeps the anchor of a store at an address: GET answers 200 with what was put last, or 404 where nothing was; PUT
 * replaces it, and answers with any 2xx once it is kept. Redirects are not followed.
 *
 * @example
 * const anchor = anchorUrl('https://anchors.example/payments', { token: process.env.ANCHOR_TOKEN });
 *
 * @throws HoldfastError `HF_OPTION_INVALID` where `url` is not `https://…`, or `http://` on this machine, or no header can
 * carry the token.
 */
export function anchorUrl(url: string | URL, options: AnchorUrlOptions = {}): AnchorSource {
  return anchorOver(systemNetwork, url, options);
}

/** {@link anchorUrl} over a network that is given. */
export function anchorOver(
  network: Network,
  url: string | URL,
  { token }: AnchorUrlOptions,
): AnchorSource {
  const address = parseUrl(url, { name: 'url' });
  // Headers would quote it in their error.
  const isSent = token === undefined || /^[\x21-\x7e]+$/.test(token);
  requireOption(isSent, 'token', 'must be of visible ASCII characters');
  const ask = async (method: 'GET' | 'PUT', body: string | null, signal: AbortSignal) => {
    const headers = new Headers({ accept: 'text/plain', 'content-type': 'text/plain' });
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    const sent = { method, headers, body, redirect: 'manual', signal } as const;
    const response = await send(network, address, sent, 'ordinary');
    const { status, ok } = response;
    return {
      status,
      ok,
      start: await readBodyStart(response, { end: signal, clock: network.clock }),
    };
  };
  return Object.freeze({
    async read(signal) {
      const { status, ok, start } = await ask('GET', null, signal);
      if (status === 404) return null;
      if (!ok) throw refused(status);
      if (!start.isWhole) throw new Error('The answer of the place of the anchor broke off.');
      return Buffer.from(start.bytes).toString('utf8');
    },
    async write(record, signal) {
      const { status, ok } = await ask('PUT', record, signal);
      if (!ok) throw refused(status);
    },
  } satisfies AnchorSource);
}

function refused(status: number): Error {
  return new Error(`The place of the anchor answered ${status}.`);
}

/** @throws HoldfastError `HF_OPTION_INVALID` where it is kept in the store's folder. */
export function checkAnchorPlace(anchor: AnchorSource, storeFolder: string): void {
  requireOption(
    storeFolder !== ':memory:',
    'anchor',
    'needs a store on disk: nothing of one in memory can be put back',
  );
  const { path } = anchor as Partial<AnchorFile>;
  if (typeof path !== 'string') return;
  const within = relative(realPath(resolve(storeFolder)), realPath(dirname(path)));
  const isInside = within === '' || !(within === '..' || within.startsWith(`..${sep}`));
  requireOption(
    !isInside,
    'anchor',
    "must not lie in the store's folder: who puts that back puts the anchor back, too",
  );
}

/** With links followed, where it is there. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
