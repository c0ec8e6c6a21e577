/**
 * Crises whose rows can't be read, and that were not delivered by what stands in the clear: each may have been
 * delivered or not, so people are told of its id until one takes it on, or it is restored or purged (CR-4).
 *
 * @module
 */

import {
  type ChainStep,
  type EscalationPace,
  tellAgainMs,
} from '../../machines/crisis/crisisEscalation.ts';
import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import { type Clock, clampDueTime, type Random } from '../../machines/vocabulary/clock.ts';
import { ERROR_CODES, type ErrorCode, HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Standing } from '../../machines/vocabulary/standing.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';
import type { QuarantinedRecord, ReviewStore } from '../../persistence/port/review.ts';
import type { FactStream } from '../facts/factStream.ts';
import { untilDone } from '../journal/background.ts';
import { madeAtMs } from '../platform/operationId.ts';
import type { TimerService } from '../platform/timerService.ts';
import { type EscalationNotice, type EscalationStep, stepFailureOf } from './escalationStep.ts';

/** Person who has taken a crisis on, what they have said, and how long that lasts. */
export interface UnreadableTakenOn {
  readonly by: Person;
  readonly note: string | null;
  readonly atMs: number;
  readonly untilMs: number;
}

/** A crisis that nobody can read. Whose it is, and whether it was delivered, is not known. */
export interface UnreadableCrisis {
  readonly id: string;
  /** When it was accepted, as its id says, in milliseconds since the epoch. */
  readonly acceptedAtMs: number;
  /** When it was found that it can't be read. */
  readonly foundAtMs: number;
  /** Why it can't be read. */
  readonly code: ErrorCode;
  /** Where it stood, by what stands in the clear; `null` where that is not known. */
  readonly stood: Standing | null;
  /** When somebody was told of it first, by this process; `null` while nobody was. */
  readonly toldAtMs: number | null;
  /** Person who has taken it on; `null` while nobody has, and once that has lapsed. */
  readonly takenOn: UnreadableTakenOn | null;
  /** Person who took it on last, though that may have lapsed. */
  readonly lastTakenOn: UnreadableTakenOn | null;
}

/** How many there are. */
export interface UnreadableCounts {
  readonly count: number;
  /** Number of these that are quarantined; the others a later version wrote. */
  readonly setAside: number;
  /** Number of all that nobody has taken on. */
  readonly unacknowledged: number;
  /** When the oldest was accepted; `null` where there is none. */
  readonly sinceAtMs: number | null;
}

export interface UnreadableParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: TimerService;
  readonly facts: FactStream;
  /** What an orderly stop waits for. */
  readonly busy: { begin(): void; end(): void };
  readonly chain: readonly EscalationStep[];
  readonly pace: EscalationPace;
  /** The type that the app's crises usually have. */
  readonly crisisType: string;
  readonly store: Pick<ReviewStore, 'quarantine'>;
  /** Keeps this beside other states of components. */
  readonly keep: (state: () => string) => void;
  /** Whether a crisis goes on from memory, whatever its row is. */
  readonly isInMemory: (id: string) => boolean;
  readonly onError: (error: unknown) => void;
}

/** How far one step of the chain is. */
interface Step {
  readonly step: EscalationStep;
  /** Crises that the step was told of. */
  readonly told: Set<string>;
  isUnderWay: boolean;
  /** Whether the step may know of some already. */
  mayKnow: boolean;
  /** Calls in a row that failed alike, and all. */
  failures: number;
  calls: number;
  /** What became of the last call, when, and when it is called again. */
  outcome: ChainStep['outcome'];
  atMs: number;
  owedAtMs: number | null;
  /** The next step was told, or is to be, whatever becomes of this one. */
  hasMadeWay: boolean;
  /** The next call is planned. */
  cancel: (() => void) | null;
  abort: () => void;
}

const PAGE_ROWS = 128;
/** What is found within a moment goes into one digest. */
const GATHERED_WITHIN_MS = 2_000;
/** A step that was told is told of more not sooner than that. */
const REFRESHED_AFTER_MS = 60_000;
/** Ids that a notice names. */
const NAMED_MAX = 100;

export class UnreadableCrises {
  readonly #parts: UnreadableParts;
  readonly #crises = new Map<string, UnreadableCrisis>();
  /** By id, who has taken them on, as kept. */
  #kept: Readonly<Record<string, UnreadableTakenOn>> = {};
  #steps: Step[] = [];
  /** Which time the chain is gone through; 0 while nobody is told. */
  #round = 0;
  #next: (() => void) | null = null;
  #isStopped = false;

