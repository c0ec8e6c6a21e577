/**
 * The engine put together: journal, timers, upstreams, levels, operations, crisis path. Making one
 * touches nothing outside; {@link EngineCore.openStore} and the steps after it are ordered by the
 * supervisor's chart.
 *
 * @module
 */

import type { RetryPoliciesOf } from '../machines/operation/attemptVerdict.ts';
import { entityKey } from '../machines/operation/keys.ts';
import type { CrisisPlan } from '../machines/policy/crisis/crisisResources.ts';
import type { UnwrittenLimits } from '../machines/policy/flow/flowPolicy.ts';
import type { PoliciesInForce } from '../machines/policy/layers/policiesInForce.ts';
import type { Component } from '../machines/policy/service/restartPolicy.ts';
import type { Clock, Random } from '../machines/vocabulary/clock.ts';
import type { HoldfastError } from '../machines/vocabulary/errors.ts';
import type { Hold } from '../persistence/port/review.ts';
import type { Store, StoredOperation } from '../persistence/port/store.ts';
import type { OutsideCrisis } from '../persistence/port/writes.ts';
import type { ActorSystem } from './charts/actorSystem.ts';
import { crisisChart } from './charts/chartOfWork.ts';
import type { ConflictDesk } from './conflict/conflictDesk.ts';
import { deskOf, type RecordOptions } from './conflict/deskOf.ts';
import { loadEntities } from './conflict/loadEntities.ts';
import { CrisisModes } from './crisis/crisisModes.ts';
import { PlansAtHand } from './crisis/plansAtHand.ts';
import { UnreadableCrises } from './escalation/unreadableCrises.ts';
import { Counts } from './facts/counts.ts';
import type { FactStream } from './facts/factStream.ts';
import { AuditNotes, AuditTrail } from './journal/auditTrail.ts';
import { untilDone } from './journal/background.ts';
import { ComponentWrites } from './journal/componentWrites.ts';
import { Journal } from './journal/journal.ts';
import { StorageHealth } from './journal/storageHealth.ts';
import { unlessStalled } from './journal/storeErrors.ts';
import { WhileAnswering } from './journal/whileAnswering.ts';
import { notAccepted } from './operation/acceptance.ts';
import type { Handler } from './operation/handler.ts';
import { SteadyClock } from './platform/steadyClock.ts';
import { TimerService } from './platform/timerService.ts';
import { notConnected, type Wire, wire } from './platform/wires.ts';
import { AnchorKeeper, type AnchorSource } from './recovery/anchorKeeper.ts';
import {
  type ComponentsParts,
  restartComponent,
  restoreComponents,
} from './recovery/components.ts';
import { Erasure } from './recovery/erasure.ts';
import {
  adoptHandler,
  adoptHandlers,
  adoptInMemory,
  findStrays,
  HiddenWork,
  type InHandOptions,
  LaneSweep,
  occupiedRoutes,
  type RecoveryParts,
  recoverInHand,
  takeUpSpilled,
} from './recovery/recovery.ts';
import { Retention } from './recovery/retention.ts';
import { accessLive, type LiveAccess, type ServiceAccess } from './recovery/serviceAccess.ts';
import { StoreCheck } from './recovery/storeCheck.ts';
import { StoreHold } from './recovery/storeHold.ts';
import { Upstreams } from './upstream/upstreams.ts';
import { AdmissionLimit } from './work/admissionLimit.ts';
import { ALONE } from './work/aloneMark.ts';
import { BulkAcceptor } from './work/bulkAcceptance.ts';
import { OperationPool } from './work/operationPool.ts';
import type { PoolParts } from './work/poolParts.ts';
import { rejectQuarantined } from './work/quarantine.ts';

export interface EngineParts extends RecordOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly policies: PoliciesInForce;
  /** Their names. */
  readonly upstreams: Iterable<string>;
  readonly handlers: Readonly<Record<string, Handler>>;
  /** The type whose handler takes crises of types that nobody handles. */
  readonly crisisType: string;
  readonly retentionMs: number;
  /** Where the anchor of the store is kept; `null` for nowhere. */
  readonly anchor: AnchorSource | null;
  readonly residentsMax: number;
  readonly operationsMax: number;
  readonly unwrittenBytesMax: number;
  /** Removes what else in the store's folder was kept long enough; see {@link Retention}. */
  readonly tidy: (nowMs: number) => Promise<void>;
  /** How long an answer to a crisis may wait for a plan that is not in memory, in milliseconds. */
  readonly planWithinMs: number;
  readonly escalation: PoolParts['escalation'];
  /** The actors of everything here are part of it. */
  readonly system: ActorSystem;
  readonly onError: (error: unknown) => void;
  /** Where everything that happens is told. */
  readonly facts: FactStream;
}

