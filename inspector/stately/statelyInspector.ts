/**
 * Attaches the inspector of Stately (`@statelyai/inspect`) to a feed (OB-2). The package is loaded on first use, and nothing
 * but names is sent to it.
 *
 * @module
 */

import type { AnyStateMachine } from 'xstate';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { causeText, HoldfastError } from '../../machines/vocabulary/errors.ts';
import { requireOption } from '../../machines/vocabulary/optionFields.ts';
import { chartDefinition, type StateValue, stateValueOf } from '../projection/chartDefinition.ts';
import { isDone, ShownSystem, type SystemActor, upstreamIn } from '../projection/shownSystem.ts';
import type { FeedMessage, FeedSource, Step, WatchedActor } from '../protocol.ts';
import { inPieces, squeezed } from '../squeeze.ts';
import { openTextSocket, type TextSocket, type WebSocketClass } from './webSocketClient.ts';

// The messages of the feed as frames of `@statelyai/inspect`: an actor with its chart, an event by its type, a state by its
// value. A frame is made field by field from what the feed has cut already (AC-2): there is no context to
// take out of it. All of them are one system, the supervisor its root.
//
// The protocol has neither the transitions that were taken nor the end of an actor: an end is the status
// of its last state.

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

// Shows a feed to a Stately inspector over a WebSocket, until it is closed.
//
// What the inspector does not read in time waits here, squeezed to the live actors and their states. A lost
// connection is tried again a few times, and then no more.

/** Beyond this many unsent bytes, nothing is added until the socket has drained. */
const BEHIND_BYTES_MAX = 1_048_576;
/** About how much is sent in one turn: this may be the thread that answers crises. */
const TURN_CHARS = 262_144;
/** Entries of one message: the frame of an actor holds its whole chart. */
const PIECE_MAX = 25;
/** Messages that wait as they came; more are squeezed. */
const WAITING_MAX = 400;
/** Pauses before each attempt to reconnect: five, in half a minute. */
const AGAIN_AFTER_MS: readonly number[] = [1_000, 2_000, 4_000, 8_000, 15_000];

interface StatelyLinkParts {
  readonly source: FeedSource;
  readonly clock: Clock;
  readonly newFrames: () => StatelyFrames;
  /** Connects to the same address. */
  readonly open: () => Promise<TextSocket>;
  /** Called once, when the last attempt to reconnect has failed; the link is closed by then. */
  readonly onGone: () => void;
}

export class StatelyLink {
  readonly #parts: StatelyLinkParts;
  #end: () => void = () => undefined;
  #isClosed = false;

  constructor(parts: StatelyLinkParts) {
    this.#parts = parts;
  }

  /** Shows the feed over this socket, and over the next one once it has ended. */
  follow(socket: TextSocket): void {
    const show = new Showing(this.#parts, socket);
    this.#end = () => {
      show.end();
      socket.close();
    };
    if (this.#isClosed) {
      this.#end();
      return;
    }
    socket.onEnd = () => {
      show.end();
      this.#lookAgain(0);
    };
    show.begin();
  }

  close(): void {
    this.#isClosed = true;
    this.#end();
  }

  #lookAgain(times: number): void {
    if (this.#isClosed) return;
    const afterMs = AGAIN_AFTER_MS[times];
    if (afterMs === undefined) {
      this.close();
      this.#parts.onGone();
      return;
    }
    this.#end = this.#parts.clock.schedule(afterMs, () => {
      this.#parts.open().then(
        (socket) => {
          this.follow(socket);
        },
        () => {
          this.#lookAgain(times + 1);
        },
      );
    });
  }
}

/** The feed as it is shown over one socket. */
class Showing {
  readonly #socket: TextSocket;
  readonly #frames: StatelyFrames;
  readonly #source: FeedSource;
  readonly #clock: Clock;
  #waiting: FeedMessage[] = [];
  #waitingMax = WAITING_MAX;
  /** True while the next turn is to send more. */
  #isGoingOn = false;
  #unwatch: () => void = () => undefined;
  #isOver = false;

  constructor({ source, clock, newFrames }: StatelyLinkParts, socket: TextSocket) {
    this.#socket = socket;
    this.#clock = clock;
    this.#frames = newFrames();
    this.#source = source;
  }

  begin(): void {
    this.#socket.onDrain = () => {
      this.#send();
    };
    this.#unwatch = this.#source.watch((messages) => {
      if (this.#isOver) return;
      this.#waiting.push(...inPieces(messages.filter(isShown), PIECE_MAX));
      this.#send();
      if (this.#waiting.length <= this.#waitingMax) return;
      this.#waiting = inPieces(squeezed(this.#waiting), PIECE_MAX);
      // With very many actors the squeezed messages are long, and are not squeezed again for each batch.
      this.#waitingMax = Math.max(WAITING_MAX, 2 * this.#waiting.length);
    });
    if (this.#isOver) this.#unwatch();
  }

  end(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#unwatch();
  }

  #send(): void {
    if (this.#isGoingOn) return;
    let sent = 0;
    while (this.#socket.behindBytes <= BEHIND_BYTES_MAX) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      for (const frame of this.#frames.framesOf([message])) {
        const text = JSON.stringify(frame);
        sent += text.length;
        this.#socket.send(text);
      }
      if (sent >= TURN_CHARS) {
        this.#goOn();
        return;
      }
    }
  }

  #goOn(): void {
    this.#isGoingOn = true;
    this.#clock.defer(() => {
      this.#isGoingOn = false;
      if (!this.#isOver) this.#send();
    });
  }
}

