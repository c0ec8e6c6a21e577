/**
 * Which types of work fail at an upstream while others succeed, and the work of which subjects within a type:
 * in which order types are tried while it is down, and what is parked by itself, so that one endpoint, or one
 * person's record, that fails holds up no other (CB-2).
 *
 * It reads no clock and draws no chance: instants are given, in milliseconds of a clock that only grows.
 *
 * @module
 */

import { subjectForm } from '../../vocabulary/subject.ts';
import type { FlowPolicy } from './flowPolicy.ts';
import { probeGapMs } from './recoveryPace.ts';

/**
 * So many failures of a type, one after the other, park it in any case: where half of all calls fail, chance
 * makes as many once in 100,000.
 */
const PARKED_AFTER_MAX = 17;
/** Types that are tried each by itself while the upstream is down; the others follow together. */
const APART_MAX = 4;
/** So many subjects whose calls fail are known, the latest of them. */
const SUBJECTS_MAX = 256;
/** What the key of a subject begins with, in place of a route: no route does. */
const SUBJECT = 'subject:';

/** A call by type and subject, by which failures at an upstream are told apart. */
export interface TypedCall {
  readonly id: string;
  /** By what its type is claimed: `type:` and its name. */
  readonly route: string;
  readonly subject: string;
}

/** A type that is parked. Instants are those of the clock that was given. */
export interface ParkedType {
  readonly route: string;
  readonly sinceMs: number;
  /** When its next probe may go out; `null` while one is out. */
  readonly nextTryMs: number | null;
}

/** The subjects that are parked, together. */
export interface ParkedSubjects {
  readonly count: number;
  readonly sinceMs: number;
  /** When the next probe of one of them may go out; `null` while all are out. */
  readonly nextTryMs: number | null;
}

/** What is known of the failures of a type, or of a subject. */
interface Trouble {
  /** Route of a type, or a key of a subject that no route can be. */
  readonly key: string;
  /** Failures since it succeeded last, each begun after the one before it had ended. */
  failures: number;
  firstFailureAtMs: number;
  lastFailureAtMs: number;
  firstId: string;
  isOfSeveral: boolean;
  /** A call of another type, or of another subject of the same type, succeeded that began since then. */
  hasOtherSucceeded: boolean;
  parkedAtMs: number | null;
  nextTryMs: number;
  isProbeOut: boolean;
}

/** What is known of one type. */
interface Known extends Trouble {
  /** How long its last answer took; `Infinity` before the first. */
  tookMs: number;
  /** When it was called last. */
  triedAtMs: number;
}

/** What is known of a subject whose calls fail. */
interface KnownSubject extends Trouble {
  /** Subject in the form in which it is compared. */
  readonly form: string;
  /** Type of the call of this subject that failed first. */
  readonly route: string;
}

export class TypeTrials {
  readonly #types = new Map<string, Known>();
  /** Types that failed since they last succeeded. */
  readonly #failing = new Set<Known>();
  /** By their keys, subjects among them. */
  readonly #parked = new Map<string, Trouble>();
  /** Since anything succeeded, the first of them. */
  readonly #failedSubjects = new Set<string>();
  /** Subjects that failed since they last succeeded, the latest of them last. */
  readonly #subjects = new Map<string, KnownSubject>();
  /** Failing subjects beside which no other has succeeded yet. */
  readonly #unproven = new Set<KnownSubject>();
  readonly #parkedSubjects = new Set<string>();
  #lastAnswered: Known | null = null;
  /** When the upstream went down; `Infinity` while it is up. */
  #downAtMs = Number.POSITIVE_INFINITY;
  /** The only type that failed in the run that revealed the outage. */
  #suspect: Known | null = null;
  /** The only subject that failed in it. */
  #suspectSubject: KnownSubject | null = null;

  /** Grows by one whenever a type or a subject is parked or let go. */
  changes = 0;

  /** How many types were called. */
  get size(): number {
    return this.#types.size;
  }

  /** What is parked, by its key: the route of a type; a subject's is that of no route. */
  get parked(): ReadonlyMap<string, unknown> {
    return this.#parked;
  }

