/**
 * The read-only view of an operation's actor that `operation.actor` gives to an app.
 *
 * @module
 */

import type { AnyActorRef } from 'xstate';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { WorkActor } from '../charts/chartOfWork.ts';
import { callListener } from '../facts/listeners.ts';
import type {
  OperationActor,
  OperationActorObserver,
  OperationActorSnapshot,
} from './operationActor.ts';

const NOTHING = { unsubscribe: (): void => undefined };

/**
 * The actor of an operation as the app may hold it: to be looked at and subscribed to, as any XState
 * actor. No event from outside moves an operation, and no subscriber that throws ends one (SV-2).
 */
export function actorView(work: WorkActor, onError: (error: unknown) => void): OperationActor {
  // Whichever chart it is on, it is an actor of XState.
  const actor = work as unknown as AnyActorRef;
  const subscribe = (
    listener: OperationActorObserver | ((snapshot: OperationActorSnapshot) => void) | undefined,
    error?: (thrown: unknown) => void,
    complete?: () => void,
  ): ReturnType<WorkActor['subscribe']> => {
    const observer =
      typeof listener === 'function' ? { next: listener, error, complete } : (listener ?? {});
    return actor.subscribe({
      next: (snapshot) => {
        callListener(() => observer.next?.(given(snapshot)), onError);
      },
      // Always there: XState would end the process for want of one.
      error: (thrown) => {
        callListener(() => observer.error?.(thrown), onError);
      },
      complete: () => {
        callListener(() => observer.complete?.(), onError);
      },
    });
  };
  // Nothing behind it, so that what is not named here is not there: `_send`, `system`, `_parent`.
  return new Proxy({} as OperationActor, {
    get: (_, name, view: OperationActor): unknown => {
      switch (name) {
        case 'id':
        case 'sessionId':
          return actor[name];
        case 'getSnapshot':
        case 'getPersistedSnapshot':
          return () => given(actor[name]());
        case 'subscribe':
          return subscribe;
        case 'select':
          return actor.select.bind(view);
        case '@@observable':
        case Symbol.observable:
          return () => view;
        case 'on':
          // Its chart emits nothing.
          return () => NOTHING;
        case 'send':
        case 'start':
        case 'stop':
          return refuse;
        default:
          return undefined;
      }
    },
    set: refuse,
  });
}

/**
 * A snapshot as it is given away. It is the operation's own, and no transition changes one in place: so
 * it is frozen with its data. What it shares with others of its chart is left as it is.
 */
function given<Snapshot extends object>(snapshot: Snapshot): Snapshot {
  if (Object.isFrozen(snapshot)) return snapshot;
  Object.freeze(snapshot);
  if ('context' in snapshot) freeze(snapshot.context);
  return snapshot;
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}

function refuse(): never {
  throw new HoldfastError(
    'HF_ACTOR_READ_ONLY',
    'operation.actor can be looked at and subscribed to, no more. Use operation.cancel() or operation.retryNow().',
  );
}
