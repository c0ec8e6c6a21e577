/**
 * A plain second model of a crisis, that the chart is compared with.
 *
 * @module
 */

import { CRASHES_IN_A_ROW_MAX } from '../../../machines/policy/retry/crashPolicy.ts';

/** What is known of a crisis at one instant. */
export interface CrisisFacts {
  /** Where it is, in the words of this model. */
  readonly at: 'line' | 'noHandler' | 'sent' | 'recalled' | 'waits' | 'through' | 'calledOff';
  /** Which wait it is in; `null` where it is in none. */
  readonly pace: 'fast' | 'told' | 'late' | null;
  readonly attempt: number;
  readonly isSpent: boolean;
  readonly crashes: number;
  readonly isOutcomeUnknown: boolean;
  readonly wakeAtMs: number;
  readonly wasTold: boolean;
  readonly history: readonly string[];
}

/** What the requirements say about a crisis, written without looking at the chart. */
export class ReferenceCrisis {
  readonly begun: number[] = [];
  facts: CrisisFacts;
  disk: CrisisFacts | null = null;
  queue: CrisisFacts[] = [];
  isOver = false;
  readonly #fastMax: number;

  constructor(nowMs: number, fastMax: number) {
    this.#fastMax = fastMax;
    this.facts = {
      at: 'line',
      pace: null,
      attempt: 1,
      isSpent: false,
      crashes: 0,
      isOutcomeUnknown: false,
      wakeAtMs: nowMs,
      wasTold: false,
      history: [],
    };
    this.#write();
  }

  commitNext(): void {
    const write = this.queue.shift();
    if (write === undefined) return;
    this.disk = write;
    if (write.at === 'through' || write.at === 'calledOff') this.isOver = true;
  }

  grant(): void {
    if (this.facts.at !== 'line') return;
    this.#note({ at: 'sent' });
    this.begun.push(this.facts.attempt);
  }

  /** It is tried again: its time has come, or a person wants it. */
  again(isWanted: boolean): void {
    if (this.facts.at !== 'waits') return;
    if (isWanted) this.#remember('retryRequested');
    this.#order();
  }

  handlerMissing(): void {
    if (this.facts.at !== 'line' && this.facts.at !== 'waits') return;
    this.#note({ at: 'noHandler', pace: null });
    this.#write();
  }

  handlerRegistered(): void {
    if (this.facts.at === 'noHandler') this.#order();
  }

  succeed(): void {
    if (this.facts.at !== 'sent' && this.facts.at !== 'recalled') return;
    this.#note({ at: 'through', isSpent: true, crashes: 0 });
    this.#write();
  }

  /** Whatever the upstream said, it goes on. */
  fail(isUnknown: boolean, retryAtMs: number): void {
    if (this.facts.at === 'recalled') this.#callOff();
    if (this.facts.at !== 'sent') return;
    const { attempt, wasTold, isOutcomeUnknown } = this.facts;
    this.#remember('failed');
    const late = wasTold ? 'late' : 'told';
    const pace = attempt < this.#fastMax ? 'fast' : late;
    this.#note({
      at: 'waits',
      pace,
      wasTold: wasTold || pace === 'told',
      isSpent: true,
      crashes: 0,
      isOutcomeUnknown: isOutcomeUnknown || isUnknown,
      wakeAtMs: retryAtMs,
    });
    this.#write();
  }

  interrupt(nowMs: number): void {
    if (this.facts.at === 'recalled') this.#callOff();
    if (this.facts.at !== 'sent') return;
    this.#remember('interrupted');
    this.#note({ at: 'waits', pace: 'fast', isOutcomeUnknown: true, wakeAtMs: nowMs });
    this.#write();
  }

  callOff(): void {
    const { at } = this.facts;
    if (at === 'through' || at === 'calledOff' || at === 'recalled') return;
    this.#remember('calledOff');
    if (at === 'sent') {
      this.#note({ at: 'recalled' });
      this.#write();
    } else this.#callOff();
  }

  /** What was ordered may be what ended the process, and goes on all the same (RT-4). */
  restart(nowMs: number): void {
    this.queue = [];
    if (this.disk === null || this.disk.at === 'through' || this.disk.at === 'calledOff') {
      this.isOver = true;
      return;
    }
    this.facts = this.disk;
    if (this.facts.at === 'recalled') this.#callOff();
    if (this.facts.at !== 'line') return;
    const crashes = this.facts.crashes + 1;
    const pauseMs = crashes < CRASHES_IN_A_ROW_MAX ? 0 : 30_000;
    this.#remember('crashed');
    this.#note({ at: 'waits', pace: 'fast', crashes });
    this.#note({ isOutcomeUnknown: true, wakeAtMs: nowMs + pauseMs });
    this.#write();
  }

  #order(): void {
    const { attempt, isSpent } = this.facts;
    this.#note({ at: 'line', pace: null, attempt: attempt + (isSpent ? 1 : 0), isSpent: false });
    this.#write();
  }

  #callOff(): void {
    this.#note({ at: 'calledOff', pace: null });
    this.#write();
  }

  #note(change: Partial<CrisisFacts>): void {
    this.facts = { ...this.facts, ...change };
  }

  #remember(what: string): void {
    this.#note({ history: [...this.facts.history, `${what} ${this.facts.attempt}`].slice(-32) });
  }

  #write(): void {
    this.queue.push(this.facts);
  }
}
