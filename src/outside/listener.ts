/**
 * Listens for outside callers at one address, with a bound on everything that a caller could hold up. Where the
 * address is taken, listening is tried again.
 *
 * @module
 */

import { chmod } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { causeText, HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { prepareSocket } from './socketPlace.ts';

/** The bounds on connections. Beyond the first, the one that has waited longest without a whole request is closed. */
const CONNECTIONS_WAITING_MAX = 256;
const CONNECTIONS_MAX = 1_024;
const HEADER_BYTES_MAX = 8_192;
/** The deadline for a whole request, however steadily it trickles in. */
const REQUEST_WITHIN_MS = 5_000;
/** The idle time-out, longer than any answer that waits for the disk. */
const IDLE_MS_MAX = 15_000;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 5_000;

export type ListenAt = { readonly path: string } | { readonly host: string; readonly port: number };

export interface ListenerParts {
  readonly clock: Clock;
  readonly at: ListenAt;
  readonly serve: (
    request: IncomingMessage,
    response: ServerResponse,
    onWhole: () => void,
  ) => Promise<void>;
  /** The reply to bytes that are no request. */
  readonly unreadable: () => string;
  readonly onListening: (address: string) => void;
  readonly onTrouble: (error: HoldfastError) => void;
}

interface Connection {
  isWhole: boolean;
  readonly cancelDeadline: () => void;
}

export class Listener {
  readonly #parts: ListenerParts;
  /** The connections, the oldest first. */
  readonly #connections = new Map<Socket, Connection>();
  #server: Server | null = null;
  #retryMs = RETRY_MS_MIN;
  #cancelRetry: () => void = () => undefined;
  #isClosed = false;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
  }

  /** Begins to listen. Never rejects: a failure is reported, and listening is tried again. */
  async open(): Promise<void> {
    try {
      const server = await this.#listening();
      this.#server = server;
      if (this.#isClosed) {
        this.close();
        return;
      }
      this.#retryMs = RETRY_MS_MIN;
      server.on('error', (error) => {
        this.#troubled(error);
      });
      this.#parts.onListening(addressOf(this.#parts.at, server));
    } catch (error) {
      this.#troubled(error);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry();
    this.#server?.close();
    this.#server = null;
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  async #listening(): Promise<Server> {
    const { at } = this.#parts;
    if ('path' in at) await prepareSocket(at.path);
    const server = this.#createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // In a cluster the address is this worker's own.
      server.listen({ ...at, exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // Other users could not enter its folder meanwhile.
    if ('path' in at) await chmod(at.path, 0o600);
    return server;
  }

  #troubled(error: unknown): void {
    if (this.#isClosed) return;
    this.#server?.close();
    this.#server = null;
    this.#parts.onTrouble(isHoldfastError(error) ? error : notListening(this.#parts.at, error));
    this.#cancelRetry = this.#parts.clock.schedule(this.#retryMs, () => {
      void this.open();
    });
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX);
  }

  #createServer(): Server {
    // The clock below keeps the deadline of a request.
    const limits = { maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: 0, headersTimeout: 0 };
    const server = createServer(limits, (request, response) => {
      const connection = this.#connections.get(request.socket);
      const onWhole = (): void => {
        if (connection === undefined) return;
        connection.isWhole = true;
        connection.cancelDeadline();
      };
      this.#parts.serve(request, response, onWhole).catch(() => {
        // The caller went away in the middle of the request.
        request.socket.destroy();
      });
    });
    server.maxConnections = CONNECTIONS_MAX;
    server.maxRequestsPerSocket = 1;
    server.on('connection', (socket: Socket) => {
      this.#keep(socket);
    });
    server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end(this.#parts.unreadable());
      else socket.destroy();
    });
    return server;
  }

  #keep(socket: Socket): void {
    // Without a deadline a few that send a byte now and then would lock all others out.
    const cancelDeadline = this.#parts.clock.schedule(REQUEST_WITHIN_MS, () => {
      socket.destroy();
    });
    this.#connections.set(socket, { isWhole: false, cancelDeadline });
    socket.on('close', () => {
      cancelDeadline();
      this.#connections.delete(socket);
    });
    socket.setTimeout(IDLE_MS_MAX, () => {
      socket.destroy();
    });
    const waiting = [...this.#connections].filter(([, { isWhole }]) => !isWhole);
    const [longest] = waiting;
    if (waiting.length > CONNECTIONS_WAITING_MAX) longest?.[0].destroy();
  }
}

function addressOf(at: ListenAt, server: Server): string {
  if ('path' in at) return at.path;
  const { port } = server.address() as AddressInfo;
  return `http://${at.host.includes(':') ? `[${at.host}]` : at.host}:${port}`;
}

function notListening(at: ListenAt, cause: unknown): HoldfastError {
  const place = 'path' in at ? at.path : `port ${at.port} of ${at.host}`;
  return new HoldfastError(
    'HF_CRISIS_OUTSIDE',
    `Outside callers are not answered: ${place} can't be listened on (${causeText(cause)}). It is tried again.`,
    { retry: 'later', cause },
  );
}
