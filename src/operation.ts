/**
 * A handle on an operation, as an app holds it.
 *
 * @module
 */

import type { Engine, OperationActor, OperationView, Outcome } from '../actors/port.ts';
import type { Json } from '../machines/vocabulary/json.ts';
import { checkId } from '../machines/vocabulary/optionFields.ts';

/** A handle on an accepted operation. It costs nothing to keep and nothing to drop. */
export interface Operation<Response = Json | undefined> {
  readonly id: string;
  /** True when `sync()` found an earlier operation with the same idempotency key. */
  readonly isDuplicate: boolean;
  /**
   * How it ended, once that is on disk. Never rejects but with `HF_STORE_…`, `HF_OPERATION_UNKNOWN`,
   * `HF_QUARANTINED` when its record was quarantined, `HF_RECORD_NEWER` when it goes on in a later version, or `HF_CLOSED` when the runtime stops before it ends:
   * then it goes on at the next start.
   */
  readonly outcome: Promise<Outcome<Response>>;
  /**
   * The actor while it is in memory; a parked operation has none. To be looked at and subscribed to:
   * sent an event, started or stopped it throws `HF_ACTOR_READ_ONLY`, and what a subscriber throws goes
   * to `onError`.
   */
  readonly actor: OperationActor | undefined;
  /** Where it stands now. */
  view(): Promise<OperationView>;
  /** Tells of each change of state until the returned function is called. */
  subscribe(listener: (view: OperationView) => void): () => void;
  /**
   * Ends it, aborting a running attempt. Does nothing to one that has ended. Resolves once that is on
   * disk; rejects with `HF_STORE_…` or `HF_CLOSED`, to be asked again later, where it may hold or not.
   */
  cancel(): Promise<void>;
  /**
   * Tries it again now, where it waits for a retry, a decision or a review. Resolves and rejects as
   * {@link cancel} does.
   */
  retryNow(): Promise<void>;
}

/** @throws HoldfastError `HF_OPTION_INVALID`. */
export function operationHandle(engine: Engine, id: string, isDuplicate = false): Operation {
  checkId(id);
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
  return {
    id,
    isDuplicate,
    get outcome() {
      return outcomeOf();
    },
    get actor() {
      return engine.actorOf(id);
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
