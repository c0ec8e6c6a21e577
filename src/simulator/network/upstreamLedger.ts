/**
 * Ledger of a misbehaving upstream, by idempotency key: evidence that work was applied once and not lost, independent
 * of what holdfast reports.
 *
 * @module
 */

import { createHash } from 'node:crypto';

/** Entry of one idempotency key. */
export interface LedgerEntry {
  readonly key: string;
  /** Number of requests with this key. */
  requested: number;
  /** Number of times the effect was applied. More than one is a duplicate. */
  applied: number;
  /** Attempt numbers that the requests named, in order of arrival. */
  readonly attempts: number[];
  /** SHA-256 of the first body, hex. */
  readonly bodyDigest: string;
  /** Number of requests with this key and another body. */
  mismatched: number;
  /** Answer kept for repeats; empty until applied. */
  answer: string;
  /** True while a request with this key is in progress. */
  inProgress: boolean;
}

/** Request noted by {@link UpstreamLedger.note}. */
export interface NotedRequest {
  readonly entry: LedgerEntry | null;
  /** True if its key came before with another body. */
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
  /** Requests without a key, which nothing protects. */
  readonly keyless: number;
}

/** Ledger of an upstream, with an entry for each idempotency key. */
export class UpstreamLedger {
  readonly #entries = new Map<string, LedgerEntry>();
  #keyless = 0;

  /** Notes a request; returns the entry of its key, `null` without one. */
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

  /** Returns the entry of a key; `undefined` if no request named it. */
  get(key: string): LedgerEntry | undefined {
    return this.#entries.get(key);
  }

  /** Iterates over all entries, in order of their first requests. */
  entries(): IterableIterator<LedgerEntry> {
    return this.#entries.values();
  }

  /**
   * Returns the faults, a line each: a key of `done` that was not applied is lost, a key that was applied more than
   * once is doubled, one that came with another body is garbled. An empty list means that nothing was lost or
   * doubled.
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

  /** Returns sums over all entries. */
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
