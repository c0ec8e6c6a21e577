/**
 * The anchor of a real store, kept in a file or at an address: what a start makes of a folder that is put back as a whole,
 * and of each thing that may lie in the place of the anchor.
 */

import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { transientFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { anchorFile, anchorUrl, createRuntime } from '../../src/index.ts';
import { TEST_KEY } from '../persistence/contract/storeUnderTest.ts';
import { HANGS_AFTER_MS } from '../support/hangs.ts';
import { runCli } from '../support/process/runCli.ts';
import { startAnchorServer } from '../support/store/anchorServer.ts';
import { copied, places } from '../support/store/putBack.ts';

const WAITS = { timeout: HANGS_AFTER_MS, interval: 20 };

/** Starts a runtime over this folder; its upstreams take nothing until `isUp`. */
function start(folder: string, anchor: ReturnType<typeof anchorFile>, isUp = true) {
  const ran: string[] = [];
  const errors: string[] = [];
  const run = ({ payload }: { readonly payload: unknown }) => {
    if (!isUp) throw transientFailure('The upstream is down.');
    ran.push(payload as string);
    return Promise.resolve(null);
  };
  const runtime = createRuntime({
    ...{ store: folder, key: TEST_KEY, anchor },
    upstreams: { bank: {}, desk: {} },
    handlers: {
      'payments.push': { upstream: 'bank', run },
      'crisis.alert': { upstream: 'desk', run },
    },
    onError: (error) => {
      errors.push((error as { readonly code: string }).code);
    },
  });
  onTestFinished(async () => {
    await runtime.close();
  });
  return { runtime, ran, errors };
}

type Started = ReturnType<typeof start>;

async function accepts({ runtime }: Started, payload: string): Promise<void> {
  await runtime.ready;
  await runtime.sync({ type: 'payments.push', subject: 'user-1', payload });
}

async function keeps({ runtime }: Started): Promise<void> {
  await runtime.ready;
  await vi.waitFor(() => {
    expect(runtime.getHealthStatus().anchor).toMatchObject({
      ...{ state: 'kept', keptAtMs: expect.any(Number) },
    });
  }, WAITS);
}

test('SE-6 CR-4 a folder that is put back as a whole is held: its crises run, and the rest when it is released', async () => {
  const { folder, file } = places();
  const first = start(folder, anchorFile(file), false);
  await accepts(first, 'payment');
  const asked = await first.runtime.crisis({
    type: 'crisis.alert',
    subject: 'user-2',
    payload: 'crisis',
  });
  await asked.durable;
  await keeps(first);
  await first.runtime.close();
  const putBack = copied(folder);

  const second = start(folder, anchorFile(file));
  await vi.waitFor(() => {
    expect(second.ran.toSorted()).toEqual(['crisis', 'payment']);
  }, WAITS);
  await keeps(second);
  await second.runtime.close();
  expect(second.errors).toEqual([]);

  putBack();
  const third = start(folder, anchorFile(file));
  await third.runtime.ready;
  await vi.waitFor(() => {
    expect(third.ran).toEqual(['crisis']);
    expect(third.runtime.getHealthStatus().hold?.reason).toBe('rolledBack');
  }, WAITS);
  const { overall, anchor, findings } = third.runtime.getHealthStatus();
  expect({ overall, anchor: anchor?.state }).toEqual({ overall: 'degraded', anchor: 'behind' });
  expect(findings.find(({ id }) => id === 'hold')?.params).toEqual({ reason: 'rolledBack' });
  expect(third.errors.toSorted()).toEqual(['HF_STORE_HELD', 'HF_STORE_ROLLED_BACK']);
  const status = await runCli(['status', '--store', folder]);
  expect(status.stdout).toContain('held (rolledBack)');
  // What is new waits with it.
  await accepts(third, 'new');
  expect(third.ran).toEqual(['crisis']);
  await third.runtime.close();

  // The hold is kept.
  const fourth = start(folder, anchorFile(file));
  await fourth.runtime.ready;
  expect(fourth.runtime.getHealthStatus().hold?.reason).toBe('rolledBack');
  expect(await fourth.runtime.release()).toBe(true);
  await vi.waitFor(() => {
    expect(fourth.ran.toSorted()).toEqual(['new', 'payment']);
  }, WAITS);
  await keeps(fourth);
  await fourth.runtime.close();

  const fifth = start(folder, anchorFile(file));
  await keeps(fifth);
  expect(fifth.runtime.getHealthStatus().hold).toBeNull();
  expect(fifth.errors).toEqual([]);
});

test('SE-6 a store that its anchor agrees with, or that is ahead of it, starts without a word', async () => {
  const { folder, file } = places();
  const first = start(folder, anchorFile(file));
  await accepts(first, 'one');
  await keeps(first);
  await first.runtime.close();
  const [atClose, { mode }] = [readFileSync(file), statSync(file)];
  expect(mode & 0o777).toBe(0o600);

  const second = start(folder, anchorFile(file));
  await accepts(second, 'two');
  await keeps(second);
  await second.runtime.close();
  expect(readFileSync(file).equals(atClose)).toBe(false);

  // As after a kill, when the anchor had not followed.
  writeFileSync(file, atClose);
  const third = start(folder, anchorFile(file));
  await accepts(third, 'three');
  await keeps(third);
  const { hold, findings } = third.runtime.getHealthStatus();
  expect(hold).toBeNull();
  // On a slow machine the event loop may be late.
  expect(findings.filter(({ component }) => component === 'storage')).toEqual([]);
  expect([...first.errors, ...second.errors, ...third.errors]).toEqual([]);
});

test('SE-6 an anchor that is gone is told of, everything runs, and a new one is kept', async () => {
  const { folder, file } = places();
  const first = start(folder, anchorFile(file), false);
  await accepts(first, 'payment');
  await keeps(first);
  await first.runtime.close();
  rmSync(file);

  const second = start(folder, anchorFile(file));
  await keeps(second);
  await vi.waitFor(() => {
    expect(second.ran).toEqual(['payment']);
  }, WAITS);
  expect(second.errors).toEqual(['HF_ANCHOR_MISSING']);
  const { findings } = second.runtime.getHealthStatus();
  expect(findings.find(({ id }) => id === 'anchor')?.params).toEqual({
    ...{ state: 'kept', code: 'HF_ANCHOR_MISSING' },
  });
  await second.runtime.close();
  const third = start(folder, anchorFile(file));
  await keeps(third);
  expect(third.errors).toEqual([]);
});

test('SE-6 an anchor is missed that was kept by a program which ended while it was first written', async () => {
  const { folder } = places();
  let kept: string | null = null;
  const anchor = {
    read: () => Promise.resolve(kept),
    write: async (record: string) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      kept = record;
    },
  };
  const short = start(folder, anchor);
  await short.runtime.ready;
  const payment = { type: 'payments.push', subject: 'user-1', payload: 'payment' } as const;
  // It runs once the store was compared.
  await (await short.runtime.sync(payment)).outcome;
  await short.runtime.close();
  expect({ isKept: kept !== null, errors: short.errors }).toEqual({ isKept: true, errors: [] });
  kept = null;
  const next = start(folder, anchor);
  await keeps(next);
  expect(next.errors).toEqual(['HF_ANCHOR_MISSING']);
});

