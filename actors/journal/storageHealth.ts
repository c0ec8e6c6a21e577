/**
 * The health of storage (PS-6): its chart, told by the journal what became of each batch, and the
 * watch over batches that take too long.
 *
 * @module
 */

import {
  HANGING_AFTER_MS,
  OVERDUE_AFTER_MS,
  STORAGE_LEVELS,
  type StorageState,
  troubleOf,
} from '../../machines/policy/service/storageTrouble.ts';
import {
  storageHealthDue,
  storageHealthMachine,
  storageStateOf,
} from '../../machines/storage/storageHealthMachine.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import { ChartActor } from '../charts/chartActor.ts';
import type { Facts } from '../facts/factStream.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import { notConnected } from '../platform/wires.ts';
import { neverWritten } from './storeErrors.ts';

export interface StorageHealthParts {
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly facts: Facts;
  readonly system: ActorSystem;
  /** The actor died of an error. */
  readonly onFailed: (error: unknown) => void;
}

export class StorageHealth {
  /** Repeats what could not be written; how that ended is told like any write. */
  onProbe: () => void = notConnected;
  /** Called at each change of state; `failure` is what the store said, `null` once it is well, and while it is only slow. */
  onChange: (failure: HoldfastError | null) => void = notConnected;
  readonly #parts: StorageHealthParts;
  readonly #chart: ChartActor<typeof storageHealthMachine>;
  /** Where its chart stands. A field, as is {@link failure}, for both are read for each write; set here alone. */
  state: StorageState = 'well';
  #generation = 0;
  /** Why nothing can be made durable now; `null` while it can. */
  failure: HoldfastError | null = null;
  /** When each batch that is under way was posted, oldest first: they end in that order. */
  readonly #underWay: number[] = [];
  /** When a batch last ended. */
  #answeredMs = 0;
  #cancelWatch: (() => void) | null = null;

  constructor(parts: StorageHealthParts) {
    this.#parts = parts;
    const { clock, steady, system, onFailed } = parts;
    this.#chart = new ChartActor({
      system,
      machine: storageHealthMachine.provide({ actions: { orderProbe: () => this.#probe() } }),
      id: 'storageHealth',
      input: undefined,
      // Not by the timer service, whose other wakers may wait for storage.
      due: { of: storageHealthDue, steady, after: clock.schedule.bind(clock) },
      onChange: (snapshot, event) => {
        this.#generation = snapshot.context.generation;
        // Started again, the chart knows of no trouble yet, and that is no news of an end.
        if (event !== undefined || this.failure === null) this.#changed(storageStateOf(snapshot));
      },
      onFailed,
    });
    this.#chart.start();
  }

  /** Nothing can be made durable at present. */
  get isDown(): boolean {
    return STORAGE_LEVELS[this.state] === 'offline';
  }

  /** When the present state was entered, by the wall clock; `null` for the first. */
  get sinceAtMs(): number | null {
    const { sinceAtMs } = this.#chart.snapshot.context;
    return sinceAtMs === null ? null : this.#parts.steady.toWall(sinceAtMs);
  }

  /** The disk answers nothing, and has not failed. */
  get isHanging(): boolean {
    return this.state === 'hanging';
  }

  /** A batch went out. Returns its generation, to be given back with its end. */
  posted(): number {
    this.#underWay.push(this.#parts.clock.monotonic());
    this.#watch();
    return this.#generation;
  }

  /** The oldest batch under way is durable. */
  committed(generation: number): void {
    const postedMs = this.#answered();
    // The hot path: no event where it could change nothing.
    if (this.state === 'well') return;
    const tookMs = this.#answeredMs - postedMs;
    const atMs = this.#parts.steady.now();
    this.#chart.send({ type: 'write.committed', generation, tookMs, atMs });
    this.#watch();
  }

  /** The oldest batch under way was refused by a store that is well. */
  refused(): void {
    this.#answered();
    if (this.state === 'well') return;
    this.#chart.send({ type: 'write.refused', atMs: this.#parts.steady.now() });
    this.#watch();
  }

  /** The oldest batch under way failed, and storage is to blame. */
  failed(generation: number, error: HoldfastError): void {
    this.#answered();
    if (this.#chart.isStopped) return;
    if (generation === this.#generation) this.failure = neverWritten(error);
    this.#failedWith(error, generation);
  }

  /**
   * Starts again after the actor failed. Trouble that has not ended is reported again, so that it
   * is probed.
   */
  restart(): void {
    const error = this.failure;
    const wasHanging = this.isHanging;
    this.#chart.restart();
    if (error === null) return;
    if (!wasHanging) this.#failedWith(error, this.#generation);
    // Slow first, then hanging.
    else for (let step = 0; step < 2; step += 1) this.#overdue(HANGING_AFTER_MS);
  }

  stop(): void {
    this.#chart.stop();
    this.#cancelWatch?.();
  }

  #failedWith({ code }: HoldfastError, generation: number): void {
    const trouble = troubleOf(code);
    this.#chart.send({ type: 'write.failed', generation, trouble, atMs: this.#parts.steady.now() });
  }

  /** In a turn of its own: what it writes tells the chart at once. */
  #probe(): void {
    this.#parts.clock.defer(() => {
      if (!this.#chart.isStopped) this.onProbe();
    });
  }

  #changed(to: StorageState): void {
    const from = this.state;
    if (to === 'well' || to === 'slow') this.failure = null;
    if (from === to) return;
    this.state = to;
    if (to === 'hanging') this.failure = diskHangs();
    this.#parts.facts.emit('storage.changed', from, to, this.failure);
    this.onChange(this.failure);
  }

  /** A batch has ended: when it was posted. */
  #answered(): number {
    this.#answeredMs = this.#parts.clock.monotonic();
    return this.#underWay.shift() ?? this.#answeredMs;
  }

  /**
   * Wakes when the oldest batch may be overdue, or the disk silent for so long that it hangs; not at all
   * once nothing is under way, or trouble is known.
   */
  #watch(): void {
    const { clock } = this.#parts;
    if (this.#cancelWatch !== null || this.#chart.isStopped) return;
    const leftMs = this.#overdueInMs();
    if (leftMs === null) return;
    this.#cancelWatch = clock.schedule(Math.max(0, leftMs), () => {
      this.#cancelWatch = null;
      const stillMs = this.#overdueInMs();
      if (stillMs === null || this.#chart.isStopped) return;
      if (stillMs <= 0) this.#overdue(this.#silentMs());
      this.#watch();
    });
  }

  #overdue(silentMs: number): void {
    const generation = this.#generation;
    this.#chart.send({
      type: 'write.overdue',
      generation,
      silentMs,
      atMs: this.#parts.steady.now(),
    });
  }

  /** How long it is until a batch that is out would be news; `null` where none would. */
  #overdueInMs(): number | null {
    const [oldestMs] = this.#underWay;
    if (oldestMs === undefined) return null;
    if (this.state === 'well') return oldestMs + OVERDUE_AFTER_MS - this.#parts.clock.monotonic();
    return this.state === 'slow' ? HANGING_AFTER_MS - this.#silentMs() : null;
  }

  /** How long nothing was answered, while the oldest batch was out. */
  #silentMs(): number {
    const now = this.#parts.clock.monotonic();
    return now - Math.max(this.#answeredMs, this.#underWay[0] ?? now);
  }
}

function diskHangs(): HoldfastError {
  return new HoldfastError(
    'HF_STORE_HANGING',
    `The disk has answered nothing for ${HANGING_AFTER_MS / 1_000} s.`,
    { retry: 'later', withStack: false },
  );
}
