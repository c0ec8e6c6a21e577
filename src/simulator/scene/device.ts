/**
 * A simulated machine: a disk that outlives its processes, a clock, and the process that owns the store.
 *
 * @module
 */

import type { Handler } from '../../../actors/port.ts';
import type { FeedSource, Overview } from '../../../inspector/protocol.ts';
import { entriesOf, type PolicyLayers } from '../../../machines/policy/layers/policyLayers.ts';
import { PolicyTable } from '../../../machines/policy/layers/policyTable.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
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
import { auditAtRest } from '../oracle/auditAtRest.ts';
import { diskRows, rowOutside } from '../oracle/diskRow.ts';
import type { Shown } from '../oracle/look.ts';
import { rowsAtRest } from '../oracle/rowsAtRest.ts';
import { keyOfRow, noteAccepted } from '../oracle/sentKeys.ts';
import type { DiskRow, TraceEvent } from '../oracle/trace.ts';
import { atOnceAfterOutage } from '../setup/bounds.ts';
import { type Drawn, withDrawn } from '../setup/drawnOptions.ts';
import { AnchorPlace } from './anchorPlace.ts';
import { CallsOut, countedReads } from './callsOut.ts';
import { DeviceClients } from './deviceClients.ts';
import { countedClock, DeviceClock } from './deviceClock.ts';
import type { DeviceSetup } from './plan.ts';

/** Longest delay of a message over a connection of the device while all is well, in milliseconds. */
const LINE_DELAY_MS = 3;

/** Age from which a page's overview must have come over a slow line. */
const SHOWN_WITHIN_MS = 10;

/** Longer than any call of a client waits. */
const A_CALL_TAKES_MS_MAX = 600_000;

/** Pace at which people catch up on what they wanted of a device that was off or asleep. */
const LATER_EVERY_MS = 300;

/** Codes of errors that tell of records that another hand has deleted or put back. */
const TOUCHED: ReadonlySet<string> = new Set(['HF_RECORD_MISSING', 'HF_RECORD_STALE']);

/** A process that owns the store of its device, until it dies. */
export interface DeviceProcess {
  /** Number of the process on its device, from 1. */
  readonly number: number;
  /** Options as given and drawn, with the handlers that were registered since. */
  options: CheckedOptions;
  readonly runtime: Runtime;
  /** Handlers that it started without, by their types. */
  readonly lateHandlers: Record<string, Handler>;
  /** Functions of guarded calls and reads of records that run now. */
  readonly calls: CallsOut;
  readonly feed: FeedSource;
  readonly store: FaultyStore;
  /** Socket where its clients reach it. */
  readonly door: Door;
  readonly life: Life;
  readonly clock: Clock;
  /** Counts the running timers of its runtime. */
  readonly timers: () => number;
  /** Kills it as SIGKILL does: nothing of it acts any more, and nothing is closed. */
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
  /** Makes the options of its next process. */
  readonly options: (device: Device, number: number, network: Network) => Partial<RuntimeOptions>;
  readonly link: Link;
  /** Tells the judge of this device's promises. */
  readonly tell: (event: TraceEvent) => void;
  /** Receives what each owner's inspectors are shown; `null` where nobody looks. */
  readonly onFeed: ((feed: FeedSource) => void) | null;
  /** Receives what a page shows, beside what the device says at that moment. */
  readonly onShown: (shown: Shown) => void;
  /** Hears that something happens in the device. */
  readonly goesOn: () => void;
  readonly saw: (what: string) => void;
  /** Tells whether the last thing that happened was in this device. */
  readonly isOn: () => boolean;
  /** Keeps an anchor elsewhere. */
  readonly isAnchored: boolean;
}

/** Moment at which a process dies: at once, at one of its next timers, or where its work passes a point. */
export type Moment = 'now' | 'timer' | FaultPoint;

