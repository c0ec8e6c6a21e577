/**
 * An operation as a view follows it: one object that bridges its parks, revivals and owners, in the shape of an actor
 * of XState, so that hooks such as `useSyncExternalStore` and `useSelector` take it as it is.
 *
 * @module
 */

import { inNoContext } from '../actors/platform/callerContext.ts';
import type { Engine, OperationView } from '../actors/port.ts';
import { ENDED_STATES } from '../machines/operation/syncOperationContext.ts';
import { HoldfastError, isHoldfastError } from '../machines/vocabulary/errors.ts';

/** Where an operation stands. Frozen, with its data; another one after each change, and the same until then. */
export interface OperationActorSnapshot {
  /** `done` once it has ended and that is on disk; a dead letter has ended too. */
  readonly status: 'active' | 'done';
  /**
   * The state of its chart: `waiting`, `backingOff`, `completed`, …; docs/machines/syncOperation.md draws it. Of a crisis
   * that of its delivery: docs/machines/crisis.md.
   */
  readonly value: OperationView['state'];
  /** What is shown of it, as of its last change: ids, counts, instants, why it waits; never the payload. */
  readonly context: OperationView;
}

/** What a subscriber may listen to. What it throws goes to `onError`. */
export interface OperationActorObserver {
  readonly next?: ((snapshot: OperationActorSnapshot) => void) | undefined;
  /** There is no such operation, or its record can't be read: `HF_OPERATION_UNKNOWN`, `HF_QUARANTINED`, `HF_RECORD_NEWER`. */
  readonly error?: ((error: unknown) => void) | undefined;
  /** It has ended, and nothing more is told. */
  readonly complete?: (() => void) | undefined;
}

/**
 * An operation to be followed, read-only. It is one object for as long as its handle is held, whether the operation
 * is in memory, rests on disk or is run by another process; both methods may be handed on without it. It costs something while
 * somebody is subscribed.
 *
 * @example
 * ```tsx
 * const { actor } = operation;
 * const snapshot = useSyncExternalStore((changed) => actor.subscribe(changed).unsubscribe, actor.getSnapshot);
 * const state = useSelector(actor, (known) => known?.value ?? 'loading');
 * ```
 */
export interface OperationActor {
  /** The operation's id. */
  readonly id: string;
  /**
   * What is known of it now; the same object until that changes. `undefined` until it is known: of one that is not in
   * the memory of this process that is a moment after the first subscription.
   */
  readonly getSnapshot: () => OperationActorSnapshot | undefined;
  /**
   * Tells of each change until `unsubscribe()` is called, and first of where it stands where {@link getSnapshot} did not
   * know. One that has ended completes at once.
   */
  subscribe(observer: OperationActorObserver): OperationActorSubscription;
  subscribe(
    next: (snapshot: OperationActorSnapshot) => void,
    error?: (error: unknown) => void,
    complete?: () => void,
  ): OperationActorSubscription;
  /**
   * No event from outside moves an operation: use `operation.cancel()` or `operation.retryNow()`.
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

/** What will never be told of it: it is not there, or can't be read. */
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
  /** Counts what was told, so that what was looked up before it is not taken for newer. */
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
      // Any other may pass, and it is told of its next change.
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
      // Subscribed to, it has been told of everything.
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

/** Whether nothing of it has changed. What its wait depends on at its upstream may have: that is no change of it. */
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
