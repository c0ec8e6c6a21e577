/**
 * The actor of an operation as an app holds it: a type that needs none of XState's, with what a hook
 * such as `useSelector` of `@xstate/react` asks for.
 *
 * @module
 */

import type { CrisisStates } from '../../machines/crisis/crisisMachine.ts';
import type {
  SyncOperationContext,
  SyncOperationState,
} from '../../machines/operation/syncOperationMachine.ts';

/** Where an operation stands. Frozen, with its data. */
export interface OperationActorSnapshot {
  /** `done` once it has ended and that is on disk; `stopped` once it has left memory. */
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /**
   * The state of its chart; docs/machines/syncOperation.md draws it. A crisis has two, that of its delivery
   * and that of its record: docs/machines/crisis.md.
   */
  readonly value: SyncOperationState | CrisisStates;
  /** Ids, counts and instants (milliseconds since the epoch); never the payload. */
  readonly context: SyncOperationContext;
}

/** What a subscriber may listen to. What it throws goes to `onError`. */
export interface OperationActorObserver {
  readonly next?: ((snapshot: OperationActorSnapshot) => void) | undefined;
  readonly error?: ((error: unknown) => void) | undefined;
  readonly complete?: (() => void) | undefined;
}

/**
 * An operation's actor, read-only: its snapshot and a subscription, in the shape of XState's actors.
 *
 * @example
 * ```tsx
 * const state = useSelector(operation.actor, (snapshot) => snapshot?.value);
 * ```
 */
export interface OperationActor {
  /** The operation's id. */
  readonly id: string;
  getSnapshot(): OperationActorSnapshot;
  /** Tells of each change until `unsubscribe()` is called, or the operation has left memory. */
  subscribe(observer: OperationActorObserver): { unsubscribe(): void };
  subscribe(
    next: (snapshot: OperationActorSnapshot) => void,
    error?: (error: unknown) => void,
    complete?: () => void,
  ): { unsubscribe(): void };
  /**
   * No event from outside moves an operation: use `operation.cancel()` or `operation.retryNow()`.
   *
   * @throws HoldfastError `HF_ACTOR_READ_ONLY`, always.
   */
  send(event: { readonly type: string }): never;
}
