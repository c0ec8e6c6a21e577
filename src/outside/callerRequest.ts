/**
 * One HTTP request of an outside caller: who may ask, how much of it is read, and the answer. No content of a crisis is
 * refused (CR-2): a body that is not JSON is taken as text, and one that is too large is cut. Only a sender can be
 * refused.
 *
 * @module
 */

import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AnsweredResource } from '../../machines/policy/crisis/crisisResources.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError, type PlainError, toPlainError } from '../../machines/vocabulary/errors.ts';
import type { Handover } from './handover.ts';
import type { OutsideAnswers } from './outsideAnswers.ts';
import type { ManySubjects } from './outsideHost.ts';
import { digestOf, type OutsideCaller, type OutsideHttp } from './outsideOptions.ts';

/** Room for the other fields of a request, and what JSON adds, beside the payload. */
const FRAME_BYTES = 65_536;
const CRISIS_PATH = '/crisis';
const HEALTH_PATH = '/health';
/** The longest time that a caller may have its answer wait for the disk. */
const RECORDED_WITHIN_MS_MAX = 10_000;
const OPERATION_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const LOOPBACK_NAMES: readonly string[] = ['localhost', '[::1]'];
const LOOPBACK_ADDRESS = /^127(?:\.\d{1,3}){3}$/;

export interface CallerRequestParts {
  readonly clock: Clock;
  readonly answers: OutsideAnswers;
  readonly handover: Handover;
  /** The callers allowed over HTTP; `null` on the Unix socket, which only its user can open. */
  readonly http: OutsideHttp | null;
  /** Counts the subjects that callers ask for. */
  readonly subjects: ManySubjects | null;
  readonly payloadBytesMax: number;
}

interface Reply {
  readonly status: number;
  readonly body: object | null;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The answer to a refused caller: why, and the help lines all the same. */
interface Refusal {
  readonly error: PlainError;
  readonly resources: readonly AnsweredResource[];
}

/** Answers a request; `onWhole` is called once all of it has come. */
export async function answerCaller(
  request: IncomingMessage,
  response: ServerResponse,
  parts: CallerRequestParts,
  onWhole: () => void,
): Promise<void> {
  const arrivedAtMs = parts.clock.monotonic();
  const read = await readBody(request, parts.payloadBytesMax + FRAME_BYTES);
  onWhole();
  const { status, body, headers } = await replyTo(request, read, { ...parts, arrivedAtMs });
  if (response.destroyed) return;
  const text = body === null ? '' : `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    connection: 'close',
    ...headers,
  });
  response.end(text);
}

async function replyTo(
  request: IncomingMessage,
  { text, bytes }: Body,
  parts: CallerRequestParts & { readonly arrivedAtMs: number },
): Promise<Reply> {
  const { answers, handover, http } = parts;
  const refuse = (status: number, field: string, rule: string, headers = {}): Reply => ({
    status,
    headers,
    body: { error: refusal(field, rule), resources: answers.builtIn } satisfies Refusal,
  });
  const { origin } = request.headers;
  // Checked on the socket too: a request that a proxy forwards from a page is still a page's.
  if (origin !== undefined && http?.origins.includes(origin) !== true) {
    return refuse(403, 'origin', 'is none that may ask: list it in crisis.outside.http.origins');
  }
  const shared = origin === undefined ? {} : sharedWith(origin);
  if (http !== null) {
    if (!isHostOf(http, request.headers.host)) {
      return refuse(
        403,
        'host',
        'is no name of this address: list it in crisis.outside.http.hosts',
      );
    }
    // A browser sends a preflight first, which can't carry a token.
    if (request.method === 'OPTIONS' && origin !== undefined) {
      return { status: 204, body: null, headers: shared };
    }
  }
  const caller = http === null ? 'backend' : callerBy(http, request.headers.authorization);
  // A page can't keep a secret: the token that shows plans is refused, so that nobody gives it one.
  if (caller === null || (origin !== undefined && caller !== 'page')) {
    const headers = { ...shared, 'www-authenticate': 'Bearer' };
    const rule = origin === undefined ? 'the token' : 'the token of pages (pagesToken)';
    return refuse(401, 'authorization', `must be Bearer and ${rule}`, headers);
  }
  const { pathname, searchParams } = addressOf(request);
  if (pathname === CRISIS_PATH) {
    if (request.method !== 'POST') {
      return refuse(405, 'method', `must be POST at ${CRISIS_PATH}`, { ...shared, allow: 'POST' });
    }
    const recordedWithinMs = spanIn(searchParams.get('recordedWithinMs'));
    const { arrivedAtMs } = parts;
    // A client of the store has given its caller an id already; no other caller may choose one.
    const id = http === null ? idIn(searchParams.get('operationId')) : null;
    const asked = requestIn(text);
    if (http !== null) parts.subjects?.note(caller, asked);
    const sent = { id, caller, bytes, arrivedAtMs, recordedWithinMs };
    return { status: 200, body: await answers.answer(asked, sent), headers: shared };
  }
  if (request.method !== 'GET') return refuse(404, 'path', PATHS, shared);
  if (pathname === HEALTH_PATH && caller === 'page') {
    return refuse(403, 'path', `is for the app's own back end (token): ${HEALTH_PATH}`, shared);
  }
  if (pathname === HEALTH_PATH) {
    const { eventLoop } = answers;
    return {
      status: 200,
      body: { eventLoop, waiting: handover.waiting, canKeep: handover.canKeep },
      headers: shared,
    };
  }
  const id = pathname.startsWith(`${CRISIS_PATH}/`) ? pathname.slice(CRISIS_PATH.length + 1) : null;
  const recorded = id === null ? null : handover.recorded(id);
  if (recorded === null) return refuse(404, 'path', PATHS, shared);
  return { status: 200, body: { operationId: id, recorded }, headers: shared };
}