  /** Whether any type has failed since it succeeded last. */
  get isTroubled(): boolean {
    return this.#failing.size > 0;
  }

  /** Whether this type is parked, or this subject, where they are given. */
  isParked(route = '', subject?: string): boolean {
    if (this.#parked.size === 0) return false;
    return this.#parked.has(route) || (subject !== undefined && this.isSubjectParked(subject));
  }

  isSubjectParked(subject: string): boolean {
    return this.#parkedSubjects.size > 0 && this.#parkedSubjects.has(subjectForm(subject));
  }

  /** Whether calls of this subject failed since anything succeeded, or it is parked. */
  hasFailed(subject: string): boolean {
    return this.#failedSubjects.has(subjectForm(subject)) || this.isSubjectParked(subject);
  }

  /** Subjects for which {@link hasFailed} is true. */
  get failedSubjects(): readonly string[] {
    return [...new Set([...this.#failedSubjects, ...this.#parkedSubjects])];
  }

  /** The subjects that are parked, as they are compared. */
  get parkedSubjects(): ReadonlySet<string> {
    return this.#parkedSubjects;
  }

  /** The types that are parked, for people. */
  get parkedTypes(): readonly ParkedType[] {
    return [...this.#parked.values()]
      .filter(({ key }) => !key.startsWith(SUBJECT))
      .map(({ key, parkedAtMs, nextTryMs, isProbeOut }) => ({
        route: key,
        sinceMs: parkedAtMs ?? nextTryMs,
        nextTryMs: isProbeOut ? null : nextTryMs,
      }));
  }

  /** The subjects that are parked, for people; `null` where none is. */
  get subjectsAside(): ParkedSubjects | null {
    const parked = [...this.#parkedSubjects].flatMap((form) => this.#subjects.get(form) ?? []);
    if (parked.length === 0) return null;
    const tries = parked.filter(({ isProbeOut }) => !isProbeOut).map(({ nextTryMs }) => nextTryMs);
    return {
      count: parked.length,
      sinceMs: Math.min(...parked.map(({ parkedAtMs, nextTryMs }) => parkedAtMs ?? nextTryMs)),
      nextTryMs: tries.length === 0 ? null : Math.min(...tries),
    };
  }

  /** Route of the parked type or subject with this key: the type's own, or that of the subject's failed calls. */
  routeOf(key: string): string {
    const form = TypeTrials.subjectOf(key);
    return form === null ? key : (this.#subjects.get(form)?.route ?? key);
  }

  /** The key of a subject, for its probes. */
  static keyOf(subject: string): string {
    return SUBJECT + subjectForm(subject);
  }

  /** The subject of this key; `null` where it is that of a type. */
  static subjectOf(key: string): string | null {
    return key.startsWith(SUBJECT) ? key.slice(SUBJECT.length) : null;
  }

  /** When the next probe of what has this key may go out; `null` where it is not parked, or one is out. */
  nextTryMs(key: string): number | null {
    const known = this.#parked.get(key);
    return known === undefined || known.isProbeOut ? null : known.nextTryMs;
  }

  /** The upstream went down. */
  wentDown(nowMs: number): void {
    this.#downAtMs = nowMs;
    const [only] = this.#failing;
    this.#suspect = this.#failing.size === 1 && only?.isOfSeveral === true ? only : null;
    const [form = ''] = this.#failedSubjects;
    const subject = this.#failedSubjects.size === 1 ? this.#subjects.get(form) : undefined;
    this.#suspectSubject = subject?.isOfSeveral === true ? subject : null;
    this.#forgetSuccesses();
  }

  /** Successes from before an outage tell nobody in it apart: nothing may succeed now. */
  #forgetSuccesses(): void {
    for (const known of this.#failing) {
      if (known.parkedAtMs === null) known.hasOtherSucceeded = false;
    }
    for (const known of this.#subjects.values()) {
      if (known.parkedAtMs !== null) continue;
      known.hasOtherSucceeded = false;
      this.#unproven.add(known);
    }
  }

  /** The upstream is up. */
  cameUp(): void {
    this.#downAtMs = Number.POSITIVE_INFINITY;
    this.#suspect = null;
    this.#suspectSubject = null;
  }

  /** A call of this type begins. */
  began({ route }: TypedCall, nowMs: number): void {
    this.#of(route).triedAtMs = nowMs;
  }

  /** A call was answered. */
  answered({ route, subject }: TypedCall, beganAtMs: number, nowMs: number): void {
    const known = this.#of(route);
    known.tookMs = nowMs - beganAtMs;
    this.#lastAnswered = known;
    if (this.#subjects.size > 0) this.#subjectAnswered(route, subject, beganAtMs, nowMs);
    if (this.#failing.size === 0) return;
    if (known.failures > 0) {
      this.#failing.delete(known);
      this.#isWell(known);
    }
    for (const other of this.#failing) {
      if (other.parkedAtMs !== null || beganAtMs < other.firstFailureAtMs) continue;
      other.hasOtherSucceeded = true;
      // Nothing but its calls told of the outage, and the first other one was answered.
      if (other === this.#suspect) this.#park(other, nowMs);
    }
  }

  /**
   * A call failed.
   *
   * @param after so many failures one after the other are no chance: of the upstream's usual share
   */
  failed(call: TypedCall, beganAtMs: number, nowMs: number, after: number): void {
    const known = this.#of(call.route);
    // Of what is parked each by itself, the one is not the other's.
    if (known.parkedAtMs === null) {
      const subject = this.#failingSubject(call);
      this.#count(subject, call.id, beganAtMs, nowMs, after);
      if (subject.parkedAtMs !== null) return;
    }
    if (known.failures === 0) this.#failing.add(known);
    this.#count(known, call.id, beganAtMs, nowMs, after);
  }

  #count(known: Trouble, id: string, beganAtMs: number, nowMs: number, after: number): void {
    if (known.failures === 0) {
      known.failures = 1;
      known.firstFailureAtMs = nowMs;
      known.lastFailureAtMs = nowMs;
      known.firstId = id;
      return;
    }
    if (known.firstId !== id) known.isOfSeveral = true;
    // What began together and failed together is one failure.
    if (beganAtMs < known.lastFailureAtMs) return;
    known.failures += 1;
    known.lastFailureAtMs = nowMs;
    if (known.parkedAtMs !== null || !known.isOfSeveral || !known.hasOtherSucceeded) return;
    if (known.failures >= Math.min(after, PARKED_AFTER_MAX)) this.#park(known, nowMs);
  }

  /** Remembers a subject whose calls fail; of too many the one that failed longest ago is forgotten. */
  #failingSubject({ subject, route }: TypedCall): KnownSubject {
    const form = subjectForm(subject);
    if (this.#failedSubjects.size < SUBJECTS_MAX) this.#failedSubjects.add(form);
    const known: KnownSubject = this.#subjects.get(form) ?? {
      ...noTrouble(),
      ...{ key: SUBJECT + form, form, route },
    };
    if (known.failures === 0) this.#unproven.add(known);
    this.#subjects.delete(form);
    this.#subjects.set(form, known);
    if (this.#subjects.size > SUBJECTS_MAX) {
      for (const other of this.#subjects.values()) {
        if (other.parkedAtMs !== null) continue;
        this.#subjects.delete(other.form);
        this.#unproven.delete(other);
        break;
      }
    }
    return known;
  }

  /** A call of this subject was answered: it is well, and others of the type that fail do so by themselves. */
  #subjectAnswered(route: string, subject: string, beganAtMs: number, nowMs: number): void {
    this.#failedSubjects.clear();
    const form = subjectForm(subject);
    const own = this.#subjects.get(form);
    if (own !== undefined) {
      this.#subjects.delete(form);
      this.#unproven.delete(own);
      this.#parkedSubjects.delete(form);
      this.#isWell(own);
    }
    const suspect = this.#suspectSubject;
    for (const other of this.#unproven) {
      if (other.route !== route || beganAtMs < other.firstFailureAtMs) continue;
      other.hasOtherSucceeded = true;
      this.#unproven.delete(other);
    }
    // Nothing but its calls told of the outage, and the first other one of its type was answered.
    if (suspect === null || suspect === own || suspect.route !== route) return;
    if (suspect.parkedAtMs === null && beganAtMs >= suspect.firstFailureAtMs)
      this.#park(suspect, nowMs);
  }

  /** A probe of what has this key, and is parked, goes out. */
  probeBegan(key: string): void {
    const known = this.#parked.get(key);
    if (known !== undefined) known.isProbeOut = true;
  }

  /** Ends a probe, whatever its result, and sets when the next may go out. */
  probeEnded(
    key: string,
    policy: Pick<FlowPolicy, 'probeMsMin' | 'probeShare' | 'probeMsMax'>,
    nowMs: number,
    draw: number,
  ): void {
    const known = this.#parked.get(key);
    if (known === undefined) return;
    known.isProbeOut = false;
    known.nextTryMs = nowMs + probeGapMs(policy, nowMs - (known.parkedAtMs ?? nowMs), draw);
  }

  /**
   * In which order these routes are tried by the next probe of an upstream that is down, first to last: the
   * type that succeeded last, others that have not failed, a quick one first, then those that failed, the one
   * that was tried longest ago first; what is parked comes last.
   */
  order(routes: readonly string[]): readonly (readonly string[])[] {
    const untried: string[] = [];
    const answered: Known[] = [];
    const failed: Known[] = [];
    for (const route of routes) {
      const known = this.#types.get(route);
      if (known === undefined) untried.push(route);
      else if (known.failures > 0 || known.triedAtMs >= this.#downAtMs) failed.push(known);
      else if (known.tookMs === Number.POSITIVE_INFINITY) untried.push(route);
      else answered.push(known);
    }
    const last = this.#lastAnswered;
    answered.sort((a, b) => Number(b === last) - Number(a === last) || a.tookMs - b.tookMs);
    failed.sort(
      (a, b) =>
        Number(a.parkedAtMs !== null) - Number(b.parkedAtMs !== null) || a.triedAtMs - b.triedAtMs,
    );
    return [...apart(answered, untried), ...apart(failed, [])];
  }

  #of(route: string): Known {
    let known = this.#types.get(route);
    if (known === undefined) {
      known = {
        ...noTrouble(),
        key: route,
        tookMs: Number.POSITIVE_INFINITY,
        triedAtMs: Number.NEGATIVE_INFINITY,
      };
      this.#types.set(route, known);
    }
    return known;
  }

  #park(known: Trouble, nowMs: number): void {
    known.parkedAtMs = nowMs;
    // At once: where it was an outage that is over, nothing is lost.
    known.nextTryMs = nowMs;
    known.isProbeOut = false;
    this.#parked.set(known.key, known);
    const subject = TypeTrials.subjectOf(known.key);
    if (subject !== null) this.#parkedSubjects.add(subject);
    this.changes += 1;
  }

  #isWell(known: Trouble): void {
    known.failures = 0;
    known.isOfSeveral = false;
    known.hasOtherSucceeded = false;
    if (known.parkedAtMs === null) return;
    known.parkedAtMs = null;
    this.#parked.delete(known.key);
    this.changes += 1;
  }
}

function noTrouble(): Omit<Trouble, 'key'> {
  return {
    failures: 0,
    firstFailureAtMs: 0,
    lastFailureAtMs: 0,
    firstId: '',
    isOfSeveral: false,
    hasOtherSucceeded: false,
    parkedAtMs: null,
    nextTryMs: 0,
    isProbeOut: false,
  };
}

/** The first of them each by itself, the rest together. */
function apart(known: readonly Known[], rest: readonly string[]): string[][] {
  const first = known.slice(0, APART_MAX).map(({ key }) => [key]);
  const others = [...known.slice(APART_MAX).map(({ key }) => key), ...rest];
  return others.length === 0 ? first : [...first, others];
}

/** So many failures in a row chance makes less often than `surprise`, where this share of the calls fails as usual. */
export function failuresOfNoChance(surprise: number, usualFailureShare: number): number {
  return Math.max(1, Math.ceil(Math.log(surprise) / Math.log(usualFailureShare) - 1e-9));
}
