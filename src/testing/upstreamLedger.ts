/**
 * What the misbehaving upstream saw and did, by idempotency key: the witness that work was applied
 * once and not lost, independent of what holdfast says about itself.
 *
 * @module
 */

import { createHash } from 'node:crypto';

/** One idempotency key as the upstream knows it. */
export interface LedgerEntry {
  readonly key: string;
  /** How often a request with this key came in. */
  requested: number;
  /** How often the effect was applied. More than once is a duplicate. */
  applied: number;
  /** The attempt numbers the requests named, in the order they came. */
  readonly attempts: number[];
  /** SHA-256 of the first body, hex. */
  readonly bodyDigest: string;
  /** How often the key came with another body. */
  mismatched: number;
  /** The answer kept for repeats; empty until applied. */
  answer: string;
  /** A request with this key is being worked on. */
  inProgress: boolean;
}

/** A request as {@link UpstreamLedger.note} took it. */
export interface NotedRequest {
  readonly entry: LedgerEntry | null;
  /** Its key came before with another body. */
  readonly isMismatch: boolean;
}

/** Sums over a ledger. */
export interface LedgerSummary {
  readonly keys: number;
  readonly requested: number;
  readonly applied: number;
  /** Keys applied more than once. */
  readonly duplicated: number;
  readonly mismatched: number;
  /** Requests without a key; nothing protects those. */
  readonly keyless: number;
}

/** What an upstream saw and did, an entry for each idempotency key. */
export class UpstreamLedger {
  readonly #entries = new Map<string, LedgerEntry>();
  #keyless = 0;

  /** Notes a request; the entry is that of its key, `null` without one. */
  note(key: string | undefined, attempt: number, body: Uint8Array | string): NotedRequest {
    if (key === undefined) {
      this.#keyless += 1;
      return { entry: null, isMismatch: false };
    }
    const digest = createHash('sha256').update(body).digest('hex');
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = {
        key,
        requested: 0,
        applied: 0,
        attempts: [],
        bodyDigest: digest,
        mismatched: 0,
        answer: '',
        inProgress: false,
      };
      this.#entries.set(key, entry);
    }
    entry.requested += 1;
    entry.attempts.push(attempt);
    const isMismatch = entry.bodyDigest !== digest;
    if (isMismatch) entry.mismatched += 1;
    return { entry, isMismatch };
  }

  /** The entry of a key; `undefined` when no request named it. */
  get(key: string): LedgerEntry | undefined {
    return this.#entries.get(key);
  }

  /** Every entry, in the order in which the keys first came. */
  entries(): IterableIterator<LedgerEntry> {
    return this.#entries.values();
  }

  /**
   * What is not as it should be, a line each: a key of `done` that was not applied is lost, any key that
   * was applied more than once is doubled, and one that came with another body is garbled. An empty list
   * means that nothing was lost or doubled.
   *
   * @param done Keys of everything that the app was told is completed, as they go out: what `upstreamKey()` gives for a
   * request, and `view()` as `idempotencyKey`.
   * @example
   * const keys = ['order-1', 'order-2'].map((idempotencyKey) =>
   *   upstreamKey({ type: 'orders.push', subject: 'user-42', idempotencyKey }),
   * );
   * assert.deepEqual(upstream.ledger.broken(keys), []);
   */
  broken(done: Iterable<string>): readonly string[] {
    const broken: string[] = [];
    for (const key of done) if ((this.get(key)?.applied ?? 0) === 0) broken.push(`lost: ${key}`);
    for (const { key, applied, mismatched } of this.#entries.values()) {
      if (applied > 1) broken.push(`applied ${applied} times: ${key}`);
      if (mismatched > 0) broken.push(`sent with another body: ${key}`);
    }
    return broken;
  }

  /** Sums over all entries. */
  summary(): LedgerSummary {
    const sum = { requested: this.#keyless, applied: 0, duplicated: 0, mismatched: 0 };
    for (const entry of this.#entries.values()) {
      sum.requested += entry.requested;
      sum.applied += entry.applied;
      sum.mismatched += entry.mismatched;
      if (entry.applied > 1) sum.duplicated += 1;
    }
    return { keys: this.#entries.size, keyless: this.#keyless, ...sum };
  }
}
