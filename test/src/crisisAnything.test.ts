/**
 * Whatever an app hands to `crisis()`: it is answered, and reaches the upstream (CR-1, CR-2, CR-4).
 *
 * @module
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Attempt } from '../../actors/operation/handler.ts';
import { cardDatumInText } from '../../machines/policy/request/cardData.ts';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { CrisisRequest } from '../../src/runtime.ts';
import { createWorld } from '../support/harness/engineHarness.ts';

const junk = fc.oneof(
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
  fc.constantFrom(
    Symbol('s'),
    () => 1,
    '4111 1111 1111 1111',
    4111111111111111,
    'x'.repeat(20_000),
  ),
  fc.constant(null).map(() => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    return circle;
  }),
);
const FIELDS = [
  'type',
  'subject',
  'entity',
  'tier',
  'priority',
  'payload',
  'idempotencyKey',
  'expiresAtMs',
] as const;
const MORE = ['base', 'method', 'path', 'stray', '4111111111111111'] as const;

/** An object some of whose fields are junk, and some throw when they are read. */
const call = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...FIELDS, ...MORE), junk),
    fc.subarray([...FIELDS, ...MORE]),
  )
  .map(([fields, traps]) => {
    const request: object = { ...fields };
    for (const name of traps.slice(0, 3)) {
      Object.defineProperty(request, name, {
        enumerable: true,
        configurable: true,
        get: () => {
          throw new Error('trap');
        },
      });
    }
    return request;
  });
function deadProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
/** Made in the test: fast-check looks at what it hands out. */
const request = fc.oneof(
  { weight: 3, arbitrary: call.map((one) => () => one) },
  junk.map((one) => () => one),
  fc.constantFrom(deadProxy, () => ({ subject: 'user-42', payload: deadProxy() })),
);

test('CR-1 CR-2 CR-4 CF-7 anything at all is answered, delivered and durable, and no card number is kept', async () => {
  const { clock, boot } = createWorld();
  const attempts: Attempt[] = [];
  const { runtime, errors } = boot({
    payloadBytesMax: 10_000,
    handlers: {
      'crisis.alert': {
        upstream: 'default',
        run: (attempt) => {
          attempts.push(attempt);
          return null;
        },
      },
    },
  });
  await clock.run(runtime.ready);
  await fc.assert(
    fc.asyncProperty(request, async (made) => {
      attempts.length = 0;
      const answer = await runtime.crisis(made() as CrisisRequest);
      expect(answer.elapsedMs).toBe(0);
      expect(answer.resources.length).toBeGreaterThan(0);
      expect(await clock.run(answer.delivery)).toMatchObject({ status: 'completed' });
      await clock.run(answer.durable);
      expect(attempts).toHaveLength(1);
      const [attempt] = attempts;
      for (const {
        type,
        subject,
        entity,
        payload,
        base,
        idempotencyKey,
        path,
        leftOut,
      } of attempts) {
        const kept = JSON.stringify([
          type,
          subject,
          entity,
          payload,
          base,
          idempotencyKey,
          path,
          leftOut,
        ]);
        expect(cardDatumInText(kept)).toBeNull();
      }
      // What is not as it was given is told of.
      const told = errors.splice(0).map((error) => isHoldfastError(error) && error.code);
      expect(told).toEqual(attempt?.leftOut.length === 0 ? [] : ['HF_CRISIS_MENDED']);
    }),
    { numRuns: 400 },
  );
  expect(runtime.getHealthStatus().crises.refused).toBe(0);
});
