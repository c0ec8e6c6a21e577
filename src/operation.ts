/**
 * A handle on an operation, as an app holds it.
 *
 * @module
 */

import { inTime } from '../actors/platform/inTime.ts';
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
import type { Json } from '../machines/vocabulary/json.ts';
import { checkFields, checkId } from '../machines/vocabulary/optionFields.ts';
import type { OptionRules } from '../machines/vocabulary/optionRules.ts';
import type { EditBase } from '../machines/vocabulary/record.ts';
import type { OperationCounts } from './management/operations/count.ts';
import type { OperationQuery } from './management/operations/list.ts';
import type { OperationSearch } from './management/operations/operations.ts';
import { type OperationActor, operationActor } from './operationActor.ts';
import type {
  AnyTypes,
  ListedType,
  OperationTypes,
  ResponseOf,
  TypeOf,
} from './typed/operationTypes.ts';

/** How long to wait for an outcome. */
export interface WaitOptions {
  /** The longest wait in milliseconds, by a clock that nobody sets. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait, and nothing but the wait. */
  readonly signal?: AbortSignal | undefined;
}

/** An operation that had not ended when the time to wait for it was over. It goes on (OP-11). */
export interface StillPending {
  readonly status: 'pending';
  readonly operationId: string;
  /** Where it stood then; `null` where the disk did not say within a moment. */
  readonly view: OperationView | null;
}

/** A handle on an accepted operation. It costs nothing to keep and nothing to drop. */
export interface Operation<Response = Json | undefined> {
  readonly id: string;
  /** True when `sync()` found an earlier operation with the same idempotency key. */
  readonly isDuplicate: boolean;
  /**
   * The `base` of the next edit that is made of this one, whatever becomes of this one on its way: that edit is its
   * successor, and what it leaves out was left out on purpose. Only from `sync()`, of an edit; absent else.
   *
   * @example
   * const first = await runtime.sync({ ...edit, payload: plan, base: known?.base });
   * const second = await runtime.sync({ ...edit, payload: { ...plan, note }, base: first.base });
   */
  readonly base?: EditBase | undefined;
  /**
   * How it ended, once that is on disk. Never rejects but with `HF_STORE_…`, `HF_OPERATION_UNKNOWN`,
   * `HF_QUARANTINED` when its record was quarantined, `HF_RECORD_NEWER` when it goes on in a later version, or `HF_CLOSED` when the runtime stops before it ends:
   * then it goes on at the next start.
   */
  readonly outcome: Promise<Outcome<Response>>;
  /**
   * What a view follows it by: one object for as long as this handle is held, over waits, restarts of the owner and other
   * processes. It knows at once where the operation stands, tells of each change, and completes with its end. Sent an
   * event it throws `HF_ACTOR_READ_ONLY`, and what a subscriber throws goes to `onError`. docs/how-to/show-work-in-react.md
   */
  readonly actor: OperationActor;
  /**
   * Where it stands now.
   *
   * @example
   * const { state, wait, failure } = await operation.view();
   * if (wait !== null) console.log(state, wait.reason, failure?.message);
   */
  view(): Promise<OperationView>;
  /**
   * Tells of each change of state until the returned function is called.
   *
   * @example
   * const leave = operation.subscribe(({ state, attempt }) => console.log(state, attempt));
   * leave();
   */
  subscribe(listener: (view: OperationView) => void): () => void;
  /**
   * Waits for its outcome for so long and no longer. At the time-out it resolves with `status: 'pending'` and where
   * the operation stands then, and the operation goes on: nothing is thrown that somebody has to catch, and
   * `cancel()` is there for those who want an end. Without `timeoutMs` it waits as {@link outcome} does.
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
   * Ends it, aborting a running attempt. Does nothing to one that has ended. Resolves once that is on
   * disk; rejects with `HF_STORE_…` or `HF_CLOSED`, to be asked again later, where it may hold or not.
   *
   * @example
   * await operation.cancel();
   * const { status } = await operation.outcome;
   */
  cancel(): Promise<void>;
  /**
   * Tries it again now, where it waits for a retry, a decision or a review. Resolves and rejects as
   * {@link cancel} does.
   *
   * @example
   * await operation.retryNow();
   */
  retryNow(): Promise<void>;
}

