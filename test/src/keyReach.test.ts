import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { builtProgram } from '../support/process/builtProgram.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const PROGRAM = fileURLToPath(new URL('keyReachProgram.mjs', import.meta.url));

/** The ways from a running engine and its runtime to the source of the key, as the heap shows them. */
interface Ways {
  readonly throughStore: readonly string[] | null;
  readonly fromEngine: readonly string[] | null;
  readonly fromRuntime: readonly string[] | null;
}

function waysToTheKey(...planted: readonly string[]): Ways {
  const store = join(tempFolder(), 'store');
  const parameters = [PROGRAM, builtProgram(), store, ...planted];
  return JSON.parse(execFileSync(process.execPath, parameters, { encoding: 'utf8' })) as Ways;
}

test('SE-2 the source of the key is reached by the store, and by nothing else of a runtime', () => {
  const { throughStore, fromEngine, fromRuntime } = waysToTheKey();
  expect({ fromEngine, fromRuntime }).toEqual({ fromEngine: null, fromRuntime: null });
  // The walk sees private fields and what functions hold: it finds the way that there is.
  expect(throughStore).toContain('ThreadChannel');
});

test('SE-2 control: a key source that an option of the engine holds is found', () => {
  const { fromEngine, fromRuntime } = waysToTheKey('planted');
  expect(fromEngine?.at(-1)).toBe('CanaryKeySource');
  expect(fromRuntime?.at(-1)).toBe('CanaryKeySource');
});
