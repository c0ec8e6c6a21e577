import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { isMainThread } from 'node:worker_threads';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError, toPlainError } from '../../machines/vocabulary/errors.ts';
import { type ControlRequest, type ControlResponse, controlSocketPath } from './controlSocket.ts';

/** An edited payload comes as one line, with room for what JSON adds to it. */
const REQUEST_BYTES_MAX = 4 * 1_048_576;
const CONNECTIONS_MAX = 16;
const IDLE_MS_MAX = 10_000;
/** A request has to be there whole by then, however steadily it trickles in. */
const REQUEST_WITHIN_MS = 10_000;
const FOR_OTHERS = 0o077;

/**
 * Answers the command line over a Unix socket in the store's folder (docs/decisions/0021). Whoever can open
 * the socket could read the key as well, so it asks for nothing more.
 */
export class ControlServer {
  readonly #path: string | null;
  readonly #clock: Clock;
  readonly #answer: (request: ControlRequest) => Promise<unknown>;
  readonly #onError: (error: unknown) => void;
  readonly #connections = new Set<Socket>();
  #opening: Promise<void> = Promise.resolve();
  #server: Server | null = null;
  #isClosed = false;

  constructor(parts: {
    readonly storeFolder: string;
    readonly clock: Clock;
    readonly answer: (request: ControlRequest) => Promise<unknown>;
    readonly onError: (error: unknown) => void;
  }) {
    this.#path = controlSocketPath(parts.storeFolder);
    this.#clock = parts.clock;
    this.#answer = parts.answer;
    this.#onError = parts.onError;
  }

  /** Begins to listen. Called by the owner only, so a socket that is there was left by a dead one. */
  open(): void {
    if (this.#path !== null && !this.#isClosed) this.#opening = this.#open(this.#path);
  }

  /** Resolves once the socket is gone, also where it was still being opened; for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening;
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    for (const socket of this.#connections) socket.destroy();
    await new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  }

  async #open(path: string): Promise<void> {
    try {
      await rm(path, { force: true });
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        this.#serve(socket);
      });
      server.maxConnections = CONNECTIONS_MAX;
      // The socket must not keep a process alive that has nothing else to do.
      server.unref();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        closedToOthers(() => server.listen(path, resolve));
      });
      this.#server = server;
      server.on('error', this.#onError);
      await chmod(path, 0o600);
    } catch (error) {
      // The runtime works without it; only the command line can't ask.
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

  #serve(socket: Socket): void {
    this.#connections.add(socket);
    // Or a few connections that send a byte now and then would lock everybody else out.
    const cancelDeadline = this.#clock.schedule(REQUEST_WITHIN_MS, () => {
      socket.destroy();
    });
    socket.on('close', () => {
      cancelDeadline();
      this.#connections.delete(socket);
    });
    socket.on('error', () => {
      socket.destroy();
    });
    socket.setTimeout(IDLE_MS_MAX, () => {
      socket.destroy();
    });
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes > REQUEST_BYTES_MAX) socket.destroy();
    });
    createInterface({ input: socket }).once('line', (line) => {
      cancelDeadline();
      void this.#respond(line).then((response) => {
        socket.end(`${JSON.stringify(response)}\n`);
      });
    });
  }

  async #respond(line: string): Promise<ControlResponse> {
    try {
      return { ok: true, result: await this.#answer(requestOf(line)) };
    } catch (error) {
      return { ok: false, error: toPlainError(error) };
    }
  }
}

function requestOf(line: string): ControlRequest {
  try {
    return JSON.parse(line) as ControlRequest;
  } catch {
    // The cause is left out: its message quotes the line.
    throw new HoldfastError('HF_OPTION_INVALID', 'request must be one line of JSON.', {
      field: 'request',
    });
  }
}

/** Makes the socket with rights for its owner alone, so that there is no moment in which others have any. */
function closedToOthers(listen: () => void): void {
  // A thread can't set the mask of its process; there the mode follows a moment later.
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
