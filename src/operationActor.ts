/**
 * An operation for views: one object that bridges its parks, revivals and owners, in the shape of an XState actor, so
 * that hooks such as `useSyncExternalStore` and `useSelector` take it as it is.
 *
 * @module
 */

import { inNoContext } from '../actors/platform/inPieces.ts';
import type { Engine, OperationView } from '../actors/port.ts';
import { ENDED_STATES } from '../machines/operation/syncOperationContext.ts';
import { HoldfastError, isHoldfastError } from '../machines/vocabulary/errors.ts';

/** Snapshot of an operation, deeply frozen. Each change makes a new one; until then it is the same object. */
export interface OperationActorSnapshot {
  /** `done` once the ending is on disk; a dead letter has ended too. */
  readonly status: 'active' | 'done';
  /**
   * State of its chart: `waiting`, `backingOff`, `completed`, …, drawn in docs/machines/syncOperation.md; for a
   * crisis that of its delivery: docs/machines/crisis.md.
   */
  readonly value: OperationView['state'];
  /** View of the operation at its last change: ids, counts, instants, why it waits; never the payload. */
  readonly context: OperationView;
}

/** Observer of an operation. What it throws goes to `onError`. */
export interface OperationActorObserver {
  readonly next?: ((snapshot: OperationActorSnapshot) => void) | undefined;
  /**
   * Called if there is no such operation or its record can't be read: `HF_OPERATION_UNKNOWN`, `HF_QUARANTINED`,
   * `HF_RECORD_NEWER`.
   */
  readonly error?: ((error: unknown) => void) | undefined;
  /** Called when the operation has ended; nothing follows. */
  readonly complete?: (() => void) | undefined;
}

/**
 * Read-only actor of an operation. It is one object for as long as its handle is held, whether the operation is in
 * memory, on disk or run by another process; its methods work unbound. It costs memory only while somebody is
 * subscribed.
 *
 * @example
 * ```tsx
 * const { actor } = operation;
 * const snapshot = useSyncExternalStore((changed) => actor.subscribe(changed).unsubscribe, actor.getSnapshot);
 * const state = useSelector(actor, (known) => known?.value ?? 'loading');
 * ```
 */
export interface OperationActor {
  /** Id of the operation. */
  readonly id: string;
  /**
   * Latest snapshot; the same object until it changes. `undefined` until it is known: for an operation that is not in
   * the memory of this process, a moment after the first subscription.
   */
  readonly getSnapshot: () => OperationActorSnapshot | undefined;
  /**
   * Reports each change until `unsubscribe()` is called; first the current state, if {@link getSnapshot} did not know
   * it. For an operation that has ended it completes at once.
   */
  subscribe(observer: OperationActorObserver): OperationActorSubscription;
  subscribe(
    next: (snapshot: OperationActorSnapshot) => void,
    error?: (error: unknown) => void,
    complete?: () => void,
  ): OperationActorSubscription;
  /**
   * Always throws: no event from outside moves an operation. Use `operation.cancel()` or `operation.retryNow()`.
   *
   * @throws HoldfastError `HF_ACTOR_READ_ONLY`, always.
   */
  send(event: { readonly type: string }): never;
}

/** Ends what {@link OperationActor.subscribe} began. */
export interface OperationActorSubscription {
  readonly unsubscribe: () => void;
}

export interface OperationActorParts {
  readonly engine: Pick<Engine, 'view' | 'viewNow' | 'watch'>;
  readonly onError: (error: unknown) => void;
}

/** Errors after which nothing more is known: the operation is not there or can't be read. */
const GONE: ReadonlySet<string> = new Set([
  'HF_OPERATION_UNKNOWN',
  'HF_QUARANTINED',
  'HF_RECORD_NEWER',
]);

export function operationActor(
  { engine, onError }: OperationActorParts,
  id: string,
): OperationActor {
  const observers = new Set<OperationActorObserver>();
  let shown: OperationActorSnapshot | undefined;
  let leave: (() => void) | null = null;
  /** Counts reports, so that an older answer of a look-up is not taken for newer. */
  let told = 0;

  const show = (view: OperationView): boolean => {
    if (shown !== undefined && isSame(shown.context, view)) return false;
    const status = ENDED_STATES.has(view.state) ? 'done' : 'active';
    shown = frozen({ status, value: view.state, context: view });
    return true;
  };
  const stop = (): void => {
    observers.clear();
    leave?.();
    leave = null;
  };
  const call = (listener: () => unknown): void => {
    inNoContext(() => {
      try {
        const returned = listener();
        if (returned instanceof Promise) returned.catch(onError);
      } catch (error) {
        onError(error);
      }
    });
  };
  const tell = (what: (observer: OperationActorObserver) => unknown): void => {
    for (const observer of [...observers]) {
      if (observers.has(observer)) call(() => what(observer));
    }
  };
  const take = (view: OperationView): void => {
    const now = show(view) ? shown : undefined;
    if (now !== undefined) tell((observer) => observer.next?.(now));
    if (shown?.status !== 'done') return;
    tell((observer) => observer.complete?.());
    stop();
  };
  const look = async (): Promise<void> => {
    const before = told;
    try {
      const view = engine.viewNow(id) ?? (await engine.view(id));
      if (told === before && observers.size > 0) take(view);
    } catch (error) {
      // Other errors may pass, and the next change is reported.
      if (told !== before || !isHoldfastError(error) || !GONE.has(error.code)) return;
      tell((observer) => observer.error?.(error));
      stop();
    }
  };
  const begin = (): void => {
    leave = engine.watch(id, (view) => {
      told += 1;
      take(view);
    });
    look().catch(onError);
  };
  return Object.freeze<OperationActor>({
    id,
    getSnapshot: () => {
      // While subscribed, every change has been reported.
      const now = leave === null && shown?.status !== 'done' ? engine.viewNow(id) : null;
      if (now !== null) show(now);
      return shown;
    },
    subscribe: (
      listener: OperationActorObserver | ((snapshot: OperationActorSnapshot) => void),
      error?: (thrown: unknown) => void,
      complete?: () => void,
    ) => {
      const observer =
        typeof listener === 'function'
          ? { next: listener, error, complete }
          : {
              next: (snapshot: OperationActorSnapshot) => listener.next?.(snapshot),
              error: (thrown: unknown) => listener.error?.(thrown),
              complete: () => listener.complete?.(),
            };
      if (shown?.status === 'done') call(() => observer.complete?.());
      else {
        observers.add(observer);
        if (leave === null) begin();
      }
      return {
        unsubscribe: () => {
          if (observers.delete(observer) && observers.size === 0) stop();
        },
      };
    },
    send: () => {
      throw new HoldfastError(
        'HF_ACTOR_READ_ONLY',
        'operation.actor can be looked at and subscribed to, no more. Use operation.cancel() or operation.retryNow().',
      );
    },
  });
}

/** Whether two views are the same. A change at the upstream on which its wait depends does not count. */
function isSame(one: OperationView, other: OperationView): boolean {
  return (
    one.state === other.state &&
    one.attempt === other.attempt &&
    one.retryAtMs === other.retryAtMs &&
    one.wait?.reason === other.wait?.reason &&
    one.wait?.sinceAtMs === other.wait?.sinceAtMs &&
    one.history.length === other.history.length &&
    one.history.at(-1)?.atMs === other.history.at(-1)?.atMs
  );
}

function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) frozen(part);
  return value;
}
