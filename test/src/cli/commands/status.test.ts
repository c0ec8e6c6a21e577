import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createKeyFile } from '../../../../persistence/sealing/keyFile.ts';
import { restingText, runningLine, runningText } from '../../../../src/cli/commands/status.ts';
import { cut, frames, spanOf, table, terminalWidth } from '../../../../src/cli/kit/table.ts';
import {
  conflictFailure,
  createRuntime,
  keyFile,
  transientFailure,
} from '../../../../src/index.ts';
import type { RestingStore } from '../../../../src/management/atRest.ts';
import { createWorld } from '../../../support/harness/engineHarness.ts';
import { runCli, startCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

describe('how it is doing, as text', () => {
  test('HM-1 UX-1 names phase, level, breakers with their next try, the queue, and what waits for a person', async () => {
    const world = createWorld();
    const { runtime } = world.boot({
      upstreams: { payments: {}, mail: {} },
      handlers: {
        [REQUEST.type]: {
          upstream: 'payments',
          run: () => {
            throw conflictFailure('Another version.');
          },
        },
      },
    });
    await world.clock.run(runtime.ready);
    await world.clock.run(runtime.sync(REQUEST));
    await world.clock.advance(1_000);
    runtime.upstream('mail').forceOpen('maintenance', 'ana');
    await world.clock.advance(30_000);
    const nowMs = world.clock.now();
    const text = runningText(runtime.getHealthStatus(), nowMs);
    expect(text).toMatch(
      /^running, degraded \(score \d+\), service level normal\n! 1 operation waits/,
    );
    expect(text).toMatch(/\nmail +forcedOpen by ana for 30s +/);
    expect(text).toMatch(/\npayments +closed +normal +0 of \d+ slots\n/);
    expect(text).toMatch(/waiting for: nothing/);
    expect(text).toMatch(/ 1 {2}conflicted +holdfast operations --state conflicted$/);
    expect(text).not.toMatch(/user-42/);
    const health = runtime.getHealthStatus();
    const { payments } = health.upstreams;
    expect(payments).toBeDefined();
    if (payments === undefined) return;
    const open = { ...payments, breaker: 'open', nextTryAtMs: nowMs + 12_000 } as const;
    const shut = { ...health, upstreams: { payments: open } };
    expect(runningText(shut, nowMs)).toMatch(/payments +open, next try in 12s/);
    for (const [leftMs, said] of [
      [400, 'in 1s'],
      [0, 'now'],
    ] as const) {
      const soon = { ...open, nextTryAtMs: nowMs + leftMs };
      const waits = { reason: 'breaker', untilAtMs: nowMs + leftMs } as const;
      expect(
        runningText({ ...health, upstreams: { payments: { ...soon, waits } } }, nowMs),
      ).toMatch(new RegExp(`payments +open, next try ${said} .* breaker, over ${said}\n`));
    }
    expect(runningLine(shut, nowMs)).toMatch(
      /Z running, degraded .* · payments open, next try in 12s · in flight 0 · waiting 0 · for a person 1$/,
    );
  });

  test('HM-1 CR-4 in flight are the calls that hold a slot, and crises beside them, which hold none', async () => {
    const world = createWorld();
    const hangs = () => new Promise<null>(() => undefined);
    const handler = { upstream: 'payments', run: hangs };
    const { runtime, kill } = world.boot({
      upstreams: { payments: {} },
      handlers: { [REQUEST.type]: handler, 'crisis.alert': handler },
    });
    await world.clock.run(runtime.ready);
    const inFlight = (): string | undefined => {
      const text = runningText(runtime.getHealthStatus(), world.clock.now());
      return /^payments .*normal +(\S+ of \d+ slots(?:, \d+ \w+)?) *$/m.exec(text)?.[1];
    };
    expect(inFlight()).toMatch(/^0 of \d+ slots$/);
    await world.clock.run(runtime.crisis({ subject: 'user-42' }));
    await world.clock.advance(10);
    expect(inFlight()).toMatch(/^0 of \d+ slots, 1 crisis$/);
    void runtime.call('payments', hangs).catch(() => undefined);
    await world.clock.run(runtime.sync(REQUEST));
    await world.clock.run(runtime.crisis({ subject: 'user-43' }));
    await world.clock.advance(10);
    expect(inFlight()).toMatch(/^2 of \d+ slots, 2 crises$/);
    expect(runtime.getHealthStatus().upstreams['payments']).toMatchObject({
      inFlight: 2,
      crisesInFlight: 2,
    });
    kill();
  });

  test('UX-1 at rest it is what the file counts', () => {
    const resting: RestingStore = {
      hold: { reason: 'restored', sinceAtMs: 0 },
      counts: { inHand: 1, due: 2, held: 0, settled: 40, deadLettered: 3, quarantined: 0 },
      conflicts: { count: 0, oldestAtMs: null },
      waiting: { conflict: 0, review: 5, handler: 0 },
      crises: { count: 0, unreadable: 0, sinceAtMs: null },
    };
    const text = restingText(resting, 7_200_000);
    expect(text).toMatch(/^at rest: nothing runs[^\n]*\n! held \(restored\)/);
    expect(text).toMatch(/ 1 {2}in flight when it was left\n +2 {2}due[^\n]*\n +40 {2}ended\n/);
    expect(text).toMatch(/ 5 {2}in review[^]* 3 {2}dead letters +holdfast dead-letters list$/);
    const one = { ...resting, counts: { ...resting.counts, deadLettered: 1 } };
    expect(restingText(one, 7_200_000)).toMatch(/ 1 {2}dead letter +holdfast dead-letters list$/);
    const asked = { ...resting, conflicts: { count: 2, oldestAtMs: 0 } };
    expect(restingText(asked, 7_200_000)).toMatch(
      / 2 {2}conflicts, the first for 2h +holdfast conflicts list$/,
    );
    const crises = { count: 7, unreadable: 6, sinceAtMs: 3_600_000 };
    expect(restingText({ ...resting, crises }, 7_200_000)).toContain(
      "\n! crises that are not over: 7, the oldest for 60m; 6 can't be read (holdfast crises list)\n",
    );
  });

  test('CR-4 UX-1 of crises that are not delivered it says since when, at which upstream, and why', async () => {
    const world = createWorld();
    const run = () => {
      throw transientFailure('Down.');
    };
    const { runtime } = world.boot({
      upstreams: { careTeam: {} },
      handlers: { 'crisis.alert': { upstream: 'careTeam', run } },
    });
    await world.clock.run(runtime.ready);
    await runtime.crisis({ subject: 'user-42' });
    await world.clock.advance(31 * 60_000);
    const nowMs = world.clock.now();
    const health = runtime.getHealthStatus();
    const text = runningText(health, nowMs);
    expect(text).toMatch(
      /\n! careTeam takes no crisis since [^ ]*Z: 0 of \d+ attempts, HF_ATTEMPT_FAILED; 1 crisis waits\n/,
    );
    expect(text).toMatch(/\ncareTeam +closed +none taken for 31m, 0 of \d+ +normal/);
    expect(text).not.toContain('user-42');
    expect(runningLine(health, nowMs)).toContain(' · crises not delivered 1');
  });

  test('HM-1 CF-6 conflicts that wait for a person are a line of their own, and edits at work ask nobody', async () => {
    const world = createWorld();
    const { runtime } = world.boot();
    await world.clock.run(runtime.ready);
    const health = runtime.getHealthStatus();
    const nowMs = world.clock.now();
    const oldestAtMs = nowMs - 3 * 3_600_000;
    const asked = {
      ...health,
      waiting: { ...health.waiting, conflicted: 5 },
      conflicts: {
        count: 3,
        held: 2,
        refused: 0,
        atWork: 2,
        untold: 0,
        oldestAtMs,
        upstreams: {},
        outdated: [],
      },
    };
    const text = runningText(asked, nowMs);
    // One of them is for a person, and the command lists all five.
    expect(text).toMatch(
      /for a person[^]* 5 {2}conflicted +holdfast operations --state conflicted\n/,
    );
    expect(text).toMatch(/ 3 {2}conflicts, the first for 3h +holdfast conflicts list$/);
    expect(runningLine(asked, nowMs)).toMatch(/ · for a person 4 · 3 conflicts, the first for 3h$/);
    const atWork = { ...asked, waiting: { ...health.waiting, conflicted: 4 } };
    expect(runningText(atWork, nowMs)).toMatch(
      /waiting for *\n +4 {2}their conflict +holdfast operations --state conflicted\n/,
    );
    expect(runningLine(atWork, nowMs)).toMatch(/ · for a person 3 · /);
  });
});

describe('at a terminal', () => {
  test('UX-1 a table is cut to its width, and elsewhere it is whole', () => {
    const rows = [['first', 'x'.repeat(30)]];
    expect(table(['name', 'failure'], rows, 20)).toBe(`name   failure\nfirst  ${'x'.repeat(12)}…`);
    expect(table(['name', 'failure'], rows, Number.POSITIVE_INFINITY)).toContain('x'.repeat(30));
    expect(cut('äöü😀x', 4)).toBe('äöü…');
    expect(terminalWidth({ isTTY: false, columns: 20 })).toBe(Number.POSITIVE_INFINITY);
    expect([0, 119_000, 120_000, 7_200_000, 172_800_000].map(spanOf)).toEqual([
      '0s',
      '119s',
      '2m',
      '2h',
      '2d',
    ]);
  });

  test('UX-1 what is watched is drawn in place, no wider and no higher than the terminal', () => {
    let written = '';
    const write = (text: string | Uint8Array): boolean => {
      written += String(text);
      return true;
    };
    const draw = frames({ write, isTTY: true, columns: 5, rows: 3 });
    draw('123456\nb\nc');
    expect(written).toBe('\r\u001b[J1234…\nb\n');
    written = '';
    draw('\u001b[2Jx');
    expect(written).toBe('\u001b[2A\r\u001b[J\\u{1…\n');
  });
});

test('SV-5 UX-1 asks the running process, watches it, and reads a store at rest', async () => {
  const parent = tempFolder();
  const key = join(parent, 'key');
  await createKeyFile(key);
  const store = join(parent, 'store');
  const boot = () =>
    createRuntime({
      store,
      key: keyFile(key),
      handlers: { [REQUEST.type]: { upstream: 'default', run: () => null } },
    });
  const runtime = boot();
  await runtime.ready;
  await (await runtime.sync(REQUEST)).outcome;
  await (await runtime.crisis({ subject: 'user-42' })).durable;
  // Who may open the socket needs no key.
  const inUse = await runCli(['status', '--store', store, '--json']);
  expect(inUse).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(inUse.stdout)).toMatchObject({
    isRunning: true,
    health: { phase: 'running', operations: { completed: 1 } },
  });
  const watching = startCli(['status', '--store', store, '--watch', '0.25']);
  await expect
    .poll(() => watching.printed(), { timeout: 20_000 })
    .toMatch(/ running, [^]*\n.* running, /);
  await runtime.close();
  await expect.poll(() => watching.printed()).toMatch(/at rest/);
  watching.kill('SIGINT');
  expect(await watching.result).toMatchObject({ exitCode: 130, signal: null });

  const atRest = await runCli(['status', '--store', store, '--key-file', key, '--json']);
  expect(JSON.parse(atRest.stdout)).toMatchObject({
    isRunning: false,
    hold: null,
    counts: { settled: 1, due: 0 },
    crises: { count: 1, unreadable: 0, sinceAtMs: expect.any(Number) },
  });
  const none = await runCli(['status', '--store', join(parent, 'none')]);
  expect(none).toMatchObject({ exitCode: 5 });
  expect((await runCli(['status', '--store', store, '--watch', '0.1'])).exitCode).toBe(2);
});
