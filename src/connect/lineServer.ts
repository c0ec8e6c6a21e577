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
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { refuseUpgrade, type UpgradeRefusal, upgradeHead } from '../control/upgradeReply.ts';
import {
  CRISIS_SOCKET,
  FRAME_BYTES_MAX,
  LINE_PATH,
  LINE_PROTOCOL,
  type OwnerPort,
} from './lineProtocol.ts';
import { LineSession } from './lineSession.ts';

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
