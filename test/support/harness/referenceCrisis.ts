/**
 * A plain second model of a crisis, that the chart is compared with.
 *
 * @module
 */

import { CRASHES_IN_A_ROW_MAX } from '../../../machines/policy/retry/crashPolicy.ts';

/** What became of one step. */
export interface StepSeen {
  readonly name: string;
  /** `called` while nothing is known of its first call. */
  readonly outcome: 'called' | 'told' | 'notHeard' | 'maybeHeard' | 'refused';
  /** The time that the chain was gone through, and its calls in that. */
  readonly round: number;
  readonly calls: number;
  /** Calls in a row that failed alike, that threw, and that never ended. */
  readonly alike: number;
  readonly threw: number;
  readonly open: number;
  /** Whether it may know. */
  readonly mayKnow: boolean;
  readonly owedAtMs: number | null;
}

/** Who was told that it is not delivered. */
export interface PeopleFacts {
  readonly at:
    | 'quiet'
    | 'due'
    | 'called'
    | 'asked'
    | 'owed'
    | 'nobody'
    | 'takenOn'
    | 'lapsing'
    | 'over';
  readonly cause: 'attemptsUsedUp' | 'notInTime' | null;
  readonly round: number;
  /** The step that this round began with, and how often the chain began anew since somebody had it. */
  readonly from: string | null;
  readonly anew: number;
  /** The step that the chain has come to. */
  readonly step: string | null;
  readonly dueAtMs: number;
  readonly isAnybodyTold: boolean;
  /** The latest that changed comes last. */
  readonly steps: readonly StepSeen[];
  /** `nurse-7 until 1800000, by on-call, asked 2 times`. */
  readonly taker: {
    readonly id: string;
    readonly untilMs: number;
    readonly step: string | null;
    readonly asks: number;
    readonly askAtMs: number | null;
  } | null;
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
        round: 1,
        from: null,
        anew: 0,
        step: null,
        dueAtMs: nowMs,
        isAnybodyTold: false,
        steps: [],
        taker: null,
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
  stepDue(step: string | null, isAllTold: boolean, anewAtMs: number, nowMs: number): void {
    const { at } = this.facts.people;
    if (this.#hasEnded) return;
    if (at === 'quiet') this.#people({ at: 'due', cause: 'notInTime', dueAtMs: nowMs });
    else if (at === 'takenOn' || at === 'lapsing' || at === 'over') return;
    else if (step !== null) this.#people({ at: 'called', step, dueAtMs: nowMs });
    else if (at === 'nobody') return;
    else if (isAllTold) this.#people({ at: 'nobody', dueAtMs: anewAtMs });
    else if (at !== 'owed') this.#people({ at: 'owed' });
    else return;
    this.#write();
  }

  /** A call begins: of a step, or to ask whoever has it. */
  called(name: string, nowMs: number): void {
    if (!this.#isTelling) {
      if (this.facts.people.at === 'lapsing') this.#taker({ asks: 1 });
      return;
    }
    const step = this.#seen(name);
    this.#step({
      ...step,
      calls: step.calls + 1,
      open: step.open + 1,
      mayKnow: step.mayKnow || step.open > 0,
      owedAtMs: nowMs,
    });
    this.#write();
  }

  notified(name: string, withinMs: number, nowMs: number): void {
    if (!this.#isTelling) {
      if (this.facts.people.at === 'lapsing') this.#taker({ askAtMs: null });
      return;
    }
    const step = this.#seen(name);
    this.#step({
      ...step,
      ...{ outcome: 'told', calls: Math.max(1, step.calls), alike: 0, threw: 0, open: 0 },
      ...{ mayKnow: true, owedAtMs: null },
    });
    const dueAtMs = Math.max(this.facts.people.dueAtMs, nowMs + withinMs);
    this.#people({ at: 'asked', dueAtMs, isAnybodyTold: true });
    this.#write();
  }

  stepFailed(
    name: string,
    why: 'notHeard' | 'maybeHeard' | 'refused',
    how: { readonly retryAtMs: number; readonly isSoon: boolean; readonly isThrown: boolean },
    nowMs: number,
  ): void {
    const { at } = this.facts.people;
    if (!this.#isTelling) {
      if (at === 'lapsing') this.#taker({ askAtMs: how.retryAtMs });
      return;
    }
    const step = this.#seen(name);
    this.#step({
      ...step,
      ...{ outcome: why, open: 0, owedAtMs: how.retryAtMs },
      alike: step.outcome === why ? step.alike + 1 : 1,
      threw: how.isThrown ? step.threw + 1 : 0,
      mayKnow: step.mayKnow || why === 'maybeHeard',
    });
    if (at === 'called' && name === this.facts.people.step && !how.isSoon) {
      this.#people({ at: 'due', dueAtMs: nowMs });
    }
    this.#write();
  }

  /** A step can be reached again. */
  woken(name: string, nowMs: number): void {
    if (!this.#isTelling) return;
    const step = this.#seen(name);
    if (step.owedAtMs === null || step.owedAtMs <= nowMs) return;
    this.#step({ ...step, owedAtMs: nowMs });
    this.#write();
  }

  acknowledge(by: string, untilMs: number, hasChain: boolean, nowMs: number): void {
    const { at, isAnybodyTold } = this.facts.people;
    if (this.#hasEnded || at === 'over') return;
    const isTakenOn = at === 'takenOn' || at === 'lapsing';
    if (hasChain && !isAnybodyTold && !isTakenOn) {
      this.#decided(`noted ${by}`);
      this.#write();
      return;
    }
    this.#decided(`acknowledged ${by}`);
    const lastsMs = untilMs - nowMs;
    this.#people({
      at: 'takenOn',
      taker: { id: by, untilMs, step: this.#lastTold, asks: 0, askAtMs: null },
      dueAtMs: untilMs - Math.min(300_000, lastsMs / 2),
    });
    this.#write();
  }

  /** It is about to lapse. */
  ending(nowMs: number): void {
    const { at, taker, dueAtMs: askedAtMs } = this.facts.people;
    if (this.#hasEnded || at !== 'takenOn' || taker === null) return;
    const leftMs = Math.min(taker.untilMs - askedAtMs, taker.untilMs - nowMs);
    this.#people({ at: 'lapsing', dueAtMs: nowMs + Math.max(0, leftMs) });
    this.#taker({ askAtMs: nowMs });
  }

  lapsed(nowMs: number): void {
    if (!this.#hasEnded && this.facts.people.at === 'lapsing') this.#again(nowMs, true);
  }

  release(by: string, nowMs: number): void {
    const { at } = this.facts.people;
    if (this.#hasEnded || (at !== 'takenOn' && at !== 'lapsing')) return;
    this.#decided(`released ${by}`);
    this.#again(nowMs, true);
  }

  /** Nobody has taken it on since everybody was told. */
  anew(nowMs: number): void {
    if (!this.#hasEnded && this.facts.people.at === 'nobody') this.#again(nowMs, false);
  }

  propose(by: string): void {
    if (this.#hasEnded || this.facts.people.at === 'over') return;
    this.#decided(`callOffProposed ${by}`);
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

  /** Whether steps are told now. */
  get #isTelling(): boolean {
    const { at } = this.facts.people;
    return !this.#hasEnded && !['quiet', 'takenOn', 'lapsing', 'over'].includes(at);
  }

  get #lastTold(): string | null {
    return this.facts.people.steps.findLast(({ outcome }) => outcome === 'told')?.name ?? null;
  }

  #seen(name: string): StepSeen {
    const { steps, round } = this.facts.people;
    const before = steps.find((step) => step.name === name);
    const { alike = 0, threw = 0, open = 0, mayKnow = false } = before ?? {};
    if (before?.round === round) return before;
    return {
      ...{ name, round, outcome: 'called', calls: 0, owedAtMs: null },
      ...{ alike, threw, open, mayKnow },
    };
  }

  #step(step: StepSeen): void {
    const others = this.facts.people.steps.filter(({ name }) => name !== step.name);
    this.#people({ steps: [...others, step] });
  }

  /** The chain begins anew: after whoever had it with their step, else from its start. */
  #again(nowMs: number, wasTakenOn: boolean): void {
    const { round, anew, steps, taker, cause } = this.facts.people;
    const from = wasTakenOn ? (taker?.step ?? null) : null;
    const next = round + 1;
    this.#people({
      ...{ at: 'due', round: next, from, step: null, taker: null, dueAtMs: nowMs },
      anew: wasTakenOn ? 0 : anew + 1,
      cause: cause ?? 'notInTime',
      steps: steps.map((step) => {
        if (step.owedAtMs === null) return step;
        if (step.name === from) return { ...step, owedAtMs: null };
        return { ...step, round: next, calls: 0, owedAtMs: nowMs };
      }),
    });
    this.#write();
  }

  #taker(change: { readonly asks?: 1; readonly askAtMs?: number | null }): void {
    const { taker } = this.facts.people;
    if (taker === null) return;
    const { askAtMs = taker.askAtMs } = change;
    this.#people({ taker: { ...taker, asks: taker.asks + (change.asks ?? 0), askAtMs } });
    this.#write();
  }

  #decided(what: string): void {
    this.#people({ decisions: [...this.facts.people.decisions, what] });
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
