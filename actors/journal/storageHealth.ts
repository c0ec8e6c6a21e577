import { createActor, type InspectionEvent } from 'xstate';
import {
  OVERDUE_AFTER_MS,
  type StorageState,
  troubleOf,
} from '../../machines/policy/service/storageTrouble.ts';
import {
  type StorageHealthRef,
  storageHealthDue,
  storageHealthMachine,
  storageStateOf,
} from '../../machines/storage/storageHealthMachine.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Facts } from '../facts/factStream.ts';
import type { SteadyClock } from '../time/steadyClock.ts';
import { neverWritten } from './storeErrors.ts';

export interface StorageHealthParts {
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly facts: Facts;
  readonly inspect: ((event: InspectionEvent) => void) | undefined;
  /** Repeats what could not be written; how that ended is told like any write. */
  readonly probe: () => void;
  /** It is in another state; `failure` is what the store said, `null` once it is well, and while it is only slow. */
  readonly onChange: (failure: HoldfastError | null) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * The health of storage given life (PS-6): the journal tells it what became of each batch, and it
 * says when to try again.
 */
export class StorageHealth {
  readonly #parts: StorageHealthParts;
  readonly #actor: StorageHealthRef;
  #state: StorageState = 'well';
  #generation = 0;
  #failure: HoldfastError | null = null;
  /** When each batch that is under way was posted, oldest first: they end in that order. */
  readonly #underWay: number[] = [];
  #cancelProbe: (() => void) | null = null;
  #cancelWatch: (() => void) | null = null;
  #isStopped = false;

  constructor(parts: StorageHealthParts) {
    this.#parts = parts;
    this.#actor = this.#start();
  }

  get state(): StorageState {
    return this.#state;
  }

  /** When the present state was entered, by the wall clock; `null` for the first. */
  get sinceAtMs(): number | null {
    const { sinceAtMs } = this.#actor.getSnapshot().context;
    return sinceAtMs === null ? null : this.#parts.steady.toWall(sinceAtMs);
  }

  /** Why nothing can be made durable now; `null` while it can. */
  get failure(): HoldfastError | null {
    return this.#failure;
  }

  /** A batch went out. Returns its generation, to be given back with its end. */
  posted(): number {
    this.#underWay.push(this.#parts.clock.monotonic());
    if (this.#cancelWatch === null && !this.#isStopped) this.#watch(OVERDUE_AFTER_MS);
    return this.#generation;
  }

  /** The oldest batch under way is durable. */
  committed(generation: number): void {
    const postedMs = this.#underWay.shift();
    // The hot path: no event where it could change nothing.
    if (this.#state === 'well' || this.#isStopped) return;
    const { clock, steady } = this.#parts;
    const tookMs = clock.monotonic() - (postedMs ?? 0);
    this.#actor.send({ type: 'write.committed', generation, tookMs, atMs: steady.now() });
  }

  /** The oldest batch under way was refused by a store that is well. */
  refused(): void {
    this.#underWay.shift();
  }

  /** The oldest batch under way failed, and storage is to blame. */
  failed(generation: number, error: HoldfastError): void {
    this.#underWay.shift();
    if (this.#isStopped) return;
    if (generation === this.#generation) this.#failure = neverWritten(error);
    const trouble = troubleOf(error.code);
    this.#actor.send({ type: 'write.failed', generation, trouble, atMs: this.#parts.steady.now() });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelProbe?.();
    this.#cancelWatch?.();
    this.#actor.stop();
  }

  #start(): StorageHealthRef {
    const { inspect, probe, onError } = this.#parts;
    const actor = createActor(
      storageHealthMachine.provide({
        actions: {
          // In a turn of its own: what it writes tells this actor at once.
          orderProbe: () => {
            this.#parts.clock.defer(() => {
              if (!this.#isStopped) probe();
            });
          },
        },
      }),
      { id: 'storageHealth', ...(inspect === undefined ? {} : { inspect }) },
    );
    actor.start();
    actor.subscribe({ next: () => this.#changed(), error: onError });
    return actor;
  }

  #changed(): void {
    const snapshot = this.#actor.getSnapshot();
    this.#generation = snapshot.context.generation;
    this.#arm();
    const from = this.#state;
    const to = storageStateOf(snapshot);
    if (to === 'well' || to === 'slow') this.#failure = null;
    if (from === to) return;
    this.#state = to;
    this.#parts.facts.emit('storage.changed', from, to, this.#failure);
    this.#parts.onChange(this.#failure);
  }

  #arm(): void {
    this.#cancelProbe?.();
    this.#cancelProbe = null;
    const due = storageHealthDue(this.#actor.getSnapshot());
    if (due === null || this.#isStopped) return;
    const { clock, steady } = this.#parts;
    this.#cancelProbe = clock.schedule(Math.max(0, due.atMs - steady.now()), () => {
      // A platform's timer may ring a little early, and the chart waits for no other.
      this.#actor.send({ type: due.type, atMs: Math.max(due.atMs, steady.now()) });
    });
  }

  /** Wakes when the oldest batch may be overdue, and not at all once nothing is under way. */
  #watch(delayMs: number): void {
    const { clock, steady } = this.#parts;
    this.#cancelWatch = clock.schedule(delayMs, () => {
      this.#cancelWatch = null;
      const [oldestMs] = this.#underWay;
      if (oldestMs === undefined || this.#isStopped) return;
      const leftMs = oldestMs + OVERDUE_AFTER_MS - clock.monotonic();
      if (leftMs > 0) {
        this.#watch(leftMs);
        return;
      }
      const generation = this.#generation;
      this.#actor.send({ type: 'write.overdue', generation, atMs: steady.now() });
    });
  }
}
