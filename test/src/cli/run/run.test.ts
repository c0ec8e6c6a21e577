import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  startMisbehavingUpstream,
  type UpstreamOptions,
} from '../../../../src/testing/misbehavingUpstream.ts';
import { type CliResult, runCli, startCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

/** A folder with a key, an upstream, and the arguments that bring them together. */
async function stage(options: UpstreamOptions = {}) {
  const folder = tempFolder();
  const upstream = await startMisbehavingUpstream({ lifeMs: 120_000, ...options });
  onTestFinished(async () => {
    await upstream.close();
  });
  const keyPath = join(folder, 'holdfast.key');
  writeFileSync(keyPath, `${'5a'.repeat(32)}\n`, { mode: 0o600 });
  const file = join(folder, 'requests.ndjson');
  const store = join(folder, 'store');
  const storeArgs = ['--store', store, '--key-file', keyPath];
  const args = ['run', file, '--upstream', upstream.url, ...storeArgs, '--json'];
  return { folder, upstream, file, store, keyPath, storeArgs, args };
}

function request(index: number, more: object = {}): string {
  return JSON.stringify({
    type: 'payments.push',
    subject: `user-${index}`,
    tier: 'premium',
    payload: { index },
    ...more,
  });
}

function requests(count: number): string {
  return Array.from({ length: count }, (_, index) => `${request(index)}\n`).join('');
}

function lastLine({ stdout }: CliResult): unknown {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? 'null');
}

const NOTHING = {
  accepted: 0,
  completed: 0,
  deadLettered: 0,
  cancelled: 0,
  expired: 0,
  bad: 0,
  inReview: 0,
  unfinished: 0,
};

