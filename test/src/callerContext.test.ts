/**
 * In whose AsyncLocalStorage context an app's code runs: in none for what is durable, in its caller's for functions
 * that came with a call. In a process of its own, whose memory it collects and looks through.
 *
 * @module
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import {
  type Attempt,
  connect,
  createRuntime,
  type RuntimeOptions,
  rawKey,
  transientFailure,
} from '../../src/index.ts';
import { createWorld } from '../support/harness/engineHarness.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

/** What a tenant-scoped library keeps. */
const tenants = new AsyncLocalStorage<string>();
const TENANTS = ['north', 'south'] as const;
const key = () => rawKey(new Uint8Array(32).fill(7));
const request = (n: number) =>
  ({
    type: 'payments.push',
    subject: `s-${n}`,
    tier: 'premium',
    idempotencyKey: `k-${n}`,
  }) as const;

/** Whose first attempt fails: too few for an outage. */
const FAILING = ['s-1', 's-4'];

/** Whose context each piece of the app's code ran in: `none`, or a tenant's. */
class Seen {
  readonly #in = new Map<string, Set<string>>();

  note(what: string): void {
    const seen = this.#in.get(what) ?? new Set();
    this.#in.set(what, seen.add(tenants.getStore() ?? 'none'));
  }

  get all(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries([...this.#in].map(([what, seen]) => [what, [...seen]]));
  }
}

/** Everything that an app hands over once, each saying where it ran. */
function noting(seen: Seen) {
  const attempted = new Set<string>();
  const log = (what: string) => () => {
    seen.note(`logger.${what}`);
  };
  return {
    logger: { info: log('info'), warn: log('warn'), error: log('error') },
    onError: () => {
      seen.note('onError');
    },
    inspect: () => {
      seen.note('inspect');
    },
    upstreams: { payments: {} },
    handlers: {
      'payments.push': {
        upstream: 'payments',
        run: async ({ idempotencyKey, subject, signal }: Attempt) => {
          const isFirst = !attempted.has(idempotencyKey);
          attempted.add(idempotencyKey);
          seen.note(isFirst ? 'first attempt' : 'later attempt');
          signal.addEventListener('abort', () => {
            seen.note('attempt.signal');
          });
          await Promise.resolve();
          seen.note('attempt goes on');
          if (isFirst && FAILING.includes(subject)) throw transientFailure('busy');
          return null;
        },
      },
      'crisis.alert': {
        upstream: 'payments',
        run: () => {
          seen.note('crisis');
          return null;
        },
      },
    },
  } satisfies Partial<RuntimeOptions>;
}

const NONE: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [
    ...['logger.info', 'first attempt', 'later attempt', 'attempt goes on', 'crisis'],
    ...['subscribe', 'on', 'operation.subscribe', 'onError'],
  ].map((what) => [what, ['none']]),
);

function expectNoneIn(seen: Seen): void {
  expect(seen.all).toEqual(
    Object.fromEntries(Object.keys(seen.all).map((what) => [what, ['none']])),
  );
}

/** The work of two tenants, each in its own context, which is its own again after each `await`. */
async function workOfTenants(
  runtime: Pick<ReturnType<typeof createRuntime>, 'sync' | 'crisis' | 'syncAll'>,
  seen: Seen,
): Promise<void> {
  await Promise.all(
    Array.from({ length: 8 }, async (_, n) => {
      const tenant = TENANTS[n % 2] ?? 'north';
      await tenants.run(tenant, async () => {
        const operation = await runtime.sync(request(n));
        expect(tenants.getStore()).toBe(tenant);
        operation.subscribe(() => {
          seen.note('operation.subscribe');
        });
        const { delivery } = await runtime.crisis({ subject: `c-${n}` });
        await runtime.syncAll([request(100 + n)], {
          onResult: () => {
            expect(tenants.getStore()).toBe(tenant);
          },
        });
        await Promise.all([operation.outcome, delivery]);
        expect(tenants.getStore()).toBe(tenant);
      });
    }),
  );
}

/** Told of all that happens, by listeners that one of them throws in. */
function listening(runtime: Pick<ReturnType<typeof createRuntime>, 'subscribe'>, seen: Seen): void {
  runtime.subscribe(() => {
    seen.note('subscribe');
  });
  runtime.subscribe('operation.ended', () => {
    seen.note('on');
    throw new Error('bad listener');
  });
}

describe('OP-7 what is durable runs in the context of no caller', () => {
  test.each(['memory', 'disk'])('OP-7 two tenants over %s', async (kept) => {
    const seen = new Seen();
    const store = kept === 'memory' ? {} : { store: tempFolder(), key: key() };
    const runtime = tenants.run('importer', () =>
      createRuntime({ store: ':memory:', ...noting(seen), ...store }),
    );
    tenants.run('listener', () => {
      listening(runtime, seen);
    });
    await workOfTenants(runtime, seen);
    await tenants.run('closer', () => runtime.close());
    expect(seen.all).toMatchObject(NONE);
    expectNoneIn(seen);
  });

  test('OP-7 clients that tenants started, one of which owns the store', async () => {
    const seen = new Seen();
    const { onError, ...own } = noting(seen);
    const store = tempFolder();
    const client = await tenants.run('importer', () =>
      connect({ store, key: key(), ...own, onError }),
    );
    await client.ready;
    await workOfTenants(client, seen);
    // Over a line to its owner.
    const other = await tenants.run('north', () => connect({ store, onError }));
    await tenants.run('south', async () => {
      const operation = await other.sync(request(50));
      // Told of the end, whichever of the two comes first.
      await new Promise<void>((resolve) => {
        operation.actor.subscribe({
          complete: () => {
            seen.note('client.subscribe');
            resolve();
            throw new Error('bad listener');
          },
        });
      });
    });
    await other.close();
    await client.close();
    expect(seen.all['client.subscribe']).toEqual(['none']);
    const { 'first attempt': first, 'later attempt': later, crisis } = seen.all;
    expect([first, later, crisis]).toEqual([['none'], ['none'], ['none']]);
    expectNoneIn(seen);
  });

  test('OP-7 work that a tenant wakes by an order, a time or the end of another call', async () => {
    const seen = new Seen();
    const world = createWorld();
    const { runtime } = world.boot({
      ...noting(seen),
      upstreams: { payments: { concurrency: 1 } },
    });
    const upstream = runtime.upstream('payments');
    upstream.forceOpen('maintenance');
    const operation = await tenants.run('north', () => world.clock.run(runtime.sync(request(1))));
    tenants.run('south', () => {
      upstream.release();
    });
    await tenants.run('south', () => world.clock.run(operation.outcome));
    // One that waits for the slot of a call whose caller gives up.
    const leaving = new AbortController();
    const untilAborted = async ({ signal }: Pick<Attempt, 'signal'>): Promise<void> => {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          seen.note('call.signal');
          resolve();
        });
      });
    };
    const call = runtime.call('payments', untilAborted, { signal: leaving.signal });
    const next = await tenants.run('north', () => world.clock.run(runtime.sync(request(2))));
    tenants.run('south', () => {
      leaving.abort(new Error('left'));
    });
    await expect(call).rejects.toThrow('left');
    await tenants.run('south', () => world.clock.run(next.outcome));
    expect(seen.all['call.signal']).toEqual(['none']);
    await world.clock.run(runtime.close());
    expectNoneIn(seen);
  });

  test('OP-7 one that is followed is told of what was looked up for a tenant', async () => {
    const seen = new Seen();
    const world = createWorld();
    const { runtime } = world.boot(noting(new Seen()));
    const { id, outcome } = await world.clock.run(runtime.sync(request(2)));
    await world.clock.run(outcome);
    tenants.run('north', () => {
      const note = (): void => {
        seen.note('operation.actor');
      };
      runtime.operations.get(id).actor.subscribe({ next: note, complete: note });
    });
    await world.clock.advance(1);
    expect(seen.all).toEqual({ 'operation.actor': ['none'] });
    await world.clock.run(runtime.close());
  });

  test('OP-7 a record that a tenant has changed', async () => {
    const seen = new Seen();
    const world = createWorld();
    const { runtime } = world.boot({ device: 'phone' });
    await world.clock.run(runtime.ready);
    const entity = { type: 'visit', id: 'v-1' };
    tenants.run('north', () =>
      runtime.entities.subscribe(entity, () => {
        seen.note('entities.subscribe');
      }),
    );
    const change = { entity, subject: 's', value: { place: 'home' }, version: '"1"' };
    await tenants.run('south', () => world.clock.run(runtime.remoteChange(change)));
    await world.clock.advance(1);
    expect(seen.all).toEqual({ 'entities.subscribe': ['none'] });
  });

  test('OP-7 a handler that enters a context leaves it to no other', async () => {
    const seen = new Seen();
    const world = createWorld();
    const { runtime } = world.boot({
      handlers: {
        'payments.push': {
          upstream: 'default',
          run: ({ subject }) => {
            seen.note('handler');
            tenants.enterWith(subject);
            return null;
          },
        },
      },
    });
    const operations = await world.clock.run(
      Promise.all([1, 2, 3, 4].map((n) => runtime.sync(request(n)))),
    );
    await world.clock.run(Promise.all(operations.map(({ outcome }) => outcome)));
    await world.clock.run((await world.clock.run(runtime.sync(request(5)))).outcome);
    expect(seen.all).toEqual({ handler: ['none'] });
  });

  test('OP-7 the package is loaded by a request', async () => {
    vi.resetModules();
    await tenants.run('importer', async () => {
      const { inNoContext } = await import('../../actors/platform/inPieces.ts');
      expect(inNoContext(() => tenants.getStore())).toBeUndefined();
      expect(tenants.getStore()).toBe('importer');
    });
  });
});

