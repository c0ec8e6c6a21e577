/**
 * One machine: a disk that outlives its processes, a clock, and the process that owns the store.
 *
 * @module
 */

import type { Handler } from '../../../actors/port.ts';
import type { FeedSource } from '../../../inspector/protocol.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Store, StoredOperation } from '../../../persistence/port/store.ts';
import { assembleOwner, type Owner } from '../../createRuntime.ts';
import type { Network } from '../../http/send.ts';
import { type CheckedOptions, checkOptions, type RuntimeOptions } from '../../options.ts';
import type { Runtime } from '../../runtime.ts';
import { type Life, mortalHandler, newLife } from '../../virtual/life.ts';
import { seededRandom } from '../../virtual/seededRandom.ts';
import { newVessel } from '../clients/clientProcess.ts';
import { Door } from '../clients/door.ts';
import type { FaultyStore } from '../disk/faultyStore.ts';
import { SimulatedDisk } from '../disk/simulatedDisk.ts';
import type { Link } from '../network/link.ts';
import { processNetwork } from '../network/processNetwork.ts';
import { diskRows, rowOutside } from '../oracle/diskRow.ts';
import { rowsAtRest } from '../oracle/rowsAtRest.ts';
import type { DiskRow, TraceEvent } from '../oracle/trace.ts';
import { type Drawn, withDrawn } from '../setup/drawnOptions.ts';
import { DeviceClients } from './deviceClients.ts';
import type { DeviceSetup } from './plan.ts';

/** How long what comes over a connection of the device takes at the most while all is well, in milliseconds. */
const LINE_DELAY_MS = 3;

/** A process that owns the store of its device, until it dies. */
export interface DeviceProcess {
  /** Counted from 1 on each device. */
  readonly number: number;
  /** As given and drawn. */
  readonly options: CheckedOptions;
  readonly runtime: Runtime;
  readonly feed: FeedSource;
  readonly store: FaultyStore;
  /** Where its clients reach it. */
  readonly door: Door;
  readonly life: Life;
  /** SIGKILL: nothing of it acts any more, and nothing is closed. */
  readonly kill: () => void;
  readonly isDead: () => boolean;
}

/** A process that may turn out not to own the store. */
interface Candidate {
  readonly life: Life;
  readonly onError: (error: unknown) => void;
}

export interface DeviceParts {
  readonly setup: DeviceSetup;
  readonly seed: number;
  readonly clock: Clock;
  /** The options of its next process. */
  readonly options: (device: Device, number: number, network: Network) => Partial<RuntimeOptions>;
  readonly link: Link;
  /** Tells the judge of this device's promises. */
  readonly tell: (event: TraceEvent) => void;
  /** Is given what inspectors are shown of each process that owns the store; `null` where nobody looks. */
  readonly onFeed: ((feed: FeedSource) => void) | null;
}

export class Device {
  readonly name: string;
  readonly disk: SimulatedDisk;
  readonly tell: (event: TraceEvent) => void;
  /** Ids of what was accepted. */
  readonly accepted = new Set<string>();
  /** Processes on it that use the store by the one that owns it. */
  readonly clients: DeviceClients;
  /** How long what comes over a connection takes at the most. */
  lineDelayMs = LINE_DELAY_MS;
  /** Its way to everything else. */
  readonly link: Link;
  readonly #parts: DeviceParts;
  /** Everything is healed: no handler is missing any more. */
  isHealed = false;
  #boots = 0;
  #set = 0;
  #process: DeviceProcess | null = null;
  /** Whether the process has closed its store. */
  #isGivenUp = false;

  constructor(parts: DeviceParts) {
    this.#parts = parts;
    this.clients = new DeviceClients({
      ...{ home: this, setups: parts.setup.clients ?? [], seed: parts.seed, clock: parts.clock },
    });
    this.name = parts.setup.name;
    this.link = parts.link;
    this.tell = (event) => {
      if (event.event === 'accepted') this.accepted.add(event.id);
      parts.tell(event);
    };
    this.disk = new SimulatedDisk({
      seed: parts.seed,
      onRelease: (reason) => {
        this.tell({ event: 'released', reason });
      },
      onSpilled: (id) => {
        this.tell({ event: 'spilled', id });
      },
    });
  }