describe('holdfast run', () => {
  test('UX-1 OP-8 runs every line once, and counts the same when run again', async () => {
    const { upstream, file, args } = await stage();
    writeFileSync(file, requests(50));
    const first = await runCli(args);
    expect(first.exitCode).toBe(0);
    expect(lastLine(first)).toEqual({ ...NOTHING, accepted: 50, completed: 50 });
    const second = await runCli(args);
    expect(second.exitCode).toBe(0);
    expect(lastLine(second)).toEqual(lastLine(first));
    expect(upstream.ledger.summary()).toMatchObject({ keys: 50, requested: 50, applied: 50 });
  });

  test('UX-1 reads stdin', async () => {
    const { upstream, args } = await stage();
    args[1] = '-';
    const result = await runCli(args, { input: requests(3).trimEnd() });
    expect(lastLine(result)).toEqual({ ...NOTHING, accepted: 3, completed: 3 });
    expect(upstream.ledger.summary().applied).toBe(3);
  });

  test('UX-2 a bad line is named with its number, and the rest goes on', async () => {
    const { upstream, file, args } = await stage();
    const lines = [
      request(1),
      '{"type":',
      request(2, { tier: 'gold' }),
      request(3, { idempotencyKey: 'same' }),
      request(3, { idempotencyKey: 'same', payload: 'other' }),
      request(4, { type: 'payments.refused' }),
      request(5),
    ];
    writeFileSync(file, lines.join('\n'));
    const result = await runCli(args);
    expect(result.exitCode).toBe(3);
    expect(lastLine(result)).toEqual({
      ...NOTHING,
      accepted: 4,
      completed: 3,
      deadLettered: 1,
      bad: 3,
    });
    expect(result.stderr).toMatch(/Line 2 is not JSON/);
    expect(result.stderr).toMatch(/Line 3: tier must be one of premium, basic, trial/);
    expect(result.stderr).toMatch(/Line 5: idempotencyKey was used before/);
    expect(upstream.ledger.summary().applied).toBe(3);
  });

  test('UX-2 --strict checks the whole file before anything is stored', async () => {
    const { upstream, file, store, args } = await stage();
    writeFileSync(file, `${requests(3)}not json\n${request(9, { tier: 'gold' })}\n`);
    const result = await runCli([...args, '--strict']);
    expect(result.exitCode).toBe(3);
    expect(lastLine(result)).toEqual({ ...NOTHING, bad: 2 });
    expect(result.stderr).toMatch(/Line 4[^]*Line 5/);
    expect(existsSync(store)).toBe(false);
    expect(upstream.ledger.summary().requested).toBe(0);
  });

  test('UX-2 input that can not be read changes nothing', async () => {
    const { folder, store, args } = await stage();
    const missing = await runCli(args);
    expect(missing).toMatchObject({ exitCode: 1, stdout: '' });
    expect(missing.stderr).toMatch(
      /requests\.ndjson: there is no such file[^]*HF_INPUT_UNREADABLE/,
    );
    args[1] = folder;
    expect((await runCli(args)).stderr).toMatch(/it is a folder/);
    args[1] = '-';
    expect(await runCli([...args, '--strict'])).toMatchObject({ exitCode: 2 });
    expect(existsSync(store)).toBe(false);
  });

  test('SE-4 UX-2 a store that can not be opened exits with 5 and says why', async () => {
    const { file, keyPath, store, args } = await stage();
    writeFileSync(file, requests(1));
    expect(await runCli(args)).toMatchObject({ exitCode: 0 });
    writeFileSync(keyPath, `${'6b'.repeat(32)}\n`);
    const wrongKey = await runCli(args);
    expect(wrongKey).toMatchObject({ exitCode: 5, stdout: '' });
    expect(wrongKey.stderr).toMatch(/HF_KEY_WRONG/);
    writeFileSync(join(store, 'data.db'), 'no database');
    expect(await runCli(args)).toMatchObject({ exitCode: 5 });
    const { args: other, file: otherFile, store: otherStore } = await stage();
    writeFileSync(otherFile, requests(1));
    mkdirSync(otherStore, { mode: 0o700 });
    writeFileSync(join(otherStore, 'holdfast.key'), `${'5a'.repeat(32)}\n`, { mode: 0o600 });
    other[other.indexOf('--key-file') + 1] = join(otherStore, 'holdfast.key');
    expect((await runCli(other)).stderr).toMatch(/HF_KEY_FILE_IN_STORE/);
  });

  test('SV-5 a second process on the store exits with 5 while the first goes on', async () => {
    const { file, args, upstream } = await stage({ latencyMs: 6_000 });
    writeFileSync(file, requests(1));
    const first = startCli(args);
    await expect.poll(() => upstream.ledger.summary().requested).toBe(1);
    const second = await runCli(args);
    expect(second.exitCode).toBe(5);
    // Once, with the name of the program that has it, and nothing beside it.
    expect(second.stderr).toMatch(/^holdfast: [^\n]* \(cli\.js on [^\n]*\n {2}HF_STORE_OWNED\n$/);
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

describe('holdfast operations and doctor', () => {
  test('UX-1 list a store at rest without payloads, by state, and check it', async () => {
    const { file, args, storeArgs } = await stage();
    writeFileSync(
      file,
      `${requests(2)}${request(3, { type: 'payments.refused', payload: 'Ann' })}`,
    );
    expect(await runCli(args)).toMatchObject({ exitCode: 3 });
    const all = await runCli(['operations', ...storeArgs, '--json']);
    const views = all.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(views.map((view) => 'state' in view && view.state)).toEqual([
      'deadLettered',
      'completed',
      'completed',
    ]);
    expect(all.stdout).not.toContain('Ann');
    const dead = await runCli(['operations', ...storeArgs, '--state', 'deadLettered']);
    expect(dead.stdout).toMatch(/payments\.refused[^\n]*HF_UPSTREAM_REFUSED/);
    const some = await runCli(['operations', ...storeArgs, '--limit', '1']);
    expect(some.stderr).toMatch(/--limit/);
    const doctor = await runCli(['doctor', ...storeArgs, '--json']);
    expect({ ...doctor, stdout: lastLine(doctor) }).toMatchObject({
      exitCode: 0,
      stdout: { ok: true },
    });
  });

  test('UX-1 ask the process that owns the store', async () => {
    const { file, args, storeArgs, upstream } = await stage({ latencyMs: 3_000 });
    writeFileSync(file, requests(2));
    const running = startCli(args);
    await expect.poll(() => upstream.ledger.summary().requested).toBe(2);
    const [{ exitCode, stdout }, doctor] = await Promise.all([
      runCli(['operations', ...storeArgs, '--json']),
      runCli(['doctor', ...storeArgs]),
    ]);
    expect(exitCode).toBe(0);
    expect(stdout.match(/"type":"payments.push"/g)).toHaveLength(2);
    expect(doctor.stdout).toMatch(/in use by a running process/);
    expect(await running.result).toMatchObject({ exitCode: 0 });
  });

  test('UX-2 a store that is not there is not made', async () => {
    const { store, storeArgs } = await stage();
    const listed = await runCli(['operations', ...storeArgs]);
    expect(listed.exitCode).toBe(5);
    expect(listed.stderr).toMatch(/HF_STORE_MISSING/);
    const doctor = await runCli(['doctor', ...storeArgs]);
    expect(doctor.exitCode).toBe(1);
    expect(doctor.stdout).toMatch(/fail {2}folder/);
    expect(existsSync(store)).toBe(false);
  });
});

describe('an upstream without TLS', () => {
  test('SE-5 UX-2 beyond this machine it is refused before anything is made, unless that is asked for', async () => {
    const { args, file, store, upstream } = await stage();
    writeFileSync(file, requests(1));
    const plain = args.map((arg) => (arg === upstream.url ? 'http://upstream.invalid' : arg));
    const refused = await runCli(plain);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(/--upstream begins with http:.*--allow-insecure/);
    expect(existsSync(store)).toBe(false);
    const allowed = await runCli([...plain, '--allow-insecure', '--deadline', '1s']);
    expect(allowed.exitCode).toBe(4);
    expect(allowed.stderr).toContain('is not https');
  });
});
