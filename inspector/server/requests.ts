/**
 * Handles each request: checks it, then answers with the page, a session, the feed or the result of a call.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import {
  type ErrorCode,
  HoldfastError,
  isHoldfastError,
} from '../../machines/vocabulary/errors.ts';
import {
  type CallAnswer,
  type FeedSource,
  INSPECTOR_PROTOCOL,
  type SessionInfo,
} from '../protocol.ts';
import { cutTo } from './answerShape.ts';
import { FeedLines, FeedStream } from './feedStream.ts';
import type { InspectorCall } from './inspectorCall.ts';
import { Refusal, type StaticFiles, sendFile, sendJson, sendRefusal } from './replies.ts';
import type { Connections, Session, Sessions } from './sessions.ts';

const CALLS_AT_ONCE_MAX = 8;
/** Bounds a call, since a disk may stall. */
const ANSWER_WITHIN_MS = 15_000;

interface CallsParts {
  readonly source: FeedSource;
  readonly calls: readonly InspectorCall[];
  readonly canOperate: boolean;
  readonly clock: Clock;
}

class Calls {
  readonly #parts: CallsParts;
  #atOnce = 0;

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  /** Makes the call that a body asks for. */
  async make(body: string): Promise<CallAnswer | Refusal> {
    const asked = this.#callIn(body);
    if (asked instanceof Refusal) return asked;
    if (this.#atOnce >= CALLS_AT_ONCE_MAX) return busy();
    this.#atOnce += 1;
    // A call that takes too long goes on, and counts until it has ended.
    const made = this.#made(asked).finally(() => {
      this.#atOnce -= 1;
    });
    return await this.#inTime(made);
  }

  #callIn(body: string): Asked | Refusal {
    const { calls, canOperate } = this.#parts;
    const asked = askedIn(body);
    if (asked === null) {
      return new Refusal(400, 'A call is JSON: { "name": "deadLetter.page", "params": { … } }.');
    }
    const call = calls.find(({ name }) => name === asked.name);
    if (call === undefined) {
      const names = calls.map(({ name }) => name).join(', ');
      return new Refusal(403, `The inspector does not make that call. It makes: ${names}.`);
    }
    if (call.kind === 'order' && !canOperate) {
      return new Refusal(
        403,
        'This inspector is read-only. Start it with --operate (operate: true in code) to give orders.',
        { code: 'HF_INSPECTOR_READ_ONLY' },
      );
    }
    const isListed = Object.keys(asked.params).every((name) => call.params.includes(name));
    if (!isListed) {
      const listed = call.params.length === 0 ? 'none' : call.params.join(', ');
      return new Refusal(
        403,
        `In the inspector, ${call.name} takes only these parameters: ${listed}.`,
      );
    }
    return { call, params: asked.params };
  }

  async #made({ call, params }: Asked): Promise<CallAnswer> {
    try {
      const answer = await this.#parts.source.call(call.name, params);
      return { ok: true, result: cutTo(call.answer, answer) };
    } catch (error) {
      return { ok: false, error: errorOf(error) };
    }
  }

  async #inTime(made: Promise<CallAnswer>): Promise<CallAnswer> {
    return await new Promise((resolve, reject) => {
      const cancel = this.#parts.clock.schedule(ANSWER_WITHIN_MS, () => {
        resolve(tooLate());
      });
      made.then(
        (answer) => {
          cancel();
          resolve(answer);
        },
        (error: unknown) => {
          cancel();
          reject(error instanceof Error ? error : new Error('a call failed'));
        },
      );
    });
  }
}

interface Asked {
  readonly call: InspectorCall;
  readonly params: Readonly<Record<string, unknown>>;
}

