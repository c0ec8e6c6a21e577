/**
 * `holdfast run` that is stopped, killed or kept waiting: real processes, some of which wait for seconds.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli, startCli } from '../../../support/process/runCli.ts';
import { lastLine, NOTHING, request, requests, stage } from './runStage.ts';

describe('holdfast run, stopped', () => {
  test('SV-5 a second process on the store exits with 5 while the first goes on', async () => {
    const { file, args, upstream } = await stage({ latencyMs: 6_000 });
    writeFileSync(file, requests(1));
    const first = startCli(args);
    await expect.poll(() => upstream.ledger.summary().requested).toBe(1);
    const second = await runCli(args);
    expect(second.exitCode).toBe(5);
    // Once for people, with the name of the program that has it, and once for --json.
    expect(second.stderr).toMatch(
      /^holdfast: [^\n]* \(cli\.js on [^\n]*\n {2}HF_STORE_OWNED\n\{"error":[^\n]*\}\n$/,
    );
    expect(await first.result).toMatchObject({ exitCode: 0 });
  });

  test('UX-1 --deadline stops with 4 while the upstream is away, and a later run goes on', async () => {
    const { file, args, upstream } = await stage();
    writeFileSync(file, requests(5));
    const port = args.indexOf('--upstream') + 1;
    const away = [...args, '--deadline', '4s'];
    away[port] = 'http://127.0.0.1:10';
    const stopped = await runCli(away);
    expect(stopped.exitCode).toBe(4);
    expect(lastLine(stopped)).toEqual({ ...NOTHING, accepted: 5, unfinished: 5 });
    expect(stopped.stderr).toMatch(/can't be reached now \(ECONNREFUSED\)/);
    // It ends with that: no progress is shown any more.
    expect(stopped.stderr).toMatch(/Nothing that was accepted is lost[^\n]*\n$/);
    expect(lastLine(await runCli(args))).toEqual({ ...NOTHING, accepted: 5, completed: 5 });
    expect(upstream.ledger.summary()).toMatchObject({ applied: 5, duplicated: 0 });
  });

  test.skipIf(process.platform === 'win32')(
    'UX-1 --deadline is honoured while nobody writes to the pipe that is read, and while a writer is silent',
    async () => {
      const { folder, args } = await stage();
      const pipe = join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      args[1] = pipe;
      const nobody = await runCli([...args, '--deadline', '300ms']);
      expect(nobody.exitCode).toBe(4);
      expect(nobody.stderr).toMatch(/stopped at --deadline before the first line/);
      expect(lastLine(nobody)).toEqual(NOTHING);

      const running = startCli([...args, '--deadline', '3s']);
      const writer = await open(pipe, 'w');
      try {
        await writer.write(requests(2));
        const silent = await running.result;
        expect(silent.exitCode).toBe(4);
        expect(lastLine(silent)).toEqual({ ...NOTHING, accepted: 2, completed: 2 });
      } finally {
        await writer.close();
      }
    },
  );

  test('UX-1 --deadline is honoured while the store opens: nothing is read, and a later run goes on', async () => {
    const { file, args } = await stage();
    writeFileSync(file, requests(2));
    const stopped = await runCli([...args, '--deadline', '1ms']);
    expect(stopped.exitCode).toBe(4);
    expect(lastLine(stopped)).toEqual(NOTHING);
    expect(lastLine(await runCli(args))).toEqual({ ...NOTHING, accepted: 2, completed: 2 });
  });

  test('SV-4 SIGINT stops gracefully with 130, and a later run goes on', async () => {
    const { file, args, upstream } = await stage({ latencyMs: 300 });
    writeFileSync(file, requests(200));
    const running = startCli([...args, '--concurrency', '4']);
    await expect
      .poll(() => upstream.ledger.summary().applied, { timeout: 10_000 })
      .toBeGreaterThan(4);
    running.kill('SIGINT');
    const stopped = await running.result;
    expect(stopped).toMatchObject({ exitCode: 130, signal: null });
    expect(stopped.stderr).toMatch(/run the same command again/);
    const { applied, duplicated } = upstream.ledger.summary();
    expect({ applied: applied < 200, duplicated }).toEqual({ applied: true, duplicated: 0 });
    const result = await runCli([...args, '--concurrency', '100']);
    expect(lastLine(result)).toEqual({ ...NOTHING, accepted: 200, completed: 200 });
    expect(upstream.ledger.summary()).toMatchObject({ applied: 200, duplicated: 0 });
  });

  test('SV-4 SIGINT also stops a run whose stdin has more to come', async () => {
    const { upstream, args } = await stage();
    args[1] = '-';
    const running = startCli(args, { input: requests(3), isInputLeftOpen: true });
    await expect.poll(() => upstream.ledger.summary().applied).toBe(3);
    running.kill('SIGINT');
    const stopped = await running.result;
    expect(stopped).toMatchObject({ exitCode: 130, signal: null });
    expect(lastLine(stopped)).toMatchObject({ accepted: 3, completed: 3 });
  });

  test('SV-4 a second SIGINT stops at once', async () => {
    const { file, args, upstream } = await stage({ latencyMs: 60_000 });
    writeFileSync(file, requests(3));
    const running = startCli(args);
    await expect.poll(() => upstream.ledger.summary().requested).toBe(3);
    running.kill('SIGINT');
    await expect.poll(() => running.said()).toMatch(/Ctrl-C again/);
    running.kill('SIGINT');
    expect(await running.result).toMatchObject({ exitCode: 130 });
  });

  test('SV-3 UX-2 what a killed run left is taken up in silence, or said to wait for a line of its type', async () => {
    const { file, args } = await stage();
    const { upstream } = await stage({ latencyMs: 60_000 });
    writeFileSync(file, requests(3));
    const killed = startCli([...args, '--upstream', upstream.url]);
    await expect.poll(() => upstream.ledger.summary().requested).toBe(3);
    killed.kill('SIGKILL');
    await killed.result;
    const other = join(file, '../other.ndjson');
    writeFileSync(other, request(9, { type: 'mail.send' }));
    const stranger = await runCli(args.with(1, other));
    expect(stranger).toMatchObject({ exitCode: 0 });
    expect(stranger.stderr).toMatch(/earlier run that wait, [^\n]* their type: 3\.\n$/);
    const again = await runCli(args);
    expect(lastLine(again)).toEqual({ ...NOTHING, accepted: 3, completed: 3 });
    expect(again.stderr).not.toMatch(/HF_HANDLER_UNKNOWN|earlier run/);
  });

  test('SV-3 OP-2 OP-3 killed over and over against a misbehaving upstream, every request is applied once or named', async () => {
    const { file, args, upstream } = await stage({
      stallMs: 1_500,
      misbehaviour: {
        busy503: 0.03,
        limited429: 0.01,
        droppedBefore: 0.02,
        droppedAfterApplying: 0.03,
        failed500AfterApplying: 0.02,
        stalledThenApplied: 0.005,
      },
    });
    const count = 300;
    writeFileSync(file, requests(count));
    for (let kill = 0; kill < 5; kill += 1) {
      const before = upstream.ledger.summary().requested;
      const running = startCli(args);
      // Each process gets a little further before it dies.
      await expect
        .poll(() => upstream.ledger.summary().requested, { timeout: 20_000, interval: 5 })
        .toBeGreaterThan(before + 10 * kill);
      running.kill('SIGKILL');
      expect(await running.result).toMatchObject({ signal: 'SIGKILL' });
    }
    const result = await runCli(args);
    const tally = lastLine(result) as typeof NOTHING;
    expect(tally).toMatchObject({ accepted: count, bad: 0, unfinished: 0 });
    expect(tally.completed + tally.deadLettered).toBe(count);
    const { applied, duplicated } = upstream.ledger.summary();
    expect(duplicated).toBe(0);
    expect(applied).toBeGreaterThanOrEqual(tally.completed);
  });

  test('OP-3 control: against an upstream that forgets keys, the same run shows duplicates', async () => {
    const { file, args, upstream } = await stage({
      doubleApply: true,
      misbehaviour: { failed500AfterApplying: 0.3 },
    });
    writeFileSync(file, requests(40));
    await runCli(args);
    expect(upstream.ledger.summary().duplicated).toBeGreaterThan(0);
  });
});
