/**
 * Records of an upstream, over HTTP or not: a JSON document for each path, with strong entity tags, conditions and a
 * ledger of applied writes, so that a test can prove that nothing was lost, doubled or overwritten unseen.
 *
 * @module
 */

import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { pass } from '../../virtual/life.ts';
import { drawn } from './misbehaviour.ts';
import { type LedgerEntry, UpstreamLedger } from './upstreamLedger.ts';

/**
 * Ways to treat a request badly. `busy503` and `droppedBefore` don't do the work; the others do it, and the caller
 * may not learn that. `deliveredTwice` is a proxy that repeats an unanswered request: the caller gets the second
 * answer.
 */
export const RECORD_FAULTS = [
  'busy503',
  'droppedBefore',
  'droppedAfterApplying',
  'failed500AfterApplying',
  'deliveredTwice',
  'delayed',
  'stalledThenApplied',
] as const;
export type RecordFault = (typeof RECORD_FAULTS)[number];

/** Number of each; `outage` counts requests cut off by an outage. */
export type RecordCounts = Record<
  RecordFault | 'outage' | 'inUse409' | 'unmet412' | 'missing428',
  number
>;

export interface RecordsOptions {
  /** Seed: the same seed, request and repeat give the same faults. Default 1. */
  readonly seed?: number | undefined;
  /** Probabilities, each 0 to 1, together at most 1. Default: none. */
  readonly faults?: Partial<Record<RecordFault, number>> | undefined;
  /** Latency of a `delayed` answer, in milliseconds. Default 50. */
  readonly delayMs?: number | undefined;
  /** Wait of `stalledThenApplied`, in milliseconds; longer than the attempt timeout. Default 5 s. */
  readonly stallMs?: number | undefined;
  /** Refuses a write without a condition (428). Default false. */
  readonly requireConditions?: boolean | undefined;
  /** Makes tags weak (`W/"1"`), and compares them all the same, as FHIR servers do. Default false. */
  readonly weakTags?: boolean | undefined;
  /** Honours idempotency keys; the ledger notes them in any case. Default true. */
  readonly honoursKeys?: boolean | undefined;
  /** Planted defect for control tests: takes every write, whatever it was based on. */
  readonly ignoreConditions?: boolean | undefined;
  /** Planted defect for control tests: applies a repeat again. */
  readonly doubleApply?: boolean | undefined;
}

/** A record of the upstream. */
export interface HeldRecord {
  readonly value: Json;
  /** Entity tag. */
  readonly version: string;
}

/** A write that was applied. */
export interface RecordWrite {
  readonly path: string;
  readonly method: 'PUT' | 'DELETE';
  /** Idempotency key; `null` if the test made the write, or the request had none. */
  readonly key: string | null;
  /** Attempt that the request named; 0 for none. */
  readonly attempt: number;
  /** Version that it replaced; `null` for none. */
  readonly replaced: string | null;
  /** Version that it made; `null` if it removed the record. */
  readonly version: string | null;
  /** Value; `null` if it removed the record. */
  readonly value: Json;
  /** True if its author knew what it replaced: it was conditional on that version, or the test made it. */
  readonly hasSeen: boolean;
}

/** Request as it arrives. */
export interface RecordRequest {
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
  readonly attempt: number;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly body: string;
}

export interface RecordAnswer {
  readonly status: number;
  /** Validator of the current version. */
  readonly version?: string | undefined;
  /** Body as JSON. */
  readonly body?: string | undefined;
}

/** Ways to answer a request, over HTTP or not. */
export interface RecordAnswering {
  readonly reply: (answer: RecordAnswer) => void;
  /** Breaks the connection: the caller gets no answer. */
  readonly drop: () => void;
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);
const WRITES: ReadonlySet<string> = new Set(['PUT', 'DELETE']);

