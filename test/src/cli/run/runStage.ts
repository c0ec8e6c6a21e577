/**
 * What tests of `holdfast run` work on, and how they read what it printed.
 *
 * @module
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { emptyTally } from '../../../../src/cli/run/fileRun.ts';
import {
  startMisbehavingUpstream,
  type UpstreamOptions,
} from '../../../../src/testing/misbehavingUpstream.ts';
import type { CliResult } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

export async function stage(options: UpstreamOptions = {}) {
  const folder = tempFolder();
  const upstream = await startMisbehavingUpstream({ lifeMs: 120_000, ...options });
  onTestFinished(async () => {
    await upstream.close();
  });
  const keyPath = join(folder, 'holdfast.key');
  writeFileSync(keyPath, `${'5a'.repeat(32)}\n`, { mode: 0o600 });
  const file = join(folder, 'requests.ndjson');
  const store = join(folder, 'store');
  const storeArgs = ['--store', store, '--key-file', keyPath];
  const args = ['run', file, '--upstream', upstream.url, ...storeArgs, '--json'];
  return { folder, upstream, file, store, keyPath, storeArgs, args };
}

export function request(index: number, more: object = {}): string {
  return JSON.stringify({
    type: 'payments.push',
    subject: `user-${index}`,
    tier: 'premium',
    payload: { index },
    ...more,
  });
}

export function requests(count: number): string {
  return Array.from({ length: count }, (_, index) => `${request(index)}\n`).join('');
}

export function lastLine({ stdout }: CliResult): unknown {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? 'null');
}

export const NOTHING = { ...emptyTally(), unfinished: 0 };