export class Device {
  readonly name: string;
  /** Where the anchor of its store is kept; `null` for nowhere. */
  readonly anchor: AnchorPlace | null;
  readonly disk: SimulatedDisk;
  readonly tell: (event: TraceEvent) => void;
  /** Ids of accepted operations. */
  readonly accepted = new Set<string>();
  /** Processes that use its store through the owner. */
  readonly clients: DeviceClients;
  /** Delays of its connections, in milliseconds each. */
  readonly lineDelays = new Set<{ readonly ms: number }>();
  /** Connection to everything outside it. */
  readonly link: Link;
  /** Its own view of time. */
  readonly clock: DeviceClock;
  readonly #parts: DeviceParts;
  /** Options of all its processes so far, also those made by policies set at run time. */
  readonly everyOptions: CheckedOptions[] = [];
  /** True once everything is healed: no handler is missing any more. */
  isHealed = false;
  #boots = 0;
  #set = 0;
  #process: DeviceProcess | null = null;
  /** True once the process has closed its store. */
  #isGivenUp = false;
  /** Timers until the process dies; `null` where no timer kills it. */
  #timersLeft: number | null = null;
  #onTimer = (): void => undefined;
  /** True while it is switched off, with no process. */
  isOff = false;
  /** True once a backup has replaced its store. */
  wasRestored = false;
  /** Paths of edited records of which another hand has touched what it keeps: it may know another version. */
  readonly touchedRecords = new Set<string>();
  /** People's acts that wait until they can use it again. */
  #later: (() => void)[] = [];

