/**
 * The calls by which one step of the chain is told (CR-5): one for a person, however many crises of theirs are
 * open, and one for all where very many people have some. Each has its time limit, and one that hangs or fails
 * holds up nobody else's.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { TimerService } from '../platform/timerService.ts';
import type { EscalationNotice, EscalationStep } from './escalationStep.ts';

/** Most people that are told of one by one; where more wait, one digest is about them all. */
const PEOPLE_MAX = 20;
/** What comes within a moment goes into one call. */
const GATHERED_WITHIN_MS = 200;
/** After a call that was heard the next one about the same person, or the next digest. */
const REFRESHED_AFTER_MS = 60_000;
/** After one that was not heard. */
const TRIED_AFTER_MS = 20_000;
/** No digest follows another sooner, whatever is owed. */
const DIGEST_AFTER_MS = 5_000;
/** A crisis that waits so long for a call of a step that hangs or fails makes way: the next step is told. */
const MAKES_WAY_AFTER_MS = 2_000;
/** Beside a call that hangs so long another may begin, and so many at once. */
const HANGS_AFTER_MS = 20_000;
const HANGING_MAX = 8;
/** What a callback that is told to stop may take to say how far it came. */
const SAYS_WITHIN_MS = 100;

/** How a call has ended. */
export type CallEnd = { readonly ok: true } | { readonly ok: false; readonly thrown: unknown };

/** What a call is about: those for which it is made, and what it says. */
export interface Gathered<Crisis> {
  readonly owed: ReadonlySet<Crisis>;
  /** Crises that the notice names. */
  readonly named: ReadonlySet<Crisis>;
  readonly notice: EscalationNotice;
}

/** How a call of a step has ended. */
export interface EndedHow<Crisis> {
  readonly isAsk: boolean;
  /** Number of calls in a row that failed. */
  readonly failures: number;
  /** Crises that its notice named. */
  readonly named: ReadonlySet<Crisis>;
}

export interface StepDeskParts<Crisis> {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timers: TimerService;
  /** What an orderly stop waits for. */
  readonly busy: { begin(): void; end(): void };
  readonly personOf: (crisis: Crisis) => string;
  /** Whether it is in no digest. */
  readonly isApart: (crisis: Crisis) => boolean;
  /** Whether it was called about this crisis before, and failed: it has waited for this call. */
  readonly isRepeat: (crisis: Crisis, isAsk: boolean) => boolean;
  /**
   * Puts a call together, and notes that it begins; `null` where there is none to be made after all.
   *
   * @param wanting those that wait for it
   */
  readonly begin: (
    wanting: readonly Crisis[],
    how: { readonly isAsk: boolean; readonly isDigest: boolean },
  ) => Gathered<Crisis> | null;
  /** Called when a call of a step has ended, for those that wait for it still. */
  readonly ended: (owed: readonly Crisis[], end: CallEnd, how: EndedHow<Crisis>) => void;
}

interface Call<Crisis> {
  readonly beganAtMs: number;
  readonly owed: Set<Crisis>;
  readonly abort: () => void;
}

/** The calls about one person, or the digests. */
interface Line<Crisis> {
  readonly isAsk: boolean;
  readonly isDigest: boolean;
  /** Since when each waits for a call. */
  readonly wanting: Map<Crisis, number>;
  readonly calls: Set<Call<Crisis>>;
  lastAtMs: number;
  wasHeard: boolean;
  /** Calls in a row that were not heard. */
  failures: number;
  /** When it is looked at next. */
  plannedAtMs: number;
  cancel: () => void;
}

export class StepDesk<Crisis> {
  readonly #step: EscalationStep;
  readonly #parts: StepDeskParts<Crisis>;
  readonly #lines = new Map<string, Line<Crisis>>();
  /** Number of crises that this step is told of, by person. */
  readonly #people = new Map<string, number>();
  #isStopped = false;

  constructor(step: EscalationStep, parts: StepDeskParts<Crisis>) {
    this.#step = step;
    this.#parts = parts;
  }

