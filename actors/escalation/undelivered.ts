/**
 * Which crises are not delivered: where they were to go, since when, and why none is taken there (CR-4).
 *
 * @module
 */

import type { CrisisContext } from '../../machines/crisis/crisisContext.ts';
import { crisisEndedAs } from '../../machines/crisis/crisisDemand.ts';
import { type CrisisSnapshot, crisisStatesOf } from '../../machines/crisis/crisisMachine.ts';
import { UNDELIVERED_LONG_MS } from '../../machines/policy/crisis/crisisBounds.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { ErrorCode } from '../../machines/vocabulary/errors.ts';
import type { FactStream } from '../facts/factStream.ts';
import type { Resident } from '../operation/resident.ts';
import type { TimerService } from '../platform/timerService.ts';

/** Crises that are not delivered at one upstream, now, and why. */
export interface UndeliveredCrises {
  /** Where they go; `null` for those of whose type no handler is registered. */
  readonly upstream: string | null;
  /** How many. */
  readonly count: number;
  /** When the oldest of them was accepted, in milliseconds since the epoch. */
  readonly sinceAtMs: number;
  /** Attempts at them that have failed, over restarts too. */
  readonly failed: number;
  /** What the last of these failed with; `null` where none has failed. */
  readonly code: ErrorCode | null;
  /** When the upstream last took a crisis, in this process; `null` for never. */
  readonly takenAtMs: number | null;
  /** One of them has escalated, or is undelivered for five minutes, taken on or not. */
  readonly isLong: boolean;
}

interface Crisis {
  readonly acceptedAtMs: number;
  place: Place;
  failed: number;
  hasEscalated: boolean;
  /** Whether it counts among those of its place of which is told. */
  isLong: boolean;
}

interface Place {
  readonly upstream: string | null;
  readonly crises: Set<Crisis>;
  failed: number;
  /** Number of the crises that have failed attempts; `long` of those that take long. */
  troubled: number;
  long: number;
  /** When the oldest was accepted; `null` where it has left and the next is not looked for yet. */
  oldestAtMs: number | null;
  code: ErrorCode | null;
  codeAtMs: number;
  takenAtMs: number | null;
  /** That one is long was told, and not yet that none is any more. */
  isTold: boolean;
}

/** Younger ones are on their way, unless an attempt has failed or nobody handles them. */
const YOUNG_MS = 10_000;
const LOOK_EVERY_MS = 10_000;

export class Undelivered {
  readonly #clock: Clock;
  readonly #timers: TimerService;
  readonly #facts: FactStream;
  readonly #crises = new Map<string, Crisis>();
  readonly #places = new Map<string | null, Place>();
  #isLooking = false;

  constructor(parts: {
    readonly clock: Clock;
    readonly timers: TimerService;
    readonly facts: FactStream;
  }) {
    this.#clock = parts.clock;
    this.#timers = parts.timers;
    this.#facts = parts.facts;
    parts.facts.tap('crisis.escalated', ({ id }) => {
      const crisis = this.#crises.get(id);
      if (crisis === undefined) return;
      crisis.hasEscalated = true;
      this.#isLongNow(crisis);
    });
  }

  /** By upstream, the longest first; where all are on their way there is nothing. */
  get state(): readonly UndeliveredCrises[] {
    const nowMs = this.#clock.now();
    const states: UndeliveredCrises[] = [];
    for (const place of this.#places.values()) {
      if (place.crises.size === 0) continue;
      const sinceAtMs = oldestAtMs(place);
      const ageMs = nowMs - sinceAtMs;
      const isOnItsWay = place.troubled === 0 && place.long === 0 && ageMs < YOUNG_MS;
      if (isOnItsWay && place.upstream !== null) continue;
      const { upstream, failed, code, takenAtMs } = place;
      states.push({
        ...{ upstream, count: place.crises.size, sinceAtMs, failed, code, takenAtMs },
        isLong: place.long > 0 || ageMs >= UNDELIVERED_LONG_MS,
      });
    }
    return states.toSorted((one, other) => one.sinceAtMs - other.sinceAtMs);
  }