const PATHS = `must be ${CRISIS_PATH}, ${HEALTH_PATH} or ${CRISIS_PATH}/ and the operationId of a crisis that was answered here lately`;

interface Body {
  /** The text, or the beginning of one that is too large. */
  readonly text: string;
  readonly bytes: number;
}

/** Reads a body, or the beginning of one that is too large. */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<Body> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // A body that is too large is read to its end all the same: a caller that still writes does not read an answer.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    const room = bytesMax - bytes;
    if (room <= 0) continue;
    chunks.push(chunk.length <= room ? chunk : chunk.subarray(0, room));
    bytes += Math.min(chunk.length, room);
  }
  return { text: Buffer.concat(chunks).toString('utf8'), bytes };
}

/** The request in a body: JSON, or any text. An empty one is a cry for help, too. */
function requestIn(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function addressOf({ url = '' }: IncomingMessage): URL {
  const base = 'http://localhost';
  return URL.canParse(url, base) ? new URL(url, base) : new URL(base);
}

function idIn(text: string | null): string | null {
  return text !== null && OPERATION_ID.test(text) ? text : null;
}

function spanIn(text: string | null): number {
  const span = Number(text ?? 0);
  return Number.isFinite(span) ? Math.min(Math.max(0, span), RECORDED_WITHIN_MS_MAX) : 0;
}

/**
 * Whether the caller asks by a name of this address. A page whose own name was made to lead here (DNS rebinding) asks
 * by that name.
 */
function isHostOf({ hosts }: OutsideHttp, host: string | undefined): boolean {
  const [, name] = /^(\[[^\]]*\]|[^:]*)(?::\d{1,5})?$/.exec((host ?? '').toLowerCase()) ?? [];
  if (name === undefined || name === '') return false;
  return LOOPBACK_ADDRESS.test(name) || LOOPBACK_NAMES.includes(name) || hosts.includes(name);
}

/** The caller with this token. The time is the same for every wrong token: whole digests are compared. */
function callerBy(
  { tokenDigests }: OutsideHttp,
  authorization: string | undefined,
): OutsideCaller | null {
  const [, token = ''] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
  const given = Buffer.from(digestOf(token), 'hex');
  const isOf = (digest: string | null): boolean =>
    digest !== null && timingSafeEqual(given, Buffer.from(digest, 'hex'));
  const [isBackend, isPage] = [isOf(tokenDigests.backend), isOf(tokenDigests.page)];
  if (isBackend) return 'backend';
  return isPage ? 'page' : null;
}

function sharedWith(origin: string): Readonly<Record<string, string>> {
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'POST, GET',
    'access-control-allow-headers': 'authorization, content-type',
    vary: 'origin',
  };
}

function refusal(field: string, rule: string): PlainError {
  const error = new HoldfastError('HF_REQUEST_INVALID', `${field} ${rule}.`, {
    field,
    withStack: false,
  });
  return toPlainError(error);
}

/** The reply to bytes that are no request. */
export function unreadableCall(resources: readonly AnsweredResource[]): string {
  const error = refusal('request', `must be HTTP, such as POST ${CRISIS_PATH}`);
  const text = `${JSON.stringify({ error, resources } satisfies Refusal)}\n`;
  return [
    'HTTP/1.1 400 Bad Request',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
    '',
    text,
  ].join('\r\n');
}
