/**
 * Crises of outside callers on their way to the main thread. Each is held here until the main thread has it on disk
 * or, where that takes too long, the store's writer has. Callers can ask for its state.
 *
 * @module
 */

import { inTime } from '../../actors/platform/inPieces.ts';
import type { FoundPlan } from '../../actors/port.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { HandedOver } from './outsideMessages.ts';
import type { Spiller } from './spiller.ts';

/**
 * How far a crisis is on its way:
 * - `pending`: handed on; in memory alone, and on disk in a moment;
 * - `memoryOnly`: the same, where nothing can be kept at present: it is lost if the process ends now;
 * - `taken`: the app has it, and its delivery is under way; in memory alone as yet;
 * - `spilled`: the app does not take it, being blocked, so it is kept on disk, sealed, for the app or the
 *   next process;
 * - `durable`: the app has it on disk;
 * - `delivered`: its upstream has it;
 * - `notTaken`: too much waits already; it was answered, and nothing else will come of it.
 */
export type Recorded =
  | 'pending'
  | 'memoryOnly'
  | 'taken'
  | 'spilled'
  | 'durable'
  | 'delivered'
  | 'notTaken';

/** The time after which a crisis that the main thread does not have on disk is spilled, in milliseconds. */
const SPILL_AFTER_MS = 250;

/** The bound on crises that wait for the main thread (OP-6). */
const WAITING_MAX = 10_000;
const WAITING_BYTES_MAX = 64 * 1_048_576;
/** The bound on ended crises that are remembered, for callers that ask later. */
const REMEMBERED_MAX = 10_000;

interface Waiting {
  bytes: number;
  recorded: 'pending' | 'taken' | 'spilled';
  readonly onRecorded: Set<() => void>;
  readonly cancelSpill: () => void;
}

export class Handover {
  readonly #clock: Clock;
  readonly #send: (crisis: HandedOver) => void;
  readonly #spiller: Spiller;
  readonly #waiting = new Map<string, Waiting>();
  readonly #ended = new Map<string, 'durable' | 'delivered'>();
  readonly #plans = new Map<string, (plan: FoundPlan) => void>();
  #bytes = 0;

  constructor(parts: {
    readonly clock: Clock;
    readonly send: (crisis: HandedOver) => void;
    readonly spiller: Spiller;
  }) {
    this.#clock = parts.clock;
    this.#send = parts.send;
    this.#spiller = parts.spiller;
  }

  /** How many crises are not on disk yet, as far as is known. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether crises that the main thread does not take can be kept on disk. */
  get canKeep(): boolean {
    return this.#spiller.canKeep;
  }

  /** Hands a crisis on, once; false where too many wait already. */
  give(crisis: HandedOver, bytes: number): boolean {
    if (this.recorded(crisis.id) !== null) return true;
    const isFull = this.#waiting.size >= WAITING_MAX || this.#bytes + bytes > WAITING_BYTES_MAX;
    if (isFull) return false;
    this.#bytes += bytes;
    const { id, request } = crisis;
    const cancelSpill = this.#clock.schedule(SPILL_AFTER_MS, () => {
      this.#spiller.keep(id, request);
    });
    this.#waiting.set(id, { bytes, recorded: 'pending', onRecorded: new Set(), cancelSpill });
    this.#send(crisis);
    return true;
  }

  /** The plan that the main thread finds for it; `null` where that takes longer than `withinMs`. */
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
    if (waiting?.recorded === 'pending') waiting.recorded = 'taken';
  }

  /** Notes that a crisis is on disk, sealed, by the writer. */
  spilled(id: string): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    waiting.recorded = 'spilled';
    this.#bytes -= waiting.bytes;
    waiting.bytes = 0;
    for (const tell of waiting.onRecorded) tell();
  }

  /** Notes that a crisis is on disk, or at its upstream, and forgets it. */
  ended(id: string, how: 'durable' | 'delivered'): void {
    const before = this.#waiting.get(id);
    before?.cancelSpill();
    this.#spiller.drop(id);
    this.#waiting.delete(id);
    this.#bytes -= before?.bytes ?? 0;
    if (this.#ended.get(id) !== 'delivered') this.#ended.set(id, how);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > REMEMBERED_MAX && oldest !== undefined) this.#ended.delete(oldest);
    for (const tell of before?.onRecorded ?? []) tell();
  }

  /** The state of a crisis; `null` where it is not known. */
  recorded(id: string): Recorded | null {
    const recorded = this.#ended.get(id) ?? this.#waiting.get(id)?.recorded ?? null;
    return recorded === 'pending' && !this.#spiller.canKeep ? 'memoryOnly' : recorded;
  }

  /** Resolves once it is on disk, or after `withinMs` milliseconds. */
  async whenRecorded(id: string, withinMs: number): Promise<void> {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined || waiting.recorded === 'spilled') return;
    let tell = (): void => undefined;
    const recorded = new Promise<void>((resolve) => {
      tell = resolve;
    });
    waiting.onRecorded.add(tell);
    await inTime(this.#clock, recorded, withinMs);
    waiting.onRecorded.delete(tell);
  }
}
