/**
 * A client as it should be: it sends a request again, under the same key, until it is told what became of it.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

const GIVE_UP_MS = 60_000;

export class Client {
  /** Where gateways listen, the newest first. */
  readonly addresses: string[] = [];
  /** How often it had to send again. */
  repeats = 0;

  /** One request to one address, as it comes. */
  async once(
    address: string,
    path: string,
    { method = 'GET', headers, body }: Sent = {},
  ): Promise<Answer> {
    const answer = await fetch(`${address}${path}`, {
      method,
      headers: {
        'x-user': 'user-1',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await answer.text();
    const said = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    return { status: answer.status, headers: answer.headers, body: said };
  }

  /** Sends until somebody answers who is not about to stop or to start. */
  async send(path: string, sent: Sent = {}): Promise<Answer> {
    const until = Date.now() + GIVE_UP_MS;
    for (let turn = 0; ; turn += 1) {
      const address = this.addresses[turn % this.addresses.length];
      try {
        const answer = await this.once(String(address), path, sent);
        if (answer.status < 500) return answer;
      } catch (error) {
        // It was killed, or has stopped: the next one may know more.
        if (Date.now() > until) throw error;
      }
      if (Date.now() > until) throw new Error(`No answer to ${path} within ${GIVE_UP_MS} ms.`);
      this.repeats += 1;
      await sleep(50);
    }
  }

  /** Asks until the state is one of these. */
  async settled(path: string, states: readonly string[]): Promise<Answer> {
    const until = Date.now() + GIVE_UP_MS;
    for (;;) {
      const answer = await this.send(path);
      if (answer.status !== 200 || states.includes(String(answer.body['state']))) return answer;
      if (Date.now() > until) return answer;
      await sleep(100);
    }
  }
}