  /** Takes note that a delivery has come to another state. */
  changed(
    resident: Resident,
    snapshot: { readonly value: unknown; readonly context: unknown },
  ): void {
    const { delivery } = crisisStatesOf(snapshot.value as CrisisSnapshot['value']);
    const { id, handler } = resident;
    const context = snapshot.context as CrisisContext;
    // Nobody waits for a trial run.
    if (context.isTest === true) return;
    if (crisisEndedAs(delivery) !== null) {
      if (delivery === 'delivered')
        this.#place(handler?.upstream ?? null).takenAtMs = this.#clock.now();
      this.left(id);
      return;
    }
    const place = this.#place(handler?.upstream ?? null);
    const crisis = this.#crises.get(id) ?? this.#entered(id, place, context);
    if (crisis.place !== place) this.#move(crisis, place);
    const failed = context.isSpent ? context.attempt : context.attempt - 1;
    if (failed === crisis.failed) return;
    if (crisis.failed === 0) place.troubled += 1;
    place.failed += failed - crisis.failed;
    crisis.failed = failed;
    const failedAtMs = context.sinceAtMs ?? context.acceptedAtMs;
    if (context.failure !== null && failedAtMs >= place.codeAtMs) {
      place.code = context.failure.code;
      place.codeAtMs = failedAtMs;
    }
  }

  /** Forgets a crisis that has left memory. */
  left(id: string): void {
    const crisis = this.#crises.get(id);
    if (crisis === undefined) return;
    this.#crises.delete(id);
    this.#take(crisis);
  }

  #entered(id: string, place: Place, context: CrisisContext): Crisis {
    const { acceptedAtMs, escalation } = context;
    const hasEscalated = escalation.sinceAtMs !== null;
    const crisis: Crisis = { acceptedAtMs, place, failed: 0, hasEscalated, isLong: false };
    this.#crises.set(id, crisis);
    this.#put(crisis, place);
    if (!this.#isLooking) this.#lookLater();
    return crisis;
  }

  #place(upstream: string | null): Place {
    const before = this.#places.get(upstream);
    if (before !== undefined) return before;
    const place: Place = {
      ...{ upstream, crises: new Set<Crisis>(), failed: 0, troubled: 0, long: 0 },
      ...{ oldestAtMs: null, code: null, codeAtMs: 0, takenAtMs: null, isTold: false },
    };
    this.#places.set(upstream, place);
    return place;
  }

  #put(crisis: Crisis, place: Place): void {
    const isFirst = place.crises.size === 0;
    place.crises.add(crisis);
    place.failed += crisis.failed;
    if (crisis.failed > 0) place.troubled += 1;
    if (crisis.isLong) place.long += 1;
    if (isFirst) place.oldestAtMs = crisis.acceptedAtMs;
    else if (place.oldestAtMs !== null) {
      place.oldestAtMs = Math.min(place.oldestAtMs, crisis.acceptedAtMs);
    }
  }

  #take(crisis: Crisis): void {
    const { place } = crisis;
    place.crises.delete(crisis);
    place.failed -= crisis.failed;
    if (crisis.failed > 0) place.troubled -= 1;
    if (crisis.isLong) place.long -= 1;
    if (crisis.acceptedAtMs === place.oldestAtMs) place.oldestAtMs = null;
    if (place.crises.size === 0) {
      place.code = null;
      place.codeAtMs = 0;
    }
    this.#tell(place);
  }

  #move(crisis: Crisis, place: Place): void {
    this.#take(crisis);
    crisis.place = place;
    // It may be taken there: that is seen at the next look.
    crisis.isLong = false;
    this.#put(crisis, place);
    if (!this.#isLooking) this.#lookLater();
  }

  #isLongNow(crisis: Crisis): void {
    if (crisis.isLong) return;
    crisis.isLong = true;
    crisis.place.long += 1;
    this.#tell(crisis.place);
  }

  /** That it begins, and that it is over. */
  #tell(place: Place): void {
    if (place.long > 0 === place.isTold) return;
    place.isTold = place.long > 0;
    const { upstream, crises, failed, code } = place;
    if (place.isTold) {
      const sinceAtMs = oldestAtMs(place);
      this.#facts.emit('crisis.undelivered', upstream, {
        ...{ count: crises.size, sinceAtMs, failed, code },
      });
    } else this.#facts.emit('crisis.caughtUp', upstream);
  }

  #lookLater(): void {
    this.#isLooking = true;
    this.#timers.after(LOOK_EVERY_MS, () => {
      this.#isLooking = false;
      const longSinceMs = this.#clock.now() - UNDELIVERED_LONG_MS;
      let isMore = false;
      for (const crisis of this.#crises.values()) {
        if (crisis.isLong) continue;
        if (crisis.hasEscalated || crisis.acceptedAtMs <= longSinceMs) this.#isLongNow(crisis);
        else isMore = true;
      }
      if (isMore) this.#lookLater();
    });
  }
}

/** When the oldest of a place was accepted; the place has some. */
function oldestAtMs(place: Place): number {
  if (place.oldestAtMs === null) {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { acceptedAtMs } of place.crises) oldest = Math.min(oldest, acceptedAtMs);
    place.oldestAtMs = oldest;
  }
  return place.oldestAtMs;
}
