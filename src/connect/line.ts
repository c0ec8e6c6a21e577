/**
 * A client's side of a line to the owner of a store (SC-4).
 *
 * @module
 */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { HoldfastError, isPlainError, reviveError } from '../../machines/vocabulary/errors.ts';
import { isObject } from '../../machines/vocabulary/optionFields.ts';
import { answerIn } from '../control/controlSocket.ts';
import type { Upgrade } from '../control/upgradeRequest.ts';
import {
  type Asked,
  type AskName,
  type Asks,
  type ClientFrame,
  CRISIS_SOCKET,
  FRAME_BYTES_MAX,
  FrameFault,
  FrameReader,
  frameOf,
  LINE_PATH,
  LINE_PROTOCOL,
  LineEnded,
  type OwnerFrame,
  type OwnerPort,
} from './lineProtocol.ts';

/** The time-out, long enough for an owner whose event loop is blocked. */
const LINE_WITHIN_MS = 10_000;
/** Room for a page of operations, or an outcome with a large response. */
const ANSWER_BYTES_MAX = 256 * 1_048_576;

/** A line, `nobody` where nobody answers, or why there is none. */
export type LineAnswer = Line | 'nobody' | HoldfastError;

/**
 * Asks the owner of the store for a line.
 *
 * @throws HoldfastError (rejects) `HF_STORE_FOLDER` where another user may listen there: nothing was said.
 */
export async function openLine(upgrade: Upgrade, signal: AbortSignal): Promise<LineAnswer> {
  const answer = await upgrade({
    ...{ signal, path: LINE_PATH, protocol: LINE_PROTOCOL },
    withinMs: LINE_WITHIN_MS,
  });
  // A user who may not open the socket may not open the store either, and gets that error there.
  if (answer === 'nobody' || answer === 'forbidden') return 'nobody';
  if (answer === 'foreign') return otherVersion();
  if (answer === 'silent') return silent();
  if ('refusal' in answer) return refusalOf(answer.refusal);
  const { socket, response, head } = answer.upgraded;
  return new Line(socket, response, head);
}

interface Open {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly told: (value: unknown) => void;
}

export class Line implements OwnerPort {
  readonly #socket: Duplex;
  readonly #reader = new FrameReader(ANSWER_BYTES_MAX);
  readonly #frameBytesMax: number;
  readonly #open = new Map<number, Open>();
  /** Frames that wait until the owner has read those before them. An ask that is stopped takes its frame away. */
  readonly #unsent = new Map<number, string>();
  #n = 0;
  #isEnded = false;
  /** The socket on which a thread of the owner answers crises; `null` where there is none. */
  readonly crisisSocket: string | null;
  /** Resolves once the line is no more. */
  readonly ended: Promise<void>;

  constructor(socket: Duplex, { headers }: IncomingMessage, head: Buffer) {
    this.#socket = socket;
    this.#frameBytesMax = Number(headers[FRAME_BYTES_MAX] ?? 0);
    const crisisSocket = headers[CRISIS_SOCKET];
    this.crisisSocket = typeof crisisSocket === 'string' ? decodeURIComponent(crisisSocket) : null;
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    socket.on('drain', () => {
      this.#sendOn();
    });
    socket.on('error', () => undefined);
    socket.on('end', () => {
      socket.destroy();
    });
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        this.#end();
        resolve();
      };
      if (socket.closed) end();
      else socket.once('close', end);
    });
    if (head.length > 0) this.#read(head);
  }

  ask<Name extends AskName>(
    name: Name,
    params: Asks[Name]['params'],
    told: (value: Asks[Name]['told']) => void,
  ): Asked<Asks[Name]['result']> {
    this.#n += 1;
    const n = this.#n;
    const answer = new Promise<Asks[Name]['result']>((resolve, reject) => {
      if (this.#isEnded) {
        reject(new LineEnded());
        return;
      }
      const frame = frameOf({ n, ask: name, params } satisfies ClientFrame);
      if (frame.length > this.#frameBytesMax && Buffer.byteLength(frame) > this.#frameBytesMax) {
        reject(tooLarge());
        return;
      }
      this.#open.set(n, {
        resolve,
        reject,
        told: told as Open['told'],
      });
      // Frames wait here while the socket is full, so that an ask which is stopped meanwhile is not sent.
      const waits = this.#socket.writableNeedDrain && name !== 'crisis';
      if (waits) this.#unsent.set(n, frame);
      else this.#socket.write(frame);
    });
    return {
      answer,
      stop: () => {
        if (!this.#open.delete(n) || this.#unsent.delete(n)) return;
        this.#socket.write(frameOf({ n, stop: true } satisfies ClientFrame));
      },
    };
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await this.ended;
  }

  #end(): void {
    this.#isEnded = true;
    this.#unsent.clear();
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { reject } of open) reject(new LineEnded());
  }

  #sendOn(): void {
    for (const [n, frame] of this.#unsent) {
      if (this.#socket.writableNeedDrain) return;
      this.#unsent.delete(n);
      this.#socket.write(frame);
    }
  }

  #read(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.read(chunk)) this.#heard(frame);
    } catch (error) {
      if (!(error instanceof FrameFault)) throw error;
      this.#socket.destroy();
    }
  }

  #heard(frame: unknown): void {
    // A frame of another version ends the line, and nothing else.
    if (!isOwnerFrame(frame)) throw new FrameFault('no frame');
    const open = this.#open.get(frame.n);
    // The ask was stopped meanwhile.
    if (open === undefined) return;
    if ('told' in frame) {
      open.told(frame.told);
      return;
    }
    this.#open.delete(frame.n);
    if ('error' in frame) open.reject(reviveError({ ...frame.error, at: frame.at }));
    else open.resolve(frame.result);
  }
}

function isOwnerFrame(frame: unknown): frame is OwnerFrame {
  if (!isObject(frame)) return false;
  const { n, error } = frame as { readonly n?: unknown; readonly error?: unknown };
  if (!Number.isSafeInteger(n)) return false;
  if ('error' in frame) return isPlainError(error);
  return 'told' in frame || 'result' in frame;
}

function refusalOf(said: string): HoldfastError {
  const answer = answerIn(said);
  // An owner without lines answers that there is no such call; anything but an answer comes from another program.
  const isOurs = answer !== null && 'error' in answer && answer.error.code !== 'HF_OPTION_INVALID';
  return isOurs ? reviveError(answer.error) : otherVersion();
}

function otherVersion(): HoldfastError {
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    'The owner of the store is of a version of holdfast that has no clients. Use one version of holdfast in all processes of a store.',
    { retry: 'later', withStack: false },
  );
}

function silent(): HoldfastError {
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    `The owner of the store does not answer within ${LINE_WITHIN_MS / 1_000} s: it is stopped, or its event loop is blocked. It is asked again.`,
    { retry: 'later', withStack: false },
  );
}

function tooLarge(): HoldfastError {
  return new HoldfastError(
    'HF_PAYLOAD_TOO_LARGE',
    'payload takes more as JSON than the owner of the store accepts. Send less, or raise payloadBytesMax there. Nothing was stored.',
    { field: 'payload', withStack: false },
  );
}
