/**
 * The owner's lines to its clients: takes over connections to the control socket that ask for one. A process that can
 * open the socket may make every management call, so it may have a line too.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { PAYLOAD_BYTES_MAX } from '../../machines/policy/request/requestBody.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError, isHoldfastError, toPlainError } from '../../machines/vocabulary/errors.ts';
import { isObject } from '../../machines/vocabulary/optionFields.ts';
import { refuseUpgrade, type UpgradeRefusal, upgradeHead } from '../control/controlServer.ts';
import {
  type Asked,
  type AskName,
  type ClientFrame,
  CRISIS_SOCKET,
  FOLLOWING,
  FRAME_BYTES_MAX,
  FrameFault,
  FrameReader,
  frameOf,
  LINE_PATH,
  LINE_PROTOCOL,
  type OwnerFrame,
  type OwnerPort,
} from './lineProtocol.ts';

/** The asks under way at which no more are read from this client. Operations that it follows do not count. */
const UNDER_WAY_MAX = 1_024;
/** The most operations and crises that one client may follow at once. */
const FOLLOWED_MAX = 25_000;
/**
 * While a client has so much to read, no more of its asks are read. With the second number it has ten seconds to
 * read all of it, since what it follows may end all at once; with the third it is let go.
 */
const UNREAD_BYTES_HIGH = 1_048_576;
const UNREAD_BYTES_MAX = 16 * 1_048_576;
const UNREAD_BYTES_EVER = 256 * 1_048_576;
const UNREAD_WITHIN_MS = 10_000;
/** The deadline for a whole frame, however steadily it trickles in. */
const FRAME_WITHIN_MS = 10_000;

interface LineSessionParts {
  readonly socket: Duplex;
  readonly clock: Clock;
  readonly desk: OwnerPort;
  readonly frameBytesMax: number;
  readonly onEnded: () => void;
}

class LineSession {
  readonly #parts: LineSessionParts;
  readonly #reader: FrameReader;
  readonly #underWay = new Map<number, Asked<unknown>>();
  readonly #followed = new Map<number, Asked<unknown>>();
  /** Cancels the deadline of the frame that is arriving. */
  #cancelDeadline: (() => void) | null = null;
  /** Cancels the deadline for the client to read what was sent. */
  #cancelUnread: (() => void) | null = null;
  #isEnded = false;

  constructor(parts: LineSessionParts) {
    this.#parts = parts;
    this.#reader = new FrameReader(parts.frameBytesMax);
    const { socket } = parts;
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    socket.on('drain', () => {
      this.#cancelUnread?.();
      this.#cancelUnread = null;
      this.#flow();
    });
    // An error ends the connection, and its client connects again.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#end();
    });
    socket.on('end', () => {
      socket.destroy();
    });
  }

  /** Begins with the bytes that came with the request for the line. */
  begin(head: Buffer): void {
    if (head.length > 0) this.#read(head);
  }

  close(): void {
    this.#parts.socket.destroy();
    this.#end();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#endWatch();
    this.#cancelUnread?.();
    for (const n of this.#followed.keys()) this.#over(n);
    this.#parts.onEnded();
  }

  #read(chunk: Buffer): void {
    if (this.#isEnded) return;
    try {
      const frames = this.#reader.read(chunk);
      if (frames.length > 0) this.#endWatch();
      for (const frame of frames) this.#take(frame);
    } catch (error) {
      if (!(error instanceof FrameFault)) throw error;
      this.close();
      return;
    }
    this.#watchFrame();
    this.#flow();
  }

  /** Gives a frame its deadline: otherwise a few lines that send a byte now and then would hold memory without end. */
  #watchFrame(): void {
    if (this.#isEnded || !this.#reader.isWithin) return;
    this.#cancelDeadline ??= this.#parts.clock.schedule(FRAME_WITHIN_MS, () => {
      this.close();
    });
  }

  #endWatch(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = null;
  }

  #take(frame: unknown): void {
    if (!isFrame(frame)) throw new FrameFault('no frame');
    const { n } = frame;
    if ('stop' in frame) {
      // An order is carried out and answered all the same.
      if (this.#followed.has(n)) this.#over(n);
      return;
    }
    if (this.#followed.has(n) || this.#underWay.has(n)) throw new FrameFault('a number in use');
    const isFollowing = FOLLOWING.has(frame.ask);
    if (isFollowing && this.#followed.size >= FOLLOWED_MAX) {
      this.#refuse(n, tooMany());
      return;
    }
    const asked = this.#ask(frame);
    (isFollowing ? this.#followed : this.#underWay).set(n, asked);
    asked.answer.then(
      (result) => {
        if (this.#over(n)) this.#send({ n, result });
        this.#flow();
      },
      (error: unknown) => {
        if (this.#over(n)) this.#refuse(n, error);
        this.#flow();
      },
    );
  }

  #ask({ n, ask, params }: Extract<ClientFrame, { readonly ask: AskName }>): Asked<unknown> {
    return this.#parts.desk.ask(ask, params as never, (told: unknown) => {
      this.#send({ n, told });
    });
  }

  /** Ends an ask; false where it was over before. */
  #over(n: number): boolean {
    this.#followed.get(n)?.stop();
    return this.#followed.delete(n) || this.#underWay.delete(n);
  }

  #refuse(n: number, error: unknown): void {
    const at = isHoldfastError(error) ? error.at : undefined;
    this.#send({ n, error: toPlainError(error), at });
  }

  #send(frame: OwnerFrame): void {
    if (this.#isEnded) return;
    const { socket } = this.#parts;
    socket.write(frameOf(frame));
    // A client that reads nothing is disconnected at this bound, and asks again on its next line.
    if (socket.writableLength > UNREAD_BYTES_EVER) this.close();
    else if (socket.writableLength > UNREAD_BYTES_MAX) {
      this.#cancelUnread ??= this.#parts.clock.schedule(UNREAD_WITHIN_MS, () => {
        this.close();
      });
    }
  }

  /** Reads on, or leaves incoming bytes with the system until there is room. */
  #flow(): void {
    if (this.#isEnded) return;
    const { socket } = this.#parts;
    const isFull =
      this.#underWay.size >= UNDER_WAY_MAX || socket.writableLength > UNREAD_BYTES_HIGH;
    if (isFull && !socket.isPaused()) {
      // A frame that this side holds up is not late.
      this.#endWatch();
      socket.pause();
    }
    if (!isFull && socket.isPaused()) {
      socket.resume();
      this.#watchFrame();
    }
  }
}

