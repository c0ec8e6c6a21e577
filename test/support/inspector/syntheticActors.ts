/**
 * Actors that are made up: operations, crises and components that walk through their charts.
 *
 * @module
 */

import type { Step, WatchedActor } from '../../../inspector/protocol.ts';
import { machines } from '../../../machines/index.ts';
import type { SeededRandom } from '../../../src/virtual/seededRandom.ts';
import { ChartWalk, type Way } from './chartWalk.ts';
import type { Counted } from './syntheticStory.ts';

type Taken = Omit<Step, 'serial' | 'ring' | 'nth'> & { readonly machine: string };

interface Live {
  readonly actor: WatchedActor;
  readonly walk: ChartWalk;
  states: readonly string[];
  sinceAtMs: number;
}

const UPSTREAMS = ['payments', 'records', 'notifications'] as const;
const TYPE_OF = {
  payments: 'payment.capture',
  records: 'record.save',
  notifications: 'reminder.send',
} as const;
const CRISES = 3;

/** How likely an event is beside the others that an actor can take; 1 where nothing is said. */
const WEIGHTS: Readonly<Record<string, number>> = {
  '': 0,
  'turn.granted': 40,
  'journal.committed': 40,
  'attempt.succeeded': 40,
  'lane.freed': 20,
  'start.due': 10,
  'attempt.failed': 2,
  'rate.limited': 0.5,
  'edit.compared': 10,
  'place.granted': 20,
  'retry.due': 10,
  'record.durable': 20,
  'step.notified': 5,
  'cancel.requested': 0.2,
  'expiry.due': 0.2,
  'giveup.due': 0.2,
  'repeat.unsafe': 0.2,
  'attempts.exhausted': 0.2,
  'process.restarted': 0,
  'process.stopping': 0,
  'handler.missing': 0.2,
  'attempt.overhangs': 0.3,
  'policy.changed': 0.2,
};

/** Where a guard decides how it ends. */
const GUARDED: Readonly<Record<string, number>> = {
  isCompleted: 400,
  isDeadLettered: 4,
  isCancelled: 1,
  hasAttemptsLeft: 20,
};

export class SyntheticActors {
  readonly #random: SeededRandom;
  readonly #walks = new Map(machines.map((machine) => [machine.id, new ChartWalk(machine)]));
  /** Operations and crises; the components are apart, and move by the story only. */
  readonly #work: Live[] = [];
  readonly #components = new Map<string, Live>();
  #number = 0;
  #taken: Taken[] = [];
  #begun: WatchedActor[] = [];
  #ended: number[] = [];
  readonly #counts = { accepted: 0, attempts: 0, ended: {} as Record<string, number> };

  constructor(random: SeededRandom, count: number, atMs: number) {
    this.#random = random;
    for (const [id, machine] of componentsOf()) {
      const live = this.#live(id, machine, atMs, null);
      this.#components.set(id, live);
      this.#settle(live);
    }
    for (let at = 0; at < count + CRISES; at += 1) {
      const live = this.#beginWork(atMs, at < CRISES ? 'crisis' : 'syncOperation');
      // As far as they would be by now.
      for (let step = random.below(6); step > 0; step -= 1) this.#move(live, atMs);
    }
    this.changes();
  }

