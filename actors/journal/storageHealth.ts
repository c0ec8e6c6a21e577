/**
 * The health of storage (PS-6): its chart, told by the journal what became of each batch, and the
 * watch over batches that take too long.
 *
 * @module
 */

import {
  OVERDUE_AFTER_MS,
  type StorageState,
  troubleOf,
} from '../../machines/policy/service/storageTrouble.ts';
import {
  storageHealthDue,
  storageHealthMachine,
  storageStateOf,
} from '../../machines/storage/storageHealthMachine.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { ActorSystem } from '../charts/actorSystem.ts';
import { ChartActor } from '../charts/chartActor.ts';
import type { Facts } from '../facts/factStream.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import { neverWritten } from './storeErrors.ts';

export interface StorageHealthParts {
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly facts: Facts;
  readonly system: ActorSystem;
  /** Repeats what could not be written; how that ended is told like any write. */
  readonly probe: () => void;
  /** It is in another state; `failure` is what the store said, `null` once it is well, and while it is only slow. */
  readonly onChange: (failure: HoldfastError | null) => void;
  /** The actor died of an error. */
  readonly onFailed: (error: unknown) => void;
}

export class StorageHealth {
  readonly #parts: StorageHealthParts;
  readonly #chart: ChartActor<typeof storageHealthMachine>;
  #state: StorageState = 'well';
  #generation = 0;
  #failure: HoldfastError | null = null;
  /** When each batch that is under way was posted, oldest first: they end in that order. */
  readonly #underWay: number[] = [];
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
        if (event !== undefined || this.#failure === null) this.#changed(storageStateOf(snapshot));
      },
      onFailed,
    });
    this.#chart.start();
  }

  get state(): StorageState {
    return this.#state;
  }

  /** When the present state was entered, by the wall clock; `null` for the first. */
  get sinceAtMs(): number | null {
    const { sinceAtMs } = this.#chart.snapshot.context;
    return sinceAtMs === null ? null : this.#parts.steady.toWall(sinceAtMs);
  }

  /** Why nothing can be made durable now; `null` while it can. */
  get failure(): HoldfastError | null {
    return this.#failure;
  }

  /** A batch went out. Returns its generation, to be given back with its end. */
  posted(): number {
    this.#underWay.push(this.#parts.clock.monotonic());
    if (this.#cancelWatch === null && !this.#chart.isStopped) this.#watch(OVERDUE_AFTER_MS);
    return this.#generation;
  }

  /** The oldest batch under way is durable. */
  committed(generation: number): void {
    const postedMs = this.#underWay.shift();
    // The hot path: no event where it could change nothing.
    if (this.#state === 'well') return;
    const { clock, steady } = this.#parts;
    const tookMs = clock.monotonic() - (postedMs ?? 0);
    this.#chart.send({ type: 'write.committed', generation, tookMs, atMs: steady.now() });
  }

  /** The oldest batch under way was refused by a store that is well. */
  refused(): void {
    this.#underWay.shift();
  }

  /** The oldest batch under way failed, and storage is to blame. */
  failed(generation: number, error: HoldfastError): void {
    this.#underWay.shift();
    if (this.#chart.isStopped) return;
    if (generation === this.#generation) this.#failure = neverWritten(error);
    this.#failedWith(error, generation);
  }

  /**
   * Starts again after the actor failed. Trouble that has not ended is reported again, so that it
   * is probed.
   */
  restart(): void {
    const error = this.#failure;
    this.#chart.restart();
    if (error === null) return;
    this.#failedWith(error, this.#generation);
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
      if (!this.#chart.isStopped) this.#parts.probe();
    });
  }

  #changed(to: StorageState): void {
    const from = this.#state;
    if (to === 'well' || to === 'slow') this.#failure = null;
    if (from === to) return;
    this.#state = to;
    this.#parts.facts.emit('storage.changed', from, to, this.#failure);
    this.#parts.onChange(this.#failure);
  }

  /** Wakes when the oldest batch may be overdue, and not at all once nothing is under way. */
  #watch(delayMs: number): void {
    const { clock, steady } = this.#parts;
    this.#cancelWatch = clock.schedule(delayMs, () => {
      this.#cancelWatch = null;
      const [oldestMs] = this.#underWay;
      if (oldestMs === undefined || this.#chart.isStopped) return;
      const leftMs = oldestMs + OVERDUE_AFTER_MS - clock.monotonic();
      if (leftMs > 0) {
        this.#watch(leftMs);
        return;
      }
      const generation = this.#generation;
      this.#chart.send({ type: 'write.overdue', generation, atMs: steady.now() });
    });
  }
}
