/**
 * A server such as Stately's own, on loopback: it takes frames over a real WebSocket and relays them to whoever else is
 * connected.
 *
 * @module
 */

import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

export class StatelyServer {
  readonly port: number;
  readonly frames: string[] = [];
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('message', (data: Buffer) => {
        const text = data.toString('utf8');
        this.frames.push(text);
        for (const other of server.clients) if (other !== socket) other.send(text);
      });
    });
  }

  /** It ends with the test. */
  static async start(port = 0): Promise<StatelyServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port });
    await new Promise<void>((resolve, reject) => {
      server.once('listening', resolve);
      server.once('error', reject);
    });
    const its = new StatelyServer(server);
    onTestFinished(() => its.close());
    return its;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get sockets(): readonly WebSocket[] {
    return [...this.#server.clients];
  }

  get told(): readonly Readonly<Record<string, unknown>>[] {
    return this.frames.map((text) => JSON.parse(text) as Readonly<Record<string, unknown>>);
  }

  async close(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }
}