function askedIn(
  body: string,
): { readonly name: string; readonly params: Readonly<Record<string, unknown>> } | null {
  const asked = parsed(body);
  if (!isRecord(asked)) return null;
  const { name, params = {} } = asked as { readonly name?: unknown; readonly params?: unknown };
  return typeof name === 'string' && isRecord(params) ? { name, params } : null;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Errors whose message is a sentence of holdfast about the call itself. Only the code of any other error leaves:
 * its message may quote an upstream, a handler or the machine.
 */
const SAID: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HF_OPTION_INVALID',
  'HF_OPERATION_UNKNOWN',
  'HF_CONFLICT_UNKNOWN',
  'HF_CONFLICT_RESOLVED',
  'HF_CONFLICT_OPEN',
  'HF_ENTITY_IN_USE',
  'HF_NOT_DEAD_LETTERED',
  'HF_QUARANTINED',
  'HF_NOT_QUARANTINED',
  'HF_PAYLOAD_ERASED',
  'HF_MAY_BE_APPLIED',
  'HF_UPSTREAM_UNKNOWN',
  'HF_CRISIS_OVER',
  'HF_SECOND_PERSON_NEEDED',
  'HF_STORE_HELD',
  'HF_CLOSED',
]);

function errorOf(error: unknown): { readonly code: string; readonly message: string } {
  const code = isHoldfastError(error) ? error.code : 'HF_INTERNAL';
  const isSaid = isHoldfastError(error) && SAID.has(error.code);
  const message = isSaid
    ? error.message
    : `The process could not do it (${code}): docs/errors.md explains the code, and its log says more.`;
  return { code, message };
}

function tooLate(): CallAnswer {
  const message = `The process has not answered within ${ANSWER_WITHIN_MS / 1_000} s: the call may have been carried out, or not. Check before you repeat it.`;
  return { ok: false, error: { code: 'HF_STORE_STALLED', message } };
}

function busy(): Refusal {
  return new Refusal(503, 'Too many calls are in progress. Try again.', {
    code: 'HF_STORE_UNAVAILABLE',
  });
}

// Decides which requests are accepted: those of the server's own page, and those of a person's own tools.
//
// Any other page in the same browser can send requests here, too. It can't change its
// `Origin`, `Host` or `Sec-Fetch-Site`, and it has no token: each of these alone is enough to refuse it.

/** Longer than the path of any file that is served. */
const PATH_LENGTH_MAX = 256;
/** A text with the length and the alphabet of tokens and sessions. */
const LIKE_A_SECRET = /[A-Za-z0-9_-]{43}/;

/** The values of `Host` that the server answers to. */
function hostNames(host: string, port: number): readonly string[] {
  const own = host.includes(':') ? `[${host}]` : host;
  return [`${own}:${port}`, `localhost:${port}`];
}

/**
 * The path of a request that is accepted.
 *
 * @returns a refusal otherwise
 */
function checkRequest(
  request: IncomingMessage,
  hosts: readonly string[],
): { readonly path: string } | Refusal {
  const { headers } = request;
  const foreign = foreignHost(request, hosts) ?? foreignOrigin(request) ?? foreignSite(request);
  if (foreign !== null) return foreign;
  if (headers.upgrade !== undefined) {
    return new Refusal(400, 'This server only speaks HTTP: there is nothing to upgrade to.');
  }
  return pathOf(request);
}

/** Refuses a page whose own name was made to resolve to this machine (DNS rebinding): it sends that name as `Host`. */
function foreignHost(request: IncomingMessage, hosts: readonly string[]): Refusal | null {
  const named = request.headersDistinct['host'] ?? [];
  const [host] = named;
  if (named.length === 1 && host !== undefined && hosts.includes(host.toLowerCase())) return null;
  return new Refusal(403, `Host must be ${hosts.join(' or ')}: open the link as it was printed.`);
}

function foreignOrigin({ headers, headersDistinct }: IncomingMessage): Refusal | null {
  const origins = headersDistinct['origin'] ?? [];
  const own = `http://${(headers.host ?? '').toLowerCase()}`;
  if (origins.every((origin) => origin === own)) return null;
  return new Refusal(403, 'Origin must be that of the inspector: no other page may call it.');
}

/**
 * Refuses requests of other sites. A person who opens the link has no origin, or clicked on it in another page, as
 * `--open` does for them; that loads the page itself, which holds nothing. All requests of the page have the same
 * origin.
 */
