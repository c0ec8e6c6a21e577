/**
 * A program that serves crises to outside callers and does to its event loop what it is told, there to be
 * blocked and killed.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { CrisisPlan } from '../../../machines/policy/crisis/crisisResources.ts';
import { rawKey } from '../../../persistence/sealing/keySource.ts';
import { createRuntime } from '../../../src/createRuntime.ts';
import { httpHandler } from '../../../src/http/httpHandler.ts';
import type { OutsideOptions } from '../../../src/outside/outsideOptions.ts';

/** How the program is started. */
export interface OutsideAppSetup {
  readonly store: string;
  readonly outside: OutsideOptions;
  /** Where crises are delivered; `null` for nowhere. */
  readonly url: string | null;
  /** It ends by itself after this, in milliseconds. */
  readonly lifeMs: number;
}

/** What it is told, a line each. */
export type OutsideAppOrder =
  /** For so long, or until there is a file at this path. */
  | { readonly order: 'block'; readonly ms: number }
  | { readonly order: 'block'; readonly until: string }
  | { readonly order: 'health' }
  | { readonly order: 'pin'; readonly subject: string; readonly plan: CrisisPlan }
  | { readonly order: 'put'; readonly subject: string; readonly plan: CrisisPlan }
  | { readonly order: 'close' };

const setup = JSON.parse(process.argv[2] ?? '{}') as OutsideAppSetup;
setTimeout(() => process.exit(9), setup.lifeMs).unref();
const say = (event: string, about: object = {}): void => {
  process.stdout.write(`${JSON.stringify({ event, ...about })}\n`);
};

const { url } = setup;
const runtime = createRuntime({
  store: setup.store,
  key: rawKey(new Uint8Array(32).fill(7)),
  crisis: { outside: setup.outside },
  handlers:
    url === null
      ? {}
      : { 'crisis.alert': { upstream: 'default', run: httpHandler({ baseUrl: url }) } },
  onError: (error) => {
    say('error', { message: String(Reflect.get(Object(error), 'message')) });
  },
});
runtime.subscribe((fact) => {
  if (fact.kind === 'eventLoop.blocked') say('blocked', { delayMs: fact.delayMs });
});

async function obey(order: OutsideAppOrder): Promise<void> {
  switch (order.order) {
    case 'block': {
      say('blocking');
      const endsAtMs = Date.now() + ('ms' in order ? order.ms : 0);
      // As an app does that computes without a pause.
      const isOver = (): boolean =>
        'until' in order ? existsSync(order.until) : Date.now() >= endsAtMs;
      while (!isOver());
      say('unblocked');
      break;
    }
    case 'health':
      say('health', { health: runtime.getHealthStatus() });
      break;
    case 'pin':
      await runtime.crisisPlans.put(order.subject, order.plan);
      await runtime.crisisPlans.pin(order.subject);
      say('pinned');
      break;
    case 'put':
      await runtime.crisisPlans.put(order.subject, order.plan);
      say('put');
      break;
    case 'close':
      await runtime.close();
      say('closed');
      input.close();
      break;
  }
}

const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  obey(JSON.parse(line) as OutsideAppOrder).catch((error: unknown) => {
    say('failed', { message: String(error) });
  });
});
await runtime.ready;
say('ready');