/** Whether the protocol has a frame for such a message. */
function isShown({ kind }: FeedMessage): boolean {
  return kind === 'hello' || kind === 'actors' || kind === 'steps' || kind === 'ended';
}

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])$/;

/**
 * Checks the address of a WebSocket.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` for an invalid address, and for one of another machine unless
 * `leavesThisMachine` is true.
 */
export function checkStatelyUrl(url: string, leavesThisMachine: boolean): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const isSocket = parsed?.protocol === 'ws:' || parsed?.protocol === 'wss:';
  requireOption(
    parsed !== null && isSocket && parsed.username === '' && parsed.password === '',
    'url',
    'must be the address of a WebSocket, such as ws://127.0.0.1:8080, without a name and password',
  );
  requireOption(
    leavesThisMachine || LOOPBACK.test(parsed.hostname),
    'url',
    'leads to another machine: names of charts, states, events, upstreams and ids of operations would leave this one. In code, leavesThisMachine: true allows it',
  );
  return parsed;
}

/** The version of the package whose frames these are. */
const VERSION_KNOWN = '0.7.2';

/** An inspector that the app has made with the package; only its way of taking frames is used. */
export interface StatelyTarget {
  readonly adapter: { send(frame: object): void };
}

export interface StatelyInspectorParts {
  readonly source: FeedSource;
  /** The charts that its actors may have. */
  readonly machines: readonly AnyStateMachine[];
  readonly clock: Clock;
  /** Called when the other side has gone for good. */
  readonly onError: (error: unknown) => void;
}

/**
 * Shows the feed through the adapter of an inspector that the app has made. Its `filter` and its sanitizers are not
 * called: there is nothing left that they could take out.
 *
 * @throws HoldfastError (rejects) `HF_OPTION_INVALID` for anything else.
 */
export async function showOnTarget(
  { source, machines, onError }: StatelyInspectorParts,
  target: StatelyTarget,
): Promise<() => void> {
  const { adapter } = Object(target) as Partial<StatelyTarget>;
  requireOption(
    typeof adapter?.send === 'function',
    'inspector',
    'must be an inspector that createBrowserInspector or createWebSocketInspector of @statelyai/inspect has made',
  );
  // The app has the package, though a bundler may have hidden it from here.
  const version = await packageVersion().catch(() => VERSION_KNOWN);
  const frames = new StatelyFrames(version, machines);
  let isOver = false;
  let unwatch: () => void = () => undefined;
  const end = (): void => {
    isOver = true;
    unwatch();
  };
  unwatch = source.watch((messages) => {
    if (isOver) return;
    try {
      for (const frame of frames.framesOf(messages)) adapter.send(frame);
    } catch (error) {
      end();
      onError(gone('The given inspector has thrown', causeText(error), error));
    }
  });
  if (isOver) unwatch();
  return end;
}

/**
 * Shows the feed over a WebSocket.
 *
 * @throws HoldfastError (rejects) `HF_OPTION_INVALID` for an address that is invalid or of another machine;
 * `HF_INSPECTOR_UNAVAILABLE` where nobody answers, or the package is not installed.
 */
export async function showOverSocket(
  { source, machines, clock, onError }: StatelyInspectorParts,
  { url, leavesThisMachine }: { readonly url: string; readonly leavesThisMachine: boolean },
): Promise<() => void> {
  const address = checkStatelyUrl(url, leavesThisMachine);
  const version = await packageVersion();
  const Client = await webSocketClass();
  const open = (): ReturnType<typeof openTextSocket> => openTextSocket(Client, address, clock);
  const link = new StatelyLink({
    ...{ source, clock, open },
    newFrames: () => new StatelyFrames(version, machines),
    onGone: () => {
      onError(gone(`The Stately inspector at ${address.host} has gone`, 'nobody is there', null));
    },
  });
  try {
    link.follow(await open());
  } catch (error) {
    throw new HoldfastError(
      'HF_INSPECTOR_UNAVAILABLE',
      `No Stately inspector answers at ${address.host} (${causeText(error)}). Start its server first, or give another url.`,
      { field: 'url', retry: 'later', cause: error },
    );
  }
  return () => {
    link.close();
  };
}

/** The version that the installed package writes into a frame. */
async function packageVersion(): Promise<string> {
  let version: string | null = null;
  try {
    const { createInspector } = await import('@statelyai/inspect');
    const probe = createInspector({
      send: ({ _version: its }) => {
        version = its;
      },
    });
    probe.event('probe', 'probe');
  } catch (error) {
    notInstalled(error);
  }
  return version ?? VERSION_KNOWN;
}

/** Bundlers leave alone what is imported within `try`: an app without this inspector has no `ws`. */
async function webSocketClass(): Promise<WebSocketClass> {
  try {
    return (await import('ws')).WebSocket;
  } catch (error) {
    return notInstalled(error);
  }
}

function notInstalled(cause: unknown): never {
  throw new HoldfastError(
    'HF_INSPECTOR_UNAVAILABLE',
    'The Stately inspector is a package of its own, which is not installed: npm install --save-dev @statelyai/inspect@0.7 xstate@5 ws.',
    { cause },
  );
}

function gone(what: string, why: string, cause: unknown): HoldfastError {
  return new HoldfastError(
    'HF_INSPECTOR_UNAVAILABLE',
    `${what} (${why}): it shows nothing any more. Call statelyInspector() again.`,
    { retry: 'later', cause },
  );
}