function isFrame(frame: unknown): frame is ClientFrame {
  if (!isObject(frame)) return false;
  const { n, ask, stop } = frame as { n?: unknown; ask?: unknown; stop?: unknown };
  return Number.isSafeInteger(n) && (typeof ask === 'string' || stop === true);
}

function tooMany(): HoldfastError {
  return new HoldfastError(
    'HF_QUEUE_FULL',
    `This client follows ${FOLLOWED_MAX} operations already. Wait for some of them to end, or ask for the others later by their ids.`,
    { retry: 'later', withStack: false },
  );
}

/** The most processes that may hold a line at once. */
const LINES_MAX = 128;
/** Room for the other fields of a request, and what JSON adds, beside payload and base. */
const FRAME_BYTES = 65_536;

export interface LineServerParts {
  readonly clock: Clock;
  readonly desk: OwnerPort;
  /** The largest payload, in bytes of JSON; it is sent as a text in JSON. */
  readonly payloadBytesMax: number;
  /** The socket on which a thread answers outside callers; `null` where there is none. */
  readonly crisisSocket: string | null;
}

export class LineServer {
  readonly #parts: LineServerParts;
  readonly #sessions = new Set<LineSession>();
  #isClosed = false;

  constructor(parts: LineServerParts) {
    this.#parts = parts;
  }

  /** Answers a request for a line on the connection that it came by. */
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    const { clock, desk, payloadBytesMax, crisisSocket } = this.#parts;
    const refusal = this.#refusal(request);
    if (refusal !== null) {
      refuseUpgrade(socket, clock, { ...refusal, protocol: LINE_PROTOCOL });
      return;
    }
    // A crisis may be larger than a payload: it is cut, and never refused.
    const frameBytesMax = Math.max(2 * payloadBytesMax, PAYLOAD_BYTES_MAX) + FRAME_BYTES;
    const ofCrises =
      crisisSocket === null ? {} : { [CRISIS_SOCKET]: encodeURIComponent(crisisSocket) };
    socket.write(upgradeHead(LINE_PROTOCOL, { [FRAME_BYTES_MAX]: frameBytesMax, ...ofCrises }));
    const session: LineSession = new LineSession({
      ...{ socket, clock, desk, frameBytesMax },
      onEnded: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    session.begin(head);
  }

  /** Ends all lines, for good. */
  close(): void {
    this.#isClosed = true;
    for (const session of this.#sessions) session.close();
  }

  #refusal({ url, headers }: IncomingMessage): UpgradeRefusal | null {
    // A browser that could reach the socket would send the origin of its page.
    if (url !== LINE_PATH || headers.origin !== undefined) {
      return { status: 404, error: noLineThere() };
    }
    if (headers.upgrade !== LINE_PROTOCOL) {
      return { status: 426, error: otherVersion() };
    }
    if (this.#isClosed || this.#sessions.size >= LINES_MAX) return { status: 503, error: full() };
    return null;
  }
}

function noLineThere(): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', `A line is asked for at ${LINE_PATH}.`, {
    field: 'path',
    withStack: false,
  });
}

function otherVersion(): HoldfastError {
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    `The owner of the store speaks ${LINE_PROTOCOL} with its clients, and this client is of another version of holdfast. Use one version of holdfast in all processes of a store; the next owner may be of yours.`,
    { retry: 'later', withStack: false },
  );
}

function full(): HoldfastError {
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    `The owner of the store is closing, or holds ${LINES_MAX} lines already. Make one client in each process and share it; it is asked again.`,
    { retry: 'later', withStack: false },
  );
}