/** The component under which the {@link SteadyClock} is kept. */
const TIME = 'time';
const CLOCK_SET = 'clockSet';
/** The one under which it is kept who has taken on crises that can't be read. */
const UNREADABLE = 'unreadableCrises';

export class EngineCore {
  onComponentFailed: (component: Component, error: unknown) => void = notConnected;
  /** The store is open, and these were answered by an earlier process and never accepted. */
  onOutside: (crises: readonly OutsideCrisis[]) => void = notConnected;
  /** Resolves once work is accepted. */
  whenRunning: () => Promise<void> = notConnected;
  /** The store is held from now on, though work had begun. */
  onHeld: () => void = notConnected;
  /** Keeps the crisis plan of a subject. */
  keepPlan: (subject: string, plan: CrisisPlan) => Promise<void> = notConnected;
  /** Table of what its parts hand to each other against the order in which they are made. */
  readonly wires: readonly Wire[];
  readonly journal: Journal;
  readonly storage: StorageHealth;
  readonly pool: OperationPool;
  readonly bulk: BulkAcceptor;
  readonly room: AdmissionLimit;
  /** What has happened since the process started. */
  readonly counts: Counts;
  readonly upstreams: Upstreams;
  /** Where edits of merged records are looked after. */
  readonly desk: ConflictDesk;
  /** Records quarantined, now and by earlier processes. */
  quarantined = 0;
  readonly answering: WhileAnswering;
  readonly storeCheck: StoreCheck;
  readonly anchor: AnchorKeeper;
  readonly notes: AuditNotes;
  readonly audit: AuditTrail;
  /** The crisis plans that an answer can hold. */
  readonly plans: PlansAtHand;
  readonly crisisModes: CrisisModes;
  /** Crises whose rows can't be read. */
  readonly unreadable: UnreadableCrises;
  readonly #parts: EngineParts;
  readonly steady: SteadyClock;
  readonly timers: TimerService;
  readonly #retention: Retention;
  #components: ReadonlyMap<string, string> = new Map();
  readonly #held = new StoreHold();
  #service: LiveAccess | null = null;
  #isServing = false;
  /** Rows from here on are this process's own. */
  #firstSeq = 0;
  /**
   * Crises of another thread that the store it was copied from may have delivered: they wait for the release. A backup
   * has none, so those of a restored store are its own.
   */
  #outsideOfCopy: readonly OutsideCrisis[] = [];
  /** Empty until the store is open. */
  storeId = '';
  readonly #recoveryParts: RecoveryParts;
  readonly #componentsParts: ComponentsParts;
  readonly #sweep: LaneSweep;
  readonly #hidden: HiddenWork;
  readonly #writes: ComponentWrites;

