/**
 * What an app of the matrix goes through.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished } from 'vitest';
import { run } from '../support/package/installPackage.ts';
import type { OtherNode } from '../support/package/tools.ts';

/**
 * The app in the folder takes a request and is killed; started again it finds and completes it, and answers a
 * crisis. Its store is left.
 */
export async function killedAndFound(app: string, node: OtherNode, program: string): Promise<void> {
  const accepting = spawn(node.program, [program, 'accept'], {
    cwd: app,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    accepting.kill('SIGKILL');
  });
  const ended = once(accepting, 'exit');
  const [line] = (await Promise.race([
    once(createInterface({ input: accepting.stdout }), 'line'),
    ended,
  ])) as [unknown];
  const { accepted } = JSON.parse(String(line)) as { readonly accepted: string };
  accepting.kill('SIGKILL');
  await ended;
  const { stdout, stderr } = await run(node.program, [program, 'complete'], { cwd: app, node });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({
    version: `v${node.version}`,
    id: accepted,
    status: 'completed',
    response: { paid: 1250 },
    source: 'local',
    delivered: 1,
    // OP-7: the handler ran in the context of no request, though one may have been the first to load the package.
    context: 'none',
    // CR-2: the HTTP client within this Node.js takes the look-ups of holdfast.
    lookUps: 1,
  });
}

/** Removes what {@link killedAndFound} left. */
export function removeStore(app: string): void {
  for (const left of ['store', 'copy', 'holdfast.key'])
    rmSync(join(app, left), { recursive: true });
}