  /** The process that owns the store, or did last. */
  get process(): DeviceProcess {
    if (this.#process === null) this.boot();
    return this.#process as DeviceProcess;
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

  get door(): Door {
    return this.process.door;
  }

  /** Tells that a call of a client has not ended. */
  tellUnheard(client: string, what: string): void {
    this.tell({ event: 'unheard', client, what });
  }

  /** Whether a living process has the store. */
  get isOwned(): boolean {
    return this.#process !== null && !this.#process.isDead() && !this.#isGivenUp;
  }

  /** Starts a process on the disk, or leaves that to a client which takes the store over; does not wait for it. */
  boot(): void {
    if (this.#process !== null && this.clients.hasCandidate) return;
    const { made } = this.#make(null);
    this.#own(made);
  }

  /** Makes an owner in a process that is there already. It owns the store only once it has opened it. */
  candidate(life: Life, onError: (error: unknown) => void): Owner {
    return this.#make({ life, onError }).owner;
  }

  #own(made: DeviceProcess): void {
    this.#process = made;
    this.#isGivenUp = false;
    this.#parts.onFeed?.(made.feed);
  }

  #make(candidate: Candidate | null): { readonly made: DeviceProcess; readonly owner: Owner } {
    this.#boots += 1;
    const { seed, clock, options } = this.#parts;
    const number = this.#boots;
    const life = candidate?.life ?? newLife();
    const vessel = newVessel(
      { seed: seed * 1_009 + number, clock, delayMaxMs: () => this.lineDelayMs },
      life,
    );
    const door = new Door(vessel);
    const store = this.disk.store(vessel.clock);
    const random = seededRandom(seed * 1_000 + number);
    const given = withDrawn(
      { random, ...options(this, number, processNetwork(this.link, vessel.clock)) },
      this.drawn,
    );
    const handlers = Object.entries(given.handlers ?? {}).map(
      ([type, handler]): [string, Handler] => [type, mortalHandler(handler, life)],
    );
    const checked = checkOptions({
      onError: () => undefined,
      ...given,
      ...(candidate === null ? {} : { onError: candidate.onError }),
      store: ':memory:',
      clock: vessel.clock,
      handlers: Object.fromEntries(handlers),
    });
    const opened = candidate === null ? store : this.#taking(store, () => made);
    const owner = assembleOwner(checked, {
      ...{ store: opened, isCandidate: candidate !== null, control: door.control },
    });
    const { runtime, feed } = owner;
    runtime.ready.catch(() => undefined);
    // Whoever accepted it may have died with an earlier process.
    runtime.subscribe('operation.ended', ({ ending, operationId: id }) => {
      if (ending !== 'deadLettered' || life.isDead()) return;
      this.tell({ event: 'ended', id, outcome: { status: ending } });
    });
    const made: DeviceProcess = {
      ...{ number, options: checked, runtime, feed, store, door, life, isDead: life.isDead },
      kill: () => {
        life.end();
        store.kill();
        door.die();
      },
    };
    void owner.ended.then(() => {
      if (this.#process === made) this.#isGivenUp = true;
    });
    return { made, owner };
  }

  /** The store of a candidate, which may be opened by one process at a time. */
  #taking(store: FaultyStore, made: () => DeviceProcess): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (name !== 'open') return member;
        return async () => {
          if (this.isOwned) throw ownedElsewhere();
          this.#own(made());
          return await store.open();
        };
      },
    });
  }

  /** Ends the process as SIGKILL does, tells what is on disk, and starts the next one. */
  async killAndBoot(): Promise<void> {
    this.process.kill();
    this.clients.bury();
    this.tell({ event: 'disk', rows: await this.rows() });
    this.boot();
  }

  /** Ends the process, puts a backup in the place of its store, and starts the next one. */
  async restoreAndBoot(share: number): Promise<void> {
    this.process.kill();
    this.clients.bury();
    await this.disk.restore(share, this.#parts.clock.now());
    this.tell({ event: 'restored', rows: await this.rows() });
    this.boot();
  }

  /** Ends the process, and starts the next one on a copy of its store, which is held. */
  async copyAndBoot(): Promise<void> {
    this.process.kill();
    this.clients.bury();
    await this.disk.copied();
    this.tell({ event: 'copied', rows: await this.rows() });
    this.boot();
  }

  /** All that lies on disk, as a process that starts finds it, and what has ended and was purged in time. */
  async rows(): Promise<readonly DiskRow[]> {
    const { base, purged } = this.disk;
    await base.open();
    const { spilled, outside } = this.disk.beside();
    const there = await rowsAtRest(base, spilled);
    const ids = new Set(there.map(({ row }) => row.id));
    const gone = [...purged.values()].filter(({ id }) => !ids.has(id));
    const list = (): Promise<readonly StoredOperation[]> => Promise.resolve(gone.splice(0));
    return [
      ...diskRows([...there, ...(await rowsAtRest({ list }))]),
      ...outside.map(({ id }) => rowOutside(id)),
    ];
  }
}

function ownedElsewhere(): HoldfastError {
  return new HoldfastError('HF_STORE_OWNED', 'Another process of the device owns the store.', {
    retry: 'later',
    withStack: false,
  });
}
