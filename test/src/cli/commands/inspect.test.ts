import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { HANGS_AFTER_MS } from '../../../support/hangs.ts';
import { enterPage as page } from '../../../support/inspector/pageByHand.ts';
import { ConnectedScene } from '../../../support/process/connectedProcess.ts';
import { type RunningCli, runCli, startCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

const LINK = /^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/m;

async function linkOf(running: RunningCli): Promise<string> {
  return await vi.waitFor(
    () => {
      const [link] = LINK.exec(running.printed()) ?? [];
      if (link === undefined) throw new Error(`no link: ${running.printed()} ${running.said()}`);
      return link;
    },
    { timeout: HANGS_AFTER_MS },
  );
}

/** A store that is there, on which nobody runs. */
async function restingStore() {
  const scene = await ConnectedScene.open();
  scene.start();
  const owner = await scene.owner();
  owner.order({ order: 'close' });
  await owner.ended();
  return scene;
}

describe('holdfast inspect', () => {
  test('OB-1 serves the page over owners that come and go, and ends at Ctrl-C', async () => {
    const scene = await restingStore();
    const running = startCli(['inspect', '--store', scene.store]);
    const looked = await page(await linkOf(running));
    await vi.waitFor(
      () => expect(running.said()).toContain('No process runs on this store now'),
      HANGS_AFTER_MS,
    );
    expect(looked.canOperate).toBe(false);
    await looked.hears((told) => told.some(({ kind }) => kind === 'away'));
    scene.start();
    await looked.hears((told) => told.some(({ kind }) => kind === 'overview'));
    expect(await looked.call('operation.list', { limit: 5 })).toMatchObject({ ok: true });
    expect(await looked.call('breaker.forceOpen', { upstream: 'ledger' })).toMatchObject({
      ok: false,
    });
    await (await scene.owner()).kill();
    await looked.hears((told) => told.at(-1)?.kind === 'away');
    scene.start();
    await looked.hears((told) => told.filter(({ kind }) => kind === 'hello').length === 2);
    expect(running.said()).toMatch(/holdfast: watching process \d+/);
    running.kill('SIGINT');
    const { exitCode, signal, stdout } = await running.result;
    expect({ exitCode, signal }).toEqual({ exitCode: 130, signal: null });
    expect(stdout.trim()).toMatch(LINK);
  });

  test('OB-1 a link with a place opens there, out of an address too; a place that is none is refused', async () => {
    const scene = await restingStore();
    const at = 'http://127.0.0.1:7080/#/dead-letters?type=payments';
    const running = startCli(['inspect', '--store', scene.store, '--at', at, '--json']);
    const { link } = await vi.waitFor(
      () => JSON.parse(running.printed()) as { readonly link: string },
      { timeout: HANGS_AFTER_MS },
    );
    const told = new URLSearchParams(new URL(link).hash.slice(1));
    expect(told.get('at')).toBe('/dead-letters?type=payments');
    expect(told.get('token')).toMatch(/^[\w-]{43}$/);
    running.kill('SIGINT');
    await running.result;
    const wrong = await runCli(['inspect', '--store', scene.store, '--at', '/letters']);
    expect(wrong.exitCode).not.toBe(0);
    expect(wrong.stderr).toMatch(/--at.*begins with one of .*\/dead-letters/s);
  });

  test('OB-1 AC-2 takes orders where it was started for that', async () => {
    const scene = await ConnectedScene.open();
    scene.start();
    await scene.owner();
    const running = startCli(['inspect', '--store', scene.store, '--operate', '--json']);
    const printed = await vi.waitFor(
      () => JSON.parse(running.printed()) as { readonly link: string; readonly operate: boolean },
      { timeout: HANGS_AFTER_MS },
    );
    expect(printed).toMatchObject({ operate: true, store: scene.store });
    const looked = await page(printed.link);
    expect(looked.canOperate).toBe(true);
    const order = { upstream: 'ledger', by: 'test', reason: 'a test' };
    const answer = await looked.call('breaker.forceOpen', order);
    expect(answer).toMatchObject({ ok: true });
    running.kill('SIGTERM');
    expect((await running.result).exitCode).toBe(130);
  });

  test('UX-2 no store, a port that is taken, and one that is none', async () => {
    const missing = await runCli(['inspect', '--store', join(tempFolder(), 'nowhere')]);
    expect(missing).toMatchObject({ exitCode: 5, stdout: '' });
    expect(missing.stderr).toContain('There is no store in');
    const scene = await restingStore();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      taken.close();
    });
    const port = String((taken.address() as AddressInfo).port);
    const refused = await runCli(['inspect', '--store', scene.store, '--port', port]);
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toMatch(/port \d+ of 127\.0\.0\.1 is taken/);
    const none = await runCli(['inspect', '--store', scene.store, '--port', '70000']);
    expect(none.exitCode).toBe(2);
  });
});

