/**
 * Answers management calls over a Unix socket in the store's folder, as HTTP (docs/decisions/0021, 0091). A process
 * that can open the socket could read the key as well, so no token is asked for; a browser can't open it.
 *
 * @module
 */

import { chmod, rm } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import { isMainThread } from 'node:worker_threads';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { type ErrorCode, HoldfastError, toPlainError } from '../../machines/vocabulary/errors.ts';
import { CALL_PATH, type ControlAnswer, controlSocketPath } from './controlSocket.ts';

/** The largest body: an edited payload in one request, with room for what JSON adds to it. */
const BODY_BYTES_MAX = 4 * 1_048_576;

/** Makes the call of this name and returns its result. */
export type AnswerCall = (name: string, params: unknown) => Promise<unknown>;

interface Reply {
  readonly status: number;
  readonly answer: ControlAnswer;
}

/** Answers a request; `onWhole` is called once all of it has come. */
async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  parts: { readonly answer: AnswerCall; readonly onWhole: () => void },
): Promise<void> {
  send(response, await replyTo(request, parts));
}

/** Refuses a request for which there is no room, with the advice to try again. Nothing of it is kept. */
async function turnAway(
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
function unreadableReply(rawPacket: Buffer | undefined): string {
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

/** Connections that may make a call at once; those beyond, up to the second number, are refused with 503. */
const SERVED_MAX = 16;
const CONNECTIONS_MAX = 64;
/** Connections that were upgraded to a line or a feed, which have a bound of their own. */
const HANDED_ON_MAX = 256;
const HEADER_BYTES_MAX = 8_192;
const IDLE_MS_MAX = 10_000;
/** The deadline for a whole request, however steadily it trickles in. */
const REQUEST_WITHIN_MS = 10_000;
const FOR_OTHERS = 0o077;

/** Takes a connection that asks for another protocol, with the bytes that have already arrived. */
export type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

interface Connection {
  readonly isServed: boolean;
  readonly cancelDeadline: () => void;
}

export class ControlServer {
  readonly #path: string | null;
  readonly #clock: Clock;
  readonly #answer: AnswerCall;
  readonly #onUpgrade: OnUpgrade | undefined;
  readonly #onError: (error: unknown) => void;
  readonly #connections = new Map<Socket, Connection>();
  #opening: Promise<void> = Promise.resolve();
  #server: Server | null = null;
  #isClosed = false;

  constructor(parts: {
    readonly storeFolder: string;
    readonly clock: Clock;
    readonly answer: AnswerCall;
    /** Left out, no connection is upgraded. */
    readonly onUpgrade?: OnUpgrade | undefined;
    readonly onError: (error: unknown) => void;
  }) {
    this.#path = controlSocketPath(parts.storeFolder);
    this.#clock = parts.clock;
    this.#answer = parts.answer;
    this.#onUpgrade = parts.onUpgrade;
    this.#onError = parts.onError;
  }

  /** Begins to listen. Only the owner calls this, so a socket that is there was left by a dead process. */
  open(): void {
    if (this.#path !== null && !this.#isClosed) this.#opening = this.#open(this.#path);
  }

  /**
   * Closes for good. Resolves once the socket is gone, also where it was still being opened. Upgraded connections are
   * left to those who took them.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening;
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    // The socket is gone when this returns; upgraded connections keep the rest of the server alive.
    server.close();
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  async #open(path: string): Promise<void> {
    try {
      await rm(path, { force: true });
      const server = this.#createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        // In a cluster the socket is this worker's own, not one that the workers share.
        closedToOthers(() => server.listen({ path, exclusive: true }, resolve));
      });
      this.#server = server;
      server.on('error', this.#onError);
      await chmod(path, 0o600);
    } catch (error) {
      // The runtime works without the socket; only the command line can't reach it.
      this.#onError(
        new HoldfastError(
          'HF_STORE_FOLDER',
          'The control socket could not be opened; the command line cannot ask this process.',
          {
            path,
            cause: error,
          },
        ),
      );
    }
  }

  #createServer(): Server {
    // The clock below keeps the deadline of a request.
    const limits = { maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: 0, headersTimeout: 0 };
    const server = createServer(limits, (request, response) => {
      const connection = this.#connections.get(request.socket);
      const onWhole = (): void => connection?.cancelDeadline();
      const answered =
        connection?.isServed === true
          ? answerRequest(request, response, { answer: this.#answer, onWhole })
          : turnAway(request, response, onWhole);
      answered.catch(this.#onError);
    });
    server.maxConnections = CONNECTIONS_MAX + HANDED_ON_MAX;
    server.maxRequestsPerSocket = 1;
    server.on('connection', (socket: Socket) => {
      this.#keep(socket);
    });
    const onUpgrade = this.#onUpgrade;
    if (onUpgrade !== undefined) {
      server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
        this.#connections.get(socket)?.cancelDeadline();
        this.#connections.delete(socket);
        socket.setTimeout(0);
        onUpgrade(request, socket, head);
      });
    }
    server.on('clientError', (error: Error & { readonly rawPacket?: Buffer }, socket) => {
      if (socket.writable) socket.end(unreadableReply(error.rawPacket));
      else socket.destroy();
    });
    // The socket must not keep a process alive that has nothing else to do.
    server.unref();
    return server;
  }

  #keep(socket: Socket): void {
    if (this.#connections.size >= CONNECTIONS_MAX) {
      socket.destroy();
      return;
    }
    // Without a deadline a few connections that send a byte now and then would lock all others out.
    const cancelDeadline = this.#clock.schedule(REQUEST_WITHIN_MS, () => {
      socket.destroy();
    });
    const served = [...this.#connections.values()].filter(({ isServed }) => isServed);
    this.#connections.set(socket, { isServed: served.length < SERVED_MAX, cancelDeadline });
    socket.on('close', () => {
      cancelDeadline();
      this.#connections.delete(socket);
    });
    socket.setTimeout(IDLE_MS_MAX, () => {
      socket.destroy();
    });
  }
}

/** Creates the socket with rights for its user alone, so that others never have any, not even for a moment. */
function closedToOthers(listen: () => void): void {
  // A thread can't set the umask of its process, so there the mode is set a moment later.
  if (!isMainThread) {
    listen();
    return;
  }
  const mask = process.umask(FOR_OTHERS);
  try {
    listen();
  } finally {
    process.umask(mask);
  }
}

/** Time for a refused client to read the answer. */
const REFUSED_WITHIN_MS = 10_000;

export interface UpgradeRefusal {
  readonly status: number;
  readonly error: HoldfastError;
}

/** The head of the answer that upgrades the connection. */
export function upgradeHead(
  protocol: string,
  more: Readonly<Record<string, string | number>> = {},
): string {
  const headers = { upgrade: protocol, connection: 'Upgrade', ...more };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return ['HTTP/1.1 101 Switching Protocols', ...lines, '', ''].join('\r\n');
}

/** Refuses with the reason and ends the connection: one that stays open would take a place from others. */
export function refuseUpgrade(
  socket: Duplex,
  clock: Clock,
  { status, error, protocol }: UpgradeRefusal & { readonly protocol: string },
): void {
  const text = `${JSON.stringify({ error: toPlainError(error) } satisfies ControlAnswer)}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
    ...(status === 426 ? [`upgrade: ${protocol}`] : []),
    '',
    text,
  ].join('\r\n');
  socket.end(head);
  const cancel = clock.schedule(REFUSED_WITHIN_MS, () => {
    socket.destroy();
  });
  socket.once('close', cancel);
  socket.resume();
}
