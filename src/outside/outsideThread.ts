/**
 * The entry of the thread that answers crises of outside callers, whatever the main thread does (CR-1).
 *
 * @module
 */

import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir, rm, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../actors/platform/systemClock.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import {
  causeText,
  HoldfastError,
  isHoldfastError,
  toPlainError,
} from '../../machines/vocabulary/errors.ts';
import { answerCaller, unreadableCall } from './callerRequest.ts';
import { Handover } from './handover.ts';
import { OutsideAnswers } from './outsideAnswers.ts';
import { LoopProbe, ManySubjects } from './outsideHost.ts';
import type { FromOutside, OutsideThreadData, ToOutside, Way } from './outsideMessages.ts';
import { Spiller } from './spiller.ts';

const FOR_OTHERS = 0o077;
const FOLDER_MODE = 0o700;
const HAS_OWNERS = process.platform !== 'win32';

/**
 * Makes the folder where it is missing, and removes a socket that a dead process has left.
 *
 * @throws HoldfastError (rejects) `HF_CRISIS_OUTSIDE`: others may enter the folder, or somebody listens
 * there already, or something else lies in its place.
 */
async function prepareSocket(path: string): Promise<void> {
  await prepareFolder(dirname(path));
  const found = await statsOf(lstat(path));
  if (found === null) return;
  if (!found.isSocket()) throw placeError(path, 'is there and is no socket. Give another path');
  if (await isAnswered(path)) {
    throw placeError(
      path,
      'is in use: another process answers there. End it, or give another path',
    );
  }
  await rm(path, { force: true });
}

async function prepareFolder(folder: string): Promise<void> {
  const found = await statsOf(stat(folder));
  if (found === null) {
    await mkdir(folder, { mode: FOLDER_MODE });
    return;
  }
  if (!HAS_OWNERS) return;
  if (!found.isDirectory()) throw placeError(folder, 'is no folder. Give the path of one');
  if (found.uid !== process.geteuid?.()) {
    throw placeError(folder, 'belongs to another user. Give a folder of your own');
  }
  if ((found.mode & FOR_OTHERS) !== 0) {
    throw placeError(folder, 'can be entered by other users. Run chmod 700 on it');
  }
}

/** The stats of a path; `null` where nothing is there. */
async function statsOf(asked: Promise<Stats>): Promise<Stats | null> {
  try {
    return await asked;
  } catch (error) {
    if (Reflect.get(Object(error), 'code') === 'ENOENT') return null;
    throw error;
  }
}

async function isAnswered(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path);
    const end = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => {
      end(true);
    });
    socket.once('error', () => {
      end(false);
    });
  });
}

function placeError(path: string, what: string): HoldfastError {
  return new HoldfastError(
    'HF_CRISIS_OUTSIDE',
    `Outside callers are not answered: ${path} ${what}.`,
    { path, retry: 'later', withStack: false },
  );
}

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

type ListenAt = { readonly path: string } | { readonly host: string; readonly port: number };

interface ListenerParts {
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

class Listener {
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

function start(): void {
  const port = parentPort;
  if (port === null) throw new HoldfastError('HF_INTERNAL', 'This file is run as a thread only.');
  const data = workerData as OutsideThreadData;
  const clock = systemClock;
  const send = (message: FromOutside): void => port.postMessage(message);
  const spiller = new Spiller({
    clock,
    data,
    onKept: (id) => {
      handover.spilled(id);
    },
    onFailed: (error) => {
      send({ kind: 'notKept', error });
    },
    onLineLost: () => {
      send({ kind: 'lineLost' });
    },
  });
  const handover = new Handover({ clock, send, spiller });
  const probe = new LoopProbe({
    clock,
    ask: () => {
      send({ kind: 'ping' });
    },
    onBack: (forMs) => {
      send({ kind: 'wasBlocked', forMs, answered: answers.takeAnsweredWhileBlocked() });
    },
  });
  const answers = new OutsideAnswers({ clock, data, handover, probe });

  const listener = (way: Way, at: ListenAt): Listener => {
    const http = way === 'http' ? data.at.http : null;
    const { payloadBytesMax } = data;
    const subjects =
      http === null
        ? null
        : new ManySubjects({
            clock,
            many: http.manySubjects,
            onMany: (caller, many) => {
              send({ kind: 'manySubjects', caller, subjects: many });
            },
          });
    const parts = { clock, answers, handover, http, subjects, payloadBytesMax };
    return new Listener({
      clock,
      at,
      serve: (request, response, onWhole) => answerCaller(request, response, parts, onWhole),
      unreadable: () => unreadableCall(answers.builtIn),
      onListening: (address) => {
        send({ kind: 'listening', way, address });
      },
      onTrouble: (error) => {
        send({ kind: 'troubled', way, error: toPlainError(error) });
      },
    });
  };
  const { socketPath, http } = data.at;
  const listeners = [
    ...(socketPath === null ? [] : [listener('socket', { path: socketPath })]),
    ...(http === null ? [] : [listener('http', { host: http.host, port: http.port })]),
  ];

  port.on('message', (message: ToOutside) => {
    switch (message.kind) {
      case 'plans':
        answers.plansChanged(message.plans);
        break;
      case 'handlers':
        spiller.handlersChanged(message.handlers);
        break;
      case 'line':
        spiller.use(message.line);
        break;
      case 'taken':
        handover.taken(message.id);
        break;
      case 'plan':
        handover.planFound(message.id, message.plan);
        break;
      case 'recorded':
        handover.ended(message.id, 'durable');
        break;
      case 'delivered':
        handover.ended(message.id, 'delivered');
        break;
      case 'pong':
        probe.answered();
        break;
      case 'close':
        for (const each of listeners) each.close();
        probe.stop();
        spiller.close();
        port.close();
        break;
    }
  });
  probe.start();
  for (const each of listeners) void each.open();
}

start();
