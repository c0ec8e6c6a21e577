/**
 * The feed of the process that owns a store, over its control socket: of the current owner, then of the next.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http';
import { resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { type FeedMessage, type FeedSource, INSPECTOR_PROTOCOL } from '../../inspector/protocol.ts';
import { inPieces, squeezed } from '../../inspector/squeeze.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import {
  HoldfastError,
  isHoldfastError,
  type PlainError,
} from '../../machines/vocabulary/errors.ts';
import { requireOption } from '../../machines/vocabulary/optionFields.ts';
import { nameOwner } from '../../persistence/owner/ownerNote.ts';
import { FrameFault, FrameReader } from '../connect/lineProtocol.ts';
import { callOwner } from '../control/controlClient.ts';
import { refuseUpgrade, type UpgradeRefusal, upgradeHead } from '../control/controlServer.ts';
import { answerIn, controlSocketPath } from '../control/controlSocket.ts';
import { type Upgrade, upgradeAt } from '../control/upgradeRequest.ts';

// Lines of inspectors at the owner of a store, made from connections to the control socket that ask for one.
// A process that can open that socket can make every management call, and so may watch, too.

// The protocol between the owner of a store and a viewer in another process: a connection to the control
// socket that is upgraded, on which the owner sends `FeedMessage[]`, one JSON array a line, and reads nothing.

/** The path of a request for a line. */
const INSPECT_PATH = '/v1/inspect';
/** The name and version of the protocol, for `Upgrade`. */
const INSPECT_PROTOCOL = `holdfast-inspect/${INSPECTOR_PROTOCOL}`;

/** The owner sends something this often, if only a heartbeat. */
const HEARTBEAT_MS = 1_000;

// The owner's side of one line to an inspector. The queue for a viewer stays small: values that the feed holds
// anyway, serialized only once the viewer has read what went before.

/** Messages that wait before they are squeezed; a batch has a handful, and comes each 50 ms. */
const WAITING_MAX = 400;
/** A viewer that has read nothing for so long is dropped; on a new line it gets everything again. */
const UNREAD_WITHIN_MS = 10_000;

interface InspectLineParts {
  readonly socket: Duplex;
  readonly clock: Clock;
  /** The JSON of a message, the same text for all lines. */
  readonly jsonOf: (message: FeedMessage) => string;
  readonly onEnded: () => void;
}

class InspectLine {
  readonly #parts: InspectLineParts;
  /** The rest of the batch that is being written: a large one goes out in pieces, with pauses between them. */
  #batch: readonly FeedMessage[] = [];
  #at = 0;
  #waiting: FeedMessage[] = [];
  #waitingMax = WAITING_MAX;
  #cancelUnread: (() => void) | null = null;
  #cancelHeartbeat: () => void = () => undefined;
  #isEnded = false;

  constructor(parts: InspectLineParts) {
    this.#parts = parts;
    const { socket } = parts;
    socket.on('drain', () => {
      this.#endUnread();
      this.#write();
    });
    // A viewer never sends anything.
    socket.on('data', () => {
      socket.destroy();
    });
    socket.on('end', () => {
      socket.destroy();
    });
    socket.on('close', () => {
      this.#end();
    });
    this.#beat();
  }

  /** Sends messages, now or once the viewer has read what went before. */
  say(messages: readonly FeedMessage[]): void {
    if (this.#isEnded) return;
    this.#waiting.push(...inPieces(messages));
    if (this.#waiting.length > this.#waitingMax) {
      this.#waiting = inPieces(squeezed(this.#waiting));
      // With very many actors the squeezed messages are long, and are not squeezed again for each batch.
      this.#waitingMax = Math.max(WAITING_MAX, 2 * this.#waiting.length);
    }
    this.#write();
  }

  /** Sends the last message, and ends. A viewer that is behind does not get it: the end of the line says as much. */
  close(last: FeedMessage): void {
    if (this.#isEnded) return;
    const { socket, jsonOf } = this.#parts;
    const isBehind = this.#isWithin || socket.writableNeedDrain;
    if (!isBehind) socket.end(`[${jsonOf(last)}]\n`, () => socket.destroy());
    // A viewer that reads nothing must not keep the process alive.
    if (isBehind || socket.writableLength > 0) socket.destroy();
    this.#end();
  }

  get #isWithin(): boolean {
    return this.#at < this.#batch.length;
  }

  #write(): void {
    const { socket, clock } = this.#parts;
    while (!socket.writableNeedDrain) {
      if (!this.#isWithin) {
        if (this.#waiting.length === 0) return;
        this.#batch = this.#waiting;
        this.#at = 0;
        this.#waiting = [];
      }
      socket.write(this.#piece());
    }
    this.#cancelUnread ??= clock.schedule(UNREAD_WITHIN_MS, () => {
      socket.destroy();
    });
  }

