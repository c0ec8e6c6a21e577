/**
 * The messages of the feed as frames of `@statelyai/inspect`: an actor with its chart, an event by its type, a state by its
 * value. A frame is made field by field from what the feed has cut already (AC-2): there is no context to
 * take out of it. All of them are one system, the supervisor its root.
 *
 * The protocol has neither the transitions that were taken nor the end of an actor: an end is the status
 * of its last state.
 *
 * @module
 */

import type { AnyStateMachine } from 'xstate';
import { chartDefinition } from '../projection/chartDefinition.ts';
import { isDone, ShownSystem, type SystemActor, upstreamIn } from '../projection/shownSystem.ts';
import { type StateValue, stateValueOf } from '../projection/stateValue.ts';
import type { FeedMessage, Step, WatchedActor } from '../protocol.ts';

/** One frame, as version 0.7 of the package has it. */
export type StatelyFrame =
  | (Frame & {
      readonly type: '@xstate.actor';
      readonly name: string;
      readonly parentId: string | undefined;
      /** The chart as JSON, which the protocol has in each frame of this kind. */
      readonly definition: string;
      readonly snapshot: ShownSnapshot;
    })
  | (Frame & {
      readonly type: '@xstate.event';
      /** The session of the component that sent it, where that is known. */
      readonly sourceId: string | undefined;
      readonly event: { readonly type: string };
    })
  | (Frame & {
      readonly type: '@xstate.snapshot';
      readonly event: { readonly type: string };
      readonly snapshot: ShownSnapshot;
    });

interface Frame {
  readonly sessionId: string;
  /** The session of the supervisor. */
  readonly rootId: string;
  readonly createdAt: string;
  readonly id: null;
  readonly _version: string;
}

interface ShownSnapshot {
  readonly status: 'active' | 'done' | 'stopped';
  readonly value: StateValue;
  /** Always empty: the page wants one. */
  readonly context: Readonly<Record<string, never>>;
}

export class StatelyFrames {
  readonly #version: string;
  readonly #machines: readonly AnyStateMachine[];
  /** The actors of the process that is watched now. */
  #system = new ShownSystem(0);
  /** True while the actors come that were there before anybody watched. */
  #isBeginning = true;

  /**
   * @param version what frames carry as the version of the package
   * @param machines the known charts; an actor of any other chart is shown without one
   */
  constructor(version: string, machines: readonly AnyStateMachine[]) {
    this.#version = version;
    this.#machines = machines;
  }

  /** The frames for these messages. */
  framesOf(messages: readonly FeedMessage[]): readonly StatelyFrame[] {
    return messages.flatMap((message) => {
      if (message.kind !== 'actors') this.#isBeginning = message.kind === 'hello';
      switch (message.kind) {
        case 'hello':
          this.#system = new ShownSystem(message.startedAtMs);
          return [];
        case 'actors':
          return message.actors.flatMap((actor) => this.#began(actor));
        case 'steps':
          return message.steps.flatMap((step) => this.#stepped(step));
        case 'ended':
          return message.actors.flatMap((actor) => this.#ended(actor, message.atMs));
        default:
          return [];
      }
    });
  }

  #began(watched: WatchedActor): readonly StatelyFrame[] {
    const { actor: key, id, machine: machineId, version, states, sinceAtMs, about } = watched;
    const machine = this.#machines.find(
      (one) => one.id === machineId && (one.version ?? null) === version,
    );
    const upstream = about === null ? upstreamIn(id) : about.upstream;
    const { actor, parkedAt } = this.#system.began({
      ...{ key, id, machine, upstream, states },
      isWork: about !== null,
    });
    if (parkedAt !== null) {
      if (parkedAt.join() === states.join()) return [];
      return [this.#snapshot(actor, sinceAtMs ?? 0, 'xstate.init', 'active')];
    }
    const madeAtMs = this.#system.madeAtMs(actor, this.#isBeginning ? null : sinceAtMs);
    return [
      {
        type: '@xstate.actor',
        ...this.#frame(actor, madeAtMs),
        name: id,
        parentId: actor.parentId,
        definition:
          machine === undefined ? JSON.stringify({ id: machineId }) : chartDefinition(machine),
        snapshot: snapshotOf(states, 'active'),
      },
    ];
  }

  #stepped({ actor: key, atMs, event, to }: Step): readonly StatelyFrame[] {
    const actor = this.#system.find(key);
    // The actor ended before anybody watched.
    if (actor === undefined) return [];
    actor.states = to;
    return [
      {
        type: '@xstate.event',
        ...this.#frame(actor, atMs),
        event: { type: event },
        sourceId: this.#system.senderOf(actor, event),
      },
      this.#snapshot(actor, atMs, event, 'active'),
    ];
  }

  #ended(key: number, atMs: number): readonly StatelyFrame[] {
    return this.#system
      .ended(key)
      .map((actor) =>
        this.#snapshot(actor, atMs, 'xstate.stop', isDone(actor) ? 'done' : 'stopped'),
      );
  }

  #snapshot(
    actor: SystemActor,
    atMs: number,
    event: string,
    status: ShownSnapshot['status'],
  ): StatelyFrame {
    return {
      type: '@xstate.snapshot',
      ...this.#frame(actor, atMs),
      event: { type: event },
      snapshot: snapshotOf(actor.states, status),
    };
  }

  #frame({ sessionId }: SystemActor, atMs: number): Frame {
    return {
      ...{ sessionId, rootId: this.#system.rootId, createdAt: String(atMs), id: null },
      _version: this.#version,
    };
  }
}

function snapshotOf(states: readonly string[], status: ShownSnapshot['status']): ShownSnapshot {
  return { status, value: stateValueOf(states), context: {} };
}
