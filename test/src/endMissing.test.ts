/** A store whose last commits are gone: what a whole runtime runs of it, and what it says. */

import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import { TEST_KEY } from '../persistence/contract/storeUnderTest.ts';
import { HANGS_AFTER_MS } from '../support/hangs.ts';
import { runCli } from '../support/process/runCli.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

/** Starts a runtime over this folder; its upstreams take nothing until `isUp`. */
function start(folder: string, isUp: boolean) {
  const ran: string[] = [];
  const errors: string[] = [];
  const run = ({ payload }: { readonly payload: unknown }) => {
    if (!isUp) throw transientFailure('The upstream is down.');
    ran.push(String(payload));
    return Promise.resolve(null);
  };
  const runtime = createRuntime({
    store: folder,
    key: TEST_KEY,
    upstreams: { bank: {}, desk: {} },
    handlers: {
      'payments.push': { upstream: 'bank', run },
      'crisis.alert': { upstream: 'desk', run },
    },
    onError: (error) => {
      errors.push((error as { readonly code: string }).code);
    },
  });
  onTestFinished(async () => {
    await runtime.close();
  });
  return { runtime, ran, errors };
}

test('SE-6 CR-4 a store that is put back runs its crises, and nothing else until it is released', async () => {
  const folder = join(tempFolder(), 'store');
  const path = join(folder, 'data.db');
  const first = start(folder, false);
  await first.runtime.ready;
  await first.runtime.sync({ type: 'payments.push', subject: 'user-1', payload: 'payment' });
  const asked = first.runtime.crisis({
    type: 'crisis.alert',
    subject: 'user-2',
    payload: 'crisis',
  });
  await (await asked).durable;
  await first.runtime.close();
  const before = readFileSync(path);

  const second = start(folder, true);
  await vi.waitFor(
    () => {
      expect(second.ran.toSorted()).toEqual(['crisis', 'payment']);
    },
    { timeout: HANGS_AFTER_MS, interval: 20 },
  );
  await second.runtime.close();

  // As `cp` does: the file stays the same one.
  const file = openSync(path, 'r+');
  writeSync(file, before, 0, before.length, 0);
  closeSync(file);
  truncateSync(path, before.length);

  const third = start(folder, true);
  await third.runtime.ready;
  await vi.waitFor(
    () => {
      expect(third.ran).toEqual(['crisis']);
    },
    { timeout: HANGS_AFTER_MS, interval: 20 },
  );
  const { hold, overall, findings } = third.runtime.getHealthStatus();
  expect({ reason: hold?.reason, overall }).toEqual({ reason: 'endMissing', overall: 'degraded' });
  expect(findings.map(({ id }) => id)).toEqual(expect.arrayContaining(['hold', 'recordsMissing']));
  expect(third.errors.toSorted()).toEqual(['HF_RECORD_MISSING', 'HF_STORE_HELD']);
  const { stdout } = await runCli(['status', '--store', folder]);
  expect(stdout).toMatch(/held \(endMissing\)[^]*records of the store are missing/);
  expect(third.ran).toEqual(['crisis']);

  expect(await third.runtime.release()).toBe(true);
  await vi.waitFor(
    () => {
      expect(third.ran).toEqual(['crisis', 'payment']);
    },
    { timeout: HANGS_AFTER_MS, interval: 20 },
  );
  await third.runtime.close();

  const fourth = start(folder, true);
  await fourth.runtime.ready;
  expect(fourth.runtime.getHealthStatus().hold).toBeNull();
  expect(fourth.errors).toEqual([]);
});
