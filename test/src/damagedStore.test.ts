import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { permanentFailure } from '../../machines/policy/classifyFailure.ts';
import { rawKey } from '../../persistence/sealing/keySource.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import type { Runtime } from '../../src/runtime.ts';
import { spoilRoot } from '../persistence/damage.ts';
import { tempFolder } from '../support/tempFolder.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

function open(store: string): Runtime {
  return createRuntime({
    store,
    key: rawKey(new Uint8Array(32).fill(7)),
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: () => {
          throw permanentFailure('refused');
        },
      },
    },
  });
}

describe('PS-3 a page that one call needs is damaged', () => {
  test('PS-3 HM-1 a replay rejects with the code, the rest goes on, and health says so', async () => {
    const store = join(tempFolder(), 'store');
    const before = open(store);
    const { id, outcome } = await before.sync({
      ...REQUEST,
      expiresAtMs: Date.now() + 3_600_000,
    });
    expect(await outcome).toMatchObject({ status: 'deadLettered' });
    await before.close();
    spoilRoot(join(store, 'data.db'), 'operation_expiry');

    const runtime = open(store);
    const damaged = { code: 'HF_STORE_CORRUPT' };
    await runtime.ready;
    // It would be found by its expiry from then on.
    await expect(runtime.deadLetters.replay(id)).rejects.toMatchObject(damaged);
    expect(await runtime.deadLetters.show(id)).toMatchObject({ id });
    expect(runtime.getHealthStatus()).toMatchObject({ overall: 'degraded' });
    expect(runtime.getHealthStatus().damage?.times).toBeGreaterThan(0);
    expect(runtime.getHealthStatus().reasons.join()).toContain("the store's file is damaged");
    expect(await (await runtime.sync(REQUEST)).outcome).toMatchObject({ status: 'deadLettered' });
    await runtime.close();
  });
});
