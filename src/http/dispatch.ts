/**
 * Sends a request by a dispatcher of undici, as `fetch` does, and without what `fetch` puts around it: streams, a
 * `Request`, a `Response`, timings. Headers, errors and their causes, unpacking and the end by a signal are those of
 * `fetch`.
 *
 * A handler of an answer has the methods of undici 5 to 7 and those of 7 and later.
 *
 * @module
 */

import { pipeline, Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type { AttemptEnd } from '../../actors/port.ts';
import type { Answer, AnswerBody, BodyReader } from './answer.ts';

/** What is sent. */
export interface Sent {
  readonly redirect?: RequestInit['redirect'];
  readonly method: string;
  readonly headers: Headers;
  /** None by default. */
  readonly body?: string | null | undefined;
  readonly signal: AbortSignal;
  /** In place of the signal, which may cost something to make. */
  readonly end?: AttemptEnd | undefined;
}

/** What a dispatcher of undici takes. */
export interface Dispatching {
  readonly dispatch: (options: object, handler: object) => boolean;
}

/** Headers that `fetch` sends of itself. */
const OF_FETCH: readonly (readonly [string, string])[] = [
  ['accept-language', '*'],
  ['sec-fetch-mode', 'cors'],
  ['user-agent', 'node'],
];
/** With one of these `fetch` has no cache answer. */
const CONDITIONS: readonly string[] = [
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
];
/** The statuses of answers that have no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);
/** Bytes of a body that are held until they are read. */
const HELD_BYTES_MAX = 65_536;
/** Of how many codings a body may be, one in another. */
const CODINGS_MAX = 5;

/**
 * Sends a request; resolves once the head of the answer has come.
 *
 * @throws (rejects) as `fetch`: the reason of its end, or a `TypeError` with what undici says as its cause
 */
export async function dispatched(dispatcher: Dispatching, url: URL, sent: Sent): Promise<Answer> {
  const { method, body = null } = sent;
  const end = sent.end ?? sent.signal;
  if (end.aborted) throw end.reason;
  return await new Promise((resolve, reject) => {
    const exchange = new Exchange(method, end, resolve, reject);
    const options = {
      ...{ origin: url.origin, path: url.pathname + url.search, method, body },
      headers: headersOf(sent.headers, url),
    };
    dispatcher.dispatch(options, exchange);
  });
}

/** The headers in a row, names and values, with those that `fetch` adds. */
function headersOf(headers: Headers, url: URL): readonly string[] {
  const all: string[] = [];
  for (const [name, value] of headers) all.push(name, value);
  for (const [name, value] of OF_FETCH) if (!headers.has(name)) all.push(name, value);
  if (CONDITIONS.some((name) => headers.has(name))) {
    for (const name of ['pragma', 'cache-control']) {
      if (!headers.has(name)) all.push(name, 'no-cache');
    }
  }
  if (!headers.has('accept-encoding')) {
    const packed = url.protocol === 'https:' ? 'br, gzip, deflate' : 'gzip, deflate';
    // A part of what is packed can't be unpacked.
    all.push('accept-encoding', headers.has('range') ? 'identity' : packed);
  }
  return all;
}

/** What undici 7 and later give a handler. */
interface Controller {
  readonly abort: (reason: unknown) => void;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly rawHeaders?: unknown;
}

type RawHeaders = readonly (Uint8Array | string | readonly (Uint8Array | string)[])[];

/** One request and its answer: the handler that undici tells of both. */
class Exchange {
  readonly #method: string;
  readonly #end: AttemptEnd;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: unknown) => void;
  #abort: ((reason: unknown) => void) | null = null;
  #body: ArrivingBody | null = null;
  #isOver = false;
  readonly #aborted = (): void => {
    this.#giveUp(this.#end.reason);
  };

  constructor(
    method: string,
    end: AttemptEnd,
    resolve: (answer: Answer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#method = method;
    this.#end = end;
    this.#resolve = resolve;
    this.#reject = reject;
    end.addEventListener('abort', this.#aborted);
  }

  // Of undici 5 to 7.

  onConnect(abort: (reason: unknown) => void): void {
    this.#begun(abort);
  }

  onHeaders(status: number, raw: RawHeaders, resume: () => void): boolean {
    this.#answered(status, raw, resume);
    return true;
  }

  onData(chunk: Uint8Array): boolean {
    return this.#body?.arrived(chunk) ?? true;
  }

  onComplete(): void {
    this.#ended();
  }

  onError(error: Error): void {
    this.#failed(error);
  }

  // Of undici 7 and later.

  onRequestStart(controller: Controller): void {
    this.#begun((reason) => {
      controller.abort(reason);
    });
  }

  onResponseStart(controller: Controller, status: number, headers: object): void {
    const { rawHeaders } = controller;
    const raw = Array.isArray(rawHeaders) ? rawHeaders : Object.entries(headers).flat();
    this.#answered(status, raw as RawHeaders, () => {
      controller.resume();
    });
  }

  onResponseData(controller: Controller, chunk: Uint8Array): void {
    if (!this.onData(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.#ended();
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#failed(error);
  }

  #begun(abort: (reason: unknown) => void): void {
    // It was given up while it waited for a connection: nothing is sent.
    if (this.#isOver) abort(this.#end.reason);
    else this.#abort = abort;
  }

  #answered(status: number, raw: RawHeaders, resume: () => void): void {
    // The answer itself comes after one that is only informational.
    if (status < 200 || this.#isOver) return;
    const headers = new ArrivingHeaders(raw);
    const head = { status, ok: status <= 299, headers };
    // What comes of a body that may not be there is dropped.
    if (this.#method === 'HEAD' || BODILESS.has(status)) {
      this.#resolve({ ...head, body: null });
      return;
    }
    this.#body = new ArrivingBody(resume, () => {
      this.#giveUp(new Error('The body was given up.'));
    });
    try {
      this.#resolve({ ...head, body: unpacked(this.#body, headers) });
    } catch (error) {
      this.#giveUp(fetchFailed(error));
    }
  }

  #ended(): void {
    this.#over();
    this.#body?.ended();
  }

  #failed(error: unknown): void {
    if (this.#isOver) return;
    this.#over();
    if (this.#body === null) this.#reject(fetchFailed(error));
    else this.#body.failed(error);
  }

  #giveUp(reason: unknown): void {
    if (this.#isOver) return;
    this.#over();
    this.#reject(reason);
    this.#body?.failed(reason);
    this.#abort?.(reason);
  }

  #over(): void {
    this.#isOver = true;
    this.#end.removeEventListener('abort', this.#aborted);
  }
}

