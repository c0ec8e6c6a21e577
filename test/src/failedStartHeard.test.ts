/**
 * A start that fails is told of, also where nobody listens.
 *
 * @module
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { rawKey } from '../../persistence/sealing/keySource.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const KEY = rawKey(new Uint8Array(32).fill(7));

const warned: (readonly unknown[])[] = [];
beforeEach(() => {
  vi.spyOn(process, 'emitWarning').mockImplementation((...given: readonly unknown[]) => {
    warned.push(given);
  });
});
afterEach(() => {
  warned.length = 0;
  vi.restoreAllMocks();
});

/** A runtime whose store can't be opened: where its folder should be there is a file. */
async function failedStart(options: Partial<RuntimeOptions>): Promise<readonly unknown[][]> {
  const store = join(tempFolder(), 'store');
  writeFileSync(store, 'no folder');
  const runtime = createRuntime({ store, key: KEY, ...options });
  await runtime.ready.catch(() => undefined);
  await runtime.close();
  return warned as unknown[][];
}

test('SV-6 a failed start is a warning of the process, once, where neither onError nor a logger is given', async () => {
  expect(await failedStart({})).toEqual([
    [
      expect.stringMatching(/^The runtime has not started: .+onError or a logger.+start\(\)/),
      { type: 'HoldfastWarning', code: expect.stringMatching(/^HF_/) },
    ],
  ]);
});

test.each<[string, Partial<RuntimeOptions>]>([
  ['onError', { onError: () => undefined }],
  ['a logger', { logger: () => undefined }],
])('SV-6 it is none where %s is told', async (_, options) => {
  expect(await failedStart(options)).toEqual([]);
});