  /** The next message of the batch, as its part of the JSON. */
  #piece(): string {
    const message = this.#batch[this.#at] as FeedMessage;
    const before = this.#at === 0 ? '[' : ',';
    this.#at += 1;
    return `${before}${this.#parts.jsonOf(message)}${this.#isWithin ? '' : ']\n'}`;
  }

  #endUnread(): void {
    this.#cancelUnread?.();
    this.#cancelUnread = null;
  }

  /** Sends a heartbeat, so that a viewer can distinguish a quiet owner from a stopped one. */
  #beat(): void {
    this.#cancelHeartbeat = this.#parts.clock.schedule(HEARTBEAT_MS, () => {
      const { socket } = this.#parts;
      if (!this.#isWithin && !socket.writableNeedDrain) socket.write('[]\n');
      this.#beat();
    });
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#waiting = [];
    this.#batch = [];
    this.#cancelHeartbeat();
    this.#endUnread();
    this.#parts.onEnded();
  }
}

/** Viewers at once, since the owner writes to each. */
const LINES_MAX = 16;

interface InspectLinesParts {
  readonly clock: Clock;
  /** The feed, which is watched from the first line until the end of the last one. */
  readonly source: Pick<FeedSource, 'watch'>;
}

export class InspectLines {
  readonly #parts: InspectLinesParts;
  readonly #lines = new Set<InspectLine>();
  /** JSON by message, made once for all lines. */
  readonly #json = new WeakMap<FeedMessage, string>();
  #isClosed = false;

  constructor(parts: InspectLinesParts) {
    this.#parts = parts;
  }

  /** Whether a request to upgrade is for a line of an inspector. */
  isAskedBy({ url }: IncomingMessage): boolean {
    return url === INSPECT_PATH;
  }

  /** Answers a request for a line on its connection. */
  take(request: IncomingMessage, socket: Duplex): void {
    socket.on('error', () => undefined);
    const { clock, source } = this.#parts;
    const refusal = this.#refusal(request);
    if (refusal !== null) {
      refuseUpgrade(socket, clock, { ...refusal, protocol: INSPECT_PROTOCOL });
      return;
    }
    socket.write(upgradeHead(INSPECT_PROTOCOL));
    let stop = (): void => undefined;
    const line: InspectLine = new InspectLine({
      ...{ socket, clock },
      jsonOf: (message) => this.#jsonOf(message),
      onEnded: () => {
        this.#lines.delete(line);
        stop();
      },
    });
    this.#lines.add(line);
    stop = source.watch((messages) => {
      line.say(messages);
    });
  }

  /** Ends all lines, for good. */
  close(): void {
    this.#isClosed = true;
    const atMs = this.#parts.clock.now();
    for (const line of this.#lines) line.close({ kind: 'away', reason: CLOSED, atMs });
  }

  #jsonOf(message: FeedMessage): string {
    const known = this.#json.get(message);
    if (known !== undefined) return known;
    const json = JSON.stringify(message);
    if (this.#lines.size > 1) this.#json.set(message, json);
    return json;
  }

  #refusal({ headers }: IncomingMessage): UpgradeRefusal | null {
    // A browser that could reach the socket would send the origin of its page.
    if (headers.origin !== undefined) return { status: 404, error: noLineThere() };
    if (headers.upgrade !== INSPECT_PROTOCOL) return { status: 426, error: otherVersion() };
    if (this.#isClosed || this.#lines.size >= LINES_MAX) return { status: 503, error: full() };
    return null;
  }
}

const CLOSED = 'the process that ran the store has closed it';

function noLineThere(): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', `A line is opened at ${INSPECT_PATH}.`, {
    field: 'path',
    withStack: false,
  });
}

function otherVersion(): HoldfastError {
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    `The process that runs the store speaks ${INSPECT_PROTOCOL} with inspectors, and this one has another ` +
      'version of holdfast. Inspect it with the command line of its version.',
    { retry: 'later', withStack: false },
  );
}

