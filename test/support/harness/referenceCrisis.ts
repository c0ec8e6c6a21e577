/**
 * A plain second model of a crisis, that the chart is compared with.
 *
 * @module
 */

import { CRASHES_IN_A_ROW_MAX } from '../../../machines/policy/retry/crashPolicy.ts';

/** Who was told that it is not delivered. */
export interface PeopleFacts {
  readonly at: 'quiet' | 'due' | 'called' | 'asked' | 'nobody' | 'takenOn' | 'over';
  readonly cause: 'attemptsUsedUp' | 'notInTime' | null;
  /** The step that is or was called last, and how often. */
  readonly step: string | null;
  readonly calls: number;
  readonly dueAtMs: number;
  /** `on-call notified`. */
  readonly told: readonly string[];
  /** `acknowledged nurse-7`. */
  readonly decisions: readonly string[];
}

/** What is known of a crisis at one instant. */
export interface CrisisFacts {
  /** Where it is, in the words of this model. */
  readonly at: 'line' | 'noHandler' | 'sent' | 'recalled' | 'waits' | 'through' | 'calledOff';
  /** Which wait it is in; `null` where it is in none. */
  readonly pace: 'fast' | 'late' | null;
  readonly attempt: number;
  readonly isSpent: boolean;
  readonly crashes: number;
  readonly isOutcomeUnknown: boolean;
  readonly wakeAtMs: number;
  readonly people: PeopleFacts;
  readonly history: readonly string[];
}

/** What the requirements say about a crisis, written without looking at the chart. */
export class ReferenceCrisis {
  readonly begun: number[] = [];
  readonly called: string[] = [];
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
      people: {
        at: 'quiet',
        cause: null,
        step: null,
        calls: 0,
        dueAtMs: nowMs,
        told: [],
        decisions: [],
      },
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
    this.#people({ at: 'over' });
    this.#write();
  }

  /** Whatever the upstream said, it goes on. */
  fail(isUnknown: boolean, retryAtMs: number, nowMs: number): void {
    if (this.facts.at === 'recalled') this.#callOff();
    if (this.facts.at !== 'sent') return;
    const { attempt, isOutcomeUnknown } = this.facts;
    this.#remember('failed');
    const isFast = attempt < this.#fastMax;
    if (!isFast && this.facts.people.at === 'quiet') {
      this.#people({ at: 'due', cause: 'attemptsUsedUp', dueAtMs: nowMs });
    }
    this.#note({
      at: 'waits',
      pace: isFast ? 'fast' : 'late',
      isSpent: true,
      crashes: 0,
      isOutcomeUnknown: isOutcomeUnknown || isUnknown,
      wakeAtMs: retryAtMs,
    });
    this.#write();
  }

  /** It is time to tell somebody: this step, or nobody where none is left. */
  stepDue(step: string | null, nowMs: number): void {
    const { at, cause } = this.facts.people;
    const isWaiting = at === 'quiet' || at === 'due' || at === 'asked';
    if (this.#hasEnded || !(isWaiting || (at === 'nobody' && step !== null))) return;
    if (at === 'quiet') this.#people({ cause: cause ?? 'notInTime', dueAtMs: nowMs });
    if (step === null) this.#people({ at: 'nobody' });
    else {
      const calls = step === this.facts.people.step ? this.facts.people.calls + 1 : 1;
      this.#people({ at: 'called', step, calls, dueAtMs: nowMs });
      this.called.push(`${step} ${calls}`);
    }
    this.#write();
  }

  notified(dueAtMs: number): void {
    if (this.#hasEnded || this.facts.people.at !== 'called') return;
    this.#told('notified');
    this.#people({ at: 'asked', dueAtMs });
    this.#write();
  }

  stepFailed(why: 'failed' | 'timedOut', retryAtMs: number | null, nowMs: number): void {
    const { at } = this.facts.people;
    if (this.#hasEnded || (at !== 'called' && at !== 'due')) return;
    if (at === 'due' || retryAtMs === null) this.#told(why);
    const dueAtMs = at === 'called' && retryAtMs !== null ? retryAtMs : nowMs;
    this.#people({ at: 'due', dueAtMs });
    this.#write();
  }

  acknowledge(by: string): void {
    const { at, decisions } = this.facts.people;
    if (this.#hasEnded || at === 'over') return;
    this.#people({ at: 'takenOn', decisions: [...decisions, `acknowledged ${by}`] });
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
    this.#people({ at: 'over' });
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
    // Whether the call came through is not known: it is made again.
    if (this.facts.people.at === 'called') this.#people({ at: 'due' });
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

  get #hasEnded(): boolean {
    return this.facts.at === 'through' || this.facts.at === 'calledOff';
  }

  #told(outcome: string): void {
    const { step, told } = this.facts.people;
    if (step === null || told.some((before) => before.startsWith(`${step} `))) return;
    this.#people({ told: [...told, `${step} ${outcome}`] });
  }

  #people(change: Partial<PeopleFacts>): void {
    this.#note({ people: { ...this.facts.people, ...change } });
  }

  #note(change: Partial<CrisisFacts>): void {
    this.facts = { ...this.facts, ...change };
  }

  #remember(what: string): void {
    this.#note({ history: [...this.facts.history, `${what} ${this.facts.attempt}`].slice(-32) });
  }

  #write(): void {
    // On disk, what is being sent was ordered, no more.
    const { at } = this.facts;
    this.queue.push({ ...this.facts, at: at === 'sent' ? 'line' : at });
  }
}
