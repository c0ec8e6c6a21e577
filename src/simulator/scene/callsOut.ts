/**
 * Calls of a process that are in none of its rows: functions of guarded calls and reads of records. Each holds a slot of
 * its upstream while it runs.
 *
 * @module
 */

import type { Attempt, Handler } from '../../../actors/port.ts';

export class CallsOut {
  readonly #out = new Map<string, number>();
  /** Upstreams that are back since an outage, at which no call has ended since. */
  readonly #back = new Set<string>();
  readonly #onMoved: (upstream: string) => void;

  /** @param onMoved - hears that more slots may be open at an upstream that is back */
  constructor(onMoved: (upstream: string) => void) {
    this.#onMoved = onMoved;
  }

  /** Number of those that run now, by upstream. */
  get out(): ReadonlyMap<string, number> {
    return this.#out;
  }

  /** Counts one that begins (1) or ends (-1). */
  count(upstream: string, by: 1 | -1): void {
    this.#out.set(upstream, (this.#out.get(upstream) ?? 0) + by);
    if (by < 0 && this.#back.delete(upstream)) this.#onMoved(upstream);
  }

  isBack(upstream: string): void {
    this.#back.add(upstream);
  }

  /** Notes that other policies hold from now on, which may open more slots. */
  allMoved(): void {
    for (const upstream of this.#back) this.#onMoved(upstream);
    this.#back.clear();
  }
}

/** Wraps a handler so that each read of a record counts while it is out. */
export function countedReads(handler: Handler, calls: CallsOut): Handler {
  const { run, conflicts, upstream } = handler;
  const count = (by: 1 | -1): void => {
    calls.count(upstream, by);
  };
  const counted = <Answer>(read: (attempt: Attempt) => Promise<Answer> | Answer) => {
    return async (attempt: Attempt): Promise<Answer> => {
      count(1);
      try {
        return await read(attempt);
      } finally {
        count(-1);
      }
    };
  };
  const { fetchCurrent, checkRequest } = run;
  const own = typeof conflicts === 'object' ? conflicts.fetchCurrent : undefined;
  const whole =
    fetchCurrent === undefined
      ? run
      : Object.assign((attempt: Attempt) => run(attempt), {
          fetchCurrent: counted(fetchCurrent),
          ...(checkRequest === undefined ? {} : { checkRequest }),
        });
  if (typeof conflicts !== 'object' || own === undefined) return { ...handler, run: whole };
  return { ...handler, run: whole, conflicts: { ...conflicts, fetchCurrent: counted(own) } };
}
