/**
 * Starts a program that serves crises to outside callers, and calls it as any other process could.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { request as httpRequest, type RequestOptions } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HealthStatus } from '../../../src/views/health.ts';
import { HANGS_AFTER_MS } from '../hangs.ts';
import { childProgram } from './childProgram.ts';
import type { OutsideAppOrder, OutsideAppSetup } from './outsideApp.ts';

const LIFE_MS = 2 * HANGS_AFTER_MS;
const EVENT_WITHIN_MS = HANGS_AFTER_MS;

type Event = { readonly event: string } & Readonly<Record<string, unknown>>;

export class OutsideProcess {
  readonly events: Event[] = [];
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  #output = '';

  constructor(setup: Omit<OutsideAppSetup, 'lifeMs'>) {
    const program = childProgram(new URL('outsideApp.ts', import.meta.url), []);
    const argument = JSON.stringify({ ...setup, lifeMs: LIFE_MS } satisfies OutsideAppSetup);
    const child = spawn(process.execPath, [program, argument], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#output += `${line}\n`;
      this.events.push(JSON.parse(line) as Event);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString('utf8');
    });
    this.exited = new Promise((resolve) => {
      child.once('exit', (code) => {
        resolve(code);
      });
    });
  }

  /** All that it has said, and that was said of it. */
  get output(): string {
    return this.#output;
  }

  order(order: OutsideAppOrder): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  /** Resolves with the next event of this kind that nobody has asked for yet. */
  async next(event: string): Promise<Event> {
    return await until(() => {
      const at = this.events.findIndex((found) => found.event === event);
      return at === -1 ? undefined : this.events.splice(at, 1)[0];
    }, `the event ${event}; it said ${this.#output}`);
  }

  async health(): Promise<HealthStatus> {
    this.order({ order: 'health' });
    return (await this.next('health'))['health'] as HealthStatus;
  }

  /** Resolves once outside callers are answered. */
  async listening(): Promise<NonNullable<HealthStatus['outside']>> {
    await this.next('ready');
    for (;;) {
      const { outside } = await this.health();
      if (outside !== null && (outside.socketPath ?? outside.url) !== null) return outside;
      await sleep(10);
    }
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}

/** Resolves with what `look` finds, asked again and again. */
export async function until<T>(
  look: () => T | undefined | Promise<T | undefined>,
  what: string,
): Promise<T> {
  for (const endsAtMs = Date.now() + EVENT_WITHIN_MS; ; ) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > endsAtMs) throw new Error(`Waited in vain for ${what}.`);
    await sleep(10);
  }
}

export interface Called {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
  readonly text: string;
}

/** Calls as an outside caller would; `at` is the path of a socket or a URL. */
export async function call(
  at: string,
  path: string,
  { body, ...options }: RequestOptions & { readonly body?: string | undefined } = {},
): Promise<Called> {
  const target = at.startsWith('http:')
    ? { host: new URL(at).hostname, port: new URL(at).port }
    : { socketPath: at };
  return await new Promise<Called>((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const request = httpRequest({ method, path, agent: false, ...target, ...options });
    request.on('error', reject);
    request.on('response', (response) => {
      text(response).then((said) => {
        const { statusCode = 0, headers } = response;
        resolve({
          status: statusCode,
          headers,
          text: said,
          body: said === '' ? null : JSON.parse(said),
        });
      }, reject);
    });
    request.end(body);
  });
}
