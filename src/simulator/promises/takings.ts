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
  /** Whether it may not be so at all. */
  readonly isUnanswered: boolean;
  /** The look before it, by true time. */
  readonly sinceMs: number;
  /** The look after it; `null` where none has followed. */
  atMs: number | null;
}

/** What the answer to an order says of each crisis that it is about. */
interface Decided {
  readonly what?: string;
  readonly crisis?: { readonly id: string };
}

/** An order for all of a subject's, among orders by their crisis. */
const ALL = '*';
/** The shortest and the longest that anybody can take one on for at once. */
const FOR_MS_MIN = 60_000;
const FOR_MS_MAX = 14_400_000;

export class Takings {
  readonly #takings = new Map<string, Taking>();
  /** What was asked for without an answer: it may hold, as where the process died over it. */
  readonly #unanswered = new Map<string, Taking>();
  /** The latest look, by true time. */
  #lookedAtMs = 0;

  noteAsked({ id, what }: TraceEvents['asked']): void {
    if (what === 'takeOn') this.#unanswered.set(id ?? ALL, this.#taking(FOR_MS_MAX, true));
  }

  noteOrder({ call, id, params, answer, code }: TraceEvents['ordered']): void {
    if (!call.startsWith('crisis.acknowledge')) return;
    // One that is not on disk may hold all the same.
    if (code?.startsWith('HF_STORE_') !== true && code !== 'HF_CLOSED') {
      this.#unanswered.delete(id ?? ALL);
    }
    const forMs = typeof params['forMs'] === 'number' ? params['forMs'] : null;
    // One for all of a subject answers with those that it was about.
    const all = (
      id === null ? (answer ?? []) : [answer ?? { what: 'noted' }]
    ) as readonly Decided[];
    for (const { what, crisis } of all) {
      if (what !== 'noted') this.#takings.set(id ?? crisis?.id ?? ALL, this.#taking(forMs));
    }
  }

  #taking(forMs: number | null, isUnanswered = false): Taking {
    return { forMs, isUnanswered, sinceMs: this.#lookedAtMs, atMs: null };
  }

  noteLook({ atMs }: Look['world']): void {
    this.#lookedAtMs = atMs;
    for (const taking of [...this.#takings.values(), ...this.#unanswered.values()]) {
      taking.atMs ??= atMs;
    }
  }

  /** Until when somebody may have it, by true time; 0 where nobody has taken it on. */
  untilMs(id: string, world: Look['world']): number {
    return this.#lasting(id, world).untilMs;
  }

  /** Whether they had it no more by then for sure, so that who was told since was told of that. */
  hadLapsedBy(id: string, byMs: number, world: Look['world']): boolean {
    return this.#lasting(id, world).atLeastMs <= byMs;
  }

  #lasting(id: string, { atMs, upMs, takenOnMs }: Look['world']) {
    const its = [this.#takings.get(id), this.#unanswered.get(id), this.#unanswered.get(ALL)];
    return its.reduce(
      (longest, taking) => {
        if (taking === undefined) return longest;
        const forMs = taking.forMs ?? takenOnMs;
        // A clock that was set may have begun an acknowledgement a second time.
        const untilMs = Math.max(taking.atMs ?? atMs, atMs - upMs) + forMs;
        return untilMs <= longest.untilMs
          ? longest
          : { untilMs, atLeastMs: taking.sinceMs + (taking.isUnanswered ? FOR_MS_MIN : forMs) };
      },
      { untilMs: 0, atLeastMs: 0 },
    );
  }

  /** Whether somebody may have had it before it escalated, which lasts still or ended no longer ago than this. */
  mayBeFirst(id: string, world: Look['world'], agoMs: number): boolean {
    return !world.hasChain && this.untilMs(id, world) + agoMs > world.atMs;
  }
}
