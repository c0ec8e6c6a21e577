/**
 * The anchor of a store at the command line: what `run` keeps there, what `doctor` makes of it, and how `release` lets a
 * store go that is behind it.
 */

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { HANGS_AFTER_MS } from '../../../support/hangs.ts';
import { runCli, startCli } from '../../../support/process/runCli.ts';
import { startAnchorServer } from '../../../support/store/anchorServer.ts';
import { copied } from '../../../support/store/putBack.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';
import { lastLine, NOTHING, requests, stage } from '../run/runStage.ts';

const WAITS = { timeout: HANGS_AFTER_MS, interval: 50 };

/** A store whose anchor is kept, which has run ten lines since it was copied, and was put back. */
async function behindItsAnchor(anchor: readonly string[]) {
  const { args, file, store, storeArgs, upstream } = await stage();
  writeFileSync(file, requests(5));
  expect((await runCli([...args, ...anchor])).exitCode).toBe(0);
  const putBack = copied(store);
  writeFileSync(file, requests(15));
  expect((await runCli([...args, ...anchor])).exitCode).toBe(0);
  putBack();
  return { args, upstream, atStore: storeArgs };
}

async function anchorOf(args: readonly string[]) {
  const { exitCode, stdout } = await runCli(['doctor', ...args, '--json']);
  const { checks } = JSON.parse(stdout) as {
    checks: { name: string; status: string; detail: string }[];
  };
  return { exitCode, ...checks.find(({ name }) => name === 'anchor') };
}

test('SE-6 UX-1 run keeps the anchor, doctor tells that the folder was put back, release lets the store go', async () => {
  const anchor = ['--anchor', join(tempFolder(), 'payments.anchor')];
  const { args, atStore, upstream } = await behindItsAnchor(anchor);
  expect(await anchorOf(atStore)).toMatchObject({
    status: 'ok',
    detail: expect.stringContaining('--anchor'),
  });
  expect(await anchorOf([...atStore, ...anchor])).toMatchObject({
    ...{ exitCode: 1, status: 'fail' },
    detail: expect.stringContaining('HF_STORE_ROLLED_BACK'),
  });

  // A run finds it behind, and holds it: nothing is sent.
  const { requested } = upstream.ledger.summary();
  const held = await runCli([...args, ...anchor, '--deadline', '3s']);
  expect(held.stderr).toContain('HF_STORE_ROLLED_BACK');
  expect(upstream.ledger.summary().requested).toBe(requested);
  expect(await anchorOf([...atStore, ...anchor])).toMatchObject({ status: 'fail' });

  const released = await runCli(['release', ...atStore, ...anchor]);
  expect(released).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Released') });
  expect(await anchorOf([...atStore, ...anchor])).toMatchObject({ exitCode: 0, status: 'ok' });
  const again = await runCli([...args, ...anchor]);
  expect(again).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('HF_') });
  expect(lastLine(again)).toEqual({ ...NOTHING, accepted: 15, completed: 15 });
  expect(await anchorOf([...atStore, ...anchor])).toMatchObject({
    ...{ status: 'ok', detail: expect.stringContaining('the last commit') },
  });
});

test('SE-6 release lets a store go before a start has found it behind, and holds it no second time', async () => {
  const anchor = ['--anchor', join(tempFolder(), 'payments.anchor')];
  const { args, atStore } = await behindItsAnchor(anchor);
  // Without its anchor nothing says that it is to be held.
  expect((await runCli(['release', ...atStore])).stdout).toContain('not held');
  expect((await runCli(['release', ...atStore, ...anchor])).stdout).toContain('Released');
  const again = await runCli([...args, ...anchor]);
  expect(again).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('HF_') });
  expect((await runCli(['release', ...atStore, ...anchor])).stdout).toContain('not held');
});

test('SE-6 PS-5 one release lets a restored backup go that is behind its anchor', async () => {
  const { args, file, folder, storeArgs } = await stage();
  const anchor = ['--anchor', join(tempFolder(), 'payments.anchor')];
  writeFileSync(file, requests(5));
  expect((await runCli([...args, ...anchor])).exitCode).toBe(0);
  const [backup, restored] = [join(folder, 'backup'), join(folder, 'restored')];
  expect((await runCli(['backup', ...storeArgs, '--to', backup])).exitCode).toBe(0);
  writeFileSync(file, requests(15));
  expect((await runCli([...args, ...anchor])).exitCode).toBe(0);

  const inPlace = (all: readonly string[]) =>
    all.map((one) => (one === join(folder, 'store') ? restored : one));
  const atRestored = inPlace(storeArgs);
  expect((await runCli(['restore', ...atRestored, '--from', backup])).exitCode).toBe(0);
  expect((await runCli(['release', ...atRestored, ...anchor])).stdout).toContain('Released');
  const again = await runCli([...inPlace(args), ...anchor]);
  expect(again).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('HF_') });
});

