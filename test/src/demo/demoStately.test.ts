import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { StatelyServer } from '../../support/inspector/statelyServer.ts';
import { runCli } from '../../support/process/runCli.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

describe('holdfast demo --stately', () => {
  test('OB-2 shows the demo at a Stately inspector, through a kill', async () => {
    const server = await StatelyServer.start();
    // So many that the first process lives long enough to be found.
    const args = ['demo', '--operations', '900', '--kills', '1', '--json'];
    const { exitCode, stdout, stderr } = await runCli([...args, '--stately', server.url]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'PASS', kills: 1, lost: 0 });
    expect(stderr).toContain(`Shown in the Stately inspector at ${server.url}.`);
    const actors = server.told.filter(({ type }) => type === '@xstate.actor');
    const processes = new Set(actors.map(({ sessionId }) => String(sessionId).split(':')[0]));
    expect(processes.size).toBeGreaterThanOrEqual(2);
    expect(actors.map(({ name }) => name)).toContain('supervisor');
    expect(server.frames.join('\n')).toContain('attempt.failed');
    await expect.poll(() => server.sockets.length).toBe(0);
  });

  test('OB-2 UX-2 nobody listens there, or it is another machine: it says so, begins nothing and leaves nothing behind', async () => {
    const server = await StatelyServer.start();
    await server.close();
    const home = mkdtempSync(join(tempFolder(), 'tmp-'));
    for (const [url, exitCode, said] of [
      [server.url, 1, /No Stately inspector answers at 127\.0\.0\.1:\d+/],
      ['ws://192.0.2.1:8080', 2, /leads to another machine/],
    ] as const) {
      const refused = await runCli(['demo', '--stately', url], { env: { TMPDIR: home } });
      expect(refused).toMatchObject({ exitCode, stdout: '' });
      expect(refused.stderr).toMatch(said);
    }
    expect(readdirSync(home)).toEqual([]);
  });
});