function full(): HoldfastError {
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    `The process that runs the store is closing, or has ${LINES_MAX} viewers already. Close an unused page; this one tries again.`,
    { retry: 'later', withStack: false },
  );
}

/** How long to wait for an owner, whose event loop may be blocked for a moment. */
const LINE_WITHIN_MS = 5_000;

type InspectAnswer =
  | { readonly socket: Duplex; readonly head: Buffer }
  /** Why there is no line; `isSettled` where only another process can change that. */
  | { readonly reason: string; readonly isSettled: boolean };

async function openInspectLine(
  storeFolder: string,
  upgrade: Upgrade,
  signal: AbortSignal,
): Promise<InspectAnswer> {
  const answer = await upgrade({
    ...{ signal, path: INSPECT_PATH, protocol: INSPECT_PROTOCOL },
    withinMs: LINE_WITHIN_MS,
  }).catch((error: unknown) => {
    if (isHoldfastError(error)) return error;
    throw error;
  });
  if (isHoldfastError(answer)) return { reason: answer.message, isSettled: true };
  if (answer === 'nobody') return { reason: NOBODY, isSettled: false };
  if (answer === 'forbidden') return { reason: FORBIDDEN, isSettled: true };
  if (answer === 'silent') {
    return { reason: silent(storeFolder), isSettled: false };
  }
  if (answer === 'foreign') return { reason: ofOtherVersion(storeFolder), isSettled: true };
  if ('refusal' in answer) {
    const error = errorOf(answer.refusal);
    // An owner without inspectors answers that there is no such path.
    const isOther = error === null || error.code === 'HF_OPTION_INVALID';
    return { reason: isOther ? ofOtherVersion(storeFolder) : error.message, isSettled: true };
  }
  const { socket, head } = answer.upgraded;
  return { socket, head };
}

/** The reason where no process runs. */
export const NOBODY = 'no process runs on the store';

/** The reason where a process may run that this user may not watch. */
const FORBIDDEN =
  'the process that runs the store is of another user: watch it as that one, who alone may open its socket';

/** The reason where the owner does not answer. */
function silent(storeFolder: string): string {
  return `${nameOwner(storeFolder)} does not answer: it is stopped, or its event loop is blocked`;
}

function ofOtherVersion(storeFolder: string): string {
  return `${nameOwner(storeFolder)} is of a version of holdfast that this one can not watch`;
}

function errorOf(refusal: string): PlainError | null {
  const answer = answerIn(refusal);
  return answer !== null && 'error' in answer ? answer.error : null;
}

/** Pauses between looks for an owner, in milliseconds: a standby takes over within a few, a restart takes longer. */
const LOOK_MS_MIN = 50;
const LOOK_MS_MAX = 500;
/** The longest pause where only another process can change the reason. */
const LOOK_AGAIN_MS_MAX = 5_000;
/** An owner that has missed this many heartbeats is stopped, or blocked. */
const SILENT_AFTER_MS = 5 * HEARTBEAT_MS;
/** Time to read what has come meanwhile, in case this process itself was blocked. */
const READ_WITHIN_MS = 250;
/** The largest frame: the first one has all actors, steps, news and minutes. */
const FRAME_BYTES_MAX = 256 * 1_048_576;

type Listener = (messages: readonly FeedMessage[]) => void;