test('SE-6 doctor says of a running process whether it keeps an anchor, as its health does', async () => {
  const { args, storeArgs } = await stage();
  const anchor = ['--anchor', join(tempFolder(), 'payments.anchor')];
  args[1] = '-';
  const running = startCli([...args, ...anchor], { input: requests(1), isInputLeftOpen: true });
  await vi.waitFor(async () => {
    expect(await anchorOf(storeArgs)).toMatchObject({
      ...{ status: 'ok', detail: expect.stringContaining('says: kept') },
    });
  }, WAITS);
  running.kill('SIGINT');
  await running.result;
  const without = startCli(args, { input: requests(1), isInputLeftOpen: true });
  await vi.waitFor(async () => {
    expect(await anchorOf([...storeArgs, ...anchor])).toMatchObject({
      ...{ status: 'warn', detail: expect.stringContaining('keeps none') },
    });
  }, WAITS);
  without.kill('SIGINT');
  await without.result;
});

test('SE-6 UX-2 a release whose anchor can not be read, or is of another store, does nothing and says why', async () => {
  const file = join(tempFolder(), 'payments.anchor');
  const anchor = ['--anchor', file];
  const { atStore } = await behindItsAnchor(anchor);
  const own = readFileSync(file);
  writeFileSync(file, own.toString().replace(/ (\d+) /, ' 9$1 '));
  const forged = await runCli(['release', ...atStore, ...anchor]);
  expect(forged).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('HF_ANCHOR_REFUSED'),
  });
  expect(await anchorOf([...atStore, ...anchor])).toMatchObject({ status: 'warn', exitCode: 0 });

  const nobody = ['--anchor', 'http://127.0.0.1:39/payments'];
  const unread = await runCli(['release', ...atStore, ...nobody]);
  expect(unread).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('HF_ANCHOR_UNREACHABLE'),
  });
  expect(await anchorOf([...atStore, ...nobody])).toMatchObject({ status: 'fail' });

  rmSync(file);
  expect(await runCli(['release', ...atStore, ...anchor])).toMatchObject({
    ...{ exitCode: 1, stderr: expect.stringContaining('HF_ANCHOR_MISSING') },
  });
  expect(await anchorOf([...atStore, ...anchor])).toMatchObject({
    ...{ status: 'warn', detail: expect.stringContaining('HF_ANCHOR_MISSING') },
  });
  writeFileSync(file, own);
  expect(await anchorOf([...atStore, ...anchor])).toMatchObject({ status: 'fail' });
});

test('SE-6 SE-5 an anchor at an address is asked with the token of a file, from the environment, too', async () => {
  const place = await startAnchorServer();
  const token = join(tempFolder(), 'token');
  writeFileSync(token, 'a-secret\n', { mode: 0o600 });
  const anchor = ['--anchor', place.url, '--anchor-token-file', token];
  const { args, file, storeArgs } = await stage();
  writeFileSync(file, requests(2));
  expect(await runCli([...args, ...anchor])).toMatchObject({ exitCode: 0 });
  expect(place.kept).toMatch(/^holdfast anchor 1 /);
  const env = { HOLDFAST_ANCHOR: place.url, HOLDFAST_ANCHOR_TOKEN_FILE: token };
  const { stdout } = await runCli(['doctor', ...storeArgs], { env });
  expect(stdout).toMatch(/ok\s+anchor\s+the store is not behind it/);
  expect(place.seen).toEqual(new Set(['GET Bearer a-secret', 'PUT Bearer a-secret']));
  expect(stdout).not.toContain('a-secret');
});

test('UX-2 SE-6 options of an anchor that can not be meant are refused, and nothing is made', async () => {
  const { args, file, store } = await stage();
  writeFileSync(file, requests(1));
  const open = join(tempFolder(), 'token');
  writeFileSync(open, 'a-secret', { mode: 0o644 });
  const refused = async (anchor: readonly string[], why: RegExp) => {
    const { exitCode, stderr } = await runCli([...args, ...anchor]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(why) });
    expect(stderr).not.toContain('a-secret');
  };
  await refused(['--anchor-token-file', open], /address of an anchor[^]*HF_OPTION_INVALID/);
  await refused(['--anchor', 'x', '--anchor-token-file', open], /address of an anchor/);
  await refused(['--anchor', join(store, 'anchor')], /must not lie in the store's folder/);
  await refused(['--anchor', 'http://anchors.example/a'], /--anchor begins with http:/);
  await refused(
    ['--anchor', 'https://anchors.example/a', '--anchor-token-file', open],
    /file of the anchor's token/,
  );
  expect(existsSync(store)).toBe(false);
});
