/**
 * An upstream that keeps a ledger of the effects it has had.
 *
 * @module
 */

import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a test asks of the ledger, as the payload of an operation. */
export interface LedgerTask {
  /** Tells operations apart whatever their idempotency keys are. */
  readonly number: number;
  /** So many requests under its key get 500 and do nothing. */
  readonly busyUpTo?: number;
  /** So many requests under its key are applied, and then the connection is dropped. */
  readonly dropUpTo?: number;
  /** Refused for good with 422. */
  readonly isRefused?: boolean;
  /** How long the ledger works on it. */
  readonly latencyMs?: number;
}

/** One request that came in. */
export interface LedgerRequest {
  readonly key: string;
  readonly number: number;
  /** The attempt number it named. */
  readonly attempt: number;
  readonly atMs: number;
}

/** One effect, in the order in which they took place. */
export interface LedgerEffect {
  readonly key: string;
  readonly number: number;
  /** Set where the caller was gone by then: it had given the request up, or was killed. */
  readonly isLate?: true;
}

/**
 * An honest upstream: it does what the task says, once for each idempotency key, and remembers every
 * request and every effect. It lives in the test's process, so that no crash touches its memory.
 */
export class LedgerServer {
  readonly requests: LedgerRequest[] = [];
  readonly effects: LedgerEffect[] = [];
  /** While true every request gets 503. */
  isDown = false;
  readonly #hurry = new AbortController();
  readonly #server: Server;
  readonly #watchers = new Set<() => void>();
  readonly #bodies = new Map<string, string>();
  readonly #applied = new Set<string>();
  /** Requests by key; an attempt's number says less, for an outage spends no attempt. */
  readonly #received = new Map<string, number>();
  /** Keys that came with different bodies: never right. */
  readonly mismatched = new Set<string>();

  constructor() {
    // One for each request that is being worked on.
    setMaxListeners(0, this.#hurry.signal);
    this.#server = createServer((request, response) => {
      // The caller was killed in the middle of it.
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  /** `http://127.0.0.1:<port>` */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Takes over what an upstream of an earlier life had seen and done. */
  remember(requests: readonly LedgerRequest[], effects: readonly LedgerEffect[]): void {
    this.requests.push(...requests);
    for (const { key } of requests) this.#receive(key);
    this.effects.push(...effects);
    for (const { key } of effects) this.#applied.add(key);
  }

  /** Resolves once a request that fits has come in, before it is worked on. */
  async request(fits: (request: LedgerRequest) => boolean): Promise<LedgerRequest> {
    return await new Promise((resolve) => {
      const watch = (): void => {
        const found = this.requests.find(fits);
        if (found === undefined) return;
        this.#watchers.delete(watch);
        resolve(found);
      };
      this.#watchers.add(watch);
      watch();
    });
  }

  /** Ends the work on what it has in hand, and takes no time for anything from now on. */
  hurry(): void {
    this.#hurry.abort();
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #receive(key: string): number {
    const received = (this.#received.get(key) ?? 0) + 1;
    this.#received.set(key, received);
    return received;
  }

  async #work(durationMs: number): Promise<void> {
    const { signal } = this.#hurry;
    // Aborted means done early.
    await sleep(durationMs, undefined, { signal }).catch(() => undefined);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const task = JSON.parse(body) as LedgerTask;
    const { number } = task;
    const key = String(request.headers['idempotency-key']);
    const attempt = Number(request.headers['holdfast-attempt']);
    this.requests.push({ key, number, attempt, atMs: Date.now() });
    for (const watch of this.#watchers) watch();
    if ((this.#bodies.get(key) ?? body) !== body) this.mismatched.add(key);
    this.#bodies.set(key, body);
    if (task.isRefused === true) {
      answer(response, 422);
      return;
    }
    if (this.isDown) {
      answer(response, 503);
      return;
    }
    const received = this.#receive(key);
    if (received <= (task.busyUpTo ?? 0)) {
      answer(response, 500);
      return;
    }
    if (task.latencyMs !== undefined) await this.#work(task.latencyMs);
    if (!this.#applied.has(key)) {
      this.#applied.add(key);
      this.effects.push({ key, number, ...(response.destroyed ? { isLate: true } : {}) });
    }
    if (received <= (task.dropUpTo ?? 0)) request.socket.destroy();
    else answer(response, 200);
  }
}

function answer(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ status }));
}