describe('OP-7 a function that came with a call runs in the context of its caller', () => {
  test('OP-7 runtime.call(), over its attempts', async () => {
    const world = createWorld();
    const { runtime } = world.boot({ upstreams: { payments: { concurrency: 1 } } });
    const ran: unknown[] = [];
    const calls = Array.from({ length: 6 }, (_, n) =>
      tenants.run(`t-${n}`, () =>
        runtime.call(
          'payments',
          async ({ number }) => {
            ran.push(tenants.getStore());
            await Promise.resolve();
            if (number === 1 && n < 3) throw new Error('busy');
            return tenants.getStore();
          },
          { classify: () => transientFailure(tenants.getStore() ?? 'none') },
        ),
      ),
    );
    const answers = await world.clock.run(Promise.all(calls));
    expect(answers).toEqual(answers.map((_, n) => `t-${n}`));
    const twice = answers.slice(0, 3);
    expect(new Set(ran)).toEqual(new Set(answers));
    expect(ran).toHaveLength(answers.length + twice.length);
  });

  test('OP-7 executeResilientSync(), after its call was answered', async () => {
    const world = createWorld();
    const { runtime } = world.boot({ upstreams: { payments: { concurrency: 1 } } });
    const attempts = Array.from({ length: 6 }, () => 0);
    const results = await world.clock.run(
      Promise.all(
        Array.from({ length: 6 }, (_, n) =>
          tenants.run(`t-${n}`, () =>
            runtime.executeResilientSync(
              { type: 'payments.push', tier: 'premium', upstream: 'payments' },
              `s-${n}`,
              async () => {
                await Promise.resolve();
                attempts[n] = (attempts[n] ?? 0) + 1;
                if (n < 3 && attempts[n] === 1) throw transientFailure('busy');
                return { ran: tenants.getStore() ?? 'none' };
              },
              { deadlineMs: 100 },
            ),
          ),
        ),
      ),
    );
    const outcomes = await world.clock.run(
      Promise.all(results.map(({ operation }) => operation.outcome)),
    );
    expect(outcomes.map(({ response }) => response)).toEqual(
      outcomes.map((_, n) => ({ ran: `t-${n}` })),
    );
  });
});

