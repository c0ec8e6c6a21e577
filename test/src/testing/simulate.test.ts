/** An app's own handlers and entities in the simulator, under the checks that holdfast is held to. */

import { describe, expect, test } from 'vitest';
import { type SimulateOptions, simulate } from '../../../src/testing/simulate.ts';

const orders: Pick<SimulateOptions, 'app' | 'request'> = {
  app: ({ httpHandler, urlOf }) => ({
    upstreams: { shop: {} },
    handlers: { 'orders.push': { upstream: 'shop', run: httpHandler({ baseUrl: urlOf('shop') }) } },
  }),
  request: (random, number) => ({
    type: 'orders.push',
    subject: `user-${random.below(5)}`,
    tier: 'basic',
    entity: { type: 'basket', id: `b${random.below(5)}` },
    payload: { number },
  }),
};

describe('simulate()', () => {
  test('SM-4 an app whose handlers are right keeps every promise, through faults that were seen', async () => {
    const { failures, seen, runs } = await simulate({ ...orders, hours: 2, runs: 2 });
    expect(failures.map(({ breaches }) => breaches)).toEqual([]);
    expect(runs).toBe(2);
    expect(Object.keys(seen).length).toBeGreaterThan(1);
  });

  test('SM-4 a handler that calls done what was not is found, and the run is made again from its file', async () => {
    const lying: SimulateOptions = {
      app: ({ fetch, urlOf }) => ({
        upstreams: { shop: {} },
        handlers: {
          'orders.push': {
            upstream: 'shop',
            // Takes every answer for a success.
            run: async ({ idempotencyKey, signal }) => {
              const headers = { 'idempotency-key': idempotencyKey };
              const given = { method: 'POST', headers, body: '{}', signal };
              const { status } = await fetch(`${urlOf('shop')}/orders`, given);
              return status;
            },
          },
        },
      }),
      request: orders.request,
      serve: {
        shop: ({ headers }) => {
          const isBusy = headers.get('idempotency-key')?.endsWith('a') === true;
          return { status: isBusy ? 503 : 200 };
        },
      },
      hours: 2,
    };
    const { failures } = await simulate(lying);
    expect(failures[0]?.breaches.join('\n')).toContain('completed without effect');
    const again = await simulate({ ...lying, again: failures[0]?.file ?? '' });
    expect(again.failures[0]?.history).toEqual(failures[0]?.history);
  });

  test("SM-4 an upstream answers with the app's own code, once for each key", async () => {
    const keys: string[] = [];
    const { failures } = await simulate({
      ...orders,
      hours: 2,
      serve: {
        shop: ({ headers, body }) => {
          keys.push(headers.get('idempotency-key') ?? '');
          return { status: 201, body: { got: body.length } };
        },
      },
    });
    expect(failures).toEqual([]);
    expect(keys.length).toBeGreaterThan(10);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('SM-4 what is wrong with the options is said', async () => {
    await expect(simulate({ ...orders, hours: 0 })).rejects.toMatchObject({
      code: 'HF_OPTION_INVALID',
      field: 'hours',
    });
    await expect(simulate({ ...orders, again: '{}' })).rejects.toMatchObject({
      code: 'HF_OPTION_INVALID',
    });
    const misspelt = { ...orders, app: () => ({ upstream: {} }) } as unknown as SimulateOptions;
    await expect(simulate(misspelt)).rejects.toMatchObject({ code: 'HF_OPTION_INVALID' });
  });
});
