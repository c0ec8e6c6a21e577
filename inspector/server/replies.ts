/**
 * The answers of the server, and the headers that each of them has.
 *
 * @module
 */

import { readdir, readFile } from 'node:fs/promises';
import { type ServerResponse, STATUS_CODES } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip as gzipInThread } from 'node:zlib';
import { causeText, type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { CallAnswer } from '../protocol.ts';

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

interface StaticFile {
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

/** Allows the server's own styles and scripts alone, and no request to another origin. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // One request a connection, so that each has a deadline of its own.
  connection: 'close',
};

const JSON_TYPE = 'application/json; charset=utf-8';

/** Why a request is refused: the status, and a message for a person. */
export class Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    more: {
      readonly code?: ErrorCode;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    this.status = status;
    this.message = message;
    this.code = more.code ?? 'HF_REQUEST_INVALID';
    this.headers = more.headers ?? {};
  }

  get answer(): CallAnswer {
    return { ok: false, error: { code: this.code, message: this.message } };
  }
}

/** Writes the head of a streamed answer. */
export function begin(response: ServerResponse, status: number, contentType: string): void {
  response.writeHead(status, { ...HEADERS, 'content-type': contentType });
}

/** Sends a file, compressed if the client accepts that. */
export function sendFile(
  response: ServerResponse,
  { bytes, gzipped, type }: StaticFile,
  acceptEncoding: string | undefined,
): void {
  const vary = { vary: 'accept-encoding' };
  if (!takesGzip(acceptEncoding)) send(response, 200, type, bytes, vary);
  else send(response, 200, type, gzipped, { ...vary, 'content-encoding': 'gzip' });
}

function takesGzip(acceptEncoding = ''): boolean {
  return acceptEncoding
    .split(',')
    .some((coding) => /^\s*gzip\s*(?:;\s*q=(?:1|0?\.\d*[1-9]\d*)(?:\.0*)?\s*)?$/i.test(coding));
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, JSON_TYPE, Buffer.from(`${JSON.stringify(body)}\n`));
}

export function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  const body = Buffer.from(`${JSON.stringify(refusal.answer)}\n`);
  send(response, refusal.status, JSON_TYPE, body, refusal.headers);
}

function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: Buffer,
  more: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    ...HEADERS,
    ...more,
    'content-type': contentType,
    'content-length': body.length,
  });
  response.end(body);
}

/** The full text of an answer to bytes that are no request. */
export function unreadableReply(status: number, message: string): string {
  const text = `${JSON.stringify(new Refusal(status, message).answer)}\n`;
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}`),
    `content-type: ${JSON_TYPE}`,
    `content-length: ${Buffer.byteLength(text)}`,
    '',
    text,
  ].join('\r\n');
}