  constructor(parts: UnreadableParts) {
    this.#parts = parts;
    parts.facts.tap('record.newer', (id, isCrisis) => {
      // A later version wrote it, and nothing of it runs here.
      if (isCrisis) this.#add(id, { code: 'HF_RECORD_NEWER', stood: null, setAsideAtMs: null });
    });
  }

  /** In order of acceptance. */
  get all(): readonly UnreadableCrisis[] {
    return [...this.#crises.values()].toSorted((a, b) => a.acceptedAtMs - b.acceptedAtMs);
  }

  get counts(): UnreadableCounts {
    let unacknowledged = 0;
    let setAside = 0;
    let sinceAtMs: number | null = null;
    for (const { takenOn, acceptedAtMs, code } of this.#crises.values()) {
      if (code !== 'HF_RECORD_NEWER') setAside += 1;
      if (takenOn === null) unacknowledged += 1;
      sinceAtMs = Math.min(sinceAtMs ?? acceptedAtMs, acceptedAtMs);
    }
    return { count: this.#crises.size, setAside, unacknowledged, sinceAtMs };
  }

  find(id: string): UnreadableCrisis | null {
    return this.#crises.get(id) ?? null;
  }

  /** The store is open, and this was kept in it. */
  opened(text: string | undefined): void {
    if (text === undefined) return;
    try {
      this.#kept = JSON.parse(text) as Readonly<Record<string, UnreadableTakenOn>>;
    } catch (error) {
      this.#parts.onError(error);
    }
  }

  /** Looks for those that earlier processes have quarantined. */
  async look(): Promise<void> {
    let afterSeq = 0;
    for (;;) {
      if (this.#isStopped) return;
      const rows = await this.#parts.store.quarantine({ afterSeq, limit: PAGE_ROWS });
      for (const row of rows) this.#found(row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE_ROWS) return;
      afterSeq = last.seq;
    }
  }

  /** Looks at the row of this number, which was quarantined just now. */
  quarantined(seq: number): void {
    const { onError, store } = this.#parts;
    const look = async (): Promise<void> => {
      const [row] = await store.quarantine({ afterSeq: seq - 1, limit: 1 });
      if (row?.seq === seq) this.#found(row);
    };
    void untilDone(this.#parts, look, onError);
  }

  /** Forgets a crisis that was restored, or purged: nobody is told of it any more. */
  left(id: string): void {
    if (!this.#crises.delete(id)) return;
    this.#keep();
    this.#changed();
  }

  /** A person takes it on for so long: nobody else is told. `null` where there is none of that id. */
  takeOn(
    id: string,
    { by, note, forMs }: Pick<UnreadableTakenOn, 'by' | 'note'> & { readonly forMs: number },
  ): UnreadableCrisis | null {
    const crisis = this.#crises.get(id);
    if (crisis === undefined) return null;
    const atMs = this.#parts.clock.now();
    const takenOn = { by, note, atMs, untilMs: atMs + forMs };
    const taken = { ...crisis, takenOn, lastTakenOn: takenOn };
    this.#crises.set(id, taken);
    this.#keep();
    this.#lapseLater(id, takenOn);
    this.#changed();
    return taken;
  }

  /** A person gives it back: people are told of it again. `null` where there is none of that id. */
  release(id: string): UnreadableCrisis | null {
    const crisis = this.#crises.get(id);
    if (crisis === undefined) return null;
    const released = { ...crisis, takenOn: null };
    this.#crises.set(id, released);
    this.#keep();
    this.#changed();
    return released;
  }

  /** The steps that were told of it in this process, or that could not be. */
  stepsOf(id: string): readonly ChainStep[] {
    return this.#steps
      .filter(({ calls }) => calls > 0)
      .map(({ step, told, calls, outcome, failures, mayKnow, atMs, owedAtMs }) => ({
        ...{ name: step.name, outcome: told.has(id) ? 'told' : outcome, round: this.#round },
        ...{ calls, failures, throws: 0, cutOff: 0, mayKnow, atMs, owedAtMs, waitMs: 0 },
      }));
  }

  /** No further call is begun. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelAll();
  }

  #found({ id, urgency, stood, setAsideAtMs, code }: QuarantinedRecord): void {
    if (!passesBy('flow', { urgency }) || stood === 'settled') return;
    this.#add(id, { code: knownCode(code), stood, setAsideAtMs });
  }

  #add(
    id: string,
    row: {
      readonly code: ErrorCode;
      readonly stood: Standing | null;
      readonly setAsideAtMs: number | null;
    },
  ): void {
    const { facts, clock, isInMemory } = this.#parts;
    if (this.#isStopped || this.#crises.has(id) || isInMemory(id)) return;
    const { code, stood, setAsideAtMs } = row;
    const foundAtMs = setAsideAtMs ?? clock.now();
    const acceptedAtMs = acceptedAtMsOf(id, foundAtMs);
    const lastTakenOn = this.#kept[id] ?? null;
    const isTakenOn = lastTakenOn !== null && lastTakenOn.untilMs > clock.now();
    const takenOn = isTakenOn ? lastTakenOn : null;
    const its = { id, acceptedAtMs, foundAtMs, code, stood };
    this.#crises.set(id, { ...its, toldAtMs: null, takenOn, lastTakenOn });
    if (takenOn !== null) this.#lapseLater(id, takenOn);
    facts.emit('crisis.unreadable', id, code, acceptedAtMs);
    if (takenOn === null) this.#changed();
  }

  /** Releases a crisis later: the person who has taken it on has so long, and then people are told again. */
  #lapseLater(id: string, takenOn: UnreadableTakenOn): void {
    const { clock, timers } = this.#parts;
    const nowMs = clock.now();
    // Over a restart under a clock that was set back, too.
    const untilMs = clampDueTime(takenOn.untilMs, nowMs, takenOn.untilMs - takenOn.atMs);
    timers.after(untilMs - nowMs, () => {
      if (!this.#isStopped && this.#crises.get(id)?.takenOn === takenOn) this.release(id);
    });
  }

  #keep(): void {
    this.#parts.keep(() => {
      const taken = [...this.#crises.values()].filter(({ takenOn }) => takenOn !== null);
      return JSON.stringify(Object.fromEntries(taken.map(({ id, takenOn }) => [id, takenOn])));
    });
  }

  get #open(): readonly UnreadableCrisis[] {
    return this.all.filter(({ takenOn }) => takenOn === null);
  }

  /** Some more are to be told of, or fewer. */
  #changed(): void {
    const { chain, timers } = this.#parts;
    if (this.#isStopped || chain.length === 0) return;
    if (this.#open.length === 0) {
      this.#cancelAll();
      this.#round = 0;
    } else if (this.#round === 0) {
      this.#round = 1;
      this.#next = timers.after(GATHERED_WITHIN_MS, () => {
        this.#begin();
      });
    } else {
      for (const step of this.#steps) if (step.told.size > 0) this.#refresh(step);
    }
  }

  /** Goes through the chain from its start. */
  #begin(): void {
    const mayKnow = this.#steps.map((step) => step.mayKnow || step.told.size > 0);
    this.#cancelAll();
    this.#steps = this.#parts.chain.map((step, at) => ({
      ...{ step, told: new Set<string>(), isUnderWay: false, mayKnow: mayKnow[at] ?? false },
      ...{ failures: 0, calls: 0, hasMadeWay: false, cancel: null, abort: () => undefined },
      ...{ outcome: null, atMs: 0, owedAtMs: null },
    }));
    this.#goOn(0);
  }

  #goOn(at: number): void {
    const step = this.#steps[at];
    if (step !== undefined) {
      this.#call(step);
      return;
    }
    const inMs = this.#parts.pace.anewMs * (this.#round === 1 ? 1 : 4);
    this.#next = this.#parts.timers.after(inMs, () => {
      this.#round += 1;
      this.#begin();
    });
  }

  /** Ends the turn of a step: the next is told, after so long. */
  #makeWay(step: Step, inMs: number): void {
    if (step.hasMadeWay) return;
    step.hasMadeWay = true;
    const at = this.#steps.indexOf(step) + 1;
    if (inMs === 0) this.#goOn(at);
    else {
      this.#next = this.#parts.timers.after(inMs, () => {
        this.#goOn(at);
      });
    }
  }

  /** Tells one that was told of those that were found since. */
  #refresh(step: Step): void {
    if (step.cancel !== null || step.isUnderWay) return;
    if (this.#open.every(({ id }) => step.told.has(id))) return;
    this.#plan(step, REFRESHED_AFTER_MS);
  }

  #plan(step: Step, inMs: number): void {
    const { clock, timers } = this.#parts;
    step.owedAtMs = clock.now() + inMs;
    step.cancel = timers.after(inMs, () => {
      step.cancel = null;
      step.owedAtMs = null;
      this.#call(step);
    });
  }

  #call(step: Step): void {
    const open = this.#open;
    if (this.#isStopped || open.length === 0) return;
    const { timers, busy } = this.#parts;
    const { timeoutMs, notify, name, acknowledgeWithinMs } = step.step;
    step.calls += 1;
    step.isUnderWay = true;
    const notice = this.#notice(step, open);
    const controller = new AbortController();
    busy.begin();
    const end = (failure: { readonly thrown: unknown } | null, isAborted = false): void => {
      if (!step.isUnderWay || step.abort !== abort) return;
      step.isUnderWay = false;
      step.abort = () => undefined;
      cancelTimer();
      busy.end();
      if (isAborted || failure !== null) controller.abort();
      if (isAborted) return;
      if (failure === null) this.#heard(step, open, acknowledgeWithinMs);
      else this.#failed(step, failure.thrown, open.length);
    };
    const abort = (): void => {
      end(null, true);
    };
    step.abort = abort;
    const cancelTimer = timers.after(timeoutMs, () => {
      end({ thrown: timedOut(name, timeoutMs) });
    });
    Promise.resolve()
      .then(() => notify(notice, { signal: controller.signal }))
      .then(
        () => {
          end(null);
        },
        (thrown: unknown) => {
          end({ thrown });
        },
      );
  }

  #heard(step: Step, about: readonly UnreadableCrisis[], acknowledgeWithinMs: number): void {
    const atMs = this.#parts.clock.now();
    step.failures = 0;
    step.outcome = 'told';
    step.atMs = atMs;
    for (const { id } of about) {
      step.told.add(id);
      const crisis = this.#crises.get(id);
      if (crisis?.toldAtMs === null) this.#crises.set(id, { ...crisis, toldAtMs: atMs });
    }
    this.#makeWay(step, acknowledgeWithinMs);
    this.#refresh(step);
  }

  #failed(step: Step, thrown: unknown, count: number): void {
    const { clock, onError, random, pace } = this.#parts;
    const { why } = stepFailureOf(thrown);
    if (step.outcome === null) onError(notTold(step.step.name, count));
    step.failures = step.outcome === why ? step.failures + 1 : 1;
    step.outcome = why;
    step.atMs = clock.now();
    if (why === 'maybeHeard') step.mayKnow = true;
    const waitMs = tellAgainMs(why, step.failures, random.next(), pace);
    this.#plan(step, waitMs);
    this.#makeWay(step, 0);
  }

  #notice(
    { step, told, mayKnow, calls }: Step,
    open: readonly UnreadableCrisis[],
  ): EscalationNotice {
    const [first] = open as [UnreadableCrisis, ...UnreadableCrisis[]];
    // The newest that was found makes it another call, and after a restart it is the same again.
    const newest = open.reduce((a, b) => (b.foundAtMs >= a.foundAtMs ? b : a));
    const round = this.#round > 1 ? [`${this.#round}`] : [];
    return {
      eventId: `unreadable:${first.id}`,
      idempotencyKey: ['unreadable', newest.id, `${open.length}`, step.name, ...round].join(':'),
      operationId: first.id,
      count: open.length,
      operationIds: open.slice(0, NAMED_MAX).map(({ id }) => id),
      subject: null,
      people: open.length,
      subjects: [],
      type: this.#parts.crisisType,
      tier: 'premium',
      step: step.name,
      call: calls,
      again: mayKnow || told.size > 0,
      cause: 'unreadable',
      failure: first.code,
      attempt: 0,
      acceptedAtMs: first.acceptedAtMs,
      escalatedAtMs: first.foundAtMs,
      notedBy: null,
      takenOnBy: null,
      saidSafeAtMs: null,
      // What can't be read may be anybody's.
      test: false,
      ask: null,
      lapsesAtMs: null,
    };
  }

  #cancelAll(): void {
    this.#next?.();
    this.#next = null;
    for (const step of this.#steps) {
      step.cancel?.();
      step.cancel = null;
      step.abort();
    }
    this.#steps = [];
  }
}

/** A plain column that anybody may have written: what is no code of ours tells nothing. */
export function knownCode(code: string): ErrorCode {
  return ERROR_CODES.find((known) => known === code) ?? 'HF_RECORD_TAMPERED';
}

/** When it was accepted, by its id; of one that was edited that may be anything. */
export function acceptedAtMsOf(id: string, foundAtMs: number): number {
  const madeMs = madeAtMs(id);
  return madeMs > 0 && madeMs < foundAtMs ? madeMs : foundAtMs;
}

function timedOut(name: string, timeoutMs: number): HoldfastError {
  return new HoldfastError(
    'HF_ATTEMPT_TIMED_OUT',
    `The step ${name} of crisis.escalation did not answer within ${timeoutMs} ms.`,
    { retry: 'later', withStack: false },
  );
}

function notTold(name: string, count: number): HoldfastError {
  return new HoldfastError(
    'HF_CRISIS_ESCALATED',
    `The step ${name} of crisis.escalation could not be told of ${count} crises that can't be read. The next step is told, and this one again.`,
    { withStack: false },
  );
}
