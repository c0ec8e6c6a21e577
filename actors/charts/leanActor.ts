/**
 * An actor of XState's for work that comes by the thousand: a member of its actor system, with session, parent, mailbox and
 * inspection as XState's own have them, and its methods for whatever is asked for seldom. What costs each of XState's
 * actors most is made here only when somebody asks for it: observers, listeners, options, the scope of its logic, and
 * the events that nobody inspects.
 *
 * With actorSystem.ts the only module that uses what XState keeps to itself. A test compares each step with what XState
 * makes of it (docs/decisions/0288).
 *
 * @module
 */

import {
  Actor,
  type AnyActorRef,
  type AnyEventObject,
  type EventObject,
  type InspectionEvent,
} from 'xstate';
import type { ActorSystem } from './actorSystem.ts';

/** Snapshots that the logic of such an actor makes: any of XState's. */
interface AnySnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly error?: unknown;
  readonly output?: unknown;
}

/** Effects of a transition, done once the actor is in its new state, and before that is told. */
export interface Deferred {
  /** @throws whatever it throws ends the actor. */
  next(): void;
}

/** What its logic is handed of the actor; it is the actor itself. */
export interface LeanScope {
  readonly id: string;
  readonly sessionId: string;
  /** Owner of the actor; effects find by it for whom they are. */
  readonly owner: unknown;
  send(event: AnyEventObject): void;
  defer(deferred: Deferred): void;
}

export interface LeanLogic<Snapshot> {
  getInitialSnapshot(scope: LeanScope, input: unknown): Snapshot;
  transition(snapshot: Snapshot, event: EventObject, scope: LeanScope): Snapshot;
  restoreSnapshot(snapshot: Snapshot): Snapshot;
  getPersistedSnapshot(snapshot: Snapshot): object;
}

/** Listener that hears of an actor before all others. Neither method may throw. */
export interface Hearer<Owner, Snapshot> {
  changed(owner: Owner, snapshot: Snapshot): void;
  died(owner: Owner, error: unknown): void;
}

/** Fields of an actor that XState keeps to itself. */
interface Inside {
  _complete(): void;
  _reportError(error: unknown): void;
}

interface InsideSystem {
  _bookId(): string;
  _relay(source: AnyActorRef, target: AnyActorRef, event: EventObject): void;
  _sendInspectionEvent(event: InspectionEvent): void;
}

const XSTATE = Actor.prototype as unknown as Inside;
const [NOT_STARTED, RUNNING, STOPPED] = [0, 1, 2];
const INIT: EventObject = { type: 'xstate.init' };
const STOP: EventObject = { type: 'xstate.stop' };

/** Actor of an operation or a crisis. `Event` is what it may be sent. */
export class LeanActor<
  Snapshot extends AnySnapshot = AnySnapshot,
  Event extends EventObject = AnyEventObject,
