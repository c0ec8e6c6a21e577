/**
 * A program that is a client of a store, and its owner whenever nobody else is: it submits, follows and asks for
 * crises as it is told, and says what it hears.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import type { Client } from '../../../src/client.ts';
import { connect } from '../../../src/connect.ts';
import { httpHandler } from '../../../src/http/httpHandler.ts';
import { type ConnectedBug, plantConnectedBug } from './connectedBugs.ts';

/** How the program is started. */
export interface ConnectedSetup {
  readonly store: string;
  readonly keyFile: string;
  readonly url: string;
  readonly mayOwn: boolean;
  /** Whether the owner answers outside callers by a thread of its own. */
  readonly outside: boolean;
  readonly bug: ConnectedBug | null;
  /** It ends by itself after this, in milliseconds. */
  readonly lifeMs: number;
}

/** What it is told, a line each. */
export type ConnectedOrder =
  | { readonly order: 'submit'; readonly requests: readonly SyncRequest[] }
  | { readonly order: 'crisis'; readonly request: unknown }
  /** Until there is a file at this path. */
  | { readonly order: 'block'; readonly until: string }
  | { readonly order: 'health' }
  | { readonly order: 'close' };

/** What it says, a line each. */
export type ConnectedEvent =
  | { readonly event: 'ready' }
  | { readonly event: 'owns' }
  | { readonly event: 'accepted'; readonly number: number; readonly id: string }
  | { readonly event: 'refused'; readonly number: number; readonly code: string }
  | { readonly event: 'ended'; readonly number: number; readonly status: string }
  | {
      readonly event: 'answered';
      readonly id: string | null;
      readonly ms: number;
      readonly resources: number;
    }
  | { readonly event: 'durable'; readonly id: string | null }
  | { readonly event: 'delivered'; readonly id: string | null; readonly status: string }
  | { readonly event: 'failed'; readonly id: string | null; readonly message: string }
  | { readonly event: 'blocking' }
  | { readonly event: 'health'; readonly completed: number }
  | { readonly event: 'closed' }
  | { readonly event: 'error'; readonly message: string };

const say = (event: ConnectedEvent): void => {
  process.stdout.write(`${JSON.stringify(event)}\n`);
};
const codeOf = (error: unknown): string =>
  isHoldfastError(error) ? `${error.code} ${error.message}` : String(error);

async function submit(client: Client, request: SyncRequest): Promise<void> {
  const { number } = request.payload as { readonly number: number };
  try {
    const operation = await client.sync(request);
    say({ event: 'accepted', number, id: operation.id });
    const { status } = await operation.outcome;
    say({ event: 'ended', number, status });
  } catch (error) {
    say({ event: 'refused', number, code: codeOf(error) });
  }
}

async function crisis(client: Client, request: unknown): Promise<void> {
  const startedAtMs = performance.now();
  const answer = await client.crisis(request as never);
  const { operationId: id, resources } = answer;
  const ms = performance.now() - startedAtMs;
  say({ event: 'answered', id, ms, resources: resources.length });
  const failed = (error: unknown): void => {
    say({ event: 'failed', id, message: codeOf(error) });
  };
  answer.durable.then(() => {
    say({ event: 'durable', id });
  }, failed);
  answer.delivery.then(({ status }) => {
    say({ event: 'delivered', id, status });
  }, failed);
}

async function begin(setup: ConnectedSetup): Promise<void> {
  setTimeout(() => process.exit(9), setup.lifeMs).unref();
  if (setup.bug !== null) plantConnectedBug(setup.bug);
  const { store } = setup;
  const run = httpHandler({ baseUrl: setup.url });
  const fast = { initialDelayMs: 20, delayMsMax: 200 };
  const options = {
    store,
    ownerWithinMs: 60_000,
    onError: (error: unknown) => {
      say({ event: 'error', message: codeOf(error) });
    },
  };
  const client = setup.mayOwn
    ? await connect({
        ...options,
        key: keyFile(setup.keyFile),
        upstreams: { ledger: {} },
        policies: {
          tiers: {
            premium: { retry: fast, responseDeadlineMs: 30_000 },
            basic: { retry: fast, responseDeadlineMs: 30_000 },
            trial: { retry: fast, responseDeadlineMs: 30_000 },
          },
        },
        // A machine that is busy must not look like a disk that stalls.

        handlers: {
          'ledger.put': { upstream: 'ledger', run },
          'crisis.alert': { upstream: 'ledger', run },
        },
        crisis: setup.outside ? { outside: { socketPath: true } } : {},
      })
    : await connect(options);
  let owns = false;
  setInterval(() => {
    if (owns === (client.runtime !== null)) return;
    owns = !owns;
    if (owns) say({ event: 'owns' });
  }, 5).unref();
  const input = createInterface({ input: process.stdin });
  input.on('line', (line) => {
    const order = JSON.parse(line) as ConnectedOrder;
    switch (order.order) {
      case 'submit':
        for (const request of order.requests) void submit(client as Client, request);
        break;
      case 'crisis':
        void crisis(client as Client, order.request);
        break;
      case 'block':
        say({ event: 'blocking' });
        // As an app does that computes without a pause.
        while (!existsSync(order.until));
        break;
      case 'health':
        void client.health().then(({ operations: { completed } }) => {
          say({ event: 'health', completed });
        });
        break;
      case 'close':
        void client.close().then(() => {
          say({ event: 'closed' });
          input.close();
        });
        break;
    }
  });
  await client.ready;
  say({ event: 'ready' });
}

const [, , setup] = process.argv;
if (setup !== undefined) await begin(JSON.parse(setup) as ConnectedSetup);
