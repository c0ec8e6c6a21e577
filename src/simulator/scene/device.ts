/**
 * One machine: a disk that outlives its processes, a clock, and the process that owns the store.
 *
 * @module
 */

import type { Attempt, Handler } from '../../../actors/port.ts';
import type { FeedSource, Overview } from '../../../inspector/protocol.ts';
import { entriesOf, type PolicyLayers } from '../../../machines/policy/layers/policyLayers.ts';
import { PolicyTable } from '../../../machines/policy/layers/policyTable.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { armFaultPoint, type FaultPoint } from '../../../persistence/port/faultPoints.ts';
import type { Store, StoredOperation } from '../../../persistence/port/store.ts';
import { assembleOwner, type Owner } from '../../createRuntime.ts';
import type { Network } from '../../http/send.ts';
import { type CheckedOptions, checkOptions, type RuntimeOptions } from '../../options.ts';
import type { Runtime } from '../../runtime.ts';
import { type Life, mortalHandler, newLife } from '../../virtual/life.ts';
import { seededRandom } from '../../virtual/seededRandom.ts';
import type { VirtualClock } from '../../virtual/virtualClock.ts';
import { newVessel } from '../clients/clientProcess.ts';
import { Door } from '../clients/door.ts';
import type { FaultyStore } from '../disk/faultyStore.ts';
import { SimulatedDisk } from '../disk/simulatedDisk.ts';
import type { Link } from '../network/link.ts';
import { processNetwork } from '../network/processNetwork.ts';
import { diskRows, rowOutside } from '../oracle/diskRow.ts';
import type { Shown } from '../oracle/look.ts';
import { rowsAtRest } from '../oracle/rowsAtRest.ts';
import { noteAccepted } from '../oracle/sentKeys.ts';
import type { DiskRow, TraceEvent } from '../oracle/trace.ts';
import { type Drawn, withDrawn } from '../setup/drawnOptions.ts';
import { DeviceClients } from './deviceClients.ts';
import { DeviceClock } from './deviceClock.ts';
import type { DeviceSetup } from './plan.ts';

/** How long what comes over a connection of the device takes at the most while all is well, in milliseconds. */
const LINE_DELAY_MS = 3;

/** What is older came over a slow line. */
const SHOWN_WITHIN_MS = 10;

/** More than any call of a client waits. */
const A_CALL_TAKES_MS_MAX = 600_000;

/** Pace at which people do what they would have done with a device that was off or asleep. */
const LATER_EVERY_MS = 300;

/** A process that owns the store of its device, until it dies. */
export interface DeviceProcess {
  /** Counted from 1 on each device. */
  readonly number: number;
  /** As given and drawn. */
  readonly options: CheckedOptions;
  readonly runtime: Runtime;
  /** Handlers that it was not started with, by their types. */
  readonly lateHandlers: Record<string, Handler>;
  /** How many functions of guarded calls, and reads of records, run, by upstream: each holds a slot, and is kept nowhere. */
  readonly callsOut: Map<string, number>;
  readonly feed: FeedSource;
  readonly store: FaultyStore;
  /** Where its clients reach it. */
  readonly door: Door;
  readonly life: Life;
  readonly clock: Clock;
  /** Timers of its runtime that run. */
  readonly timers: () => number;
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
  /** True time. */
  readonly clock: VirtualClock;
  /** The options of its next process. */
  readonly options: (device: Device, number: number, network: Network) => Partial<RuntimeOptions>;
  readonly link: Link;
  /** Tells the judge of this device's promises. */
  readonly tell: (event: TraceEvent) => void;
  /** Is given what inspectors are shown of each process that owns the store; `null` where nobody looks. */
  readonly onFeed: ((feed: FeedSource) => void) | null;
  /** Is given what a page was told, beside what the device says at that moment. */
  readonly onShown: (shown: Shown) => void;
  /** Called whenever something goes on in it. */
  readonly goesOn: () => void;
  readonly saw: (what: string) => void;
  /** Whether it is the one in which something went on last. */
  readonly isOn: () => boolean;
}

/** When a process dies: at once, at its next timers, or where its work passes a point. */
export type Moment = 'now' | 'timer' | FaultPoint;