export interface OwnerFeedParts {
  readonly storeFolder: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Watches a store. It needs no key: any process that may open the socket may watch. While nobody owns the store, or its owner sends
 * nothing, viewers get `away` with each new reason once; the next owner begins with a `hello` of its own.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` where the path of the folder is too long for a socket.
 */
export function ownerFeed({ storeFolder, clock, random }: OwnerFeedParts): FeedSource {
  const folder = resolve(storeFolder);
  const socketPath = controlSocketPath(folder);
  requireOption(
    socketPath !== null,
    'store',
    "must be a shorter path: that of a socket in the store's folder has at most 103 bytes",
  );
  const upgrade = upgradeAt(socketPath);
  return {
    watch: (listener) => watchOwner({ folder, upgrade, clock, random, listener }),
    call: (name, params) => callOwner(folder, name, params),
  };
}

/** Watches the present owner and each next one; the returned function ends it. */
export function watchOwner(parts: WatchingParts): () => void {
  const watching = new Watching(parts);
  void watching.run();
  return () => {
    watching.stop();
  };
}

interface WatchingParts {
  readonly folder: string;
  readonly upgrade: Upgrade;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener: Listener;
}

/** One viewer, across all owners. */
class Watching {
  readonly #parts: WatchingParts;
  readonly #leaving = new AbortController();
  /** The last reason that the viewer got; `null` while there is an owner. */
  #reason: string | null = null;

  constructor(parts: WatchingParts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#leaving.abort();
  }

  async run(): Promise<void> {
    const { folder, upgrade, random } = this.#parts;
    const { signal } = this.#leaving;
    for (let waitMs = LOOK_MS_MIN; !signal.aborted; ) {
      const answer = await openInspectLine(folder, upgrade, signal);
      if ('socket' in answer) {
        const reason = await this.#follow(answer.socket, answer.head);
        this.#away(reason);
        waitMs = LOOK_MS_MIN;
      } else {
        this.#away(answer.reason);
      }
      await this.#pause(waitMs * (0.5 + random.next()));
      const isSettled = 'isSettled' in answer && answer.isSettled;
      waitMs = Math.min(2 * waitMs, isSettled ? LOOK_AGAIN_MS_MAX : LOOK_MS_MAX);
    }
  }

  /** Passes messages on until the line has ended; resolves with the reason. */
  async #follow(socket: Duplex, head: Buffer): Promise<string> {
    const { clock, folder } = this.#parts;
    const { signal } = this.#leaving;
    const reader = new FrameReader(FRAME_BYTES_MAX);
    let reason = ENDED;
    let cancelSilence = (): void => undefined;
    const listen = (): void => {
      cancelSilence();
      cancelSilence = clock.schedule(SILENT_AFTER_MS, () => {
        cancelSilence = clock.schedule(READ_WITHIN_MS, () => {
          reason = silent(folder);
          socket.destroy();
        });
      });
    };
    const read = (chunk: Buffer): void => {
      if (signal.aborted) return;
      listen();
      try {
        for (const frame of reader.read(chunk)) {
          const last = this.#hear(frame);
          if (last !== null) reason = last;
        }
      } catch (error) {
        if (!(error instanceof FrameFault)) throw error;
        reason = GARBLED;
        socket.destroy();
      }
    };
    const leave = (): void => {
      socket.destroy();
    };
    signal.addEventListener('abort', leave);
    try {
      await new Promise<void>((resolveEnded) => {
        if (signal.aborted) socket.destroy();
        if (socket.closed) resolveEnded();
        socket.once('close', resolveEnded);
        socket.once('end', leave);
        socket.on('data', read);
        listen();
        if (head.length > 0) read(head);
      });
      return reason;
    } finally {
      cancelSilence();
      signal.removeEventListener('abort', leave);
    }
  }

  /** Passes messages on, but for the owner's reason of its own end, which is returned. */
  #hear(frame: unknown): string | null {
    if (!isMessages(frame)) throw new FrameFault('no messages');
    const messages = frame;
    const told = messages.filter(({ kind }) => kind !== 'away');
    if (told.length > 0) {
      this.#reason = null;
      this.#tell(told);
    }
    const away = messages.findLast((message) => message.kind === 'away');
    return away?.reason ?? null;
  }

  #away(reason: string): void {
    if (reason === this.#reason) return;
    this.#reason = reason;
    this.#tell([{ kind: 'away', reason, atMs: this.#parts.clock.now() }]);
  }

  #tell(messages: readonly FeedMessage[]): void {
    if (this.#leaving.signal.aborted) return;
    try {
      this.#parts.listener(messages);
    } catch {
      // As with every feed, an exception of a viewer ends its watch.
      this.stop();
    }
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#leaving;
    if (signal.aborted) return;
    await new Promise<void>((resolvePause) => {
      const wake = (): void => {
        cancel();
        signal.removeEventListener('abort', wake);
        resolvePause();
      };
      const cancel = this.#parts.clock.schedule(ms, wake);
      signal.addEventListener('abort', wake);
    });
  }
}

function isMessages(frame: unknown): frame is readonly FeedMessage[] {
  return (
    Array.isArray(frame) &&
    frame.every((message) => typeof (Object(message) as { kind?: unknown }).kind === 'string')
  );
}

const ENDED = 'the process that ran the store has ended, or has dropped this viewer';
const GARBLED = 'what the process says is none of this version';