test('SE-6 an anchor that is forged, or of another store, is told of and left there, and everything runs', async () => {
  const { folder, file } = places();
  const another = places();
  for (const each of [{ folder, file }, another]) {
    const made = start(each.folder, anchorFile(each.file));
    await keeps(made);
    await made.runtime.close();
  }
  const forged = readFileSync(file, 'utf8').replace(/ (\d+) /, ' 9$1 ');
  for (const text of [forged, readFileSync(another.file, 'utf8')]) {
    writeFileSync(file, text);
    const started = start(folder, anchorFile(file));
    await accepts(started, 'payment');
    await vi.waitFor(() => {
      expect(started.ran).toEqual(['payment']);
    }, WAITS);
    expect(started.errors).toEqual(['HF_ANCHOR_REFUSED']);
    expect(started.runtime.getHealthStatus()).toMatchObject({
      anchor: { state: 'refused' },
      findings: expect.arrayContaining([expect.objectContaining({ id: 'anchor' })]),
    });
    await started.runtime.close();
    expect(readFileSync(file, 'utf8')).toBe(text);
  }
});

test('SE-6 a store that was deleted, and made anew, does not take the anchor of the one before', async () => {
  const { folder, file } = places();
  const first = start(folder, anchorFile(file));
  await keeps(first);
  await first.runtime.close();
  rmSync(folder, { recursive: true });
  const second = start(folder, anchorFile(file));
  await accepts(second, 'payment');
  await vi.waitFor(() => {
    expect(second.errors).toEqual(['HF_ANCHOR_REFUSED']);
  }, WAITS);
});

test('SE-6 an anchor is refused that lies in the folder of the store, or in memory', () => {
  const { folder, file } = places();
  const refused = (path: string, store = folder) =>
    expect(() => createRuntime({ store, key: TEST_KEY, anchor: anchorFile(path) })).toThrowError(
      expect.objectContaining({ code: 'HF_OPTION_INVALID', field: 'anchor' }),
    );
  mkdirSync(join(folder, 'below'), { recursive: true });
  symlinkSync(folder, `${folder}-link`);
  refused(join(folder, 'anchor'));
  refused(join(folder, 'below', 'anchor'));
  refused(join(`${folder}-link`, 'anchor'));
  refused(file, ':memory:');
  for (const token of ['a\nb', '', 'ü', 'a b']) {
    expect(() => anchorUrl('https://anchors.example/', { token })).toThrowError(
      expect.objectContaining({ code: 'HF_OPTION_INVALID', field: 'token' }),
    );
  }
  expect(() => anchorFile('')).toThrowError(expect.objectContaining({ field: 'path' }));
  expect(() => anchorUrl('http://anchors.example/')).toThrowError(
    expect.objectContaining({ code: 'HF_OPTION_INVALID' }),
  );
});

test('SE-6 an anchor is kept at an address, with its token, and by no redirect', async () => {
  const place = await startAnchorServer();
  const anchor = anchorUrl(place.url, { token: 'a-secret' });
  expect(JSON.stringify(anchor)).not.toContain('secret');
  const { folder } = places();
  const first = start(folder, anchor);
  await accepts(first, 'one');
  await keeps(first);
  await first.runtime.close();
  expect(place.kept).toMatch(/^holdfast anchor 1 [0-9a-f]{32} \d+ \S+ \S+\n$/);
  expect(place.seen).toEqual(new Set(['GET Bearer a-secret', 'PUT Bearer a-secret']));
  const putBack = copied(folder);

  const second = start(folder, anchor);
  await accepts(second, 'two');
  await keeps(second);
  await second.runtime.close();
  putBack();
  const third = start(folder, anchor);
  await third.runtime.ready;
  await vi.waitFor(() => {
    expect(third.runtime.getHealthStatus().hold?.reason).toBe('rolledBack');
  }, WAITS);
  await third.runtime.close();

  place.redirects = true;
  const signal = new AbortController().signal;
  await expect(anchor.read(signal)).rejects.toThrow('307');
  await expect(anchor.write('text', signal)).rejects.toThrow('307');
});
