/**
 * What the feed tells, as frames of `@statelyai/inspect`: an actor with its chart, an event by its type, a state by its
 * value. A frame is made field by field, of what the feed has cut already (AC-2): there is no context to
 * take out of it.
 *
 * The protocol has neither the transitions that were taken nor the end of an actor: an end is told as the status
 * of its last state.
 *
 * @module
 */

import type { AnyStateMachine } from 'xstate';
import type { FeedMessage, Step, WatchedActor } from '../protocol.ts';
import { chartDefinition } from './chartDefinition.ts';
import { type StateValue, stateValueOf } from './stateValue.ts';

/** One frame, as version 0.7 of the package has it. */
export type StatelyFrame =
  | (Frame & {
      readonly type: '@xstate.actor';
      readonly name: string;
      readonly parentId: undefined;
      /** JSON: the protocol has it in each frame of this kind. */
      readonly definition: string;
      readonly snapshot: ShownSnapshot;
    })
  | (Frame & {
      readonly type: '@xstate.event';
      readonly sourceId: undefined;
      readonly event: { readonly type: string };
    })
  | (Frame & {
      readonly type: '@xstate.snapshot';
      readonly event: { readonly type: string };
      readonly snapshot: ShownSnapshot;
    });

interface Frame {
  readonly sessionId: string;
  /** Of itself: none of holdfast's actors is another one's child. */
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

interface Shown {
  readonly sessionId: string;
  readonly machine: AnyStateMachine | undefined;
  states: readonly string[];
}

export class StatelyFrames {
  readonly #version: string;
  readonly #machines: readonly AnyStateMachine[];
  readonly #actors = new Map<number, Shown>();
  /** Tells the actors of one process from those of the next one. */
  #process = '';

  /**
   * @param version what frames carry as the version of the package
   * @param machines the charts that are known; of an actor of any other one, no chart is shown
   */
  constructor(version: string, machines: readonly AnyStateMachine[]) {
    this.#version = version;
    this.#machines = machines;
  }

  /** The frames that say the same. */
  framesOf(messages: readonly FeedMessage[]): readonly StatelyFrame[] {
    return messages.flatMap((message) => {
      switch (message.kind) {
        case 'hello':
          this.#actors.clear();
          this.#process = message.startedAtMs.toString(36);
          return [];
        case 'actors':
          return message.actors.map((actor) => this.#began(actor));
        case 'steps':
          return message.steps.flatMap((step) => this.#stepped(step));
        case 'ended':
          return message.actors.flatMap((actor) => this.#ended(actor, message.atMs));
        default:
          return [];
      }
    });
  }

  #began({ actor, id, machine, version, states, sinceAtMs }: WatchedActor): StatelyFrame {
    const chart = this.#machines.find(
      (one) => one.id === machine && (one.version ?? null) === version,
    );
    const shown: Shown = { sessionId: `${this.#process}:${actor}`, machine: chart, states };
    this.#actors.set(actor, shown);
    return {
      type: '@xstate.actor',
      ...this.#frame(shown, sinceAtMs ?? 0),
      name: id,
      parentId: undefined,
      definition: chart === undefined ? JSON.stringify({ id: machine }) : chartDefinition(chart),
      snapshot: snapshotOf(states, 'active'),
    };
  }

  #stepped({ actor, atMs, event, to }: Step): readonly StatelyFrame[] {
    const shown = this.#actors.get(actor);
    // Remembered of one that has ended before anybody watched.
    if (shown === undefined) return [];
    shown.states = to;
    const frame = { ...this.#frame(shown, atMs), event: { type: event } };
    return [
      { type: '@xstate.event', ...frame, sourceId: undefined },
      { type: '@xstate.snapshot', ...frame, snapshot: snapshotOf(to, 'active') },
    ];
  }

  #ended(actor: number, atMs: number): readonly StatelyFrame[] {
    const shown = this.#actors.get(actor);
    if (shown === undefined) return [];
    this.#actors.delete(actor);
    const { machine, states } = shown;
    const isDone =
      machine !== undefined &&
      states.every((path) => machine.getStateNodeById(`${machine.id}.${path}`).type === 'final');
    return [
      {
        type: '@xstate.snapshot',
        ...this.#frame(shown, atMs),
        event: { type: 'xstate.stop' },
        snapshot: snapshotOf(states, isDone ? 'done' : 'stopped'),
      },
    ];
  }

  #frame({ sessionId }: Shown, atMs: number): Frame {
    return {
      ...{ sessionId, rootId: sessionId, createdAt: String(atMs), id: null },
      _version: this.#version,
    };
  }
}

function snapshotOf(states: readonly string[], status: ShownSnapshot['status']): ShownSnapshot {
  return { status, value: stateValueOf(states), context: {} };
}
