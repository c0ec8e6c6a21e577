/** A real process that is stopped while it waits, as on a machine that sleeps, beside one that computes for as long. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';

/** Longer than what a machine with too much to do may take for a turn of the loop. */
const STOPPED_MS = 7_000;

/** Says what it is told, and ends once the handler has returned. */
function begun(work: string): { readonly child: ChildProcess; readonly said: Promise<string> } {
  const index = new URL('../../dist/index.js', import.meta.url).href;
  const program = `
    import { createRuntime } from '${index}';
    const runtime = createRuntime({
      store: ':memory:',
      handlers: { 'a.b': { upstream: 'default', attemptTimeoutMs: 60_000, run: async () => { console.log('begun'); ${work}; return null; } } },
      onError: (error) => console.log(error.message),
    });
    runtime.subscribe('machine.slept', ({ forMs }) => console.log('slept ' + forMs));
    const { outcome } = await runtime.sync({ type: 'a.b', subject: 's', tier: 'basic' });
    await outcome;
    await new Promise((resolve) => setTimeout(resolve, 300));
    console.log(runtime.getHealthStatus().reasons.join());
    await runtime.close();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
  let text = '';
  child.stdout.on('data', (data: Buffer) => {
    text += data.toString();
    if (text.includes('begun')) child.emit('begun');
  });
  return { child, said: once(child, 'exit').then(() => text) };
}

test('HM-1 one that was stopped while it waited says so, and nothing of a blocked loop', async () => {
  const { child, said } = begun('await new Promise((resolve) => setTimeout(resolve, 1_000))');
  await once(child, 'begun');
  await sleep(300);
  child.kill('SIGSTOP');
  await sleep(STOPPED_MS);
  child.kill('SIGCONT');
  const text = await said;
  expect(Number(/slept (\d+)/.exec(text)?.[1])).toBeGreaterThan(STOPPED_MS - 2_000);
  expect(text).not.toMatch(/blocked/);
});

test('HM-1 CR-1 control: one that computed for as long was blocked', async () => {
  const text = await begun(`for (const from = Date.now(); Date.now() - from < ${STOPPED_MS}; );`)
    .said;
  expect(text).toMatch(/the event loop was blocked for \d+ ms/);
  expect(text).not.toMatch(/slept/);
});
