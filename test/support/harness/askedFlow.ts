/**
 * A flow control whose every answer a test gives by hand.
 *
 * @module
 */

import {
  type Asker,
  type CallVerdict,
  type FlowControl,
  NO_VERDICT,
  type Permit,
} from '../../../actors/flow/flowControl.ts';
import { TypeTrials } from '../../../machines/policy/flow/typeTrials.ts';
import type { Intake, MayRun } from '../../../machines/vocabulary/waitCause.ts';

interface Question {
  readonly asker: Asker;
  readonly answer: (permit: Permit | null) => void;
  readonly fail: (error: Error) => void;
}

/** A flow control whose every answer a test gives by hand, in the order in which it was asked. */
export class AskedFlow implements FlowControl {
  readonly upstream = 'payments';
  urgencyBound = 12;
  free = 2;
  trickle = 0;
  upMs = 0;
  slotsMax = 2;
  timeoutMsMax = 10_000;
  intake: Intake = 'open';
  isDoubted = false;
  isSwitchedOff = false;
  probesFailed = 0;
  readonly isDown = false;
  readonly types = new TypeTrials();
  /** Whether it gives permits at once to whoever does not wait for an answer. */
  isGenerous = false;
  readonly out = new Set<Permit>();
  readonly #questions: Question[] = [];

  get inFlight(): number {
    return this.out.size;
  }
  /** Who has asked and waits. */
  get asking(): readonly (string | null)[] {
    return this.#questions.map(({ asker }) => asker.id);
  }
  beside(): readonly string[] {
    return [];
  }

  mayRun(): MayRun {
    if (this.intake === 'stopped') return { may: false, because: 'stopping', untilAtMs: null };
    return { may: true };
  }
  wasOutage(): boolean {
    return false;
  }
  setIntake(intake: Intake): void {
    this.intake = intake;
  }
  tryEnter(): Permit | null {
    return this.isGenerous ? this.#permit() : null;
  }
  enter(asker: Asker): Promise<Permit | null> {
    return new Promise((answer, fail) => {
      this.#questions.push({ asker, answer, fail });
    });
  }
  leave(permit: Permit): CallVerdict {
    if (!this.out.delete(permit)) throw new Error('It was given back twice.');
    return NO_VERDICT;
  }
  subjectDueAtMs(): null {
    return null;
  }
  held(): void {
    // Nothing is told of types.
  }
  began(): boolean {
    return true;
  }
  tell(): CallVerdict {
    return NO_VERDICT;
  }
  recordCrisis(): void {
    // No test of this has crises.
  }
  onChange(): void {
    // It never changes.
  }

  /** Answers whoever asked first, and lets what follows happen. */
  async grant(): Promise<void> {
    this.#questions.shift()?.answer(this.#permit());
    await settled();
  }
  async refuse(): Promise<void> {
    this.#questions.shift()?.answer(null);
    await settled();
  }
  async fail(): Promise<void> {
    this.#questions.shift()?.fail(new Error('It can not be reached.'));
    await settled();
  }

  #permit(): Permit {
    const permit: Permit = { flow: this, timeoutMs: 10_000, beganAtMs: 0 };
    this.out.add(permit);
    return permit;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
