/**
 * Orders of two operators, given over the control socket of a process with a store on disk: each is
 * counted, told with who and since when, and kept over a restart.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { askOwner } from '../../../src/control/controlClient.ts';
import { createRuntime, rawKey } from '../../../src/index.ts';
import {
  disableBreaker,
  forceBreakerOpen,
  releaseBreaker,
} from '../../../src/management/breaker.ts';
import { health } from '../../../src/management/store.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const UPSTREAM = 'payments';
const DONE = { result: null };

/** A process that owns the store, and what its socket says of the upstream. */
async function owner(store: string) {
  const runtime = createRuntime({
    store,
    key: rawKey(Buffer.alloc(32, 1)),
    upstreams: { [UPSTREAM]: {} },
  });
  onTestFinished(() => runtime.close());
  await runtime.ready;
  await vi.waitUntil(() => existsSync(join(store, 'control.sock')), { timeout: 30_000 });
  const said = async () => {
    const answer = await askOwner(store, health, {});
    if (answer === null || !('result' in answer)) throw new Error('The owner does not answer.');
    const { upstreams, reasons } = answer.result;
    return { breaker: upstreams[UPSTREAM]?.breaker, hold: upstreams[UPSTREAM]?.hold, reasons };
  };
  return { runtime, said };
}

test('CB-1 CB-4 HM-1 two orders over the socket need two releases, and outlive the process', async () => {
  const store = join(tempFolder(), 'store');
  const before = await owner(store);
  const beganAtMs = Date.now();
  const order = { upstream: UPSTREAM, reason: 'maintenance', by: 'ana' };
  expect(await askOwner(store, forceBreakerOpen, order)).toMatchObject(DONE);
  await askOwner(store, disableBreaker, { upstream: UPSTREAM, by: 'ben' });
  await askOwner(store, forceBreakerOpen, { upstream: UPSTREAM, reason: 'audit', by: 'cy' });
  const given = await before.said();
  expect(given).toMatchObject({
    breaker: 'forcedOpen',
    hold: { kind: 'forcedOpen', by: 'cy', reason: 'audit', orders: 3 },
  });
  expect(given.hold?.sinceAtMs).toBeGreaterThanOrEqual(beganAtMs - 1);
  expect(given.hold?.sinceAtMs).toBeLessThanOrEqual(Date.now() + 1);
  const since = new Date(given.hold?.sinceAtMs ?? 0).toISOString();
  expect(given.reasons).toEqual([
    `payments is held down since ${since} by cy (audit), until it is released`,
  ]);
  await before.runtime.close();

  const after = await owner(store);
  const kept = await after.said();
  // Instants are kept by a clock of their own, to the millisecond.
  const sinceAtMs = expect.closeTo(given.hold?.sinceAtMs ?? 0, -1) as number;
  expect(kept).toMatchObject({ breaker: given.breaker, hold: { ...given.hold, sinceAtMs } });
  expect(kept.reasons).toHaveLength(1);
  const release = async (by: string) => {
    await askOwner(store, releaseBreaker, { upstream: UPSTREAM, by });
    const { breaker, hold } = await after.said();
    return [breaker, hold?.by, hold?.orders];
  };
  // Bob holds nothing, so that nothing of what others hold is undone by him.
  const bobs = askOwner(store, releaseBreaker, { upstream: UPSTREAM, by: 'bob' });
  await expect(bobs).rejects.toMatchObject({
    code: 'HF_OPTION_INVALID',
    message: expect.stringContaining('held by ana, ben, cy') as string,
  });
  expect(await after.said()).toMatchObject({ hold: { by: 'cy', orders: 3 } });
  expect(await release('cy')).toEqual(['forcedOpen', 'ana', 2]);
  expect(await release('ana')).toEqual(['disabled', 'ben', 1]);
  await askOwner(store, releaseBreaker, { upstream: UPSTREAM, by: 'bob', of: 'ben' });
  expect(after.runtime.upstream(UPSTREAM)).toMatchObject({ breaker: 'closed', hold: null });
});
