/**
 * The way of one device to a server of this machine. It can be cut: then nobody listens there, as for a device
 * without a network. And it can keep back what a device should hear of its writes: then they are made, and it does
 * not know.
 *
 * @module
 */

import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  request as send,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export class Gate {
  /** Answers to writes that were made go nowhere. */
  keepsAnswers = false;
  /** How many it has kept back. */
  kept = 0;
  readonly #target: string;
  #server: Server | null = null;
  #port = 0;

  constructor(target: string) {
    this.#target = target;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Opens it; again where it was before. */
  async open(): Promise<void> {
    if (this.#server !== null) return;
    const server = createServer((request, response) => {
      this.#pass(request, response);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { method, headers } = request;
    const url = new URL(request.url ?? '/', this.#target);
    const onward = send(url, { method, headers, agent: false }, (answer) => {
      const { statusCode = 502 } = answer;
      if (this.keepsAnswers && method !== 'GET' && statusCode < 300) {
        this.kept += 1;
        answer.resume();
        return;
      }
      response.writeHead(statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => {
      response.destroy();
    });
    request.pipe(onward);
  }
}
