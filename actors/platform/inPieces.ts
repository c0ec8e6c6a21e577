/**
 * Work in pieces, each in a turn of its own.
 *
 * @module
 */

import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { Pieces } from '../../machines/vocabulary/pieces.ts';

/** Goes on with the work, a piece in each turn: others have theirs between two. Rejects with what it throws. */
export async function inPieces<Result>(
  clock: Pick<Clock, 'defer'>,
  pieces: Pieces<Result>,
): Promise<Result> {
  for (;;) {
    await new Promise<void>((go) => {
      clock.defer(go);
    });
    const { done, value } = pieces.next();
    if (done === true) return value;
  }
}

/** What a promise comes to within so many milliseconds; `null` where that takes longer. */
export async function inTime<T>(
  clock: Clock,
  promise: Promise<T>,
  ms: number,
): Promise<{ readonly value: T } | null> {
  return await new Promise((resolve, reject) => {
    const cancel = clock.schedule(ms, () => {
      resolve(null);
    });
    promise.then(
      (value) => {
        cancel();
        resolve({ value });
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}

// In whose AsyncLocalStorage context code runs: the engine in none, a function that came with a request in that of its
// caller.
//
// A caller's context must not get into the engine: the turn that its call wakes goes on with the work of others, and
// timers, promises and sockets made in it would keep its store alive. So what an app calls goes through
// {@link inNoContext}, and nothing else begins a turn of the engine in the context of somebody.

/** Node copies the context of its maker into each resource. */
const NO_CONTEXT = emptied(new AsyncResource('holdfast', { requireManualDestroy: true }));

/**
 * Runs a function in no context. A context that the function enters itself, by `enterWith`, ends with it.
 *
 * @example
 * inNoContext(() => handler.run(attempt));
 */
export function inNoContext<Result>(run: () => Result): Result {
  // What enterWith() leaves behind is left on an object of its own.
  return (Object.create(NO_CONTEXT) as typeof NO_CONTEXT).runInAsyncScope(run);
}

/** A part whose methods run in no context. Properties are read from the part itself, each time. */
export function entered<Part extends object>(part: Part): Part {
  const door = {};
  for (let level: object = part; level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (Object.hasOwn(door, name)) continue;
      const method = (...args: unknown[]): unknown =>
        (Object.create(NO_CONTEXT) as typeof NO_CONTEXT).runInAsyncScope(value, part, ...args);
      const property = typeof value === 'function' ? { value: method } : { get: read(part, name) };
      Object.defineProperty(door, name, property);
    }
  }
  return door as Part;
}

/** A function that runs in the context of this call from now on, and keeps that alive for as long as it is held. */
export function inCallersContext<Args extends unknown[], Result>(
  run: (...args: Args) => Result,
): (...args: Args) => Result {
  const context = new AsyncResource('holdfast', { requireManualDestroy: true });
  return (...args) => context.runInAsyncScope(run, undefined, ...args);
}

function read(part: object, name: string): () => unknown {
  return () => Reflect.get(part, name);
}

/**
 * The resource without any store: a request that was the first to load the package may have made it. Up to Node 22 each store is
 * a property of the resource, later all are in one; what else it has are its numbers.
 */
function emptied(resource: AsyncResource): AsyncResource {
  for (const key of Object.getOwnPropertySymbols(resource)) {
    if (key.description?.endsWith('async_id_symbol') !== true)
      Reflect.deleteProperty(resource, key);
  }
  return resource;
}