describe('holdfast inspect --open', () => {
  /** What stands in for the program that opens files. */
  const opener = (script: string) => {
    const folder = tempFolder();
    const seen = join(folder, 'seen');
    mkdirSync(join(folder, 'bin'));
    const program = join(folder, 'bin', 'xdg-open');
    writeFileSync(program, `#!/bin/sh\nSEEN=${seen}\n${script}\n`, { mode: 0o755 });
    const path = `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`;
    return { seen, env: { PATH: path, DISPLAY: ':0', WAYLAND_DISPLAY: '' } };
  };

  test('SE-5 OB-1 hands a file to the browser that only this user can read, and no token', async () => {
    const scene = await restingStore();
    const { seen, env } = opener('cp "$1" $SEEN.html; echo "$@" > $SEEN.new; mv $SEEN.new $SEEN');
    const running = startCli(['inspect', '--store', scene.store, '--open'], { env });
    const printed = await linkOf(running);
    await vi.waitFor(() => expect(existsSync(seen)).toBe(true), { timeout: HANGS_AFTER_MS });
    const [file = ''] = readFileSync(seen, 'utf8').split('\n');
    expect(file).not.toContain('token');
    expect(statSync(file).mode & 0o077).toBe(0);
    const text = readFileSync(`${seen}.html`, 'utf8');
    const [, link = ''] = /href="([^"]+)"/.exec(text) ?? [];
    expect(link).toMatch(LINK);
    // Each lets one page in: the one that is printed is still good.
    expect(link).not.toBe(printed);
    await page(link);
    await page(printed);
    running.kill('SIGINT');
    await running.result;
    expect(existsSync(file)).toBe(false);
    expect(running.said()).not.toContain('No browser');
  });

  test.each([1, 2])(
    'UX-2 SE-5 Ctrl-C while the browser is still being opened (%i times): it ends at once, and leaves no file',
    async (times) => {
      const scene = await restingStore();
      const { seen, env } = opener('echo "$1" > $SEEN.new; mv $SEEN.new $SEEN; exec sleep 5');
      const running = startCli(['inspect', '--store', scene.store, '--open'], { env });
      await vi.waitFor(() => expect(existsSync(seen)).toBe(true), { timeout: HANGS_AFTER_MS });
      const since = performance.now();
      for (let time = 0; time < times; time += 1) running.kill('SIGINT');
      // A second signal may meet a process that has stopped listening: a shell says 130 of that too.
      expect((await running.result).exitCode ?? 130).toBe(130);
      // The program is given 3 s to hand over to a browser, when nobody is in a hurry.
      expect(performance.now() - since).toBeLessThan(2_000);
      const [file = ''] = readFileSync(seen, 'utf8').split('\n');
      expect(existsSync(dirname(file))).toBe(false);
    },
    100_000,
  );

  test.each([
    ['no screen', 'exit 0', { DISPLAY: '' }, /there is no screen here/],
    ['a program that fails', 'exit 4', {}, /xdg-open ended with 4/],
    ['no such program', '', { PATH: '/nowhere' }, /xdg-open is not there/],
  ])(
    'UX-2 %s: it says so, and serves the page',
    async (_, script, more, says) => {
      const scene = await restingStore();
      const { env } = opener(script);
      const running = startCli(['inspect', '--store', scene.store, '--open'], {
        env: { ...env, ...more },
      });
      await vi.waitFor(() => expect(running.said()).toMatch(says), { timeout: HANGS_AFTER_MS });
      expect(running.said()).toContain('Open the link by hand');
      await page(await linkOf(running));
      running.kill('SIGINT');
      expect((await running.result).exitCode).toBe(130);
    },
    100_000,
  );
});
