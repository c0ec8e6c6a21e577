/**
 * Tokens and sessions: the token of a link buys one session, once, and requests carry the session from then on.
 *
 * A browser keeps the address of the link in its history, including the part behind #, so a token is
 * worthless once it was used. Only digests of tokens and sessions are kept here, and they are
 * compared in constant time.
 *
 * @module
 */

import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock } from '../../machines/vocabulary/clock.ts';

/** 256 bits: nobody guesses one. */
const SECRET_BYTES = 32;
/** An unused link expires after this time: it may be left in a terminal, a log or a chat. */
export const TOKEN_LASTS_MS = 15 * 60 * 1_000;
/** Unused links at most; one more makes the oldest worthless. */
const TOKENS_MAX = 8;
/** Open pages at most; one more ends the session that was idle the longest. */
const SESSIONS_MAX = 16;
/** How long a session outlives its page: an open page sends requests all the time. */
const IDLE_MS_MAX = 12 * 60 * 60 * 1_000;

/** The session of one page. */
export interface Session {
  readonly digest: Buffer;
  lastUsedAtMs: number;
  /** Ends the feeds that are open under the session. */
  readonly onEnd: Set<() => void>;
}

export class Sessions {
  readonly #clock: Clock;
  /** Digests of unused tokens, the oldest first, with when each expires. */
  readonly #tokens = new Map<Buffer, number>();
  readonly #sessions = new Set<Session>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes the token of one more link. */
  newToken(): string {
    const token = newSecret();
    this.#tokens.set(digestOf(token), this.#clock.monotonic() + TOKEN_LASTS_MS);
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > TOKENS_MAX && oldest !== undefined) this.#tokens.delete(oldest);
    return token;
  }

  /** Trades a token for a session; `null` for a token that is wrong, used or expired. */
  begin(token: string): string | null {
    const digest = digestOf(token);
    let used: Buffer | null = null;
    for (const [known, endsAtMs] of this.#tokens) {
      const isOver = endsAtMs <= this.#clock.monotonic();
      if (timingSafeEqual(known, digest) && !isOver) used = known;
      if (isOver) this.#tokens.delete(known);
    }
    if (used === null) return null;
    this.#tokens.delete(used);
    this.#endIdle();
    if (this.#sessions.size >= SESSIONS_MAX) this.end(this.#longestIdle());
    const secret = newSecret();
    this.#sessions.add({
      digest: digestOf(secret),
      lastUsedAtMs: this.#clock.monotonic(),
      onEnd: new Set(),
    });
    return secret;
  }

  /** The session of this secret; `null` for none. A secret that is nearly right takes as long. */
  find(secret: string): Session | null {
    this.#endIdle();
    const digest = digestOf(secret);
    let found: Session | null = null;
    for (const session of this.#sessions) {
      if (timingSafeEqual(session.digest, digest)) found = session;
    }
    if (found !== null) found.lastUsedAtMs = this.#clock.monotonic();
    return found;
  }

  end(session: Session | null): void {
    if (session === null || !this.#sessions.delete(session)) return;
    for (const onEnd of session.onEnd) onEnd();
  }

  endAll(): void {
    this.#tokens.clear();
    for (const session of this.#sessions) this.end(session);
  }

  #endIdle(): void {
    const since = this.#clock.monotonic() - IDLE_MS_MAX;
    for (const session of this.#sessions) {
      if (session.onEnd.size === 0 && session.lastUsedAtMs < since) this.end(session);
    }
  }

  /** The session that was idle the longest, those without an open feed first. */
  #longestIdle(): Session | null {
    const order = (session: Session): number => (session.onEnd.size === 0 ? 0 : 1);
    const [first] = [...this.#sessions].toSorted(
      (a, b) => order(a) - order(b) || a.lastUsedAtMs - b.lastUsedAtMs,
    );
    return first ?? null;
  }
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

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
