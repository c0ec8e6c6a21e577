/**
 * The inspector's own server: the page, a session for the holder of a link, the feed, and calls. It listens on this
 * machine alone.
 *
 * SECURITY.md says what it protects against whom; docs/decisions/0196 says why.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { causeText, HoldfastError } from '../../machines/vocabulary/errors.ts';
import { requireOption } from '../../machines/vocabulary/optionFields.ts';
import type { FeedSource } from '../protocol.ts';
import type { InspectorCall } from './inspectorCall.ts';
import { readStaticFiles, unreadableReply } from './replies.ts';
import { Requests } from './requests.ts';
import { CONNECTIONS_MAX, Connections, Sessions } from './sessions.ts';

class OwnTimers implements Clock {
  readonly #clock: Clock;
  readonly #cancels = new Set<() => void>();
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  schedule(delayMs: number, wake: () => void): () => void {
    if (this.#isOver) return () => undefined;
    const cancel = this.#clock.schedule(delayMs, () => {
      this.#cancels.delete(cancel);
      wake();
    });
    this.#cancels.add(cancel);
    return () => {
      this.#cancels.delete(cancel);
      cancel();
    };
  }

  defer(go: () => void): void {
    this.#clock.defer(go);
  }

  /** Cancels every timer. */
  end(): void {
    this.#isOver = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];
const HEADER_BYTES_MAX = 8_192;
const HEADERS_MAX = 64;

export interface InspectorServerOptions {
  /** The feed that is watched, which makes the calls, too. */
  readonly source: FeedSource;
  /** The folder of the built page. */
  readonly assets: string;
  /** The port; 0 for any free one. */
  readonly port: number;
  /** `127.0.0.1`, which is the default, or `::1`. */
  readonly host?: string | undefined;
  /** Whether orders are accepted. */
  readonly canOperate: boolean;
  /** The calls that a page may make. */
  readonly calls: readonly InspectorCall[];
  readonly clock: Clock;
  /** Receives failures of the server, and an `HF_ALERT` for many wrong tokens; other refused requests are not reported. */
  readonly onError: (error: unknown) => void;
}

export interface InspectorServer {
  /** `http://127.0.0.1:7080`, without the token. */
  readonly url: string;
  /**
   * The link for one person. Its token is behind `#`, which browsers never send but keep in their history:
   * it is worthless once a page has used it.
   */
  readonly link: string;
  /**
   * Makes a link for another page. The last eight unused links are valid, for 15 minutes.
   *
   * @param place where it opens, `/crises/ID`; left out: the overview
   */
  newLink(place?: string): string;
  /** Ends the server and every connection at once; resolves once nothing is left. Never rejects. */
  close(): Promise<void>;
}

/**
 * Starts the server.
 *
 * @example
 * const { link, close } = await startInspectorServer({ source, assets, port: 0, canOperate: false, calls, clock, onError });
 *
 * @throws HoldfastError (rejects) `HF_OPTION_INVALID` for a host that is not a loopback address or an invalid
 * port; `HF_INSPECTOR_UNAVAILABLE` where the port is taken, or the page is missing.
 */
export async function startInspectorServer(
  options: InspectorServerOptions,
): Promise<InspectorServer> {
  const { host = '127.0.0.1', port, onError } = options;
  requireOption(
    LOOPBACK.includes(host),
    'host',
    'must be 127.0.0.1 or ::1: the inspector serves this machine alone. From another machine, use a tunnel: ssh -L 7080:127.0.0.1:7080',
  );
  requireOption(
    Number.isInteger(port) && port >= 0 && port <= 65_535,
    'port',
    'must be a whole number from 0 to 65535; 0 is any free port',
  );
  const files = await readStaticFiles(options.assets);
  const clock = new OwnTimers(options.clock);
  const sessions = new Sessions(clock);
  const connections = new Connections(clock);
  const requests = new Requests({ ...options, clock, host, files, sessions, connections });
  const server = createServer(
    {
      // The clock keeps the deadline of a request.
      ...{ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 },
      maxHeaderSize: HEADER_BYTES_MAX,
      requireHostHeader: false,
    },
    (request, response) => {
      requests.answer(request, response).catch((error: unknown) => {
        request.socket.destroy();
        if (!isGone(request, response)) onError(error);
      });
    },
  );
  bound(server, connections);
  try {
    await listening(server, host, port);
  } catch (error) {
    throw notListening(host, port, error);
  }
  const { address, port: taken } = server.address() as AddressInfo;
  if (address !== host) {
    server.close();
    throw notListening(host, port, new Error('another address was given'));
  }
  server.on('error', onError);
  requests.listeningAt(taken);
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
  const newLink = (place?: string): string => {
    const at = place === undefined ? '' : `&at=${encodeURIComponent(place)}`;
    return `${url}/#token=${sessions.newToken()}${at}`;
  };
  let closing: Promise<void> | null = null;
  return {
    url,
    link: newLink(),
    newLink,
    close() {
      closing ??= closed(server, () => {
        sessions.endAll();
        connections.endAll();
        clock.end();
      });
      return closing;
    },
  };
}

function bound(server: Server, connections: Connections): void {
  server.maxConnections = CONNECTIONS_MAX;
  server.maxHeadersCount = HEADERS_MAX;
  server.maxRequestsPerSocket = 1;
  server.on('connection', (socket: Socket) => {
    connections.keep(socket);
  });
  server.on('clientError', (error: Error & { readonly code?: string }, socket) => {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const reply =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? unreadableReply(431, `The head of a request must have at most ${HEADER_BYTES_MAX} bytes.`)
        : unreadableReply(400, 'A request must be HTTP.');
    socket.end(reply);
  });
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // In a cluster, each worker has a port of its own.
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function closed(server: Server, endAll: () => void): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    endAll();
  });
}

/** Whether the caller has left half-way, which is no failure of the server. */
function isGone(request: IncomingMessage, response: ServerResponse): boolean {
  return request.destroyed || response.destroyed;
}

function notListening(host: string, port: number, cause: unknown): HoldfastError {
  const { code } = Object(cause) as { readonly code?: unknown };
  const place = `port ${port} of ${host}`;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `${place} is taken, perhaps by another inspector. Give another port, or none for one that is free.`,
    EACCES: `This user may not listen on ${place}. Give a port from 1024 on, or none for one that is free.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine. Leave the host out.`,
  };
  const why = reasons[String(code)] ?? `${place} can't be listened on (${causeText(cause)}).`;
  return new HoldfastError('HF_INSPECTOR_UNAVAILABLE', `The inspector does not start: ${why}`, {
    field: code === 'EADDRNOTAVAIL' ? 'host' : 'port',
    retry: 'later',
    cause,
  });
}
