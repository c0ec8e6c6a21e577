/**
 * Bounds on connections to the server: how many there are, and how long each may take for
 * its request.
 *
 * @module
 */

import type { Socket } from 'node:net';
import type { Clock } from '../../machines/vocabulary/clock.ts';

export const CONNECTIONS_MAX = 128;
/** Connections without a complete request; one more cuts the one that has taken the longest. */
const WAITING_MAX = 32;
/** Connections without a session; one more cuts the oldest, so that they can't lock out pages with a session. */
const STRANGERS_MAX = 96;
/** A request has to be complete by then, even if it keeps trickling in. */
const REQUEST_WITHIN_MS = 5_000;
/** A connection that reads nothing of its answer for so long is cut. A feed has a bound of its own. */
const SOCKET_IDLE_MS_MAX = 30_000;

interface Connection {
  isWhole: boolean;
  isKnown: boolean;
  readonly cancelDeadline: () => void;
}

export class Connections {
  readonly #clock: Clock;
  /** The open connections, the oldest first. */
  readonly #connections = new Map<Socket, Connection>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keep(socket: Socket): void {
    const cancelDeadline = this.#clock.schedule(REQUEST_WITHIN_MS, () => {
      socket.destroy();
    });
    this.#connections.set(socket, { isWhole: false, isKnown: false, cancelDeadline });
    socket.on('close', () => {
      cancelDeadline();
      this.#connections.delete(socket);
    });
    // An error is followed by the end of the socket, which is handled.
    socket.on('error', () => undefined);
    socket.setTimeout(SOCKET_IDLE_MS_MAX, () => {
      socket.destroy();
    });
    this.#endLongest(WAITING_MAX, ({ isWhole }) => !isWhole);
    this.#endLongest(STRANGERS_MAX, ({ isKnown }) => !isKnown);
  }

  /** Notes that the whole request is there: the answer has no deadline. */
  whole(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    connection.isWhole = true;
    connection.cancelDeadline();
  }

  /** Notes that the connection has shown a session. */
  known(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined) connection.isKnown = true;
  }

  endAll(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  #endLongest(max: number, isMeant: (connection: Connection) => boolean): void {
    const meant = [...this.#connections].filter(([, connection]) => isMeant(connection));
    if (meant.length > max) meant[0]?.[0].destroy();
  }
}
