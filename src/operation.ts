/**
 * A handle on an operation, as an app holds it.
 *
 * @module
 */

import { inTime } from '../actors/platform/inPieces.ts';
import type {
  Engine,
  OperationFilter,
  OperationPage,
  OperationView,
  Outcome,
} from '../actors/port.ts';
import { baseAfter } from '../machines/conflict/unmentioned.ts';
import { parseBody } from '../machines/policy/request/requestBody.ts';
import type { Clock } from '../machines/vocabulary/clock.ts';
import { checkFields, checkId, type OptionRules } from '../machines/vocabulary/optionFields.ts';
import type { EditBase } from '../machines/vocabulary/record.ts';
import type { Json } from '../machines/vocabulary/shape.ts';
import type { OperationCounts, OperationQuery, OperationSearch } from './management/operations.ts';
import { type OperationActor, operationActor } from './operationActor.ts';
import type {
  AnyTypes,
  ListedType,
  OperationTypes,
  ResponseOf,
  TypeOf,
} from './typed/operationTypes.ts';

/** Limits of a wait for an outcome. */
export interface WaitOptions {
  /** The longest wait in milliseconds, by a clock that nobody sets. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait, not the operation. */
  readonly signal?: AbortSignal | undefined;
}

/** Result of a wait that timed out. The operation goes on (OP-11). */
export interface StillPending {
  readonly status: 'pending';
  readonly operationId: string;
  /** View of the operation at that time; `null` if the disk did not answer soon enough. */
  readonly view: OperationView | null;
}

/** Handle on an accepted operation. It costs nothing to keep or drop. */
export interface Operation<Response = Json | undefined> {
  readonly id: string;
  /** True when `sync()` found an earlier operation with the same idempotency key. */
  readonly isDuplicate: boolean;
  /**
   * `base` for the next edit of the same record, whatever becomes of this one: that edit is its successor, and what
   * it leaves out was removed on purpose. Only on the result of `sync()` for an edit.
   *
   * @example
   * const first = await runtime.sync({ ...edit, payload: plan, base: known?.base });
   * const second = await runtime.sync({ ...edit, payload: { ...plan, note }, base: first.base });
   */
  readonly base?: EditBase | undefined;
  /**
   * How the operation ended, once that is on disk. Rejects only with `HF_STORE_…`, `HF_OPERATION_UNKNOWN`,
   * `HF_QUARANTINED` if its record was quarantined, `HF_RECORD_NEWER` if it continues in a later version, or
   * `HF_CLOSED` if the runtime stops first; then it continues at the next start.
   */
  readonly outcome: Promise<Outcome<Response>>;
  /**
   * Actor that a view subscribes to: one object for as long as this handle is held, over waits, restarts of the owner
   * and other processes. It has the current state at once, reports each change, and completes when the operation
   * ends. Its `send` throws `HF_ACTOR_READ_ONLY`; what a subscriber throws goes to `onError`.
   * docs/how-to/show-work-in-react.md
   */
  readonly actor: OperationActor;
  /**
   * Current state of the operation.
   *
   * @example
   * const { state, wait, failure } = await operation.view();
   * if (wait !== null) console.log(state, wait.reason, failure?.message);
   */
  view(): Promise<OperationView>;
  /**
   * Calls the listener at each change of state, until the returned function is called.
   *
   * @example
   * const leave = operation.subscribe(({ state, attempt }) => console.log(state, attempt));
   * leave();
   */
  subscribe(listener: (view: OperationView) => void): () => void;
  /**
   * Waits for the outcome up to `timeoutMs`, then resolves with `status: 'pending'` and the current state; the
   * operation goes on. Without `timeoutMs` it waits as {@link outcome} does.
   *
   * @example
   * const result = await operation.wait({ timeoutMs: 5_000 });
   * if (result.status === 'pending') reply(202, { id: operation.id, waitsFor: result.view?.wait?.reason });
   * else if (result.status === 'completed') reply(200, result.response);
   * else reply(502, result.error.code);
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID`; what {@link outcome} rejects with; the reason of `signal`.
   */
  wait(options?: WaitOptions & { readonly timeoutMs?: undefined }): Promise<Outcome<Response>>;
  wait(options: WaitOptions): Promise<Outcome<Response> | StillPending>;
  /**
   * Cancels the operation, aborting a running attempt. Does nothing if it has ended. Resolves once that is on disk.
   * After a rejection with `HF_STORE_…` or `HF_CLOSED` it may hold or not; ask again later.
   *
   * @example
   * await operation.cancel();
   * const { status } = await operation.outcome;
   */
  cancel(): Promise<void>;
  /**
   * Tries again now, if it waits for a retry, a decision or a review. Resolves and rejects as {@link cancel} does.
   *
   * @example
   * await operation.retryNow();
   */
  retryNow(): Promise<void>;
}