export class Device {
  readonly name: string;
  readonly disk: SimulatedDisk;
  readonly tell: (event: TraceEvent) => void;
  /** Ids of what was accepted. */
  readonly accepted = new Set<string>();
  /** Processes on it that use the store by the one that owns it. */
  readonly clients: DeviceClients;
  /** Delays of its connections, in milliseconds each. */
  readonly lineDelays = new Set<{ readonly ms: number }>();
  /** Its way to everything else. */
  readonly link: Link;
  /** Its own view of time. */
  readonly clock: DeviceClock;
  readonly #parts: DeviceParts;
  /** The options that its processes had so far, also by policies that were set while they ran. */
  readonly everyOptions: CheckedOptions[] = [];
  /** Everything is healed: no handler is missing any more. */
  isHealed = false;
  #boots = 0;
  #set = 0;
  #process: DeviceProcess | null = null;
  /** Whether the process has closed its store. */
  #isGivenUp = false;
  /** Timers that it still has until it dies; `null` where it does not die of one. */
  #timersLeft: number | null = null;
  #onTimer = (): void => undefined;
  /** No process of it runs. */
  isOff = false;
  /** A backup has taken the place of its store at some time. */
  wasRestored = false;
  /** Acts of people, for when it can be used again. */
  #later: (() => void)[] = [];

