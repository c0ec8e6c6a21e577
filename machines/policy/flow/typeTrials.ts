/**
 * Which types of work fail at an upstream while others succeed: in which order types are tried while it is
 * down, and which of them are parked by themselves, so that one endpoint that fails holds up no other (CB-2).
 *
 * It reads no clock and draws no chance: instants are given, in milliseconds of a clock that only grows.
 *
 * @module
 */

import type { FlowPolicy } from './flowPolicy.ts';
import { probeGapMs } from './probePacing.ts';

/**
 * So many failures of a type, one after the other, park it in any case: where half of all calls fail, chance
 * makes as many once in 100,000.
 */
const PARKED_AFTER_MAX = 17;
/** Types that are tried each by itself while the upstream is down; the others follow together. */
const APART_MAX = 4;
/** Subjects that failed since anything succeeded, the latest of them. */
const SUBJECTS_MAX = 256;

/** Whose call it is, as far as its upstream is told apart by it. */
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

/** What is known of one type. */
interface Known {
  readonly route: string;
  /** How long its last answer took; `Infinity` before the first. */
  tookMs: number;
  /** When it was called last. */
  triedAtMs: number;
  /** Failures since it succeeded last, each begun after the one before it had ended. */
  failures: number;
  firstFailureAtMs: number;
  lastFailureAtMs: number;
  firstId: string;
  isOfSeveral: boolean;
  /** A call of another type succeeded that began since then. */
  hasOtherSucceeded: boolean;
  parkedAtMs: number | null;
  nextTryMs: number;
  isProbeOut: boolean;
}

export class TypeTrials {
  readonly #types = new Map<string, Known>();
  /** Those that failed since they succeeded last. */
  readonly #failing = new Set<Known>();
  readonly #parked = new Map<string, Known>();
  readonly #failedSubjects = new Set<string>();
  #lastAnswered: Known | null = null;
  /** When the upstream went down; `Infinity` while it is up. */
  #downAtMs = Number.POSITIVE_INFINITY;
  /** The only type that failed in the run that told of the outage. */
  #suspect: Known | null = null;

  /** Grows by one whenever a type is parked or let go. */
  changes = 0;

  /** How many types were called. */
  get size(): number {
    return this.#types.size;
  }

  /** Those that are parked, by route. */
  get parked(): ReadonlyMap<string, unknown> {
    return this.#parked;
  }

  /** Whether any type has failed since it succeeded last. */
  get isTroubled(): boolean {
    return this.#failing.size > 0;
  }

  isParked(route: string): boolean {
    return this.#parked.size > 0 && this.#parked.has(route);
  }

  /** Whether calls of this subject failed since anything succeeded. */
  hasFailed(subject: string): boolean {
    return this.#failedSubjects.has(subject);
  }

  /** Those that are parked, for people. */
  get parkedTypes(): readonly ParkedType[] {
    return [...this.#parked.values()].map(({ route, parkedAtMs, nextTryMs, isProbeOut }) => ({
      route,
      sinceMs: parkedAtMs ?? nextTryMs,
      nextTryMs: isProbeOut ? null : nextTryMs,
    }));
  }

  /** When the next probe of this type may go out; `null` where it is not parked, or one is out. */
  nextTryMs(route: string): number | null {
    const known = this.#parked.get(route);
    return known === undefined || known.isProbeOut ? null : known.nextTryMs;
  }

  /** The upstream went down. */
  wentDown(nowMs: number): void {
    this.#downAtMs = nowMs;
    const [only] = this.#failing;
    this.#suspect = this.#failing.size === 1 && only?.isOfSeveral === true ? only : null;
  }

  /** The upstream is up. */
  cameUp(): void {
    this.#downAtMs = Number.POSITIVE_INFINITY;
    this.#suspect = null;
  }

  /** A call of this type begins. */
  began({ route }: TypedCall, nowMs: number): void {
    this.#of(route).triedAtMs = nowMs;
  }

  /** A call was answered. */
  answered({ route }: TypedCall, beganAtMs: number, nowMs: number): void {
    const known = this.#of(route);
    known.tookMs = nowMs - beganAtMs;
    this.#lastAnswered = known;
    if (this.#failing.size === 0) return;
    this.#failedSubjects.clear();
    if (known.failures > 0) this.#isWell(known);
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
  failed({ route, id, subject }: TypedCall, beganAtMs: number, nowMs: number, after: number): void {
    const known = this.#of(route);
    if (this.#failedSubjects.size < SUBJECTS_MAX) this.#failedSubjects.add(subject);
    if (known.failures === 0) {
      this.#failing.add(known);
      Object.assign(known, {
        failures: 1,
        firstFailureAtMs: nowMs,
        lastFailureAtMs: nowMs,
        firstId: id,
      });
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

  /** A probe of a type that is parked goes out. */
  probeBegan(route: string): void {
    const known = this.#parked.get(route);
    if (known !== undefined) known.isProbeOut = true;
  }

  /** It is over, whatever came of it: when the next one may go out. */
  probeEnded(
    route: string,
    policy: Pick<FlowPolicy, 'probeMsMin' | 'probeShare' | 'probeMsMax'>,
    nowMs: number,
    draw: number,
  ): void {
    const known = this.#parked.get(route);
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
        route,
        tookMs: Number.POSITIVE_INFINITY,
        triedAtMs: Number.NEGATIVE_INFINITY,
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
      this.#types.set(route, known);
    }
    return known;
  }

  #park(known: Known, nowMs: number): void {
    known.parkedAtMs = nowMs;
    // At once: where it was an outage that is over, nothing is lost.
    known.nextTryMs = nowMs;
    known.isProbeOut = false;
    this.#parked.set(known.route, known);
    this.changes += 1;
  }

  #isWell(known: Known): void {
    this.#failing.delete(known);
    known.failures = 0;
    known.isOfSeveral = false;
    known.hasOtherSucceeded = false;
    if (known.parkedAtMs === null) return;
    known.parkedAtMs = null;
    this.#parked.delete(known.route);
    this.changes += 1;
  }
}

/** The first of them each by itself, the rest together. */
function apart(known: readonly Known[], rest: readonly string[]): string[][] {
  const first = known.slice(0, APART_MAX).map(({ route }) => [route]);
  const others = [...known.slice(APART_MAX).map(({ route }) => route), ...rest];
  return others.length === 0 ? first : [...first, others];
}

/** So many failures in a row chance makes less often than `surprise`, where this share of the calls fails as usual. */
export function failuresOfNoChance(surprise: number, usualFailureShare: number): number {
  return Math.max(1, Math.ceil(Math.log(surprise) / Math.log(usualFailureShare) - 1e-9));
}
