/**
 * The actors of a process as one system of XState (OB-2): the supervisor is its root, the other components and the
 * operations are below it. An operation is one actor for as long as it is remembered, over parks and revivals.
 *
 * @module
 */

import type { AnyStateMachine } from 'xstate';

/** One actor of the system. */
export interface SystemActor {
  readonly id: string;
  readonly sessionId: string;
  /** Session of its parent; `undefined` for the root. */
  readonly parentId: string | undefined;
  /** `undefined` for a chart that is not known here. */
  readonly machine: AnyStateMachine | undefined;
  /** The upstream of its breaker and scheduler; `null` for none. */
  readonly upstream: string | null;
  /** The innermost active states, as paths. */
  states: readonly string[];
}

/** What is known of an actor that begins. */
export type BegunActor = Pick<SystemActor, 'id' | 'machine' | 'upstream' | 'states'> & {
  /** A number that differs between two actors with one id. */
  readonly key: number;
  /** Whether it is an operation, which may be parked and come back. */
  readonly isWork: boolean;
};

const ROOT = 'supervisor';
/** Parked operations that are remembered; older ones are shown as stopped, and come back as new ones. */
const PARKED_MAX = 10_000;
/** A version 7 UUID begins with the milliseconds at which it was made. */
const TIMED_ID = /^([\da-f]{8})-([\da-f]{4})-7/;

/** The component that sends an event to charts of upstreams and to operations, by the type of the event. */
const SENDERS: Readonly<Record<string, 'scheduler' | 'breaker' | typeof ROOT>> = {
  'turn.granted': 'scheduler',
  'turn.revoked': 'scheduler',
  'rate.limited': 'scheduler',
  'permit.requested': 'scheduler',
  'probe.succeeded': 'scheduler',
  'probe.failed': 'scheduler',
  'probe.ignored': 'scheduler',
  'outage.detected': 'scheduler',
  'crisis.delivered': 'scheduler',
  'outage.began': 'breaker',
  'outage.ended': 'breaker',
  'process.restarted': ROOT,
  'process.stopping': ROOT,
};

interface Place {
  readonly actor: SystemActor;
  readonly isWork: boolean;
  key: number;
}

export class ShownSystem {
  readonly #process: string;
  readonly #startedAtMs: number;
  readonly #byKey = new Map<number, Place>();
  readonly #byId = new Map<string, Place>();
  readonly #parked = new Set<Place>();

  /** @param startedAtMs when the process began, which distinguishes its actors from those of the next one */
  constructor(startedAtMs: number) {
    this.#process = startedAtMs.toString(36);
    this.#startedAtMs = startedAtMs;
  }

  /** The session of the root. */
  get rootId(): string {
    return this.#sessionOf(ROOT);
  }

  /** The root as it is before it has begun. */
  get root(): SystemActor {
    const none = { machine: undefined, upstream: null, states: [] };
    return { id: ROOT, sessionId: this.rootId, parentId: undefined, ...none };
  }

  /** Adds an actor; `parkedAt` has its states if it was parked and goes on as the same. */
  began(begun: BegunActor): {
    readonly actor: SystemActor;
    readonly parkedAt: readonly string[] | null;
  } {
    const { id, machine, upstream, states, isWork, key } = begun;
    const before = this.#byId.get(id);
    if (before !== undefined) this.#forget(before);
    const isBack = before !== undefined && this.#parked.delete(before);
    const parkedAt = isBack ? before.actor.states : null;
    const actor: SystemActor = {
      ...{ id, machine, upstream, states, sessionId: this.#sessionOf(id) },
      parentId: id === ROOT ? undefined : this.rootId,
    };
    const place = { actor, isWork, key };
    this.#byKey.set(key, place);
    this.#byId.set(id, place);
    return { actor, parkedAt };
  }

  /** The actor of a key; `undefined` for one that ended before anybody watched. */
  find(key: number): SystemActor | undefined {
    return this.#byKey.get(key)?.actor;
  }

  /** Removes an actor; returns those whose end is to be shown now. A parked operation has none. */
  ended(key: number): readonly SystemActor[] {
    const place = this.#byKey.get(key);
    // An actor of the same id that began since has replaced it.
    if (place === undefined) return [];
    this.#byKey.delete(key);
    if (!place.isWork || isDone(place.actor)) {
      this.#forget(place);
      return [place.actor];
    }
    this.#parked.add(place);
    if (this.#parked.size <= PARKED_MAX) return [];
    const [oldest] = this.#parked;
    if (oldest === undefined) return [];
    this.#parked.delete(oldest);
    this.#forget(oldest);
    return [oldest.actor];
  }

  /** The session of the component that sends such an event to this actor; `undefined` where that is not known. */
  senderOf({ id, upstream }: SystemActor, event: string): string | undefined {
    const sender = Object.hasOwn(SENDERS, event) ? SENDERS[event] : undefined;
    if (sender === undefined || sender === id) return undefined;
    if (sender === ROOT) return this.rootId;
    return upstream === null ? undefined : this.#sessionOf(`${sender}:${upstream}`);
  }

  /**
   * When an actor was made: an operation at its acceptance; a component at `sinceAtMs`, or with the process if it began
   * before anybody watched.
   */
  madeAtMs({ id }: SystemActor, sinceAtMs: number | null): number {
    const [, high, low] = TIMED_ID.exec(id) ?? [];
    if (high !== undefined && low !== undefined) return Number.parseInt(high + low, 16);
    return sinceAtMs ?? this.#startedAtMs;
  }

  #sessionOf(id: string): string {
    return `${this.#process}:${id}`;
  }

  #forget({ key, actor: { id } }: Place): void {
    this.#byKey.delete(key);
    this.#byId.delete(id);
  }
}

/** Whether all its states are final. */
export function isDone({ machine, states }: SystemActor): boolean {
  return (
    machine !== undefined &&
    states.every((path) => machine.getStateNodeById(`${machine.id}.${path}`).type === 'final')
  );
}

/** The upstream of a component: `payments` for `breaker:payments`; `null` for none. */
export function upstreamIn(id: string): string | null {
  const at = id.indexOf(':');
  return at === -1 ? null : id.slice(at + 1);
}