> implements LeanScope
{
  readonly logic: LeanLogic<Snapshot>;
  readonly id: string;
  readonly sessionId: string;
  readonly _parent: AnyActorRef;
  _snapshot: Snapshot;
  _processingStatus: number;
  owner: unknown;
  /** Methods of XState's own. */
  declare readonly getSnapshot: () => Snapshot;
  declare readonly getPersistedSnapshot: () => object;
  declare readonly subscribe: (observer: {
    readonly next?: (snapshot: Snapshot) => void;
    readonly error?: (error: unknown) => void;
    readonly complete?: () => void;
  }) => { unsubscribe(): void };
  readonly #actors: ActorSystem;
  #hearer: Hearer<unknown, Snapshot> | null;
  /** Events that came while it was at work, or before it was started. */
  #queue: EventObject[] | null;
  #isAtWork: boolean;
  #deferred: Deferred[] | null;
  #observers: Set<object> | null;
  #listeners: Map<string, unknown> | null;

  /** @param from what it starts with, or goes on from */
  constructor(
    actors: ActorSystem,
    logic: LeanLogic<Snapshot>,
    id: string,
    from: { readonly input: unknown } | { readonly snapshot: Snapshot } | object,
  ) {
    this.logic = logic;
    this.id = id;
    this._parent = actors.operations;
    this.sessionId = (actors.root.system as unknown as InsideSystem)._bookId();
    this._processingStatus = NOT_STARTED;
    this.owner = null;
    this.#actors = actors;
    this.#hearer = null;
    this.#queue = null;
    this.#isAtWork = false;
    this.#deferred = null;
    this.#observers = null;
    this.#listeners = null;
    if (actors.isInspected) this.#inspect({ type: '@xstate.actor' });
    const { input, snapshot } = from as { readonly input?: unknown; readonly snapshot?: Snapshot };
    let first: Snapshot;
    try {
      first =
        snapshot === undefined
          ? logic.getInitialSnapshot(this, input)
          : logic.restoreSnapshot(snapshot);
    } catch (error) {
      first = { status: 'error', output: undefined, error } as unknown as Snapshot;
    }
    this._snapshot = first;
  }

  /** Tells `hearer` of `owner` from now on, before any observer. */
  tell<Owner>(hearer: Hearer<Owner, Snapshot>, owner: Owner): void {
    this.#hearer = hearer;
    this.owner = owner;
  }

  get system(): AnyActorRef['system'] {
    return this.#actors.root.system;
  }

  get src(): unknown {
    return this.logic;
  }

  get ref(): this {
    return this;
  }

  get observers(): Set<object> {
    this.#observers ??= new Set();
    return this.#observers;
  }

  get eventListeners(): Map<string, unknown> {
    this.#listeners ??= new Map();
    return this.#listeners;
  }

  /** Starts the actor: its hearer is told of its first state. */
  start(): this {
    if (this._processingStatus === RUNNING) return this;
    this._processingStatus = RUNNING;
    if (this.#actors.isInspected) {
      this.#inspect({ type: '@xstate.event', sourceRef: this._parent, event: INIT });
    }
    if (this._snapshot.status === 'error') this.#die(this._snapshot.error);
    else this.#take(INIT);
    return this;
  }

  /** Takes an event, at once or after the one that it is at work on. */
  send(event: Event): void {
    if (this.#actors.isInspected) {
      this.#inspect({ type: '@xstate.event', sourceRef: undefined, event });
    }
    if (!this.#isAtWork && this._processingStatus === RUNNING) this.#take(event);
    else this._send(event);
  }

  /** By this XState hands on what one actor sends to another. */
  _send(event: EventObject): void {
    if (this._processingStatus === STOPPED) return;
    if (!this.#isAtWork && this._processingStatus === RUNNING) this.#take(event);
    else if (this.#queue === null) this.#queue = [event];
    else this.#queue.push(event);
  }

  /** What its logic defers is done once it is in its new state. */
  defer(deferred: Deferred): void {
    if (this.#deferred === null) this.#deferred = [deferred];
    else this.#deferred.push(deferred);
  }

  _stop(): this {
    if (this._processingStatus === STOPPED) return this;
    this.#queue = null;
    if (this._processingStatus === NOT_STARTED) this._processingStatus = STOPPED;
    else this._send(STOP);
    return this;
  }

  /** Takes an event, and what comes meanwhile after it. */
  #take(first: EventObject): void {
    this.#isAtWork = true;
    for (let event: EventObject | undefined = first; event !== undefined; ) {
      let snapshot = this._snapshot;
      try {
        if (event !== INIT) snapshot = this.logic.transition(snapshot, event, this);
        this._snapshot = snapshot;
        const deferred = this.#deferred;
        if (deferred !== null) {
          this.#deferred = null;
          for (const each of deferred) each.next();
        }
      } catch (error) {
        this._snapshot = failedAt(snapshot, error);
      }
      const { status } = this._snapshot;
      if (status === 'error') this.#die(this._snapshot.error);
      else if (status !== 'stopped') {
        this.#hearer?.changed(this.owner, snapshot);
        if (this.#observers !== null) this.#tellObservers(snapshot);
      }
      if (status === 'done' || event === STOP) this.#end();
      if (this.#actors.isInspected) {
        if (status === 'done') this.#relay({ type: `xstate.done.actor.${this.id}` });
        this.#inspect({ type: '@xstate.snapshot', event, snapshot });
      }
      event = this.#queue?.shift();
    }
    this.#queue = null;
    this.#isAtWork = false;
  }

  #tellObservers(snapshot: Snapshot): void {
    for (const observer of this.observers as Set<{ next?: (snapshot: Snapshot) => void }>) {
      try {
        observer.next?.(snapshot);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  #end(): void {
    this._processingStatus = STOPPED;
    this.#queue = null;
    this.#hearer = null;
    if (this.#observers !== null) XSTATE._complete.call(this);
  }

  #die(error: unknown): void {
    this._processingStatus = STOPPED;
    this.#queue = null;
    const hearer = this.#hearer;
    this.#hearer = null;
    hearer?.died(this.owner, error);
    if (this.#observers !== null) XSTATE._reportError.call(this, error);
    if (this.#actors.isInspected) this.#relay({ type: `xstate.error.actor.${this.id}`, error });
  }

  /** To its parent, which does nothing with it. */
  #relay(event: EventObject & { readonly error?: unknown }): void {
    const self = this as unknown as AnyActorRef;
    (this.system as unknown as InsideSystem)._relay(self, this._parent, event);
  }

  #inspect(event: object): void {
    const whole = { ...event, actorRef: this } as unknown as InspectionEvent;
    (this.system as unknown as InsideSystem)._sendInspectionEvent(whole);
  }
}

// Whatever is not its own is XState's.
Object.setPrototypeOf(LeanActor.prototype, Actor.prototype as object);

/** The snapshot of an actor that died in this state. */
function failedAt<Snapshot extends AnySnapshot>(snapshot: Snapshot, error: unknown): Snapshot {
  const like = Object.create(Object.getPrototypeOf(snapshot) as object) as Snapshot;
  return Object.assign(like, snapshot, { status: 'error', error });
}
