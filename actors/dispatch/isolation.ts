/**
 * Holds back everything else while an operation runs alone that may be what kills the process: for a
 * bounded time before it begins, until what is in flight has ended, and as long once it runs. After that
 * the others go on beside it, for at least as long as they were held back (RT-4, SV-3).
 *
 * @module
 */

import type { FlowControl } from '../flow/flowControl.ts';
import type { Resident } from '../operation/resident.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import type { TimerService } from '../time/timerService.ts';
import type { AloneMark } from './aloneMark.ts';

export interface IsolationParts {
  readonly steady: Pick<SteadyClock, 'now'>;
  readonly timers: TimerService;
  readonly flows: () => Iterable<FlowControl>;
  /** Keeps who was alone in flight. */
  readonly mark: Pick<AloneMark, 'note'>;
  /** Resolves once all that was ordered until now is on disk, or can't be. */
  readonly written: () => Promise<unknown>;
  /** One may begin that was to wait for the end of what is in flight, or the next may have its turn. */
  readonly onMayBegin: () => void;
  /** The others may start again. */
  readonly onOver: () => void;
}

export class Isolation {
  readonly #parts: IsolationParts;
  /** The one for which the others are held back. */
  #alone: Resident | null = null;
  #windowMs = 0;
  #sinceMs = 0;
  /** It waited long enough for what is in flight. */
  #isDrainOver = false;
  /** What was in flight has ended, and that is being written, or is on disk. */
  #drained: 'no' | 'writing' | 'yes' = 'no';
  #isPaused = false;
  #cancelTimer: () => void = () => undefined;

  constructor(parts: IsolationParts) {
    this.#parts = parts;
  }

  /** True while nothing else may start. */
  get isOn(): boolean {
    return this.#alone !== null;
  }

  /** Whether this one may be isolated now, or is. */
  isFreeFor(suspect: Resident): boolean {
    return this.#alone === suspect || (this.#alone === null && !this.#isPaused);
  }

  /** From now on nothing else starts, for at most `windowMs` before it begins and as long after. */
  begin(suspect: Resident, windowMs: number): void {
    if (this.#alone === suspect) return;
    const { steady, flows, onMayBegin } = this.#parts;
    this.#alone = suspect;
    this.#windowMs = windowMs;
    this.#sinceMs = steady.now();
    this.#isDrainOver = false;
    this.#drained = 'no';
    for (const flow of flows()) flow.setIntake('isolated');
    this.#after(windowMs, () => {
      this.#isDrainOver = true;
      onMayBegin();
    });
  }

  /**
   * Whether it may begin: nothing is in flight any more, on disk too, or it has waited long enough for that.
   * What is not on disk as ended comes back as in flight after a crash.
   */
  get mayRun(): boolean {
    if (this.#isDrainOver || this.#drained === 'yes') return true;
    const isInFlight = [...this.#parts.flows()].some(({ inFlight }) => inFlight > 0);
    if (!isInFlight && this.#drained === 'no') void this.#settle(this.#alone);
    return false;
  }

  async #settle(suspect: Resident | null): Promise<void> {
    const { written, onMayBegin } = this.#parts;
    this.#drained = 'writing';
    // What ended last is ordered to be written after its slot came back.
    await Promise.resolve();
    await written().catch(() => undefined);
    if (this.#alone !== suspect || this.#drained !== 'writing') return;
    this.#drained = 'yes';
    onMayBegin();
  }

  /** It begins. */
  started(suspect: Resident): void {
    if (this.#alone !== suspect) return;
    this.#parts.mark.note(suspect.id, this.#drained === 'yes');
    this.#after(this.#windowMs, () => {
      if (this.end(suspect)) this.#parts.onOver();
    });
  }

  /** It has ended, or can't run now. True where the others may start again for that. */
  end(suspect: Resident): boolean {
    if (this.#alone !== suspect) return false;
    const { steady, flows, mark, onMayBegin } = this.#parts;
    this.#alone = null;
    mark.note(suspect.id, false);
    this.#isPaused = true;
    for (const flow of flows()) flow.setIntake('open');
    this.#after(Math.max(1, steady.now() - this.#sinceMs), () => {
      this.#isPaused = false;
      onMayBegin();
    });
    return true;
  }

  /** Nothing starts any more. */
  stop(): void {
    this.#cancelTimer();
    this.#alone = null;
  }

  #after(delayMs: number, then: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#parts.timers.after(delayMs, then);
  }
}
