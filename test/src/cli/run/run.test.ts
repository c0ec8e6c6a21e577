import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCli, startCli } from '../../../support/process/runCli.ts';
import { lastLine, NOTHING, request, requests, stage } from './runStage.ts';

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