  constructor(parts: DeviceParts) {
    this.#parts = parts;
    this.anchor = parts.isAnchored ? new AnchorPlace(parts.seed * 137) : null;
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
      onMended: (name, by) => {
        this.tell({ event: 'mended', name, by });
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

  /** Drawn options for the next process. */
  get drawn(): readonly Drawn[] {
    const drawn = this.#parts.setup.options?.[this.#set] ?? [];
    return this.isHealed ? withoutMissing(drawn) : drawn;
  }

  /** Moves to the next set of drawn options; the first follows the last. */
  changeOptions(): void {
    this.#set = (this.#set + 1) % Math.max(1, this.#parts.setup.options?.length ?? 0);
  }

  /** Notes the policies that the process has from now on. */
  noteLayers(layers: PolicyLayers): void {
    const { options } = this.process;
    const { upstreams, tiers } = options;
    const entries = entriesOf(layers, upstreams, () => true, tiers);
    this.process.options = { ...options, policies: new PolicyTable(entries, tiers) };
    this.everyOptions.push(this.process.options);
    this.process.calls.allMoved();
  }

  /** Longest delay of a message over a connection. */
  get lineDelayMs(): number {
    return Math.max(LINE_DELAY_MS, ...[...this.lineDelays].map(({ ms }) => ms));
  }

  get door(): Door {
    return this.process.door;
  }

  get hasSleptLately(): boolean {
    return this.clock.hasSleptSince(this.#parts.clock.monotonic() - A_CALL_TAKES_MS_MAX);
  }

  /** Tells the judge that a client's call has not ended. */
  tellUnheard(client: string, what: string): void {
    this.tell({ event: 'unheard', client, what });
  }

  /** True while a living process has the store. */
  get isOwned(): boolean {
    return this.#process !== null && !this.#process.isDead() && !this.#isGivenUp;
  }

  /** Starts a process on the disk, without waiting for it, unless a client can take the store over. */
  boot(): void {
    if (this.#process !== null && this.clients.hasCandidate) return;
    const { made } = this.#make(null);
    this.#own(made);
  }

  /** Makes an owner in an existing process. It owns the store only once it has opened it. */
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
    this.link.endLookUps();
    const whole = options(this, number, processNetwork(this.link, vessel.clock));
    const given = withDrawn({ random, ...whole }, this.drawn);
    const complete = withDrawn({ random, ...whole }, withoutMissing(this.drawn));
    const calls = new CallsOut((upstream) => {
      if (!life.isDead()) this.tell({ event: 'slotsMoved', process: number, upstream });
    });
    const mortal = (handlers: RuntimeOptions['handlers'] = {}): [string, Handler][] =>
      Object.entries(handlers).map(([type, handler]) => [
        type,
        countedReads(mortalHandler(handler, this.#answered(life)), calls),
      ]);
    const handlers = mortal(given.handlers);
    const late = mortal(complete.handlers).filter(([type]) => given.handlers?.[type] === undefined);
    const ofApp = checkOptions({
      ...given,
      onError: (error) => {
        this.#tellDefect(error, life);
        (candidate ?? given).onError?.(error);
      },
      store: ':memory:',
      clock: counted.clock,
      handlers: Object.fromEntries(handlers),
    });
    // The check refuses one for a store in memory; the simulated disk outlives its processes.
    const anchor = this.anchor?.source(vessel.clock) ?? null;
    const checked = { ...ofApp, anchor };
    this.everyOptions.push(checked);
    const opened = candidate === null ? store : this.#taking(store, () => made);
    const owner = assembleOwner(checked, {
      ...{ store: opened, isCandidate: candidate !== null, control: door.control },
    });
    const { runtime, feed } = owner;
    runtime.ready.catch(() => undefined);
    // Nobody else may tell of this ending: the caller may have died with an earlier process.
    runtime.subscribe('operation.ended', ({ ending, operationId: id }) => {
      if (ending !== 'deadLettered' || life.isDead()) return;
      this.tell({ event: 'ended', id, outcome: { status: ending } });
    });
    runtime.subscribe('breaker.changed', ({ upstream, from, to }) => {
      const isBack = to === 'closed' && (from === 'open' || from === 'halfOpen');
      // Probes that a slow disk holds up begin after the one that was answered.
      if (!isBack || life.isDead() || this.disk.troubles.size > 0) return;
      const atOnce = atOnceAfterOutage(made.options, upstream) + (calls.out.get(upstream) ?? 0);
      calls.isBack(upstream);
      this.tell({ event: 'reopened', process: number, upstream, atOnce });
    });
    const made: DeviceProcess = {
      ...{ number, options: checked, runtime, feed, store, door, life, isDead: life.isDead },
      ...{ clock: vessel.clock, timers: counted.timers },
      lateHandlers: Object.fromEntries(late),
      calls,
      kill: () => {
        life.end();
        store.kill();
        door.die();
      },
    };
    // What hangs on the disk at its end is still written: until then nobody else has the lock.
    void owner.ended.then(async () => {
      await store.close();
      if (this.#process === made) this.#isGivenUp = true;
    });
    return { made, owner };
  }

  /** Tells the judge of an error that a living process has found in itself, or in records that are not its own. */
  #tellDefect(error: unknown, life: Life): void {
    if (life.isDead() || !isHoldfastError(error)) return;
    if (error.code === 'HF_INTERNAL') this.tell({ event: 'defect', message: error.message });
    if (TOUCHED.has(error.code)) this.tell({ event: 'toldOfTouched', code: error.code });
  }

  /** Wraps a candidate's store, which only one process at a time may open. */
  #taking(store: FaultyStore, made: () => DeviceProcess): Store {
    return new Proxy(store, {
      get: (target, name) => {
        if (name !== 'open') return Reflect.get(target, name, target) as unknown;
        return async () => {
          const isItsOwn = this.#process === made() && !this.#isGivenUp;
          if (!isItsOwn && this.isOwned) throw ownedElsewhere();
          // The owner opens it again where its writer has ended.
          if (!isItsOwn) this.#own(made());
          return await store.open();
        };
      },
    });
  }

  /** Kills the process, lets this happen to its disk, tells what is on it, and starts the next one. */
  async killAndBoot(atRest = (): void => undefined): Promise<void> {
    this.process.kill();
    this.clients.bury();
    while (this.disk.underWay !== null) await this.disk.underWay;
    atRest();
    await this.#tellDisk();
    this.#bootNext();
  }

  async #tellDisk(): Promise<void> {
    const rows = await this.rows();
    const audit = await auditAtRest(this.disk.base, this.disk.onlySpilled);
    this.tell({ event: 'disk', rows, audit });
  }

  /** Starts the next process unless one runs, or the device is off: switching it on starts one then. */
  #bootNext(): void {
    if (!this.isOff && this.process.isDead()) this.boot();
  }

  /** Kills the process, replaces its store with a backup, and starts the next one. */
  async restoreAndBoot(share: number): Promise<void> {
    this.process.kill();
    this.clients.bury();
    this.wasRestored = true;
    await this.disk.restore(share, this.clock.now());
    this.tell({ event: 'restored', rows: await this.rows() });
    this.#bootNext();
  }

  /**
   * Kills the process, puts its whole folder back as it was, but where its anchor would not tell of that, and starts
   * the next one.
   */
  async putBackAndBoot(share: number): Promise<void> {
    this.process.kill();
    this.clients.bury();
    if (await this.disk.putBack(share, this.anchor?.text ?? null)) {
      this.wasRestored = true;
      this.#parts.saw('a folder is put back');
      this.tell({ event: 'restored', isPutBack: true, rows: await this.rows() });
    } else await this.#tellDisk();
    this.#bootNext();
  }

  /** Kills the process, and starts the next one on a copy of its store, which is held. */
  async copyAndBoot(): Promise<void> {
    this.process.kill();
    this.clients.bury();
    await this.disk.copied();
    this.tell({ event: 'copied', rows: await this.rows() });
    this.#bootNext();
  }

  /** Does what {@link Device.killAndBoot} does; above 0 the whole device is off for this long. */
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
    await this.#tellDisk();
  }

  /** Starts again all that ran when it was switched off. */
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

  /** Passes on a page's overview, unless it is too old to compare with the device. */
  readonly shown = (page: Overview): void => {
    const isLate = Math.abs(page.atMs - this.clock.now()) > SHOWN_WITHIN_MS;
    if (isLate || !this.isOwned || this.clock.isAsleep) return;
    this.#parts.onShown({ page, health: this.runtime.getHealthStatus() });
  };

  /** Does this now, or once the device is awake and on. */
  whenUsable(go: () => void): void {
    if (this.isOff || this.clock.isAsleep) {
      this.#later.push(go);
      return;
    }
    this.#parts.goesOn();
    go();
  }

  /** Asks the process of that moment now, or once the device is awake and on and its process goes on. */
  whenAsked(go: () => void): void {
    this.whenUsable(() => {
      this.process.life.whenAwake(go);
    });
  }

  /** Ends all faults and all acts of people, and restarts the device so that it can finish its work. */
  async heal(): Promise<void> {
    this.#later = [];
    this.isHealed = true;
    this.switchOn();
    this.wake();
    // Every other device keeps its process, which has to recover by itself.
    if (this.#parts.seed % 2 === 0 && this.isOwned) this.registerLate();
    else await this.killAndBoot();
    this.clients.startAll();
  }

  /** Registers the handlers that the process lacks. */
  registerLate(): void {
    const { lateHandlers, runtime, options } = this.process;
    const late = Object.entries(lateHandlers);
    if (late.length === 0) return;
    for (const [type, handler] of late) {
      delete lateHandlers[type];
      runtime.handle(type, handler).catch(() => undefined);
      this.#parts.saw('a handler was registered late');
    }
    const handlers = { ...options.handlers, ...Object.fromEntries(late) };
    this.process.options = { ...options, handlers };
    this.everyOptions.push({ ...(this.everyOptions.at(-1) ?? options), handlers });
  }

  /**
   * Calls `die` at a moment of the process that runs then, this many microtasks later: at any `await` of its work.
   *
   * @param passage - the timer, or the passage of the point, that triggers it: 1 is the next
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
        // A store that dies before its commit must not write. Elsewhere, nothing that follows has an effect.
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

  /** Wraps a process's life for its handlers: it takes no answer while the device sleeps. */
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

  /** Tells whether the disk has the operation of this key, and it can be opened: the key is free otherwise. */
  async keeps(key: string): Promise<boolean> {
    const { base, damaged } = this.disk;
    await base.open();
    const rows = await rowsAtRest(base);
    return rows.some(({ row, context: { idempotencyKey } }) => {
      const isReadable = !damaged.has(row.id) && !this.disk.isEarlier(row);
      return keyOfRow(row.id, idempotencyKey) === key && isReadable;
    });
  }

  /** All rows on disk, as a starting process finds them, and those that ended and were purged in time. */
  async rows(): Promise<readonly DiskRow[]> {
    const { base, purged } = this.disk;
    await this.disk.atRest();
    const { spilled, outside } = this.disk.beside();
    const there = (await rowsAtRest(base, spilled)).filter(({ row }) => !this.disk.isEarlier(row));
    const ids = new Set(there.map(({ row }) => row.id));
    const gone = [...purged.values()].filter(({ id }) => !ids.has(id));
    const list = (): Promise<readonly StoredOperation[]> => Promise.resolve(gone.splice(0));
    return [
      ...diskRows([...there, ...(await rowsAtRest({ list }))]),
      ...outside.map(({ id }) => rowOutside(id)),
    ];
  }
}

/** Calls `go` after this many microtasks; 0 is now. */
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

/** Drawn options with which no handler is missing. */
function withoutMissing(drawn: readonly Drawn[]): readonly Drawn[] {
  return drawn.filter(({ field }) => field !== 'isMissing');
}
