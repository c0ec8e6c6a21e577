/**
 * Answers management calls over a Unix socket in the store's folder, as HTTP (docs/decisions/0021, 0091). A process
 * that can open the socket could read the key as well, so no token is asked for; a browser can't open it.
 *
 * @module
 */

import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isMainThread } from 'node:worker_threads';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { type AnswerCall, answerRequest, turnAway, unreadableReply } from './controlRequest.ts';
import { controlSocketPath } from './controlSocket.ts';

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
