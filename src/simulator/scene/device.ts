/**
 * One machine: a disk that outlives its processes, a clock, and the process that owns the store.
 *
 * @module
 */

import type { Handler } from '../../../actors/port.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import type { Store } from '../../../persistence/port/store.ts';
import { assembleRuntime } from '../../createRuntime.ts';
import { type CheckedOptions, checkOptions, type RuntimeOptions } from '../../options.ts';
import type { Runtime } from '../../runtime.ts';
import { mortalClock, mortalHandler, newLife } from '../../virtual/life.ts';
import { seededRandom } from '../../virtual/seededRandom.ts';
import { createFaultyStore, type FaultyStore, noFaults } from '../disk/faultyStore.ts';
import { diskRows } from '../oracle/diskRow.ts';
import { rowsAtRest } from '../oracle/rowsAtRest.ts';
import type { DiskRow, TraceEvent } from '../oracle/trace.ts';
import { type Drawn, withDrawn } from '../setup/drawnOptions.ts';
import type { DeviceSetup } from './plan.ts';

/** A process that owns the store of its device, until it dies. */
export interface DeviceProcess {
  /** Counted from 1 on each device. */
  readonly number: number;
  /** As given and drawn. */
  readonly options: CheckedOptions;
  readonly runtime: Runtime;
  readonly store: FaultyStore;
  /** SIGKILL: nothing of it acts any more, and nothing is closed. */
  readonly kill: () => void;
  readonly isDead: () => boolean;
}

export interface DeviceParts {
  readonly setup: DeviceSetup;
  readonly seed: number;
  readonly clock: Clock;
  /** The options of its next process. */
  readonly options: (device: Device, number: number) => Partial<RuntimeOptions>;
  /** Tells the judge of this device's promises. */
  readonly tell: (event: TraceEvent) => void;
}

export class Device {
  readonly name: string;
  readonly disk: Store = createMemoryStore();
  readonly tell: (event: TraceEvent) => void;
  /** The faults of the disk now. */
  readonly faults = noFaults();
  /** Ids of what was accepted. */
  readonly accepted = new Set<string>();
  readonly #parts: DeviceParts;
  /** Everything is healed: no handler is missing any more. */
  isHealed = false;
  #boots = 0;
  #set = 0;
  #process: DeviceProcess | null = null;

  constructor(parts: DeviceParts) {
    this.#parts = parts;
    this.name = parts.setup.name;
    this.tell = (event) => {
      if (event.event === 'accepted') this.accepted.add(event.id);
      parts.tell(event);
    };
  }

  /** The process that owns the store. */
  get process(): DeviceProcess {
    this.#process ??= this.boot();
    return this.#process;
  }

  get runtime(): Runtime {
    return this.process.runtime;
  }

  /** What was drawn for the options of the processes that start now. */
  get drawn(): readonly Drawn[] {
    const drawn = this.#parts.setup.options?.[this.#set] ?? [];
    return this.isHealed ? drawn.filter(({ field }) => field !== 'isMissing') : drawn;
  }

  /** Goes on to the next set of options that was drawn, of which the last is followed by the first. */
  changeOptions(): void {
    this.#set = (this.#set + 1) % Math.max(1, this.#parts.setup.options?.length ?? 0);
  }

  /** Starts a process on the disk; does not wait for it. */
  boot(): DeviceProcess {
    this.#boots += 1;
    const { seed, clock, options } = this.#parts;
    const number = this.#boots;
    const life = newLife();
    const ownClock = mortalClock(clock, life);
    const store = createFaultyStore(this.disk, ownClock, this.faults);
    const random = seededRandom(seed * 1_000 + number);
    const given = withDrawn({ random, ...options(this, number) }, this.drawn);
    const handlers = Object.entries(given.handlers ?? {}).map(
      ([type, handler]): [string, Handler] => [type, mortalHandler(handler, life)],
    );
    const checked = checkOptions({
      ...given,
      store: ':memory:',
      clock: ownClock,
      handlers: Object.fromEntries(handlers),
    });
    const runtime = assembleRuntime(checked, store);
    runtime.ready.catch(() => undefined);
    // Whoever accepted it may have died with an earlier process.
    runtime.subscribe('operation.ended', ({ ending, operationId: id }) => {
      if (ending !== 'deadLettered' || life.isDead()) return;
      this.tell({ event: 'ended', id, outcome: { status: ending } });
    });
    const made: DeviceProcess = {
      number,
      options: checked,
      runtime,
      store,
      kill: () => {
        life.end();
        store.kill();
      },
      isDead: life.isDead,
    };
    this.#process = made;
    return made;
  }

  /** Ends the process as SIGKILL does, tells what is on disk, and starts the next one. */
  async killAndBoot(): Promise<void> {
    this.process.kill();
    this.tell({ event: 'disk', rows: await this.rows() });
    this.boot();
  }

  /** All that lies on disk, as a process that starts finds it. */
  async rows(): Promise<readonly DiskRow[]> {
    await this.disk.open();
    return diskRows(await rowsAtRest(this.disk));
  }
}
