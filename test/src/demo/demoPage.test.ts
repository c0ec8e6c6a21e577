import { mkdtempSync, readdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { enterPage } from '../../support/inspector/pageByHand.ts';
import { runCli, startCli } from '../../support/process/runCli.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const LINK = /^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/m;

describe('holdfast demo --inspect', () => {
  test('OB-1 begins when a page has come, tells it what happens through a kill, and the verdict', async () => {
    // So many that the first process lives long enough to be found.
    const args = ['demo', '--inspect', '--operations', '900', '--kills', '1', '--json'];
    const running = startCli(args);
    const link = await vi.waitFor(
      () => {
        const [found] = LINK.exec(running.said()) ?? [];
        if (found === undefined) throw new Error(running.said());
        return found;
      },
      { timeout: HANGS_AFTER_MS },
    );
    await vi.waitFor(() => expect(running.said()).toContain('begins once the page is there'), {
      timeout: HANGS_AFTER_MS,
    });
    expect(running.said()).not.toContain('900 operations');
    const page = await enterPage(link);
    await page.hears((told) => told.filter(({ kind }) => kind === 'hello').length >= 2);
    const { exitCode, stdout } = await running.result;
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'PASS', kills: 1, lost: 0 });
    const notes = page.messages.flatMap((said) => (said.kind === 'notes' ? said.notes : []));
    expect(notes.map(({ serial }) => serial)).toEqual(notes.map((_, at) => at + 1));
    const texts = notes.map(({ text }) => text).join('\n');
    expect(texts).toContain('The upstream disappears');
    expect(texts).toContain('Killed the runtime with SIGKILL');
    expect(notes.at(-1)).toMatchObject({
      tone: 'good',
      text: expect.stringMatching(/^PASS {2}900 operations/),
    });
  });

  test('UX-2 a port that is taken: it says so, begins nothing and leaves nothing behind', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      taken.close();
    });
    const port = String((taken.address() as AddressInfo).port);
    const home = mkdtempSync(join(tempFolder(), 'tmp-'));
    const refused = await runCli(['demo', '--port', port], { env: { TMPDIR: home } });
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toMatch(/port \d+ of 127\.0\.0\.1 is taken/);
    expect(readdirSync(home)).toEqual([]);
  });

  test('UX-2 Ctrl-C before anybody came ends it', async () => {
    const home = mkdtempSync(join(tempFolder(), 'tmp-'));
    const running = startCli(['demo', '--inspect'], { env: { TMPDIR: home } });
    await vi.waitFor(() => expect(running.said()).toMatch(LINK), { timeout: HANGS_AFTER_MS });
    running.kill('SIGINT');
    const { exitCode, stdout } = await running.result;
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
    expect(readdirSync(home)).toEqual([]);
  });
});