/** Operations of a runtime: found by id, listed and counted (OP-10). */
export interface Operations<Types extends OperationTypes = AnyTypes> {
  /**
   * Returns a handle on an operation by its id.
   *
   * @example
   * const operation = runtime.operations.get<'payments.push'>(id); // its response is that of the type
   */
  get<Type extends TypeOf<Types> = TypeOf<Types>>(id: string): Operation<ResponseOf<Types, Type>>;
  /**
   * Iterates over all that match, the oldest first, or with `order: 'newest'` the newest. Each is shown as it is when
   * its page is read; operations that come or go meanwhile may be seen or not.
   *
   * @example
   * for await (const { id, wait } of runtime.operations.list({ type: 'payments.push', reason: 'review' })) {
   *   console.log(id, wait?.sinceAtMs);
   * }
   *
   * @throws HoldfastError `HF_OPTION_INVALID`; while it goes, as {@link page}.
   */
  list<Type extends TypeOf<Types> | undefined = undefined>(
    search?: OperationSearch<NonNullable<Type>>,
  ): AsyncIterable<OperationView<ListedType<Type>>>;
  /**
   * Reads one page of those that match, full or the last; continue with `nextAfterSeq`. Reading holds up neither the
   * event loop nor the disk. {@link OperationFilter} says what a filter costs.
   *
   * @example
   * const { views, nextAfterSeq } = await runtime.operations.page({ state: 'deadLettered', order: 'newest', limit: 20 });
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID`, `HF_STORE_…`, `HF_CLOSED`.
   */
  page<Type extends TypeOf<Types> | undefined = undefined>(
    query?: OperationQuery<NonNullable<Type>>,
  ): Promise<OperationPage<ListedType<Type>>>;
  /**
   * Counts operations by stage. Without a filter this reads counters that the store keeps; with one, it reads all
   * that match, as {@link list} does.
   *
   * @example
   * const { ready, inReview, deadLettered } = await runtime.operations.count();
   * const { total } = await runtime.operations.count({ type: 'payments.push', sinceMs: Date.now() - 3_600_000 });
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID`, `HF_STORE_…`, `HF_CLOSED`.
   */
  count(filter?: OperationFilter<TypeOf<Types>>): Promise<OperationCounts>;
}

const WAIT_RULES: OptionRules<WaitOptions> = { timeoutMs: 'span', signal: 'signal' };
/** Time that the disk has to give a view once a wait has timed out. */
const VIEW_WITHIN_MS = 250;

/**
 * Part of the engine that a handle needs, wherever operations run. A rejected outcome that nobody awaits must not end
 * the process: a caller may only have read the property.
 */
export type OperationsById = Pick<Engine, 'outcome' | 'view' | 'viewNow' | 'watch' | 'tell'>;

export interface OperationParts {
  readonly engine: OperationsById;
  readonly clock: Clock;
  /** Notified of failures that no caller sees. */
  readonly onError: (error: unknown) => void;
}

/** @throws HoldfastError `HF_OPTION_INVALID`. */
export function operationHandle(
  parts: OperationParts,
  id: string,
  isDuplicate = false,
  /** Body of the request, if it was an edit. */
  edit: string | null = null,
): Operation {
  checkId(id);
  return new OperationHandle(parts, id, isDuplicate, edit);
}

/** The handle on an operation whose id is known to be one. */
export class OperationHandle implements Operation {
  readonly id: string;
  readonly isDuplicate: boolean;
  readonly #parts: OperationParts;
  readonly #edit: string | null;
  #actor: OperationActor | null = null;
  #outcome: Promise<Outcome> | null = null;

  constructor(parts: OperationParts, id: string, isDuplicate: boolean, edit: string | null) {
    this.#parts = parts;
    this.id = id;
    this.isDuplicate = isDuplicate;
    this.#edit = edit;
  }

  get base(): EditBase | undefined {
    return this.#edit === null ? undefined : baseAfter(this.id, parseBody(this.#edit));
  }

  /** The first read registers a watcher, so it waits for the caller. */
  get outcome(): Promise<Outcome> {
    this.#outcome ??= this.#parts.engine.outcome(this.id);
    return this.#outcome;
  }

  get actor(): OperationActor {
    this.#actor ??= operationActor(this.#parts, this.id);
    return this.#actor;
  }

  // Each is bound when it is read, so that it may be taken out of its handle: `const { view } = operation`.

  get view(): Operation['view'] {
    return () => this.#parts.engine.view(this.id);
  }

  get subscribe(): Operation['subscribe'] {
    return (listener) => this.#parts.engine.watch(this.id, listener);
  }

  get wait(): Operation['wait'] {
    return ((options) => this.#wait(options)) as Operation['wait'];
  }

  get cancel(): Operation['cancel'] {
    return async () => {
      await this.#parts.engine.tell(this.id, 'cancel.requested');
    };
  }

  get retryNow(): Operation['retryNow'] {
    return async () => {
      await this.#parts.engine.tell(this.id, 'retry.requested');
    };
  }

  async #wait(options: WaitOptions = {}): Promise<Outcome | StillPending> {
    checkFields(options, WAIT_RULES, '');
    const { timeoutMs, signal } = options;
    signal?.throwIfAborted();
    const aborted = untilAborted(signal);
    try {
      const ended = Promise.race([this.outcome, aborted.promise]);
      if (timeoutMs === undefined) return await ended;
      const inTimeOrNot = await inTime(this.#parts.clock, ended, timeoutMs);
      return inTimeOrNot === null ? await this.#stillPending() : inTimeOrNot.value;
    } finally {
      aborted.leave();
    }
  }

  async #stillPending(): Promise<StillPending> {
    const { engine, clock } = this.#parts;
    const looking = engine.view(this.id).catch(() => null);
    const view = (await inTime(clock, looking, VIEW_WITHIN_MS))?.value ?? null;
    return { status: 'pending', operationId: this.id, view };
  }
}

/** Rejects with the reason of the signal, until the wait is over. */
function untilAborted(signal: AbortSignal | undefined): {
  readonly promise: Promise<never>;
  readonly leave: () => void;
} {
  let abort: () => void = () => undefined;
  const promise = new Promise<never>((_, reject) => {
    abort = () => {
      reject(signal?.reason as Error);
    };
  });
  signal?.addEventListener('abort', abort, { once: true });
  return { promise, leave: () => signal?.removeEventListener('abort', abort) };
}
