/**
 * Many requests accepted under one promise: read as fast as the disk takes them, checked one by one, and reported one
 * by one as they become durable.
 *
 * @module
 */

import type { Acceptance } from '../actors/port.ts';
import type { SyncRequest } from '../machines/policy/request/request.ts';
import type { Clock } from '../machines/vocabulary/clock.ts';
import { HoldfastError, isHoldfastError, isThenable } from '../machines/vocabulary/errors.ts';
import {
  checkFields,
  type OptionRules,
  requireOption,
} from '../machines/vocabulary/optionFields.ts';
import type { Pieces } from '../machines/vocabulary/pieces.ts';

/** Result of one request of a bulk. */
export type BulkResult =
  /** The request is on disk and synced: now, or earlier under the same idempotency key. */
  | {
      /** Place of the request in the bulk, from 0. */
      readonly index: number;
      readonly status: 'accepted' | 'duplicate';
      /** Id for `runtime.operations.get()`. */
      readonly id: string;
      readonly error?: undefined;
    }
  /**
   * The request was refused, for the reasons that `sync()` gives. Where `error.retry` is `later`, submit it again.
   */
  | {
      readonly index: number;
      readonly status: 'refused';
      readonly id?: undefined;
      readonly error: HoldfastError;
    };

/** Number of requests by result. */
export interface BulkAcceptance {
  readonly accepted: number;
  readonly duplicates: number;
  readonly refused: number;
}

export interface BulkOptions {
  /**
   * Called for each request, in the order in which they become durable. While a promise that it returns is pending,
   * its request counts as under way, so a slow listener slows the reading.
   */
  readonly onResult?: ((result: BulkResult) => Promise<void> | void) | undefined;
}

/** Parts of a checked request that the bulk reads. */
interface Checked {
  readonly body: string;
}

export interface BulkParts<Request extends Checked> {
  readonly clock: Clock;
  /**
   * Resolves once the store is open; `null` while it is.
   *
   * @throws HoldfastError `HF_CLOSED`.
   */
  readonly opening: () => Promise<void> | null;
  /** @throws HoldfastError why the request is refused. */
  readonly check: (request: SyncRequest, searchesLater: (search: Pieces<void>) => void) => Request;
  /** Runs the part of the check that was put off; rejects as that throws. */
  readonly inSlices: (search: Pieces<void>) => Promise<void>;
  /** Resolves once the request is durable; rejects with a `HoldfastError`. */
  readonly accept: (request: Request) => Promise<Acceptance>;
}

/** Limit on requests that are read and not durable yet. More would not make larger commits, only delay others. */
const UNDER_WAY_MAX = 2_048;
/** Limit on their payloads, in UTF-16 units. One larger payload may be under way alone. */
const UNDER_WAY_UNITS_MAX = 8 * 1_048_576;
/** Time for which requests are read before anything else may run. */
const SLICE_MS = 2;

/** One call of `syncAll()`. */
export class Bulk<Request extends Checked> {
  readonly #parts: BulkParts<Request>;
  readonly #onResult: BulkOptions['onResult'];
  readonly #counts = { accepted: 0, duplicates: 0, refused: 0 };
  #underWay = 0;
  #unitsUnderWay = 0;
  /** Error that the listener threw. */
  #failure: { readonly error: unknown } | null = null;
  #wake: () => void = () => undefined;
  /** Search of the last request that was put off. */
  #search: Pieces<void> | null = null;
  readonly #searchesLater = (search: Pieces<void>): void => {
    this.#search = search;
  };

  /** @throws HoldfastError `HF_OPTION_INVALID`. */
  constructor(parts: BulkParts<Request>, options: BulkOptions) {
    checkFields(options, { onResult: 'function' } satisfies OptionRules<BulkOptions>, '');
    this.#parts = parts;
    this.#onResult = options.onResult;
  }

  /** Resolves once every request that was read is reported; rejects then with what stopped the reading. */
  async run(requests: Iterable<SyncRequest> | AsyncIterable<SyncRequest>): Promise<BulkAcceptance> {
    requireOption(
      isIterable(requests),
      'requests',
      'must be an array or another iterable, async or not',
    );
    const { clock, opening } = this.#parts;
    let index = 0;
    let sliceEndsAtMs = clock.monotonic() + SLICE_MS;
    try {
      for await (const request of requests) {
        const wait = opening();
        if (wait !== null) await wait;
        const offered = this.#offer(index, request);
        // Later requests stay behind this one.
        if (offered !== null) await offered;
        index += 1;
        if (!this.#hasRoom) await this.#until(() => this.#hasRoom);
        if (clock.monotonic() >= sliceEndsAtMs) {
          await new Promise<void>((resolve) => {
            clock.defer(resolve);
          });
          sliceEndsAtMs = clock.monotonic() + SLICE_MS;
        }
        if (this.#failure !== null) break;
      }
    } finally {
      await this.#until(() => this.#underWay === 0);
    }
    if (this.#failure !== null) throw this.#failure.error;
    return this.#counts;
  }

  get #hasRoom(): boolean {
    return this.#underWay < UNDER_WAY_MAX && this.#unitsUnderWay < UNDER_WAY_UNITS_MAX;
  }

  #offer(index: number, request: SyncRequest): Promise<void> | null {
    let checked: Request;
    try {
      this.#search = null;
      checked = this.#parts.check(request, this.#searchesLater);
    } catch (error) {
      this.#refuse(index, error);
      return null;
    }
    const search = this.#search as Pieces<void> | null;
    if (search !== null) return this.#offerSearched(index, checked, search);
    this.#accept(index, checked);
    return null;
  }

  async #offerSearched(index: number, checked: Request, search: Pieces<void>): Promise<void> {
    try {
      await this.#parts.inSlices(search);
    } catch (error) {
      this.#refuse(index, error);
      return;
    }
    this.#accept(index, checked);
  }

  #refuse(index: number, error: unknown): void {
    this.#underWay += 1;
    this.#tell({ index, status: 'refused', error: asRefusal(error) }, 0);
  }

  #accept(index: number, checked: Request): void {
    const units = checked.body.length;
    this.#underWay += 1;
    this.#unitsUnderWay += units;
    this.#parts.accept(checked).then(
      ({ id, isDuplicate }) => {
        this.#tell({ index, status: isDuplicate ? 'duplicate' : 'accepted', id }, units);
      },
      (error: unknown) => {
        this.#tell({ index, status: 'refused', error: asRefusal(error) }, units);
      },
    );
  }

  #tell(result: BulkResult, units: number): void {
    if (result.status === 'accepted') this.#counts.accepted += 1;
    else if (result.status === 'duplicate') this.#counts.duplicates += 1;
    else this.#counts.refused += 1;
    try {
      const heard = this.#onResult?.(result);
      if (isThenable(heard)) {
        void this.#hear(heard, units);
        return;
      }
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#ended(units);
  }

  async #hear(heard: PromiseLike<unknown>, units: number): Promise<void> {
    try {
      await heard;
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#ended(units);
  }

  #ended(units: number): void {
    this.#underWay -= 1;
    this.#unitsUnderWay -= units;
    this.#wake();
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Reading a request runs code of the app (getters, proxies), which may throw anything. */
function asRefusal(error: unknown): HoldfastError {
  if (isHoldfastError(error)) return error;
  return new HoldfastError('HF_REQUEST_INVALID', 'request could not be read. Nothing was stored.', {
    field: 'request',
    cause: error,
    withStack: false,
  });
}

function isIterable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}