/** Does a piece of work for each request, and says of which something is kept after it. */
async function keptAfter(requests: readonly (() => Promise<unknown>)[]): Promise<boolean[]> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const stores = new AsyncLocalStorage<object>();
  const kept: WeakRef<object>[] = [];
  const ask = async (work: () => Promise<unknown>): Promise<void> => {
    const store = {};
    kept.push(new WeakRef(store));
    await stores.run(store, work);
  };
  for (const work of requests) await ask(work);
  // What was resolved is let go of in a later turn.
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  gc();
  return kept.map((store) => store.deref() !== undefined);
}

describe('OP-7 nothing keeps the context of a request that has ended', () => {
  const handlers = {
    'payments.push': { upstream: 'default', run: () => new Promise<null>(() => undefined) },
  };

  test('OP-7 whose work goes on', async () => {
    const { clock, boot } = createWorld();
    const { runtime } = boot({ handlers });
    const kept = await keptAfter([
      () => clock.run(runtime.sync(request(1))),
      () => clock.run(runtime.syncAll([request(2)])),
      () => clock.run(runtime.crisis({ subject: 's' })),
      () => clock.run(runtime.call('default', () => 'done')),
      async () => {
        runtime.subscribe(() => undefined);
        runtime.upstream('default').observe();
        await Promise.resolve();
      },
    ]);
    expect(kept).toEqual(kept.map(() => false));
  });

  test('OP-7 at a client that goes on watching', async () => {
    const client = await connect({ store: tempFolder(), key: key(), handlers });
    await client.ready;
    const kept = await keptAfter([
      async () => {
        (await client.sync(request(1))).subscribe(() => undefined);
      },
    ]);
    expect(kept).toEqual([false]);
    await client.close({ deadlineMs: 0 });
    const alone = await connect({ store: tempFolder() });
    expect(await keptAfter([() => alone.crisis({ subject: 's' })])).toEqual([false]);
    await alone.close();
  });
});
