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
