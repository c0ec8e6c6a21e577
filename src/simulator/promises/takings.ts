/**
 * Crises that people have taken on before their delivery, and until when that may last.
 *
 * @module
 */

import type { Look } from '../oracle/look.ts';
import type { TraceEvents } from '../oracle/trace.ts';

interface Taking {
  /** `null` where the order does not say. */
  readonly forMs: number | null;
  /** True if no answer came, so that it may not hold at all. */
  readonly isUnanswered: boolean;
  /** Last look before it, by true time. */
  readonly sinceMs: number;
  /** First look after it; `null` before that. */
  atMs: number | null;
}

/** Part of an answer to an order about one crisis. */
interface Decided {
  readonly what?: string;
  readonly isDurable?: boolean;
  readonly crisis?: { readonly id: string };
}

/** Key of an order about all crises of a subject. */
const ALL = '*';
/** Shortest and longest time for which anybody can take on a crisis. */
const FOR_MS_MIN = 60_000;
const FOR_MS_MAX = 14_400_000;
/** Time before the end at which its author is asked. Where the clock was set ahead since, the taking ends then. */
const ASKED_BEFORE_MS = 300_000;

export class Takings {
  readonly #takings = new Map<string, Taking>();
  /** Takings by id that later ones replaced in memory alone: after a crash they may hold again. */
  readonly #before = new Map<string, readonly Taking[]>();
  /** Takings by id that later ones replaced on disk: in an earlier copy of the store they may hold again. */
  readonly #replaced = new Map<string, readonly Taking[]>();
  /** Orders without an answer: they may hold, for instance where the process died during them. */
  readonly #unanswered = new Map<string, Taking>();
  /** Latest look, by true time. */
  #lookedAtMs = 0;

  /** What it has to hear besides the looks. */
  readonly hears = {
    asked: (order: TraceEvents['asked']): void => {
      this.#noteAsked(order);
    },
    ordered: (order: TraceEvents['ordered']): void => {
      this.#noteOrder(order);
    },
    restored: (): void => {
      for (const [id, earlier] of this.#replaced) {
        this.#before.set(id, [...(this.#before.get(id) ?? []), ...earlier]);
      }
      this.#replaced.clear();
    },
  };

  #noteAsked({ id, what }: TraceEvents['asked']): void {
    if (what === 'takeOn') this.#unanswered.set(id ?? ALL, this.#taking(FOR_MS_MAX, true));
  }

  #noteOrder({ call, id, params, answer, code }: TraceEvents['ordered']): void {
    if (!call.startsWith('crisis.acknowledge')) return;
    // An order that failed on the disk may hold all the same.
    if (code?.startsWith('HF_STORE_') !== true && code !== 'HF_CLOSED') {
      this.#unanswered.delete(id ?? ALL);
    }
    const forMs = typeof params['forMs'] === 'number' ? params['forMs'] : null;
    // An order about all of a subject answers with the crises that it took.
    const all = (
      id === null ? (answer ?? []) : [answer ?? { what: 'noted' }]
    ) as readonly Decided[];
    for (const { what, crisis, isDurable } of all) {
      if (what === 'noted') continue;
      const about = id ?? crisis?.id ?? ALL;
      this.#keepBefore(about, isDurable !== false);
      this.#takings.set(about, this.#taking(forMs));
    }
  }

  #keepBefore(id: string, isReplacedOnDisk: boolean): void {
    const taking = this.#takings.get(id);
    const earlier = [
      ...(this.#before.get(id) ?? []),
      ...(taking === undefined ? [] : [{ ...taking, isUnanswered: true }]),
    ];
    this.#before.set(id, isReplacedOnDisk ? [] : earlier);
    if (isReplacedOnDisk) this.#replaced.set(id, [...(this.#replaced.get(id) ?? []), ...earlier]);
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

  /** Computes until when somebody may have the crisis, by true time; 0 where nobody has taken it on. */
  untilMs(id: string, world: Look['world']): number {
    return this.#lasting(id, world).untilMs;
  }

  /** Tells whether the taking had certainly lapsed by then, so that a notice since tells of that. */
  hadLapsedBy(id: string, byMs: number, world: Look['world']): boolean {
    return this.#lasting(id, world).atLeastMs <= byMs;
  }

  #lasting(id: string, { atMs, upMs, takenOnMs }: Look['world']) {
    const its = [
      ...(this.#before.get(id) ?? []),
      ...[this.#takings.get(id), this.#unanswered.get(id), this.#unanswered.get(ALL)],
    ];
    return its.reduce(
      (longest, taking) => {
        if (taking === undefined) return longest;
        const forMs = taking.forMs ?? takenOnMs;
        const takenAtMs = taking.atMs ?? atMs;
        // A process that started under a clock that was set may have begun the acknowledgement's time again.
        const beganAtMs = Math.max(takenAtMs, atMs - upMs);
        const untilMs = beganAtMs + forMs;
        const forAtLeastMs = beganAtMs > takenAtMs ? Math.max(0, forMs - ASKED_BEFORE_MS) : forMs;
        return untilMs <= longest.untilMs
          ? longest
          : {
              untilMs,
              atLeastMs: taking.sinceMs + (taking.isUnanswered ? FOR_MS_MIN : forAtLeastMs),
            };
      },
      { untilMs: 0, atLeastMs: 0 },
    );
  }

  /** Tells whether somebody may have the crisis without an escalation before it, or had it until this long ago. */
  mayBeFirst(id: string, world: Look['world'], agoMs: number): boolean {
    return !world.hasChain && this.untilMs(id, world) + agoMs > world.atMs;
  }
}
