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

export class UpstreamLedger {
  readonly #entries = new Map<string, LedgerEntry>();
  #keyless = 0;

  /** Notes a request; the entry is that of its key, `null` without one. */
  note(key: string | undefined, attempt: number, body: Buffer): NotedRequest {
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

  get(key: string): LedgerEntry | undefined {
    return this.#entries.get(key);
  }

  entries(): IterableIterator<LedgerEntry> {
    return this.#entries.values();
  }

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
