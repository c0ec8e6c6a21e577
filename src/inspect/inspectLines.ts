/**
 * Lines of inspectors at the owner of a store, made from connections to the control socket that ask for one.
 * A process that can open that socket can make every management call, and so may watch, too.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FeedMessage, FeedSource } from '../../inspector/protocol.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { refuseUpgrade, type UpgradeRefusal, upgradeHead } from '../control/upgradeReply.ts';
import { InspectLine } from './inspectLine.ts';
import { INSPECT_PATH, INSPECT_PROTOCOL } from './inspectProtocol.ts';

/** Viewers at once, since the owner writes to each. */
const LINES_MAX = 16;

export interface InspectLinesParts {
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