function fetchFailed(cause: unknown): TypeError {
  return new TypeError('fetch failed', { cause });
}

/** The headers of an answer, looked up in what came. */
class ArrivingHeaders {
  readonly #raw: RawHeaders;

  constructor(raw: RawHeaders) {
    this.#raw = raw;
  }

  get(name: string): string | null {
    const sought = name.toLowerCase();
    let found: string | null = null;
    for (let at = 0; at + 1 < this.#raw.length; at += 2) {
      const [nameThere, value] = [this.#raw[at], this.#raw[at + 1]];
      // Most names are of another length.
      if (nameThere?.length !== sought.length || value === undefined) continue;
      if (latin1(nameThere as string).toLowerCase() !== sought) continue;
      const text = Array.isArray(value) ? value.map(latin1).join(', ') : latin1(value as string);
      found = found === null ? text.trim() : `${found}, ${text.trim()}`;
    }
    return found;
  }
}

function latin1(text: Uint8Array | string): string {
  if (typeof text === 'string') return text;
  return Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1');
}

/** The body of an answer while it comes. */
class ArrivingBody implements AnswerBody, BodyReader {
  readonly #resume: () => void;
  readonly #giveUp: () => void;
  #chunks: Uint8Array[] = [];
  #held = 0;
  #isPaused = false;
  #isEnded = false;
  #failure: { readonly cause: unknown } | null = null;
  #wake: (() => void) | null = null;
  locked = false;

  constructor(resume: () => void, giveUp: () => void) {
    this.#resume = resume;
    this.#giveUp = giveUp;
  }

  /** Takes a piece; false where no more is to come before this is read. */
  arrived(chunk: Uint8Array): boolean {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    this.#wake?.();
    this.#isPaused = this.#held > HELD_BYTES_MAX;
    return !this.#isPaused;
  }

