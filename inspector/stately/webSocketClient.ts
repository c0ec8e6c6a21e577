/**
 * A WebSocket that sends texts, as a client, by the package `ws`: Node.js 20 has none of its own, and that of
 * `@statelyai/inspect` can't be stopped (decision 0202). It keeps no process alive.
 *
 * @module
 */

import type { Socket } from 'node:net';
import type { ClientOptions, WebSocket } from 'ws';
import type { Clock } from '../../machines/vocabulary/clock.ts';

const OPEN_WITHIN_MS = 5_000;
const NORMAL_END = 1_000;

export interface TextSocket {
  send(text: string): void;
  /** Bytes that the other side has not taken yet. */
  readonly behindBytes: number;
  /** Called whenever all bytes were taken. */
  onDrain: () => void;
  /** Called once the socket has ended by itself. */
  onEnd: () => void;
  close(): void;
}

/** The class of `ws`. */
export type WebSocketClass = new (url: URL, options: ClientOptions) => WebSocket;

/** @throws Error (rejects) where no WebSocket can be opened. */
export async function openTextSocket(
  Client: WebSocketClass,
  url: URL,
  clock: Clock,
): Promise<TextSocket> {
  return await new Promise((resolve, reject) => {
    const socket = new Client(url, { perMessageDeflate: false });
    const cancel = clock.schedule(OPEN_WITHIN_MS, () => {
      refuse(new Error('nobody answers'));
    });
    const refuse = (error: Error): void => {
      cancel();
      reject(error);
      socket.terminate();
    };
    // Later ones have no effect: the end of the socket follows, and is handled.
    socket.on('error', refuse);
    socket.on('unexpected-response', () => {
      refuse(new Error('what listens there is no WebSocket'));
    });
    socket.on('upgrade', ({ socket: line }) => {
      socket.on('open', () => {
        cancel();
        resolve(textSocket(socket, line));
      });
    });
  });
}

function textSocket(socket: WebSocket, line: Socket): TextSocket {
  const its: TextSocket = {
    onDrain: () => undefined,
    onEnd: () => undefined,
    get behindBytes() {
      return socket.bufferedAmount;
    },
    send(text) {
      if (socket.readyState === socket.OPEN) socket.send(text);
    },
    close() {
      its.onEnd = () => undefined;
      socket.close(NORMAL_END);
      // Without waiting for the answer, which may never come.
      line.destroySoon();
    },
  };
  line.unref();
  line.on('drain', () => {
    its.onDrain();
  });
  socket.on('close', () => {
    its.onEnd();
  });
  return its;
}