  /** One crisis more of this person is one that the step is told of, or one less. */
  count(person: string, by: 1 | -1): void {
    const left = (this.#people.get(person) ?? 0) + by;
    if (left > 0) this.#people.set(person, left);
    else this.#people.delete(person);
  }

  /** A call about this crisis is due. */
  want(crisis: Crisis, isAsk: boolean): void {
    if (this.isUnderWay(crisis, isAsk)) return;
    const line = this.#lineOf(crisis, isAsk);
    if (!line.wanting.has(crisis)) line.wanting.set(crisis, this.#parts.clock.monotonic());
    this.#plan(line, GATHERED_WITHIN_MS);
  }

  /** No call about this crisis is to be made any more; one under way for it alone is aborted. */
  leave(crisis: Crisis, isAsk: boolean): void {
    for (const line of this.#lines.values()) {
      if (line.isAsk !== isAsk) continue;
      line.wanting.delete(crisis);
      for (const call of line.calls) {
        if (call.owed.delete(crisis) && call.owed.size === 0) call.abort();
      }
    }
  }

  /** No further call is begun. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Whether a call about it is under way. */
  isUnderWay(crisis: Crisis, isAsk: boolean): boolean {
    for (const line of this.#lines.values()) {
      if (line.isAsk !== isAsk) continue;
      for (const call of line.calls) if (call.owed.has(crisis)) return true;
    }
    return false;
  }

  #lineOf(crisis: Crisis, isAsk: boolean): Line<Crisis> {
    const isDigest = this.#people.size > PEOPLE_MAX && !this.#parts.isApart(crisis);
    const name = `${isAsk ? 'ask' : 'tell'} ${isDigest ? '' : `of ${this.#parts.personOf(crisis)}`}`;
    const known = this.#lines.get(name);
    if (known !== undefined) return known;
    this.#sweep();
    const line: Line<Crisis> = {
      ...{ isAsk, isDigest, wanting: new Map<Crisis, number>(), calls: new Set<Call<Crisis>>() },
      ...{ lastAtMs: Number.NEGATIVE_INFINITY, wasHeard: false, failures: 0 },
      plannedAtMs: Number.POSITIVE_INFINITY,
      cancel: () => undefined,
    };
    this.#lines.set(name, line);
    return line;
  }

  /** Forgets the lines of people of whom nothing is open. */
  #sweep(): void {
    if (this.#lines.size < 2 * PEOPLE_MAX) return;
    const nowMs = this.#parts.clock.monotonic();
    for (const [name, { wanting, calls, lastAtMs, cancel }] of this.#lines) {
      if (wanting.size > 0 || calls.size > 0 || lastAtMs + REFRESHED_AFTER_MS > nowMs) continue;
      cancel();
      this.#lines.delete(name);
    }
  }

  /** Looks at it then, or earlier where that is planned. */
  #plan(line: Line<Crisis>, inMs: number): void {
    const { clock, timers } = this.#parts;
    const atMs = clock.monotonic() + inMs;
    if (line.plannedAtMs <= atMs || inMs === Number.POSITIVE_INFINITY) return;
    line.cancel();
    line.plannedAtMs = atMs;
    line.cancel = timers.after(inMs, () => {
      line.plannedAtMs = Number.POSITIVE_INFINITY;
      this.#run(line);
    });
  }

  #run(line: Line<Crisis>): void {
    if (this.#isStopped || line.wanting.size === 0) return;
    const nowMs = this.#parts.clock.monotonic();
    const readyAtMs = this.#readyAtMs(line);
    if (nowMs >= readyAtMs) {
      this.#begin(line, nowMs);
      return;
    }
    if (line.wasHeard && line.calls.size === 0) {
      this.#plan(line, readyAtMs - nowMs);
      return;
    }
    const late = [...line.wanting].filter(([, since]) => nowMs - since >= MAKES_WAY_AFTER_MS);
    for (const [crisis] of late) line.wanting.delete(crisis);
    if (late.length > 0) {
      const thrown = notReached(this.#step.name);
      const { isAsk } = line;
      this.#parts.ended(
        late.map(([crisis]) => crisis),
        { ok: false, thrown },
        { isAsk, failures: Number.POSITIVE_INFINITY, named: new Set() },
      );
    }
    const [since] = line.wanting.values();
    if (since === undefined) return;
    this.#plan(line, Math.min(readyAtMs, since + MAKES_WAY_AFTER_MS) - nowMs);
  }

  /** When the next call of this line may begin. */
  #readyAtMs(line: Line<Crisis>): number {
    const { isAsk, isDigest, lastAtMs, wanting, calls } = line;
    const begun = [...calls].map(({ beganAtMs }) => beganAtMs + HANGS_AFTER_MS);
    if (calls.size >= HANGING_MAX) return Number.POSITIVE_INFINITY;
    const afterHanging = Math.max(Number.NEGATIVE_INFINITY, ...begun);
    const hasRepeat = [...wanting.keys()].some((crisis) => this.#parts.isRepeat(crisis, isAsk));
    const gapMs = line.wasHeard ? REFRESHED_AFTER_MS : TRIED_AFTER_MS;
    return Math.max(
      afterHanging,
      lastAtMs + (hasRepeat ? (isDigest ? DIGEST_AFTER_MS : 0) : gapMs),
    );
  }

  #begin(line: Line<Crisis>, nowMs: number): void {
    const { isAsk, isDigest } = line;
    const wanting = [...line.wanting.keys()];
    line.wanting.clear();
    const gathered = this.#parts.begin(wanting, { isAsk, isDigest });
    if (gathered === null) return;
    for (const crisis of gathered.owed) line.wanting.delete(crisis);
    line.lastAtMs = nowMs;
    const owed = new Set(gathered.owed);
    const call: Call<Crisis> = {
      beganAtMs: nowMs,
      owed,
      abort: this.#call(gathered.notice, (end) => {
        line.calls.delete(call);
        if (end === null) return;
        line.wasHeard = end.ok;
        line.failures = end.ok ? 0 : line.failures + 1;
        const { named } = gathered;
        this.#parts.ended([...owed], end, { isAsk, failures: line.failures, named });
        if (line.wanting.size > 0) this.#plan(line, GATHERED_WITHIN_MS);
      }),
    };
    line.calls.add(call);
    if (line.wanting.size > 0) this.#plan(line, MAKES_WAY_AFTER_MS);
  }

  /** Calls the step, and tells once how that ended, with `null` where it was aborted; returns what aborts it. */
  #call(notice: EscalationNotice, ended: (end: CallEnd | null) => void): () => void {
    const { name, timeoutMs, notify } = this.#step;
    const { timers, busy } = this.#parts;
    const controller = new AbortController();
    let isOver = false;
    busy.begin();
    const end = (how: CallEnd | null): void => {
      if (isOver) return;
      isOver = true;
      cancelTimer();
      if (how?.ok !== true) controller.abort(how === null ? stopped() : how.thrown);
      ended(how);
      // After what it has led to is ordered, so that a stop writes it.
      busy.end();
    };
    // It may know, once it is told to stop, that it has sent nothing; else nobody knows.
    let cancelTimer = timers.after(timeoutMs, () => {
      const thrown = timedOut(name, timeoutMs);
      cancelTimer = timers.after(SAYS_WITHIN_MS, () => {
        end({ ok: false, thrown });
      });
      controller.abort(thrown);
    });
    // Begun apart from the chart, which must not be entered in the midst of a step, and where it throws.
    Promise.resolve()
      .then(async () => {
        if (!isOver) await notify(notice, { signal: controller.signal });
      })
      .then(
        () => {
          end({ ok: true });
        },
        (thrown: unknown) => {
          end({ ok: false, thrown });
        },
      );
    return () => {
      end(null);
    };
  }
}

function timedOut(name: string, timeoutMs: number): HoldfastError {
  return new HoldfastError(
    'HF_ATTEMPT_TIMED_OUT',
    `The step ${name} of crisis.escalation did not answer within ${timeoutMs} ms.`,
    { retry: 'later', withStack: false },
  );
}

function notReached(name: string): HoldfastError {
  return new HoldfastError(
    'HF_UPSTREAM_UNREACHABLE',
    `The step ${name} of crisis.escalation hangs or fails, so it was not called about this crisis yet.`,
    { retry: 'later', withStack: false },
  );
}

function stopped(): HoldfastError {
  return new HoldfastError('HF_CANCELLED', 'Nobody has to be told of this crisis by this call.', {
    withStack: false,
  });
}
