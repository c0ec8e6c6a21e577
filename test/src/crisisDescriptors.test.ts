/**
 * A process that has no descriptor left for a connection, as after a leak or under a rush of callers. With a real limit, in
 * a process of its own.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { builtProgram } from '../support/process/builtProgram.ts';
import { rawServer } from '../support/process/rawServer.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const PROGRAM = fileURLToPath(new URL('crisisDescriptorsProgram.mjs', import.meta.url));
const WITHIN = { timeout: 30_000, interval: 50 };

/** The process, with 1,024 descriptors; `said` is what it has printed, `seen` who was sent something since it had none. */
async function withoutDescriptors(...fetchOfTheApp: readonly string[]) {
  const said: string[] = [];
  const told = new Set<string>();
  const { url } = await rawServer((response, request) => {
    if (said.length > 0) told.add(request.url ?? '');
    // So that each request needs a connection.
    response.setHeader('connection', 'close');
    response.statusCode = request.url === '/crisis/lost' ? 503 : 200;
    response.end();
  });
  const parameters = [builtProgram(), tempFolder(), new URL(url).port, ...fetchOfTheApp];
  const child = spawn(
    'sh',
    ['-c', 'ulimit -n 1024 && exec "$@"', 'sh', process.execPath, PROGRAM, ...parameters],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  child.stdout.on('data', (chunk: Buffer) => said.push(...chunk.toString().trim().split('\n')));
  await vi.waitFor(() => {
    expect(said[0]).toBe('EMFILE');
  }, WITHIN);
  return { said, told };
}

describe.skipIf(process.platform === 'win32')('CR-2 CR-5 without a descriptor', () => {
  test('a crisis is delivered, and people are told of another', async () => {
    const { said, told } = await withoutDescriptors();
    await vi.waitFor(() => {
      expect({ said, told }).toEqual({
        said: ['EMFILE', 'completed'],
        told: new Set(['/crisis/alert', '/crisis/lost', '/pager']),
      });
    }, WITHIN);
  });

  test('control: by a fetch of the app it is not', async () => {
    const { told } = await withoutDescriptors('a fetch of its own');
    await vi.waitFor(() => {
      expect(told).toContain('/pager');
    }, WITHIN);
    // Later a descriptor may be given back.
    expect([...told][0]).toBe('/pager');
  });
});
