/**
 * One request on the control socket: its bounds, and its answer as HTTP.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { type ErrorCode, HoldfastError, toPlainError } from '../../machines/vocabulary/errors.ts';
import { CALL_PATH, type ControlAnswer } from './controlSocket.ts';

/** The largest body: an edited payload in one request, with room for what JSON adds to it. */
const BODY_BYTES_MAX = 4 * 1_048_576;

/** Makes the call of this name and returns its result. */
export type AnswerCall = (name: string, params: unknown) => Promise<unknown>;

interface Reply {
  readonly status: number;
  readonly answer: ControlAnswer;
}

/** Answers a request; `onWhole` is called once all of it has come. */
export async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  parts: { readonly answer: AnswerCall; readonly onWhole: () => void },
): Promise<void> {
  send(response, await replyTo(request, parts));
}

/** Refuses a request for which there is no room, with the advice to try again. Nothing of it is kept. */
export async function turnAway(
  request: IncomingMessage,
  response: ServerResponse,
  onWhole: () => void,
): Promise<void> {
  // A client that still writes does not read an answer.
  await finished(request.resume()).catch(() => undefined);
  onWhole();
  send(response, refused(null, busy()));
}

function send(response: ServerResponse, { status, answer }: Reply): void {
  if (response.destroyed) return;
  const text = `${JSON.stringify(answer)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    connection: 'close',
    ...(status === 405 ? { allow: 'POST' } : {}),
  });
  response.end(text);
}

async function replyTo(
  request: IncomingMessage,
  { answer, onWhole }: { readonly answer: AnswerCall; readonly onWhole: () => void },
): Promise<Reply> {
  try {
    const body = await readBody(request);
    onWhole();
    if (body === null) return refused(413, tooLarge());
    const path = pathOf(request);
    if (!path.startsWith(CALL_PATH)) return refused(404, unknownPath());
    if (request.method !== 'POST') return refused(405, notPost());
    const result = await answer(path.slice(CALL_PATH.length), parsed(body));
    return { status: 200, answer: { result: result ?? null } };
  } catch (error) {
    return refused(null, error);
  }
}

/** The path of the request; empty for an invalid address. */
function pathOf({ url = '' }: IncomingMessage): string {
  const base = 'http://localhost';
  return URL.canParse(url, base) ? new URL(url, base).pathname : '';
}

/** The text of a body; `null` for a body that is too large, which is not kept. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  // A body that is too large is read to its end all the same: a client that still writes does not read an answer.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) chunks = [];
    else chunks.push(chunk);
  }
  return bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks).toString('utf8');
}

/** Parameters may be left out where a call takes none. */
function parsed(body: string): unknown {
  if (body.trim() === '') return {};
  try {
    return JSON.parse(body) as unknown;
  } catch {
    // The cause is left out: its message quotes the body.
    throw invalid('The body of a request must be the JSON of the parameters.', 'body');
  }
}

/** The status for an error that a call threw; its code says more. */
const STATUS_OF: Partial<Record<ErrorCode, number>> = {
  HF_OPTION_INVALID: 400,
  HF_REQUEST_INVALID: 400,
  HF_PAYLOAD_TOO_LARGE: 413,
  HF_OPERATION_UNKNOWN: 404,
  HF_CONFLICT_UNKNOWN: 404,
  HF_UPSTREAM_UNKNOWN: 404,
  HF_INTERNAL: 500,
};

function refused(status: number | null, cause: unknown): Reply {
  const error = toPlainError(cause);
  const ofCode = STATUS_OF[error.code] ?? (error.retry === 'never' ? 409 : 503);
  return { status: status ?? ofCode, answer: { error } };
}

function invalid(message: string, field: string): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', message, { field, withStack: false });
}

function tooLarge(): HoldfastError {
  return invalid(`The body of a request must have at most ${BODY_BYTES_MAX} bytes.`, 'body');
}

function busy(): HoldfastError {
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    'The owner of the store is answering as many requests as it takes at once. Ask again in a moment.',
    { retry: 'later', withStack: false },
  );
}

function unknownPath(): HoldfastError {
  return invalid(
    `A call is made by POST ${CALL_PATH}<name>; there is nothing at that path.`,
    'path',
  );
}

function notPost(): HoldfastError {
  return invalid(
    `A call is made by POST ${CALL_PATH}<name>, with its parameters as JSON.`,
    'method',
  );
}

/** The reply to bytes that are no request; a client of the protocol before HTTP gets its own form. */
export function unreadableReply(rawPacket: Buffer | undefined): string {
  const error = toPlainError(
    invalid(
      'The owner of the store is asked by HTTP, and this was none. Use the command line of its version.',
      'request',
    ),
  );
  // Before version 1 a request was one line of JSON, and so was its answer.
  if (rawPacket?.[0] === '{'.charCodeAt(0)) return `${JSON.stringify({ ok: false, error })}\n`;
  const text = `${JSON.stringify({ error } satisfies ControlAnswer)}\n`;
  return [
    'HTTP/1.1 400 Bad Request',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
    '',
    text,
  ].join('\r\n');
}
