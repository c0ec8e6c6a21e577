/**
 * What people have taken on of the crises that are not delivered, and until when that lasts at the most.
 *
 * @module
 */

import type { Look } from '../oracle/look.ts';
import type { TraceEvents } from '../oracle/trace.ts';

interface Taking {
  /** `null` where the order does not say. */
  readonly forMs: number | null;
  /** By true time; `null` where no look has followed. */
  atMs: number | null;
}

export class Takings {
  readonly #takings = new Map<string, Taking>();
  /** Crises that were seen, which an order for all of a subject may be about. */
  readonly #seen = new Set<string>();

  noteOrder({ call, id, params, answer }: TraceEvents['ordered']): void {
    const forMs = typeof params['forMs'] === 'number' ? params['forMs'] : null;
    const { what } = (answer ?? {}) as { readonly what?: string };
    if (call === 'crisis.acknowledge' && id !== null && what === 'acknowledged') {
      this.#takings.set(id, { forMs, atMs: null });
    }
    if (call === 'crisis.acknowledgeSubject' && answer !== null) {
      for (const each of this.#seen) this.#takings.set(each, { forMs, atMs: null });
    }
  }

  noteLook(rows: Look['rows'], { atMs }: Look['world']): void {
    for (const { id, isCrisis } of rows) if (isCrisis) this.#seen.add(id);
    for (const taking of this.#takings.values()) taking.atMs ??= atMs;
  }

  /** Until when somebody may have it, by true time; 0 where nobody has taken it on. */
  untilMs(id: string, { atMs, upMs, takenOnMs }: Look['world']): number {
    const taking = this.#takings.get(id);
    if (taking === undefined) return 0;
    // A clock that was set may have begun an acknowledgement a second time.
    return Math.max(taking.atMs ?? atMs, atMs - upMs) + (taking.forMs ?? takenOnMs);
  }

  /** Whether somebody may have had it before it escalated, which lasts still or ended no longer ago than this. */
  mayBeFirst(id: string, world: Look['world'], agoMs: number): boolean {
    return !world.hasChain && this.untilMs(id, world) + agoMs > world.atMs;
  }
}
