/**
 * An honest upstream that answers as each request's payload says, applies each idempotency key once,
 * and remembers what came in and what it did. Over HTTP for engines in processes of their own, or
 * called directly on virtual time.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `drop`: applied, then the connection breaks. `hang`: never answered, not applied. */
export type Answer = number | 'drop' | 'hang';

/** The payload of an operation of the kit. */
export interface Task {
  /** Tells operations apart, whatever their keys are. */
  readonly number: number;
  /** How attempts are answered, one after the other; 200 once there are none left. */
  readonly answers: readonly Answer[];
}

interface Seen {
  readonly key: string;
  readonly number: number;
}

export class ScriptedUpstream {
  /** Every attempt that came in. */
  readonly attempts: Seen[] = [];
  /** Every effect, in the order in which they took place. */
  readonly effects: Seen[] = [];
  readonly #seen = new Map<number, number>();
  readonly #applied = new Set<string>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#respond(request, response).catch(() => response.destroy());
    });
  }

  /** `http://127.0.0.1:<port>` */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Takes one attempt; the answer is also what the caller is to see of it. */
  take(key: string, { number, answers }: Task): Answer {
    const nth = this.#seen.get(number) ?? 0;
    this.#seen.set(number, nth + 1);
    this.attempts.push({ key, number });
    const answer = answers[nth] ?? 200;
    if ((answer === 200 || answer === 'drop') && !this.#applied.has(key)) {
      this.#applied.add(key);
      this.effects.push({ key, number });
    }
    return answer;
  }

  attemptsOf(number: number): readonly Seen[] {
    return this.attempts.filter((seen) => seen.number === number);
  }

  effectsOf(...numbers: readonly number[]): readonly number[] {
    return this.effects.map(({ number }) => number).filter((number) => numbers.includes(number));
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const task = JSON.parse(Buffer.concat(chunks).toString()) as Task;
    const answer = this.take(String(request.headers['idempotency-key']), task);
    if (answer === 'hang') return;
    if (answer === 'drop') {
      request.socket.destroy();
      return;
    }
    response.statusCode = answer;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ answer }));
  }
}
