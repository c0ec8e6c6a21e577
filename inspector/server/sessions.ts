/**
 * Who may look: whoever has the token of a link gets a session for it, once, and asks with that from then on.
 *
 * A browser keeps the address that it was opened with in its history, what stands behind # too: so a token is
 * worth nothing once it was used. Neither it nor a session is kept here: what is kept are digests, which are
 * compared in a time that does not depend on them.
 *
 * @module
 */

import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../machines/vocabulary/clock.ts';

/** 256 bits: nobody guesses one. */
const SECRET_BYTES = 32;
/** A link that nobody has opened by then opens nothing: it may lie in a terminal, a log or a chat. */
export const TOKEN_LASTS_MS = 15 * 60 * 1_000;
/** Links that nobody has opened yet; one more makes the oldest worthless. */
const TOKENS_MAX = 8;
/** Pages that may be open; one more ends the one that has asked for nothing for the longest. */
const SESSIONS_MAX = 16;
/** A page that is open asks all the time: so this is the time after it was left. */
const IDLE_MS_MAX = 12 * 60 * 60 * 1_000;

/** One page that has shown the token. */
export interface Session {
  readonly digest: Buffer;
  lastUsedAtMs: number;
  /** Feeds that are open under it: these end with it. */
  readonly onEnd: Set<() => void>;
}

export class Sessions {
  readonly #clock: Clock;
  /** Digests of those that were not used, the oldest first, with when each ends. */
  readonly #tokens = new Map<Buffer, number>();
  readonly #sessions = new Set<Session>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A token for one more link. */
  newToken(): string {
    const token = newSecret();
    this.#tokens.set(digestOf(token), this.#clock.monotonic() + TOKEN_LASTS_MS);
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > TOKENS_MAX && oldest !== undefined) this.#tokens.delete(oldest);
    return token;
  }

  /** A session for one who shows a token, which is used up by that; `null` for what is none, or none any more. */
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

  /** The session of this secret; `null` for none. Takes as long for one that is nearly right. */
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

  /** One without a feed before one with a feed. */
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