/** Treats requests well and badly, and applies each idempotency key once. */
export class Records {
  readonly ledger = new UpstreamLedger();
  readonly writes: RecordWrite[] = [];
  readonly counts: RecordCounts;
  readonly #options: RecordsOptions;
  readonly #clock: Clock;
  readonly #held = new Map<string, HeldRecord>();
  readonly #reads = new Map<string, number>();
  #versions = 0;
  #keyless = 0;
  #outageEndsAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: RecordsOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    const names = [...RECORD_FAULTS, 'outage', 'inUse409', 'unmet412', 'missing428'];
    this.counts = Object.fromEntries(names.map((name) => [name, 0])) as RecordCounts;
  }

  /** Returns the record at a path; `null` for none. */
  get(path: string): HeldRecord | null {
    return this.#held.get(path) ?? null;
  }

  /** Returns all records, by path. */
  all(): ReadonlyMap<string, HeldRecord> {
    return new Map(this.#held);
  }

  /** Changes a record as somebody who knows its present version; returns the new version. */
  put(path: string, value: Json): string {
    const by = { path, key: null, attempt: 0, hasSeen: true } as const;
    return this.#write({ ...by, method: 'PUT', value }) ?? '';
  }

  /** Removes a record as somebody else does. */
  delete(path: string): void {
    const by = { path, key: null, attempt: 0, hasSeen: true } as const;
    if (this.#held.has(path)) this.#write({ ...by, method: 'DELETE', value: null });
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

  /** See `RecordServer.broken`. */
  broken(done: Iterable<string>): readonly string[] {
    const unseen = this.writes
      .filter(({ hasSeen, replaced }) => !hasSeen && replaced !== null)
      .map(
        ({ method, path, key, replaced }) =>
          `laid over ${replaced ?? ''} unseen: ${method} ${path} (${key ?? 'no key'})`,
      );
    return [...this.ledger.broken(done), ...unseen];
  }

  /** Treats a request that no outage cut off. */
  async serve(request: RecordRequest, answering: RecordAnswering): Promise<void> {
    const { method, key, attempt } = request;
    const isRead = READS.has(method);
    if (!isRead && !WRITES.has(method)) {
      answering.reply(
        problem(405, 'records are read by GET, written by PUT and removed by DELETE'),
      );
      return;
    }
    const entry = isRead ? null : this.#noted(key, attempt, request);
    if (entry === 'mismatch') {
      answering.reply(problem(422, 'the idempotency key belongs to another request'));
    } else if (entry?.inProgress === true) {
      this.counts.inUse409 += 1;
      answering.reply(problem(409, 'the idempotency key is in use'));
    } else {
      await this.#treat(request, entry, answering);
    }
  }

  #noted(
    key: string | undefined,
    attempt: number,
    { method, path, body }: RecordRequest,
  ): LedgerEntry | 'mismatch' | null {
    const text = JSON.stringify([method, path, body]);
    const { entry, isMismatch } = this.ledger.note(key, attempt, text);
    return isMismatch && this.#honoursKeys ? 'mismatch' : entry;
  }

  async #treat(
    request: RecordRequest,
    entry: LedgerEntry | null,
    { reply, drop }: RecordAnswering,
  ): Promise<void> {
    const { delayMs = 50, stallMs = 5_000 } = this.#options;
    const how = this.#draw(request, entry);
    if (how !== null) this.counts[how] += 1;
    switch (how) {
      case 'busy503':
        reply(problem(503, 'busy'));
        return;
      case 'droppedBefore':
        drop();
        return;
      case 'droppedAfterApplying':
        this.#answer(request, entry);
        drop();
        return;
      case 'failed500AfterApplying':
        this.#answer(request, entry);
        reply(problem(500, 'failed after it was done'));
        return;
      case 'deliveredTwice':
        this.#answer(request, entry);
        reply(this.#answer(request, entry));
        return;
      case 'delayed': {
        const answer = this.#answer(request, entry);
        await pass(this.#clock, delayMs);
        reply(answer);
        return;
      }
      case 'stalledThenApplied':
        // The worst case: the caller has given up by the time the work is done.
        if (entry !== null && this.#honoursKeys) entry.inProgress = true;
        await pass(this.#clock, stallMs);
        if (entry !== null) entry.inProgress = false;
        reply(this.#answer(request, entry));
        return;
      case null:
        reply(this.#answer(request, entry));
    }
  }

  /** Chooses how to treat a request, the same for the same seed, request and repeat. */
  #draw({ method, path, key }: RecordRequest, entry: LedgerEntry | null): RecordFault | null {
    const { seed = 1, faults = {} } = this.#options;
    const reads = (this.#reads.get(path) ?? 0) + 1;
    if (READS.has(method)) this.#reads.set(path, reads);
    else if (entry === null) this.#keyless += 1;
    const times = READS.has(method) ? reads : (entry?.requested ?? this.#keyless);
    return drawn(`${seed}|${method}|${path}|${key ?? ''}|${times}`, RECORD_FAULTS, faults);
  }

  #answer(request: RecordRequest, entry: LedgerEntry | null): RecordAnswer {
    if (READS.has(request.method)) return this.#read(request);
    const isRepeat = entry !== null && entry.applied > 0;
    const isDoubled = isRepeat && this.#options.doubleApply === true;
    if (isRepeat && this.#honoursKeys && !isDoubled) {
      return JSON.parse(entry.answer) as RecordAnswer;
    }
    const refusal = isDoubled ? null : this.#refusal(request);
    if (refusal !== null) return refusal;
    const answer = this.#apply(request);
    if (entry !== null && answer.status < 300) {
      entry.applied += 1;
      entry.answer = JSON.stringify(answer);
    }
    return answer;
  }

  #read({ path, ifNoneMatch }: RecordRequest): RecordAnswer {
    const held = this.#held.get(path);
    if (held === undefined) return problem(404, 'there is no such record');
    const { version } = held;
    if (ifNoneMatch !== undefined && this.#matches(ifNoneMatch, version)) {
      return { status: 304, version };
    }
    return { status: 200, version, body: JSON.stringify(held.value) };
  }

  /** Returns the reason to refuse a write. */
  #refusal({ path, ifMatch, ifNoneMatch }: RecordRequest): RecordAnswer | null {
    const { requireConditions, ignoreConditions } = this.#options;
    if (ignoreConditions === true) return null;
    if (ifMatch === undefined && ifNoneMatch === undefined) {
      if (requireConditions !== true) return null;
      this.counts.missing428 += 1;
      return problem(428, 'a write needs If-Match or If-None-Match');
    }
    const version = this.#held.get(path)?.version;
    const isThere = version !== undefined;
    const isMet =
      (ifMatch === undefined || (isThere && this.#matches(ifMatch, version))) &&
      (ifNoneMatch === undefined || !isThere || !this.#matches(ifNoneMatch, version));
    if (isMet) return null;
    this.counts.unmet412 += 1;
    return problem(412, 'the record is another');
  }

  #apply({ method, path, key, attempt, ifMatch, body }: RecordRequest): RecordAnswer {
    const replaced = this.#held.get(path)?.version;
    const hasSeen = replaced === undefined || (ifMatch ?? '').trim() === replaced;
    const by = { path, key: key ?? null, attempt, hasSeen };
    if (method === 'DELETE') {
      if (replaced === undefined) return problem(404, 'there is no such record');
      this.#write({ ...by, method, value: null });
      return { status: 204 };
    }
    const value = parsed(body);
    if (value === undefined) return problem(400, 'the body is not JSON');
    const version = this.#write({ ...by, method: 'PUT', value });
    return { status: replaced === undefined ? 201 : 204, ...(version === null ? {} : { version }) };
  }

  #write(write: Omit<RecordWrite, 'replaced' | 'version'>): string | null {
    const { path, method, value } = write;
    const replaced = this.#held.get(path)?.version ?? null;
    this.#versions += 1;
    // Each tag is new: a tag made of the content alone would come again with that content.
    const tag = `"r${this.#versions}"`;
    const version = method === 'DELETE' ? null : this.#options.weakTags === true ? `W/${tag}` : tag;
    if (version === null) this.#held.delete(path);
    else this.#held.set(path, { value, version });
    this.writes.push({ ...write, replaced, version });
    return version;
  }

  /** Tells whether a condition names a version. */
  #matches(condition: string, version: string): boolean {
    const tags = condition.split(',').map((tag) => tag.trim());
    return tags.includes('*') || tags.includes(version);
  }

  get #honoursKeys(): boolean {
    return this.#options.honoursKeys !== false;
  }
}

function problem(status: number, text: string): RecordAnswer {
  return { status, body: JSON.stringify({ error: text }) };
}

function parsed(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}
