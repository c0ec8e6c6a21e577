/**
 * Bounds on what connections to the server can hold up: how many there are, and how long one may take for
 * its request.
 *
 * @module
 */

import type { Socket } from 'node:net';
import type { Clock } from '../../machines/vocabulary/clock.ts';

export const CONNECTIONS_MAX = 128;
/** Beyond it, the one that has kept us waiting the longest for its request has to go. */
const WAITING_MAX = 32;
/** Beyond it, the longest of those that have shown no session: or they would lock out whoever has one. */
const STRANGERS_MAX = 96;
/** A request has to be there whole by then, however steadily it trickles in. */
const REQUEST_WITHIN_MS = 5_000;
/** One that takes nothing of its answer for so long is cut. A feed has a bound of its own. */
const IDLE_MS_MAX = 30_000;

interface Connection {
  isWhole: boolean;
  isKnown: boolean;
  readonly cancelDeadline: () => void;
}

export class Connections {
  readonly #clock: Clock;
  /** The oldest first. */
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
    // What is wrong with it, its end tells.
    socket.on('error', () => undefined);
    socket.setTimeout(IDLE_MS_MAX, () => {
      socket.destroy();
    });
    this.#endLongest(WAITING_MAX, ({ isWhole }) => !isWhole);
    this.#endLongest(STRANGERS_MAX, ({ isKnown }) => !isKnown);
  }

  /** All of its request has come: the answer takes as long as it takes. */
  whole(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    connection.isWhole = true;
    connection.cancelDeadline();
  }

  /** It has shown a session. */
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