/** Operations of a runtime: found by id, listed and counted (OP-10). */
export interface Operations<Types extends OperationTypes = AnyTypes> {
  /**
   * A handle on one by its id.
   *
   * @example
   * const operation = runtime.operations.get<'payments.push'>(id); // its response is that of the type
   */
  get<Type extends TypeOf<Types> = TypeOf<Types>>(id: string): Operation<ResponseOf<Types, Type>>;
  /**
   * Goes through all that match: the oldest first, or with `order: 'newest'` the newest. Each is shown as it is when
   * its piece is read; what comes and goes meanwhile may be seen or not.
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
   * One page of those that match, full or the last; go on with `nextAfterSeq`. Pages are read in pieces, so that
   * neither the event loop nor the disk is held up; what a filter costs {@link OperationFilter} says.
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
   * How many there are, by how far they are. Without a filter this reads counters that the store keeps. With one,
   * those that match are read piece by piece, as {@link list} does.
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
/** How long one that is on disk may take to say where it stands, once the time is over. */
const VIEW_WITHIN_MS = 250;

/** What a handle asks of operations, wherever they run. */
export type OperationsById = Pick<Engine, 'outcome' | 'view' | 'viewNow' | 'watch' | 'tell'>;

export interface OperationParts {
  readonly engine: OperationsById;
  readonly clock: Clock;
  /** Told of what no caller hears of. */
  readonly onError: (error: unknown) => void;
}

/** @throws HoldfastError `HF_OPTION_INVALID`. */
export function operationHandle(
  parts: OperationParts,
  id: string,
  isDuplicate = false,
  /** The body of its request, where that was an edit. */
  edit: string | null = null,
): Operation {
  checkId(id);
  const { engine, clock } = parts;
  let actor: OperationActor | null = null;
  let outcome: Promise<Outcome> | null = null;
  // Asking for the outcome is what registers a watcher, so it is not asked for before the caller does.
  const outcomeOf = (): Promise<Outcome> => {
    if (outcome === null) {
      outcome = engine.outcome(id);
      // A caller that only looked at it must not be brought down by a close.
      outcome.catch(() => undefined);
    }
    return outcome;
  };
  const stillPending = async (): Promise<StillPending> => {
    const looking = engine.view(id).catch(() => null);
    const view = (await inTime(clock, looking, VIEW_WITHIN_MS))?.value ?? null;
    return { status: 'pending', operationId: id, view };
  };
  async function wait(options?: WaitOptions & { readonly timeoutMs?: undefined }): Promise<Outcome>;
  async function wait(options: WaitOptions): Promise<Outcome | StillPending>;
  async function wait(options: WaitOptions = {}): Promise<Outcome | StillPending> {
    checkFields(options, WAIT_RULES, '');
    const { timeoutMs, signal } = options;
    signal?.throwIfAborted();
    const aborted = untilAborted(signal);
    try {
      const ended = Promise.race([outcomeOf(), aborted.promise]);
      if (timeoutMs === undefined) return await ended;
      const inTimeOrNot = await inTime(clock, ended, timeoutMs);
      return inTimeOrNot === null ? await stillPending() : inTimeOrNot.value;
    } finally {
      aborted.leave();
    }
  }
  return {
    id,
    isDuplicate,
    wait,
    get base() {
      return edit === null ? undefined : baseAfter(id, parseBody(edit));
    },
    get outcome() {
      return outcomeOf();
    },
    get actor() {
      actor ??= operationActor(parts, id);
      return actor;
    },
    view: () => engine.view(id),
    subscribe: (listener) => engine.watch(id, listener),
    cancel: async () => {
      await engine.tell(id, 'cancel.requested');
    },
    retryNow: async () => {
      await engine.tell(id, 'retry.requested');
    },
  };
}

/** Rejects with the reason of the signal, until nobody asks any more. */
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