  ended(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  failed(cause: unknown): void {
    this.#failure = { cause };
    this.#wake?.();
  }

  getReader(): BodyReader {
    this.locked = true;
    return this;
  }

  async read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }> {
    for (;;) {
      // As of a stream: what was not read when it failed is gone.
      if (this.#failure !== null) throw new TypeError('terminated', this.#failure);
      const value = this.#chunks.shift();
      if (value !== undefined) {
        this.#held -= value.length;
        if (this.#isPaused && this.#held <= HELD_BYTES_MAX) {
          this.#isPaused = false;
          this.#resume();
        }
        return { done: false, value };
      }
      if (this.#isEnded) return { done: true };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }

  async cancel(): Promise<void> {
    this.#chunks = [];
    // The reader is told that there is no more.
    this.ended();
    this.#giveUp();
  }
}

// As `fetch` does it: what a server packed a little wrongly is read all the same.
const { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } = zlib;
const SYNC_FLUSH = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI_FLUSH = {
  flush: constants.BROTLI_OPERATION_FLUSH,
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
};
/** Node 20 has none. */
const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: () => Transform };
/** How each coding is unpacked, by its first byte where that says it: deflate comes with a header of zlib and without. */
const UNPACKING: Readonly<Record<string, (first: number) => Transform>> = {
  gzip: () => createGunzip(SYNC_FLUSH),
  'x-gzip': () => createGunzip(SYNC_FLUSH),
  deflate: (first) =>
    (first & 0x0f) === 0x08 ? createInflate(SYNC_FLUSH) : createInflateRaw(SYNC_FLUSH),
  br: () => createBrotliDecompress(BROTLI_FLUSH),
  ...(createZstdDecompress !== undefined && { zstd: () => createZstdDecompress() }),
};
/** The body, unpacked as it is read where it is packed in a way that is known. */
function unpacked(body: ArrivingBody, headers: ArrivingHeaders): AnswerBody {
  const packing = headers.get('content-encoding');
  if (packing === null) return body;
  const codings = packing.split(',').map((coding) => coding.trim().toLowerCase());
  if (codings.length > CODINGS_MAX) throw new Error('The body is packed too many times.');
  if (!codings.every((coding) => Object.hasOwn(UNPACKING, coding))) return body;
  return new PackedBody(body, codings.toReversed());
}

class PackedBody implements AnswerBody, BodyReader {
  readonly #packed: ArrivingBody;
  /** The last coding that was applied comes first. */
  readonly #codings: readonly string[];
  #unpacked: Readable | null = null;
  #pieces: AsyncIterator<Uint8Array, unknown> | null = null;
  #isGivenUp = false;
  locked = false;

  constructor(packed: ArrivingBody, codings: readonly string[]) {
    this.#packed = packed;
    this.#codings = codings;
  }

  getReader(): BodyReader {
    this.locked = true;
    return this;
  }

  async read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }> {
    try {
      this.#pieces ??= await this.#begin();
      const { done, value } = await this.#pieces.next();
      return done === true ? { done } : { done: false, value };
    } catch (cause) {
      if (this.#isGivenUp) return { done: true };
      await this.cancel();
      throw new TypeError('terminated', { cause });
    }
  }

  async cancel(): Promise<void> {
    this.#isGivenUp = true;
    this.#unpacked?.destroy();
    await this.#packed.cancel();
  }

  async #begin(): Promise<AsyncIterator<Uint8Array, unknown>> {
    const first = (await this.#packed.read()).value ?? Buffer.alloc(0);
    const stages = this.#codings.flatMap(
      (coding, at) => UNPACKING[coding]?.(at === 0 ? (first[0] ?? 0) : 0x08) ?? [],
    );
    const packed = Readable.from(piecesOf(first, this.#packed));
    // What fails is thrown to the reader of the last.
    this.#unpacked = pipeline([packed, ...stages], () => undefined) as unknown as Readable;
    return this.#unpacked[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, unknown>;
  }
}

async function* piecesOf(first: Uint8Array, rest: BodyReader): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (;;) {
    const { value } = await rest.read();
    if (value === undefined) return;
    yield value;
  }
}