function foreignSite({ method, url, headers }: IncomingMessage): Refusal | null {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin') return null;
  const isOpened = method === 'GET' && headers['sec-fetch-mode'] === 'navigate';
  const isThePage = url === '/' && headers['sec-fetch-dest'] === 'document';
  if (isOpened && (site === 'none' || isThePage)) return null;
  return new Refusal(
    403,
    'Another page has sent this request. Copy the link into the address bar of a new tab.',
  );
}

function pathOf({ url = '' }: IncomingMessage): { readonly path: string } | Refusal {
  const path = url.split(/[?#]/, 1)[0] ?? '';
  if (url !== path || LIKE_A_SECRET.test(url)) {
    return new Refusal(
      400,
      'A path must have no query, and never a token or session: addresses are written to logs and histories. The token is behind # in the link, which no browser sends.',
    );
  }
  if (!path.startsWith('/') || path.length > PATH_LENGTH_MAX) {
    return new Refusal(400, 'A request must be for a path, such as /.');
  }
  return { path };
}

/** The token of `Authorization: Bearer`; `null` for none. */
function bearerOf({ headers }: IncomingMessage): string | null {
  return /^Bearer ([A-Za-z0-9_-]{1,128})$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}

/** More than any order needs. */
const BODY_BYTES_MAX = 16_384;

/** Bytes of an unwanted body that are read and dropped, since a client reads no answer while it writes. */
const PASSED_OVER_BYTES_MAX = 262_144;

/** The text of a body; throws a refusal as soon as it is known to be too large. */
async function readBody(request: IncomingMessage): Promise<string | Refusal> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) return tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  return await new Promise<string | Refusal>((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= BODY_BYTES_MAX) return;
      request.off('data', take);
      resolve(tooLarge());
    };
    request.on('data', take);
    request.once('end', () => {
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
    request.once('error', reject);
    request.once('close', () => {
      reject(new Error('its caller has left'));
    });
  });
}

/** Drops the rest of a body, up to a bound: an endless one may not keep the server busy. */
function passOver(request: IncomingMessage): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > PASSED_OVER_BYTES_MAX) request.socket.destroy();
  });
}

/** Whether a request has a body; where its method allows none, the bytes could be taken for another request. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}

function tooLarge(): Refusal {
  return new Refusal(413, `A body must have at most ${BODY_BYTES_MAX} bytes.`, {
    code: 'HF_PAYLOAD_TOO_LARGE',
  });
}

/** Feeds that may be open at once. */
const FEEDS_MAX = 8;
/** How long the answer to a wrong token or session takes. */
const WRONG_ANSWER_MS = 500;
/** The first wrong tokens are reported from this count on, and again at each tenfold. */
const WRONG_TOKENS_TOLD = 5;

export interface RequestsParts {
  readonly host: string;
  readonly source: FeedSource;
  readonly calls: readonly InspectorCall[];
  readonly canOperate: boolean;
  readonly files: StaticFiles;
  readonly sessions: Sessions;
  readonly connections: Connections;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

export class Requests {
  readonly #parts: RequestsParts;
  readonly #calls: Calls;
  readonly #lines = new FeedLines();
  readonly #feeds = new Set<FeedStream>();
  #hosts: readonly string[] = [];
  #wrongTokens = 0;
  #toldOfNext = WRONG_TOKENS_TOLD;

  constructor(parts: RequestsParts) {
    this.#parts = parts;
    this.#calls = new Calls(parts);
  }

  /** Sets the port, and with it the values of `Host` that are accepted. */
  listeningAt(port: number): void {
    this.#hosts = hostNames(this.#parts.host, port);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const checked = checkRequest(request, this.#hosts);
    if (checked instanceof Refusal) {
      this.#refuse(request, response, checked);
      return;
    }
    const body = request.method === 'POST' ? await readBody(request) : null;
    if (body instanceof Refusal) {
      this.#refuse(request, response, body);
      return;
    }
    const outcome = await this.#answerTo(checked.path, request, response, body);
    if (outcome instanceof Refusal) this.#refuse(request, response, outcome);
  }