  get all(): readonly WatchedActor[] {
    return [...this.#components.values(), ...this.#work].map(seen);
  }

  get counted(): Counted {
    return { ...this.#counts, live: this.#work.length };
  }

  someId(): string {
    return this.#work[this.#random.below(this.#work.length)]?.actor.id ?? 'none';
  }

  /** One operation takes one event; where it has ended another one begins. */
  stepOne(atMs: number): void {
    const live = this.#work[this.#random.below(this.#work.length)];
    if (live !== undefined) this.#move(live, atMs);
  }

  /** A component takes an event that leads to `to`. */
  tell(id: string, event: string, to: string | undefined, atMs: number): void {
    const live = this.#components.get(id);
    if (live === undefined) return;
    const ways = live.walk.waysFrom(live.states).filter((way) => {
      if (way.transition.eventType !== event) return false;
      return to === undefined || live.walk.after(live.states, way).includes(to);
    });
    const [way] = ways;
    if (way !== undefined) this.#take(live, way, atMs);
  }

  /** What has happened since it was asked last. */
  changes() {
    const changes = { taken: this.#taken, begun: this.#begun, ended: this.#ended };
    [this.#taken, this.#begun, this.#ended] = [[], [], []];
    return changes;
  }

  #beginWork(atMs: number, machine: string): Live {
    const upstream = this.#random.pick(UPSTREAMS);
    const isCrisis = machine === 'crisis';
    const live = this.#live(this.#random.uuid(), machine, atMs, {
      type: isCrisis ? 'crisis' : TYPE_OF[upstream],
      upstream,
      tier: this.#random.pick(['premium', 'basic', 'trial']),
      priority: isCrisis ? 'crisis' : this.#random.pick(['high', 'normal', 'normal', 'low']),
      acceptedAtMs: atMs,
    });
    this.#work.push(live);
    this.#begun.push(seen(live));
    this.#counts.accepted += 1;
    return live;
  }

  #live(id: string, machine: string, atMs: number, about: WatchedActor['about']): Live {
    const walk = this.#walks.get(machine);
    if (walk === undefined) throw new Error(`no chart ${machine}`);
    const version = walk.machine.version ?? null;
    const states = walk.first;
    const actor = {
      ...{ actor: ++this.#number, id, machine, version, states, about },
      sinceAtMs: atMs,
    };
    return { actor, walk, states, sinceAtMs: atMs };
  }

  /** A component as it is while all is well. */
  #settle(live: Live): void {
    const path = WELL[live.actor.machine] ?? [];
    for (const [event, to] of path) this.tell(live.actor.id, event, to, live.sinceAtMs);
  }

  #move(live: Live, atMs: number): void {
    const ways = live.walk.waysFrom(live.states);
    const way = this.#choose(ways);
    if (way !== undefined) this.#take(live, way, atMs);
    if (way !== undefined && !live.walk.isOver(live.states)) return;
    this.#work.splice(this.#work.indexOf(live), 1);
    this.#ended.push(live.actor.actor);
    const ending = live.states.at(-1) ?? '';
    this.#counts.ended[ending] = (this.#counts.ended[ending] ?? 0) + 1;
    this.#beginWork(atMs, live.actor.machine);
  }

  #take(live: Live, way: Way, atMs: number): void {
    const from = live.states;
    const to = live.walk.after(from, way);
    const event = way.transition.eventType;
    if (event.startsWith('attempt.')) this.#counts.attempts += 1;
    if (to.join() !== from.join()) live.sinceAtMs = atMs;
    live.states = to;
    const { actor, machine } = live.actor;
    this.#taken.push({ machine, actor, atMs, event, from, to, transitions: [way.place] });
  }

  #choose(ways: readonly Way[]): Way | undefined {
    const weights = ways.map(
      ({ transition: { eventType, guard } }) => GUARDED[guard ?? ''] ?? WEIGHTS[eventType] ?? 1,
    );
    let left = this.#random.next() * weights.reduce((sum, weight) => sum + weight, 0);
    return ways.find((_, at) => (left -= weights[at] ?? 0) < 0);
  }
}

const seen = ({ actor, states, sinceAtMs }: Live): WatchedActor => ({
  ...actor,
  ...{ states, sinceAtMs },
});

function componentsOf(): readonly (readonly [string, string])[] {
  return [
    ['supervisor', 'supervisor'],
    ['storageHealth', 'storageHealth'],
    ['degradation:global', 'degradation'],
    ...UPSTREAMS.flatMap((upstream) => [
      [`breaker:${upstream}`, 'circuitBreaker'] as const,
      [`degradation:${upstream}`, 'degradation'] as const,
      [`scheduler:${upstream}`, 'scheduler'] as const,
    ]),
  ];
}

/** Which events bring a component to where it stands while all is well, and over which states. */
const WELL: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  supervisor: [
    ['xstate.done.actor.openStore', 'starting.restoringComponents'],
    ['xstate.done.actor.restoreComponents', 'running.recovery.considered'],
    ['', 'running.recovery.recovering'],
    ['', 'running.components.healthy'],
    ['xstate.done.actor.recoverOperations', 'running.recovery.recovered'],
  ],
  scheduler: [
    ['work.started', 'intake.open'],
    ['ramp.ended', 'pace.steady'],
  ],
};
