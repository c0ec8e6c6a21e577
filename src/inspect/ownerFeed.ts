/**
 * The feed of the process that owns a store, over its control socket: of the current owner, then of the next.
 *
 * @module
 */

import { resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import type { FeedMessage, FeedSource } from '../../inspector/protocol.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { requireOption } from '../../machines/vocabulary/optionFields.ts';
import type { Random } from '../../machines/vocabulary/random.ts';
import { FrameFault, FrameReader } from '../connect/frames.ts';
import { callOwner } from '../control/controlClient.ts';
import { controlSocketPath } from '../control/controlSocket.ts';
import { HEARTBEAT_MS } from './inspectProtocol.ts';
import { openInspectLine, silent } from './openInspectLine.ts';

/** Pauses between looks for an owner, in milliseconds: a standby takes over within a few, a restart takes longer. */
const LOOK_MS_MIN = 50;
const LOOK_MS_MAX = 500;
/** The longest pause where only another process can change the reason. */
const LOOK_AGAIN_MS_MAX = 5_000;
/** An owner that has missed this many heartbeats is stopped, or blocked. */
const SILENT_AFTER_MS = 5 * HEARTBEAT_MS;
/** Time to read what has come meanwhile, in case this process itself was blocked. */
const READ_WITHIN_MS = 250;
/** The largest frame: the first one has all actors, steps, news and minutes. */
const FRAME_BYTES_MAX = 256 * 1_048_576;

type Listener = (messages: readonly FeedMessage[]) => void;

export interface OwnerFeedParts {
  readonly storeFolder: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Watches a store. It needs no key: any process that may open the socket may watch. While nobody owns the store, or its owner sends
 * nothing, viewers get `away` with each new reason once; the next owner begins with a `hello` of its own.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` where the path of the folder is too long for a socket.
 */
export function ownerFeed({ storeFolder, clock, random }: OwnerFeedParts): FeedSource {
  const folder = resolve(storeFolder);
  const socketPath = controlSocketPath(folder);
  requireOption(
    socketPath !== null,
    'store',
    "must be a shorter path: that of a socket in the store's folder has at most 103 bytes",
  );
  return {
    watch(listener) {
      const watching = new Watching({ folder, socketPath, clock, random, listener });
      void watching.run();
      return () => {
        watching.stop();
      };
    },
    call: (name, params) => callOwner(folder, name, params),
  };
}

interface WatchingParts {
  readonly folder: string;
  readonly socketPath: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly listener: Listener;
}

/** One viewer, across all owners. */
class Watching {
  readonly #parts: WatchingParts;
  readonly #leaving = new AbortController();
  /** The last reason that the viewer got; `null` while there is an owner. */
  #reason: string | null = null;

  constructor(parts: WatchingParts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#leaving.abort();
  }

  async run(): Promise<void> {
    const { folder, socketPath, random } = this.#parts;
    const { signal } = this.#leaving;
    for (let waitMs = LOOK_MS_MIN; !signal.aborted; ) {
      const answer = await openInspectLine(folder, socketPath, signal);
      if ('socket' in answer) {
        const reason = await this.#follow(answer.socket, answer.head);
        this.#away(reason);
        waitMs = LOOK_MS_MIN;
      } else {
        this.#away(answer.reason);
      }
      await this.#pause(waitMs * (0.5 + random.next()));
      const isSettled = 'isSettled' in answer && answer.isSettled;
      waitMs = Math.min(2 * waitMs, isSettled ? LOOK_AGAIN_MS_MAX : LOOK_MS_MAX);
    }
  }

  /** Passes messages on until the line has ended; resolves with the reason. */
  async #follow(socket: Duplex, head: Buffer): Promise<string> {
    const { clock, folder } = this.#parts;
    const { signal } = this.#leaving;
    const reader = new FrameReader(FRAME_BYTES_MAX);
    let reason = ENDED;
    let cancelSilence = (): void => undefined;
    const listen = (): void => {
      cancelSilence();
      cancelSilence = clock.schedule(SILENT_AFTER_MS, () => {
        cancelSilence = clock.schedule(READ_WITHIN_MS, () => {
          reason = silent(folder);
          socket.destroy();
        });
      });
    };
    const read = (chunk: Buffer): void => {
      if (signal.aborted) return;
      listen();
      try {
        for (const frame of reader.read(chunk)) {
          const last = this.#hear(frame);
          if (last !== null) reason = last;
        }
      } catch (error) {
        if (!(error instanceof FrameFault)) throw error;
        reason = GARBLED;
        socket.destroy();
      }
    };
    const leave = (): void => {
      socket.destroy();
    };
    signal.addEventListener('abort', leave);
    try {
      await new Promise<void>((resolveEnded) => {
        if (signal.aborted) socket.destroy();
        if (socket.closed) resolveEnded();
        socket.once('close', resolveEnded);
        socket.once('end', leave);
        socket.on('data', read);
        listen();
        if (head.length > 0) read(head);
      });
      return reason;
    } finally {
      cancelSilence();
      signal.removeEventListener('abort', leave);
    }
  }

  /** Passes messages on, but for the owner's reason of its own end, which is returned. */
  #hear(frame: unknown): string | null {
    if (!isMessages(frame)) throw new FrameFault('no messages');
    const messages = frame;
    const told = messages.filter(({ kind }) => kind !== 'away');
    if (told.length > 0) {
      this.#reason = null;
      this.#tell(told);
    }
    const away = messages.findLast((message) => message.kind === 'away');
    return away?.reason ?? null;
  }

  #away(reason: string): void {
    if (reason === this.#reason) return;
    this.#reason = reason;
    this.#tell([{ kind: 'away', reason, atMs: this.#parts.clock.now() }]);
  }

  #tell(messages: readonly FeedMessage[]): void {
    if (this.#leaving.signal.aborted) return;
    try {
      this.#parts.listener(messages);
    } catch {
      // As with every feed, an exception of a viewer ends its watch.
      this.stop();
    }
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#leaving;
    if (signal.aborted) return;
    await new Promise<void>((resolvePause) => {
      const wake = (): void => {
        cancel();
        signal.removeEventListener('abort', wake);
        resolvePause();
      };
      const cancel = this.#parts.clock.schedule(ms, wake);
      signal.addEventListener('abort', wake);
    });
  }
}

function isMessages(frame: unknown): frame is readonly FeedMessage[] {
  return (
    Array.isArray(frame) &&
    frame.every((message) => typeof (Object(message) as { kind?: unknown }).kind === 'string')
  );
}

const ENDED = 'the process that ran the store has ended, or has dropped this viewer';
const GARBLED = 'what the process says is none of this version';