  constructor(parts: DeviceParts) {
    this.#parts = parts;
    this.clock = new DeviceClock(parts.clock, parts.setup.clockAheadMs ?? 0, () => {
      parts.goesOn();
      if (this.#timersLeft === null) return;
      this.#timersLeft -= 1;
      if (this.#timersLeft > 0) return;
      this.#timersLeft = null;
      this.#onTimer();
    });
    this.clients = new DeviceClients({
      ...{ home: this, setups: parts.setup.clients ?? [], seed: parts.seed, clock: this.clock },
    });
    this.name = parts.setup.name;
    this.link = parts.link;
    this.tell = (event) => {
      if (event.event === 'accepted') {
        this.accepted.add(event.id);
        noteAccepted(event.id, event.key);
      }
      if (event.event === 'answered') noteAccepted(event.id, event.key);
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
      retentionMs: () => Math.min(...this.everyOptions.map(({ retentionMs }) => retentionMs)),
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

  /** Set of drawn options for the processes that start now. */
  get drawn(): readonly Drawn[] {
    const drawn = this.#parts.setup.options?.[this.#set] ?? [];
    return this.isHealed ? drawn.filter(({ field }) => field !== 'isMissing') : drawn;
  }

  /** Goes on to the next set of options that was drawn, of which the last is followed by the first. */
  changeOptions(): void {
    this.#set = (this.#set + 1) % Math.max(1, this.#parts.setup.options?.length ?? 0);
  }

  /** Notes that the process has other policies from now on. */
  noteLayers(layers: PolicyLayers): void {
    const { options } = this.process;
    const { upstreams, tiers } = options;
    const entries = entriesOf(layers, upstreams, () => true, tiers);
    this.everyOptions.push({ ...options, policies: new PolicyTable(entries, tiers) });
  }

  /** How long what comes over a connection takes at the most. */
  get lineDelayMs(): number {
    return Math.max(LINE_DELAY_MS, ...[...this.lineDelays].map(({ ms }) => ms));
  }

  get door(): Door {
    return this.process.door;
  }

  get hasSleptLately(): boolean {
    return this.clock.hasSleptSince(this.#parts.clock.monotonic() - A_CALL_TAKES_MS_MAX);
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
    const { seed, options } = this.#parts;
    const number = this.#boots;
    const life = candidate?.life ?? newLife();
    const vessel = newVessel(
      { seed: seed * 1_009 + number, clock: this.clock, delayMaxMs: () => this.lineDelayMs },
      life,
    );
    const door = new Door(vessel);
    const counted = countedClock(vessel.clock);
    const store = this.disk.store(vessel.clock);
    const random = seededRandom(seed * 1_000 + number);
    const whole = options(this, number, processNetwork(this.link, vessel.clock));
    const given = withDrawn({ random, ...whole }, this.drawn);
    const callsOut = new Map<string, number>();
    const mortal = (handlers: RuntimeOptions['handlers'] = {}): [string, Handler][] =>
      Object.entries(handlers).map(([type, handler]) => [
        type,
        countedReads(mortalHandler(handler, this.#answered(life)), callsOut),
      ]);
    const handlers = mortal(given.handlers);
    const late = mortal(whole.handlers).filter(([type]) => given.handlers?.[type] === undefined);
    const checked = checkOptions({
      onError: () => undefined,
      ...given,
      ...(candidate === null ? {} : { onError: candidate.onError }),
      store: ':memory:',
      clock: counted.clock,
      handlers: Object.fromEntries(handlers),
    });
    this.everyOptions.push(checked);
    const opened = candidate === null ? store : this.#taking(store, () => made);
    const owner = assembleOwner(checked, {
      ...{ store: opened, isCandidate: candidate !== null, control: door.control },
    });
    const { runtime, feed } = owner;
    runtime.ready.catch(() => undefined);
    // The caller may have died with an earlier process.
    runtime.subscribe('operation.ended', ({ ending, operationId: id }) => {
      if (ending !== 'deadLettered' || life.isDead()) return;
      this.tell({ event: 'ended', id, outcome: { status: ending } });
    });
    const made: DeviceProcess = {
      ...{ number, options: checked, runtime, feed, store, door, life, isDead: life.isDead },
      ...{ clock: vessel.clock, timers: counted.timers },
      lateHandlers: Object.fromEntries(late),
      callsOut,
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
    this.#bootNext();
  }

  /** Starts the next process, if none runs by now, and if the device is not off: switching it on does that then. */
  #bootNext(): void {
    if (!this.isOff && this.process.isDead()) this.boot();
  }

  /** Ends the process, puts a backup in the place of its store, and starts the next one. */
  async restoreAndBoot(share: number): Promise<void> {
    this.process.kill();
    this.clients.bury();
    this.wasRestored = true;
    await this.disk.restore(share, this.clock.now());
    this.tell({ event: 'restored', rows: await this.rows() });
    this.#bootNext();
  }

  /** Ends the process, and starts the next one on a copy of its store, which is held. */
  async copyAndBoot(): Promise<void> {
    this.process.kill();
    this.clients.bury();
    await this.disk.copied();
    this.tell({ event: 'copied', rows: await this.rows() });
    this.#bootNext();
  }

  /** As {@link Device.killAndBoot}; above 0 the whole device is off for this long. */
  async killAndBootAfter(offMs: number): Promise<void> {
    if (this.isOff) return;
    if (offMs === 0) {
      await this.killAndBoot();
      return;
    }
    this.isOff = true;
    this.process.kill();
    this.clients.killAll();
    this.#parts.clock.schedule(offMs, () => {
      this.switchOn();
    });
    this.tell({ event: 'disk', rows: await this.rows() });
  }

  /** Starts what was running when it was switched off. */
  switchOn(): void {
    if (!this.isOff) return;
    this.isOff = false;
    this.boot();
    this.clients.startAll();
    this.#goOn();
  }

  wake(): void {
    this.clock.wake();
    this.#goOn();
  }

  /** A page was told this, which was so a moment ago. */
  readonly shown = (page: Overview): void => {
    const isLate = Math.abs(page.atMs - this.clock.now()) > SHOWN_WITHIN_MS;
    if (isLate || !this.isOwned || this.clock.isAsleep) return;
    this.#parts.onShown({ page, health: this.runtime.getHealthStatus() });
  };

  /** Does this now, or as soon as the device is awake and on. */
  whenUsable(go: () => void): void {
    if (this.isOff || this.clock.isAsleep) {
      this.#later.push(go);
      return;
    }
    this.#parts.goesOn();
    go();
  }

  /** Asks the process of that moment now, or as soon as the device is awake and on, and the process goes on. */
  whenAsked(go: () => void): void {
    this.whenUsable(() => {
      this.process.life.whenAwake(go);
    });
  }

  /** No fault is left, and nobody does anything any more: it starts again, and can finish what it has. */
  async heal(): Promise<void> {
    this.#later = [];
    this.isHealed = true;
    this.switchOn();
    this.wake();
    // Every other device goes on with the process that it has, which has to recover by itself.
    if (this.#parts.seed % 2 === 0 && this.isOwned) this.registerLate();
    else await this.killAndBoot();
    this.clients.startAll();
  }

  /** Registers the handlers that the process lacks. */
  registerLate(): void {
    const { lateHandlers, runtime } = this.process;
    for (const [type, handler] of Object.entries(lateHandlers)) {
      delete lateHandlers[type];
      runtime.handle(type, handler).catch(() => undefined);
      this.#parts.saw('a handler was registered late');
    }
  }

  /**
   * Calls `die` at a moment of the process that runs then, so many microtasks later: at any `await` of its work.
   *
   * @param passage - the timer, or the passage of the point, that it is: 1 is the next
   */
  at(moment: Moment, passage: number, microtasks: number, die: () => void): void {
    const soon = (): void => {
      afterMicrotasks(microtasks, die);
    };
    if (moment === 'now') soon();
    else if (moment === 'timer') {
      this.#timersLeft = passage;
      this.#onTimer = soon;
    } else {
      armFaultPoint(moment, passage, () => {
        if (!this.#parts.isOn() || this.process.isDead()) {
          this.at(moment, 1, microtasks, die);
          return;
        }
        soon();
        // Of a store, nothing that follows happens any more; elsewhere nothing that follows has an effect.
        if (microtasks === 0 && moment === 'store.beforeCommit') throw new Error('It died.');
      });
    }
  }

  #goOn(): void {
    if (this.isOff || this.clock.isAsleep) return;
    for (const [at, go] of this.#later.splice(0).entries()) {
      this.#parts.clock.schedule(at * LATER_EVERY_MS, () => {
        if (!this.isHealed) this.whenUsable(go);
      });
    }
  }

  /** The life of a process as its handlers see it: it takes no answer while the device sleeps. */
  #answered(life: Life): Life {
    return {
      ...life,
      isStill: () => {
        this.#parts.goesOn();
        return life.isStill() || this.clock.isAsleep;
      },
      whenAwake: (go) => {
        if (this.clock.isAsleep)
          this.clock.defer(() => {
            life.whenAwake(go);
          });
        else life.whenAwake(go);
      },
    };
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

/** Handler of which each read of a record is counted while it is out. */
function countedReads(handler: Handler, callsOut: Map<string, number>): Handler {
  const { run, conflicts, upstream } = handler;
  const count = (by: 1 | -1): void => {
    callsOut.set(upstream, (callsOut.get(upstream) ?? 0) + by);
  };
  const counted = <Answer>(read: (attempt: Attempt) => Promise<Answer> | Answer) => {
    return async (attempt: Attempt): Promise<Answer> => {
      count(1);
      try {
        return await read(attempt);
      } finally {
        count(-1);
      }
    };
  };
  const { fetchCurrent, checkRequest } = run;
  const own = typeof conflicts === 'object' ? conflicts.fetchCurrent : undefined;
  const whole =
    fetchCurrent === undefined
      ? run
      : Object.assign((attempt: Attempt) => run(attempt), {
          fetchCurrent: counted(fetchCurrent),
          ...(checkRequest === undefined ? {} : { checkRequest }),
        });
  if (typeof conflicts !== 'object' || own === undefined) return { ...handler, run: whole };
  return { ...handler, run: whole, conflicts: { ...conflicts, fetchCurrent: counted(own) } };
}

/** A clock that counts the timers that run on it. */
function countedClock(clock: Clock): { readonly clock: Clock; readonly timers: () => number } {
  const running = new Set<object>();
  return {
    timers: () => running.size,
    clock: {
      ...clock,
      schedule: (delayMs, wake) => {
        const timer = {};
        running.add(timer);
        const cancel = clock.schedule(delayMs, () => {
          running.delete(timer);
          wake();
        });
        return () => {
          running.delete(timer);
          cancel();
        };
      },
    },
  };
}

/** Calls `go` after so many microtasks; 0 is now. */
function afterMicrotasks(left: number, go: () => void): void {
  if (left === 0) go();
  else {
    queueMicrotask(() => {
      afterMicrotasks(left - 1, go);
    });
  }
}

function ownedElsewhere(): HoldfastError {
  return new HoldfastError('HF_STORE_OWNED', 'Another process of the device owns the store.', {
    retry: 'later',
    withStack: false,
  });
}
