/**
 * Behaviour of a misbehaving upstream, over HTTP or not: which requests it treats badly and how, what it applies, and
 * its ledger.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { pass } from '../../virtual/life.ts';
import { type LedgerEntry, UpstreamLedger } from './upstreamLedger.ts';

/**
 * Ways to treat a request badly. `busy503`, `limited429` and `droppedBefore` don't do the work; the others do it, and
 * the caller may not learn that.
 */
export const MISBEHAVIOURS = [
  'busy503',
  'limited429',
  'droppedBefore',
  'droppedAfterApplying',
  'failed500AfterApplying',
  'stalledThenApplied',
  'trickled',
] as const;
export type Misbehaviour = (typeof MISBEHAVIOURS)[number];

/** Number of each; `outage` counts requests cut off by an outage. */
export type MisbehaviourCounts = Record<
  Misbehaviour | 'outage' | 'refused422' | 'inUse409',
  number
>;

export interface MisbehaviourOptions {
  /** Seed: the same seed, key and repeat give the same misbehaviour. Default 1. */
  readonly seed?: number | undefined;
  /** Probabilities, each 0 to 1, together at most 1. Default: none, a well-behaved upstream. */
  readonly misbehaviour?: Partial<Record<Misbehaviour, number>> | undefined;
  /** Wait of `stalledThenApplied`, in milliseconds; make it longer than the attempt timeout. Default 5 s. */
  readonly stallMs?: number | undefined;
  /** Value of `Retry-After` with `limited429`, in seconds. Default 1. */
  readonly retryAfterSeconds?: number | undefined;
  /** Latency of a normal answer, in milliseconds. Default 0. */
  readonly latencyMs?: number | undefined;
  /** Planted defect for control tests: forgets keys, so that a repeat is applied again. */
  readonly doubleApply?: boolean | undefined;
}

/** Request as it arrives. */
export interface IncomingWork {
  readonly key: string | undefined;
  readonly attempt: number;
  readonly body: Uint8Array | string;
  /** Path; one that ends in `/refused` is refused for good. */
  readonly path: string;
}

/** Ways to answer a request, over HTTP or not. */
export interface Answering {
  readonly reply: (status: number, body: string, retryAfterSeconds?: number) => void;
  /** Breaks the connection: the caller gets no answer. */
  readonly drop: () => void;
  /** Answers in small pieces with pauses between. */
  readonly trickle: (body: string) => Promise<void> | void;
}

const REFUSED_PATH = /\/refused$/;

/** Treats requests well and badly, and applies each idempotency key once. */
export class MisbehavingWork {
  readonly ledger = new UpstreamLedger();
  readonly counts: MisbehaviourCounts;
  readonly #options: MisbehaviourOptions;
  readonly #clock: Clock;
  #outageEndsAtMs = Number.NEGATIVE_INFINITY;
  #keyless = 0;

  constructor(options: MisbehaviourOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.counts = Object.fromEntries(
      [...MISBEHAVIOURS, 'outage', 'refused422', 'inUse409'].map((name) => [name, 0]),
    ) as MisbehaviourCounts;
  }

  startOutage(durationMs: number): void {
    const endsAtMs = this.#clock.monotonic() + durationMs;
    this.#outageEndsAtMs = Math.max(this.#outageEndsAtMs, endsAtMs);
  }

  /** Returns whether an outage cuts off a request that comes now, and counts it. */
  isCutOff(): boolean {
    const isOut = this.#clock.monotonic() < this.#outageEndsAtMs;
    if (isOut) this.counts.outage += 1;
    return isOut;
  }

  /** Treats a request that no outage cut off. */
  async serve(work: IncomingWork, answering: Answering): Promise<void> {
    const { entry, isMismatch } = this.ledger.note(work.key, work.attempt, work.body);
    if (entry === null) this.#keyless += 1;
    if (isMismatch) {
      answering.reply(422, error('the idempotency key belongs to another body'));
    } else if (REFUSED_PATH.test(work.path)) {
      this.counts.refused422 += 1;
      answering.reply(422, error('refused'));
    } else if (entry?.inProgress === true) {
      this.counts.inUse409 += 1;
      answering.reply(409, error('the idempotency key is in use'));
    } else {
      await this.#treat(entry, answering);
    }
  }

  async #treat(entry: LedgerEntry | null, answering: Answering): Promise<void> {
    const { stallMs = 5_000, retryAfterSeconds = 1, latencyMs = 0 } = this.#options;
    const how = this.#draw(entry);
    if (how !== null) this.counts[how] += 1;
    switch (how) {
      case 'busy503':
        answering.reply(503, error('busy'));
        return;
      case 'limited429':
        answering.reply(429, error('too many requests'), retryAfterSeconds);
        return;
      case 'droppedBefore':
        answering.drop();
        return;
      case 'droppedAfterApplying':
        this.#apply(entry);
        answering.drop();
        return;
      case 'failed500AfterApplying':
        this.#apply(entry);
        answering.reply(500, error('failed after it was done'));
        return;
      case 'stalledThenApplied':
        // The worst case: the caller has given up by the time the work is done.
        if (entry !== null) entry.inProgress = true;
        await pass(this.#clock, stallMs);
        if (entry !== null) entry.inProgress = false;
        answering.reply(200, this.#apply(entry));
        return;
      case 'trickled':
        await answering.trickle(this.#apply(entry));
        return;
      case null:
        if (latencyMs > 0) await pass(this.#clock, latencyMs);
        answering.reply(200, this.#apply(entry));
    }
  }

  /** Chooses how to treat a request, the same for the same seed, key and repeat. */
  #draw(entry: LedgerEntry | null): Misbehaviour | null {
    const { seed = 1, misbehaviour = {} } = this.#options;
    const text = `${seed}|${entry?.key ?? this.#keyless}|${entry?.requested ?? 0}`;
    return drawn(text, MISBEHAVIOURS, misbehaviour);
  }

  /** Applies the effect unless its key was applied before, and returns the answer to give. */
  #apply(entry: LedgerEntry | null): string {
    if (entry === null) return JSON.stringify({ done: true });
    if (entry.applied === 0 || this.#options.doubleApply === true) {
      entry.applied += 1;
      entry.answer = JSON.stringify({ done: true, digest: entry.bodyDigest });
    }
    return entry.answer;
  }
}

/** Draws a name by its share, the same for the same text; `null` for none. */
export function drawn<Name extends string>(
  text: string,
  names: readonly Name[],
  shares: Readonly<Partial<Record<Name, number>>>,
): Name | null {
  let share = createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
  for (const name of names) {
    share -= shares[name] ?? 0;
    if (share < 0) return name;
  }
  return null;
}

function error(text: string): string {
  return JSON.stringify({ error: text });
}
