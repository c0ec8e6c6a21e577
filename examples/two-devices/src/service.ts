/**
 * The service behind both devices: all that an upstream needs so that nobody overwrites what he has not seen.
 * Each record has a version, told as its ETag. A write says on which version it was made; on another one it is
 * refused with 412. A write that comes again under its key gets its first answer again. The field `holdfast` is
 * kept with the record as it came; the service needs to know nothing of it.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Faults {
  /** The answer to the first request under each key is lost on its way, as happens on phones. */
  readonly losesAnswers: boolean;
  /** A planted bug: whatever a write was made on, it is taken. */
  readonly ignoresVersions: boolean;
}

interface Answer {
  readonly status: number;
  readonly etag?: string;
  readonly body?: string;
}

export class RecordService {
  /** Every body that was taken, by the path of its record. Kept over restarts, as a database is. */
  readonly history = new Map<string, string[]>();
  readonly #answers = new Map<string, Answer>();
  readonly #faults: Faults;
  #server: Server | null = null;
  #port = 0;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts it; again at the place where it was before. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch(() => request.socket.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Nobody reaches it any more. */
  async stop(): Promise<void> {
    const server = this.#server;
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
  }

  /** The record as it is now. */
  body(path: string): string | undefined {
    return this.history.get(path)?.at(-1);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    if (request.method === 'GET') {
      const body = this.body(path);
      send(
        response,
        body === undefined ? { status: 404 } : { status: 200, etag: this.#etag(path), body },
      );
      return;
    }
    const key = String(request.headers['idempotency-key']);
    const known = this.#answers.get(key);
    const answer = known ?? this.#put(path, request, await text(request));
    this.#answers.set(key, answer);
    if (known === undefined && this.#faults.losesAnswers) request.socket.destroy();
    else send(response, answer);
  }

  /** Compares and writes in one step: between the two nobody else can write. */
  #put(path: string, { headers }: IncomingMessage, body: string): Answer {
    const taken = this.history.get(path) ?? [];
    const ifMatch = headers['if-match'];
    const isNew = taken.length === 0;
    const isAsSeen = ifMatch === undefined ? isNew : !isNew && ifMatch === this.#etag(path);
    if (!isAsSeen && !this.#faults.ignoresVersions) return { status: 412 };
    this.history.set(path, [...taken, body]);
    return { status: isNew ? 201 : 200, etag: this.#etag(path), body };
  }

  #etag(path: string): string {
    return `"${this.history.get(path)?.length ?? 0}"`;
  }
}

function send(response: ServerResponse, { status, etag, body }: Answer): void {
  if (etag !== undefined) response.setHeader('etag', etag);
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}
