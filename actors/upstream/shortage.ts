/**
 * Whether an upstream has fewer slots than are asked for, because they open again or were halved: the
 * signal of its level of service (DG-1, DG-3).
 *
 * @module
 */

import type { Pace } from '../../machines/scheduler/schedulerMachine.ts';

export class Shortage {
  readonly #pace: () => Pace;
  readonly #onChange: () => void;
  #isShort = false;

  constructor(pace: () => Pace, onChange: () => void) {
    this.#pace = pace;
    this.#onChange = onChange;
  }

  /** Why there are fewer slots than are asked for; `null` where there are enough. */
  get because(): 'ramp' | 'overload' | null {
    if (!this.#isShort) return null;
    const pace = this.#pace();
    if (pace === 'overloaded') return 'overload';
    return pace === 'ramping' ? 'ramp' : null;
  }

  /** A slot was looked for in vain. What was only reserved is no sign of demand. */
  note(): void {
    if (this.#isShort || !this.#isPossible) return;
    this.#isShort = true;
    this.#onChange();
  }

  /** Ends the shortage once half of the slots are free, or all are open. */
  review({ slots, inFlight }: { readonly slots: number; readonly inFlight: number }): void {
    if (!this.#isShort || (this.#isPossible && inFlight * 2 > slots)) return;
    this.#isShort = false;
    this.#onChange();
  }

  /** The upstream went down, or came back: what was short counts no more. */
  forget(): void {
    this.#isShort = false;
  }

  get #isPossible(): boolean {
    const pace = this.#pace();
    return pace === 'ramping' || pace === 'overloaded';
  }
}
