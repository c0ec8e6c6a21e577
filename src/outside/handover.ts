/**
 * Crises of outside callers on their way to the main thread: each is kept here until the main thread has
 * it on disk, and callers can ask how far it is.
 *
 * @module
 */

import { inTime } from '../../actors/platform/inTime.ts';
import type { FoundPlan } from '../../actors/port.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { HandedOver } from './outsideMessages.ts';

/**
 * How far a crisis is on its way: handed on and in memory alone; on its way to its upstream, and not on
 * disk yet; on disk; at its upstream. Or it was not taken, since too much waits already.
 */
export type Recorded = 'pending' | 'taken' | 'durable' | 'delivered' | 'notTaken';

/** What waits for a main thread that does not come back is bounded (OP-6). */
const WAITING_MAX = 10_000;
const WAITING_BYTES_MAX = 64 * 1_048_576;
/** Whose end is remembered, for callers that ask later. */
const REMEMBERED_MAX = 10_000;

interface Waiting {
  readonly bytes: number;
  recorded: 'pending' | 'taken';
  readonly onRecorded: Set<() => void>;
}

export class Handover {
  readonly #clock: Clock;
  readonly #send: (crisis: HandedOver) => void;
  readonly #waiting = new Map<string, Waiting>();
  readonly #ended = new Map<string, 'durable' | 'delivered'>();
  readonly #plans = new Map<string, (plan: FoundPlan) => void>();
  #bytes = 0;

  constructor(clock: Clock, send: (crisis: HandedOver) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** How many are not on disk yet, as far as is known. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Hands it on; false where too much waits already. */
  give(crisis: HandedOver, bytes: number): boolean {
    const isFull = this.#waiting.size >= WAITING_MAX || this.#bytes + bytes > WAITING_BYTES_MAX;
    if (isFull) return false;
    this.#bytes += bytes;
    this.#waiting.set(crisis.id, { bytes, recorded: 'pending', onRecorded: new Set() });
    this.#send(crisis);
    return true;
  }

  /** The plan that the main thread finds for it; `null` where that takes longer. */
  async planFor(id: string, withinMs: number): Promise<FoundPlan | null> {
    const found = new Promise<FoundPlan>((resolve) => {
      this.#plans.set(id, resolve);
    });
    const plan = await inTime(this.#clock, found, withinMs);
    this.#plans.delete(id);
    return plan?.value ?? null;
  }

  planFound(id: string, plan: FoundPlan): void {
    this.#plans.get(id)?.(plan);
  }

  taken(id: string): void {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) waiting.recorded = 'taken';
  }

  /** It is on disk, or at its upstream: nothing of it is needed here any more. */
  ended(id: string, how: 'durable' | 'delivered'): void {
    const before = this.#waiting.get(id);
    this.#waiting.delete(id);
    this.#bytes -= before?.bytes ?? 0;
    if (this.#ended.get(id) !== 'delivered') this.#ended.set(id, how);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > REMEMBERED_MAX && oldest !== undefined) this.#ended.delete(oldest);
    for (const tell of before?.onRecorded ?? []) tell();
  }

  /** How far it is; `null` where nothing is known of it. */
  recorded(id: string): Recorded | null {
    return this.#ended.get(id) ?? this.#waiting.get(id)?.recorded ?? null;
  }

  /** Resolves once it is on disk, or after so many milliseconds. */
  async whenRecorded(id: string, withinMs: number): Promise<void> {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    let tell = (): void => undefined;
    const recorded = new Promise<void>((resolve) => {
      tell = resolve;
    });
    waiting.onRecorded.add(tell);
    await inTime(this.#clock, recorded, withinMs);
    waiting.onRecorded.delete(tell);
  }
}
