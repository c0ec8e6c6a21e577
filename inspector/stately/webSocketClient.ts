/**
 * A WebSocket that sends texts, as a client: Node.js 20 has none, and that of `@statelyai/inspect` can't be
 * stopped (decision 0202). It keeps no process alive.
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto';
import { type IncomingMessage, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { CLOSE, clientFrame, PONG, ServerFrames, TEXT } from './webSocketFrames.ts';

/** The constant of RFC 6455 by which a server shows that it speaks the protocol. */
const PROTOCOL_ID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const OPEN_WITHIN_MS = 5_000;
const NORMAL_END = Buffer.from([0x03, 0xe8]);

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

/** @throws Error (rejects) where no WebSocket can be opened. */
export async function openTextSocket(url: URL, clock: Clock): Promise<TextSocket> {
  const key = randomBytes(16).toString('base64');
  const address = new URL(url);
  address.protocol = url.protocol === 'wss:' ? 'https:' : 'http:';
  return await new Promise((resolve, reject) => {
    const request = (url.protocol === 'wss:' ? overHttps : overHttp)(address, {
      agent: false,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': key,
      },
    });
    const cancel = clock.schedule(OPEN_WITHIN_MS, () => {
      request.destroy(new Error('nobody answers'));
    });
    const refuse = (error: Error): void => {
      cancel();
      request.destroy();
      reject(error);
    };
    request.on('error', refuse);
    request.on('response', () => {
      refuse(new Error('what listens there is no WebSocket'));
    });
    request.on('upgrade', (response: IncomingMessage, socket: Socket, head: Buffer) => {
      if (response.headers['sec-websocket-accept'] !== answerTo(key)) {
        socket.destroy();
        refuse(new Error('what listens there is no WebSocket'));
        return;
      }
      cancel();
      resolve(textSocket(socket, head));
    });
    request.end();
  });
}

function answerTo(key: string): string {
  return createHash('sha1').update(`${key}${PROTOCOL_ID}`).digest('base64');
}

function textSocket(socket: Socket, head: Buffer): TextSocket {
  const frames = new ServerFrames();
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    its.onEnd();
  };
  const its: TextSocket = {
    onDrain: () => undefined,
    onEnd: () => undefined,
    get behindBytes() {
      return socket.writableLength;
    },
    send(text) {
      if (!isOver) socket.write(clientFrame(TEXT, Buffer.from(text)));
    },
    close() {
      if (isOver) return;
      isOver = true;
      socket.end(clientFrame(CLOSE, NORMAL_END));
      socket.destroySoon();
    },
  };
  const take = (chunk: Buffer): void => {
    for (const { kind, payload } of frames.read(chunk)) {
      if (kind === 'ping') socket.write(clientFrame(PONG, payload));
      else end();
    }
  };
  socket.unref();
  socket.setTimeout(0);
  socket.setNoDelay(true);
  socket.on('data', take);
  socket.on('drain', () => {
    its.onDrain();
  });
  socket.on('error', end);
  socket.on('close', end);
  socket.on('end', end);
  if (head.length > 0) take(head);
  return its;
}
