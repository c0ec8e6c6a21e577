/**
 * The files of the page, read once: requests are looked up among them, so no path leads to
 * anything else. They hold no secret.
 *
 * @module
 */

import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip as gzipInThread } from 'node:zlib';
import { causeText, HoldfastError } from '../../machines/vocabulary/errors.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};
const gzip = promisify(gzipInThread);
const INDEX = '/index.html';

export interface StaticFile {
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
  readonly type: string;
}

/** The files by path: `/`, `/app.js`, `/charts/supervisor.svg`. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

/**
 * Reads the page from its folder, without symbolic links and files of other kinds.
 *
 * @throws HoldfastError (rejects) `HF_INSPECTOR_UNAVAILABLE` where there is none.
 */
export async function readStaticFiles(folder: string): Promise<StaticFiles> {
  const files = new Map<string, StaticFile>();
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const type = TYPES[extname(entry.name)];
      if (!entry.isFile() || type === undefined) continue;
      const place = join(entry.parentPath, entry.name);
      const path = `/${relative(folder, place).split(sep).join('/')}`;
      const bytes = await readFile(place);
      files.set(path, { bytes, gzipped: await gzip(bytes, { level: 9 }), type });
    }
  } catch (error) {
    throw missing(folder, causeText(error), error);
  }
  const index = files.get(INDEX);
  if (index === undefined) throw missing(folder, 'index.html is not in it', undefined);
  files.set('/', index);
  return files;
}

function missing(folder: string, why: string, cause: unknown): HoldfastError {
  return new HoldfastError(
    'HF_INSPECTOR_UNAVAILABLE',
    `The inspector has no page to show (${why}). Install holdfast again; in its sources, run npm run build.`,
    { path: folder, cause },
  );
}