  async #answerTo(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
    body: string | null,
  ): Promise<Refusal | undefined> {
    const wanted = METHODS[path] ?? 'GET';
    if (request.method !== wanted) {
      return new Refusal(405, `${path} needs the method ${wanted}.`, {
        headers: { allow: wanted },
      });
    }
    if (body === null && hasBody(request)) return new Refusal(400, 'A GET must have no body.');
    this.#parts.connections.whole(request.socket);
    if (!(path in METHODS)) return this.#file(path, request, response);
    if (path === '/session') return await this.#begin(request, response);
    const session = this.#parts.sessions.find(bearerOf(request) ?? '');
    if (session === null)
      return await this.#wrong('Authorization must be Bearer and a session. Open the link again.');
    this.#parts.connections.known(request.socket);
    if (path === '/feed') return this.#feed(session, request, response);
    if (path === '/logout') {
      this.#parts.sessions.end(session);
      sendJson(response, 200, { ok: true, result: null });
      return undefined;
    }
    const made = await this.#calls.make(body ?? '');
    if (made instanceof Refusal) return made;
    sendJson(response, 200, made);
    return undefined;
  }

  #file(path: string, request: IncomingMessage, response: ServerResponse): Refusal | undefined {
    const file = this.#parts.files.get(path);
    if (file === undefined) return new Refusal(404, 'There is nothing at that path.');
    sendFile(response, file, request.headers['accept-encoding']);
    return undefined;
  }

  async #begin(request: IncomingMessage, response: ServerResponse): Promise<Refusal | undefined> {
    const { sessions, canOperate } = this.#parts;
    const session = sessions.begin(bearerOf(request) ?? '');
    if (session === null) {
      this.#noteWrongToken();
      return await this.#wrong(
        'Authorization must be Bearer and the token of a link, which is behind #token= in it and opens one page, once, within 15 minutes. Get another link where the inspector was started.',
      );
    }
    const info: SessionInfo = { session, canOperate, protocol: INSPECTOR_PROTOCOL };
    sendJson(response, 200, info);
    return undefined;
  }

  #feed(session: Session, request: IncomingMessage, response: ServerResponse): Refusal | undefined {
    if (this.#feeds.size >= FEEDS_MAX) {
      return new Refusal(503, `${FEEDS_MAX} pages are open already. Close one of them.`, {
        code: 'HF_STORE_UNAVAILABLE',
      });
    }
    const { source, clock, onError } = this.#parts;
    const end = (): void => {
      stream.end();
    };
    const stream: FeedStream = new FeedStream({
      ...{ response, source, clock, onError, lines: this.#lines },
      onEnd: () => {
        this.#feeds.delete(stream);
        session.onEnd.delete(end);
      },
    });
    this.#feeds.add(stream);
    session.onEnd.add(end);
    request.socket.setTimeout(0);
    stream.open();
    return undefined;
  }

  /** Answers late, so that guesses are slow and each occupies one of few connections. */
  /** Counts wrong tokens. A used link is opened again now and then; guessing makes many of them. */
  #noteWrongToken(): void {
    this.#wrongTokens += 1;
    if (this.#wrongTokens !== this.#toldOfNext) return;
    this.#toldOfNext *= 10;
    this.#parts.onError(
      new HoldfastError(
        'HF_ALERT',
        `Alert: ${this.#wrongTokens} wrong tokens were sent to the inspector since it was started. All were refused. A program of this machine may be guessing: find out which, or close the inspector.`,
        { withStack: false },
      ),
    );
  }

  async #wrong(message: string): Promise<Refusal> {
    await new Promise<void>((resolve) => {
      this.#parts.clock.schedule(WRONG_ANSWER_MS, resolve);
    });
    return new Refusal(401, message, { headers: { 'www-authenticate': 'Bearer' } });
  }

  #refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
    sendRefusal(response, refusal);
    // The connection ends with the answer, even if more of the request is to come.
    if (!request.complete) passOver(request);
  }
}

/** The method of each path that is not a file. */
const METHODS: Readonly<Record<string, string>> = {
  '/session': 'POST',
  '/feed': 'GET',
  '/call': 'POST',
  '/logout': 'POST',
};
