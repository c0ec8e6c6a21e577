/**
 * An owner's control socket with a feed that is played by hand, and viewers of it.
 *
 * @module
 */

import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { systemRandom } from '../../../actors/platform/systemClock.ts';
import type { FeedMessage, FeedSource, Step } from '../../../inspector/protocol.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { ControlServer } from '../../../src/control/controlServer.ts';
import { InspectLines, ownerFeed } from '../../../src/inspect/ownerFeed.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';

export const hello = (startedAtMs: number): FeedMessage => ({
  ...{ kind: 'hello', protocol: 1, holdfast: '0.0.0', name: 'test', charts: [] },
  ...{ startedAtMs, nowMs: startedAtMs },
});

export const step = (serial: number, actor = 1, to = 'waiting'): Step => ({
  ...{
    serial,
    ring: 'operation' as const,
    nth: serial,
    actor,
    atMs: serial,
    event: 'went',
    from: ['accepting'],
    to: [to],
  },
  transitions: [0],
});

export const steps = (first: number, count = 1): FeedMessage => ({
  kind: 'steps',
  steps: Array.from({ length: count }, (_, at) => step(first + at)),
});

/** A step of each of so many actors: more than the system holds for a connection. */
export const stepsOfMany = (count: number): FeedMessage => ({
  kind: 'steps',
  steps: Array.from({ length: count }, (_, at) => step(at + 1, at + 1)),
});

/** A feed that says what it is told to. */
export class HandFeed implements FeedSource {
  readonly listeners = new Set<(messages: readonly FeedMessage[]) => void>();
  /** What each viewer is told first. */
  beginning: readonly FeedMessage[];

  constructor(startedAtMs = 1) {
    this.beginning = [hello(startedAtMs), { kind: 'actors', actors: [], isAll: true }];
  }

  watch(listener: (messages: readonly FeedMessage[]) => void): () => void {
    this.listeners.add(listener);
    listener(this.beginning);
    return () => this.listeners.delete(listener);
  }

  call(): Promise<unknown> {
    return Promise.reject(new Error('calls go by the control socket'));
  }

  say(...messages: readonly FeedMessage[]): void {
    for (const listener of this.listeners) listener(messages);
  }
}

/** An owner of the store in this folder. */
export async function own(folder: string, clock: Clock, startedAtMs = 1) {
  const feed = new HandFeed(startedAtMs);
  const lines = new InspectLines({ clock, source: feed });
  const control = new ControlServer({
    storeFolder: folder,
    clock,
    answer: (name, params) =>
      name === 'boom' ? Promise.reject(new TypeError('boom')) : Promise.resolve({ name, params }),
    onUpgrade: (request, socket) => {
      lines.take(request, socket);
    },
    onError: () => undefined,
  });
  control.open();
  const path = join(folder, 'control.sock');
  const close = async (): Promise<void> => {
    await control.close();
    lines.close();
  };
  onTestFinished(close);
  await vi.waitFor(async () => {
    const socket = connectSocket(path);
    await once(socket, 'connect');
    socket.destroy();
  }, HANGS_AFTER_MS);
  return { feed, path, lines, close };
}

/** A viewer by the client's side of a line, and all that it was told. */
export function view(folder: string, clock: Clock) {
  const messages: FeedMessage[] = [];
  const source = ownerFeed({ storeFolder: folder, clock, random: systemRandom });
  const stop = source.watch((batch) => {
    messages.push(...batch);
  });
  onTestFinished(stop);
  const kinds = (): string[] => messages.map(({ kind }) => kind);
  const until = async (what: (told: readonly FeedMessage[]) => boolean): Promise<void> => {
    await vi.waitFor(
      () => {
        if (!what(messages)) throw new Error(`told ${JSON.stringify(messages.slice(-5))}`);
      },
      { timeout: HANGS_AFTER_MS, interval: 5 },
    );
  };
  const aways = (): string[] =>
    messages.flatMap((message) => (message.kind === 'away' ? [message.reason] : []));
  const serials = (): number[] =>
    messages.flatMap((message) =>
      message.kind === 'steps' ? message.steps.map(({ serial }) => serial) : [],
    );
  return { messages, source, stop, kinds, until, aways, serials };
}

/** A line that is asked for by hand. */
export async function handLine(path: string, request = ASK) {
  const socket: Socket = connectSocket(path);
  onTestFinished(() => {
    socket.destroy();
  });
  let said = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
  socket.write(request);
  await vi.waitFor(() => {
    if (!said.includes('\r\n\r\n')) throw new Error('no answer');
  }, HANGS_AFTER_MS);
  const messages = (): FeedMessage[] =>
    (said.split('\r\n\r\n')[1] ?? '')
      .split('\n')
      .slice(0, -1)
      .flatMap((text) => JSON.parse(text) as FeedMessage[]);
  return { socket, closed, messages, said: () => said };
}

/** The request for a line. */
export const asking = (protocol = 'holdfast-inspect/1', more = ''): string =>
  `GET /v1/inspect HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: ${protocol}\r\n${more}\r\n`;
const ASK = asking();