  constructor(given: EngineParts) {
    const { store, clock, random, policies, facts, system, tidy, onError } = given;
    const onFailed = (component: Component, error: unknown): void => {
      this.onComponentFailed(component, error);
    };
    const retry: RetryPoliciesOf = (upstream, type) => policies.table.retries(upstream, type);
    const unwritten: UnwrittenLimits = given;
    const timers = new TimerService(clock, onError);
    const steady = new SteadyClock(clock);
    this.#parts = given;
    this.timers = timers;
    this.steady = steady;
    this.counts = new Counts({ clock, facts });
    const erasure = new Erasure({ store, clock, timers, onError });
    this.storage = new StorageHealth({
      ...{ clock, steady, facts, system },
      onFailed: (error) => {
        onFailed('storageHealth', error);
      },
    });
    this.answering = new WhileAnswering({
      ...{ clock, storage: this.storage },
      look: () => steady.stamp(),
    });
    this.storeCheck = new StoreCheck({ store, clock, timers, onError });
    this.anchor = new AnchorKeeper({ source: given.anchor, store, clock, timers, onError });
    this.plans = new PlansAtHand({
      ...{ store: store.beside, clock, onError },
      withinMs: given.planWithinMs,
    });
    const journal = new Journal({ store, clock, onError, health: this.storage });
    this.journal = journal;
    this.notes = new AuditNotes(() => steady.stamp(), given.random);
    this.audit = new AuditTrail({ journal, facts, notes: this.notes });
    const writes = new ComponentWrites(journal);
    this.#writes = writes;
    this.#retention = new Retention({
      ...{ clock, timers, tidy, onError },
      store: { commit: journal.beside.bind(journal) },
      onCommitted: erasure.committed.bind(erasure),
      retentionMs: given.retentionMs,
      keep: (state) => {
        writes.write(CLOCK_SET, () => state);
      },
    });
    this.crisisModes = new CrisisModes({
      ...{ clock, steady, random, timers, facts, system, onError },
      ...{ plans: this.plans, writes, onFailed },
    });
    this.upstreams = new Upstreams({
      ...{ store, journal, clock, steady, random, timers, facts, system },
      policies,
      names: given.upstreams,
      storage: this.storage,
      isCrisisMode: () => this.crisisModes.isGlobal,
      keep: this.#keep.bind(this),
      ...{ onFailed, onError },
    });
    const { notes } = this;
    this.desk = deskOf(given, { journal, notes, steady, timers, retry }, this);
    const pool = new OperationPool({
      ...given,
      ...{ journal, notes, steady, timers, retry, unwritten },
      edits: this.desk,
      upstreams: this.upstreams,
    });
    this.pool = pool;
    this.unreadable = new UnreadableCrises({
      ...{ store, clock, random, timers, facts, busy: pool.busy, onError },
      chain: given.escalation.chain,
      pace: given.escalation.pace,
      crisisType: given.crisisType,
      keep: (state) => {
        writes.write(UNREADABLE, state);
      },
      isInMemory: (id) => pool.resident(id)?.chart === crisisChart,
    });
    this.#recoveryParts = { store, journal, clock, steady, timers, pool };
    this.#sweep = new LaneSweep(this.#recoveryParts, onError);
    this.#hidden = new HiddenWork(this.#recoveryParts, () => this.#inHand(), onError);
    this.room = new AdmissionLimit({
      ...{ ...given, journal, storage: this.storage, unwritten },
      busy: pool.busy,
    });
    this.bulk = new BulkAcceptor({
      ...{ store, journal, clock, steady, random, retry, facts, pool },
      edits: this.desk,
    });
    this.#componentsParts = {
      ...{ store, onError, storage: this.storage },
      ...{ upstreams: this.upstreams, crisisModes: this.crisisModes },
      recover: () => (this.#mayRun ? this.recoverOperations() : this.recoverCrises()),
    };
    this.wires = this.#connected(erasure);
    for (const [type, handler] of Object.entries(given.handlers)) pool.setHandler(type, handler);
    store.onNotice((notice) => {
      onError(notice);
      if (notice.code !== 'HF_STORE_MENDED') return;
      if (this.#isServing) this.#hidden.soon();
      else if (!this.#mayRun)
        void untilDone(this.#recoveryParts, () => this.recoverCrises(), onError);
    });
    store.onQuarantine((row) => {
      this.quarantined += 1;
      if (this.#isServing) this.#sweep.soon();
      this.pool.waiting.refresh();
      facts.emit('record.quarantined', row.id, row.code);
      rejectQuarantined(row, this.pool);
      // Of what a held store had before nobody knows here what became of it.
      if (this.hold === null) this.unreadable.quarantined(row.seq);
    });
  }

  /** Connects what a part hands to one that is made after it. */
  #connected(erasure: Erasure): readonly Wire[] {
    return [
      wire(this, 'steady', 'keep', 'component writes', (state) => {
        this.#writes.write(TIME, () => state);
      }),
      wire(this, 'storage', 'onProbe', 'journal', () => {
        this.journal.retry();
      }),
      wire(this, 'storage', 'onChange', 'upstreams, answering, journal, room', (failure) => {
        this.#storageChanged(failure);
      }),
      wire(this, 'journal', 'onCommitted', 'erasure, counts of what waits, anchor', (writes) => {
        this.anchor.committed();
        erasure.committed(writes);
        this.pool.waiting.committed(writes);
      }),
      wire(this, 'journal', 'onLaneFreed', 'dispatcher, sweep of lanes', (row) => {
        if (row !== null) this.pool.dispatcher.laneFreed(row);
        else if (this.#isServing) this.#sweep.soon();
      }),
      wire(this, 'crisisModes', 'onGlobal', 'upstreams, plans', () => {
        this.upstreams.globalLevel.measure();
        this.plans.tell();
      }),
      wire(this, 'anchor', 'onBehind', 'hold, dispatcher, supervisor', () => {
        void this.#fellBehind();
      }),
      wire(this, 'upstreams', 'isBusy', 'pool', () => this.pool.attemptsRunning > 0),
    ];
  }

  /** Why nothing of the store runs; `null` where it does. */
  get hold(): Hold | null {
    return this.#held.hold;
  }

  /** Other work than crises may run. */
  get #mayRun(): boolean {
    return this.hold === null && !this.anchor.isComparing;
  }

  /** See {@link StoreHold.isHeldBack}. */
  isHeldBack(row: StoredOperation): boolean {
    return this.#held.isHeldBack(row);
  }

  /** Registers a handler, also while running; what waited for it goes on (OP-7). */
  async handle(type: string, handler: Handler): Promise<void> {
    this.upstreams.get(handler.upstream);
    this.pool.setHandler(type, handler);
    if (this.#isServing) {
      // A start that is under way may have asked before for which types there are rows.
      this.pool.dispatcher.noteDue(handler.upstream, 0);
      await adoptHandler(this.#recoveryParts, type);
      this.pool.waiting.refresh();
      this.desk.lookEverywhere();
    } else await adoptInMemory(this.#recoveryParts, type);
  }

  /** How a person's service calls reach what this engine runs on. */
  serviceAccess(): ServiceAccess {
    this.#service = accessLive({
      ...this.#recoveryParts,
      store: this.#parts.store,
      notes: this.notes,
      onError: this.#parts.onError,
      onBroughtBack: (entity) => {
        this.desk.views.changed(entityKey(entity));
      },
      onLeftQuarantine: (id) => {
        this.quarantined -= 1;
        this.unreadable.left(id);
      },
    });
    return this.#service;
  }

  /** Rejects all pending callers with HF_CLOSED: the engine has stopped. */
  abandon(): void {
    for (const part of [this.room, this.bulk, this.pool, this.desk, this.#service]) part?.abandon();
    this.#parts.facts.emit('runtime.stopped');
  }

  // The steps of start-up and shutdown, in the order of the supervisor's chart.

  /** Where it fails nothing is open, and it may be called again. */
  async openStore(): Promise<void> {
    await loadEntities();
    const info = await this.#parts.store.open();
    this.storeId = info.storeId;
    this.plans.opened(info.crisisPlans);
    this.#components = info.components;
    const fromMs = this.steady.now();
    this.steady.resume(info.components.get(TIME));
    this.#retention.resume(info.components.get(CLOCK_SET));
    this.crisisModes.opened(info.crisisModes, this.steady.now() - fromMs);
    this.unreadable.opened(info.components.get(UNREADABLE));
    this.pool.dispatcher.alone.restore(info.components.get(ALONE));
    if (info.components.has(TIME)) {
      for (const { flow } of this.upstreams.all) flow.startEmpty();
    }
    this.quarantined = info.quarantined;
    this.#firstSeq = this.#parts.store.nextSeq();
    this.#held.read(info, this.#parts.facts);
    this.journal.open();
    this.pool.waiting.open();
    void takeUpSpilled(
      this.#recoveryParts,
      info.spilled,
      {
        seqBefore: this.#firstSeq,
        wanted: (row) => this.hold === null || this.#held.isItsCrisis(row),
      },
      this.#parts.onError,
    );
    const isCopy = this.hold?.reason === 'copied';
    this.#outsideOfCopy = isCopy ? info.outside : [];
    if (!isCopy) this.onOutside(info.outside);
  }

  /** Breakers and levels go on where they were (CB-4). One that can't be read starts from the beginning. */
  restoreComponents(): void {
    restoreComponents(this.#componentsParts, this.#components);
  }

  /** Takes over what was in hand, and begins to fetch what is due. New work is served meanwhile. */
  async recoverOperations(): Promise<void> {
    this.#isServing = true;
    void this.storeCheck.checkKeys(this.#firstSeq);
    const parts = this.#recoveryParts;
    const occupied = await occupiedRoutes(parts);
    await recoverInHand(parts, {
      ...this.#inHand(),
      onPlaced: () => {
        this.pool.dispatcher.start(occupied);
      },
    });
    void untilDone(parts, () => this.unreadable.look(), this.#parts.onError);
    this.desk.start(); // What follows goes through all that rests, with pauses.
    await adoptHandlers(parts, occupied);
    await findStrays(parts);
    this.storeCheck.start(this.#firstSeq);
    this.#retention.start();
  }

  #inHand(): InHandOptions {
    const wanted: InHandOptions['wanted'] = (row) => this.#mayRun || this.#held.isItsCrisis(row);
    return { seqBefore: this.#firstSeq, wanted, onPlaced: () => undefined };
  }

  /** While the store is held: takes over the crises that were accepted since (CR-4). */
  async recoverCrises(): Promise<void> {
    if (this.hold === null) this.#held.serveCrises();
    await recoverInHand(this.#recoveryParts, {
      seqBefore: this.#firstSeq,
      wanted: (row) => this.#held.isItsCrisis(row),
      onPlaced: () => undefined,
    });
  }

  /** Compares the store with its anchor: resolves within 30 s, to whether it is held for being behind. */
  async compareAnchor(): Promise<{ readonly isHeld: boolean }> {
    const isHeld = await this.anchor.compare();
    if (isHeld) await this.#holdRolledBack();
    return { isHeld };
  }

  async #holdRolledBack(): Promise<void> {
    const { store, clock, facts, onError } = this.#parts;
    await this.#held.rolledBack(store, clock.now(), facts).catch(onError);
  }

  /** The comparison came after work had begun: nothing more begins. */
  async #fellBehind(): Promise<void> {
    this.pool.dispatcher.pause();
    await this.#holdRolledBack();
    this.onHeld();
  }

  /** See {@link StoreHold.release}. */
  async release(): Promise<boolean> {
    const above = this.hold === null ? null : await this.anchor.epochFound();
    const wasHeld = await this.#held.release(this.#parts.store, above ?? undefined);
    if (wasHeld) {
      this.pool.dispatcher.resume();
      this.anchor.released(above !== null);
      this.onOutside(this.#outsideOfCopy);
    }
    this.#outsideOfCopy = [];
    return wasHeld;
  }

  /** Starts nothing new and resolves once nothing is in flight and everything is on disk. */
  async drain(): Promise<void> {
    this.#beginNothing();
    await Promise.all([this.pool.busy.whenIdle(), this.upstreams.drainCalls()]);
    await this.journal.idle();
    await this.anchor.keepLast();
  }

  /** Aborts what still runs, writes where it stands, and closes the store (SV-4). */
  async closeStore(): Promise<void> {
    try {
      this.#beginNothing();
      this.room.abandon();
      this.pool.interruptAll();
      this.upstreams.abortCalls();
      await unlessStalled(this.#parts.clock, this.journal.idle());
    } finally {
      this.anchor.stop();
      this.plans.closed();
      this.journal.close();
      this.timers.stop();
      this.storage.stop();
      for (const part of [this.pool.waiting, this.upstreams, this.crisisModes]) part.stop();
      await unlessStalled(this.#parts.clock, this.#parts.store.close());
    }
  }

  /** Restarts a component that failed (SV-2). */
  async restartComponent(component: Component): Promise<void> {
    await restartComponent(this.#componentsParts, component);
  }

  #beginNothing(): void {
    this.storeCheck.stop();
    this.#retention.stop();
    this.pool.dispatcher.stop();
    this.pool.escalations.stop();
    this.unreadable.stop();
    this.desk.stop();
  }

  #storageChanged(failure: HoldfastError | null): void {
    this.upstreams.globalLevel.measure();
    if (failure !== null && this.storage.isHanging) {
      this.answering.hangs();
      this.journal.hangs(failure);
      this.room.refuseAll(notAccepted(failure));
    }
    // Only a writer that has ended needs to be started again; any other opens its file again by itself.
    if (failure?.code === 'HF_STORE_UNAVAILABLE') this.onComponentFailed('writer', failure);
  }

  #keep(name: Component, state: string): void {
    this.steady.stamp();
    this.#writes.write(name, () => state);
  }
}
