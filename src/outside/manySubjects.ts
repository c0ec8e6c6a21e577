/**
 * Notices a token that is used for many subjects in a row, as by a person who guesses them, to read plans or to call
 * for help in their names. No request is refused for it (CR-2, CR-3).
 *
 * @module
 */

import { fieldOfCrisis } from '../../machines/policy/crisis/crisisRequest.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { subjectOf } from '../../machines/vocabulary/subject.ts';
import type { OutsideCaller } from './outsideOptions.ts';

/** The time in which subjects are counted together and reported at most once, in milliseconds. */
export const COUNTED_MS = 600_000;

interface Counted {
  readonly sinceMs: number;
  readonly subjects: Set<string>;
}

export class ManySubjects {
  readonly #clock: Clock;
  readonly #many: number;
  readonly #onMany: (caller: OutsideCaller, subjects: number) => void;
  readonly #counted = new Map<OutsideCaller, Counted>();

  /**
   * @param many so many are told of
   * @param onMany told once in ten minutes of each caller, and never of whom it asked for
   */
  constructor(parts: {
    readonly clock: Clock;
    readonly many: number;
    readonly onMany: (caller: OutsideCaller, subjects: number) => void;
  }) {
    this.#clock = parts.clock;
    this.#many = parts.many;
    this.#onMany = parts.onMany;
  }

  /** Counts the subject of a request. */
  note(caller: OutsideCaller, request: unknown): void {
    const subject = subjectOf(fieldOfCrisis(request, 'subject'));
    if (subject === null) return;
    const nowMs = this.#clock.monotonic();
    const before = this.#counted.get(caller);
    const isOver = before === undefined || nowMs - before.sinceMs >= COUNTED_MS;
    const counted = isOver ? { sinceMs: nowMs, subjects: new Set<string>() } : before;
    if (isOver) this.#counted.set(caller, counted);
    const { subjects } = counted;
    // No more subjects are kept than the report needs.
    if (subjects.size >= this.#many) return;
    subjects.add(subject);
    if (subjects.size >= this.#many) this.#onMany(caller, subjects.size);
  }
}
