import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createKeyFile } from '../../../../persistence/sealing/keyFile.ts';
import { conflictFailure, createRuntime, keyFile, upstreamKey } from '../../../../src/index.ts';
import { runCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;
const ANN = { ...REQUEST, idempotencyKey: 'Ann' };

test('HM-1 UX-1 lists what each operation of a store at rest waits for, for how long, and until when', async () => {
  const parent = tempFolder();
  const of = ['--store', join(parent, 'store'), '--key-file', join(parent, 'test.key')];
  await runCli(['keys', 'init', '--key-file', join(parent, 'test.key')]);
  const runtime = createRuntime({
    store: join(parent, 'store'),
    key: keyFile(join(parent, 'test.key')),
    upstreams: { payments: {} },
    handlers: { [REQUEST.type]: { upstream: 'payments', run: () => null } },
  });
  runtime.upstream('payments').forceOpen('maintenance');
  await runtime.start();
  const entity = { type: 'account', id: 'a1' };
  const first = await runtime.sync({ ...REQUEST, entity });
  const second = await runtime.sync({ ...REQUEST, entity, tags: ['import'] });
  await runtime.close();

  const { exitCode, stdout } = await runCli(['operations', ...of]);
  expect(exitCode).toBe(0);
  const [head = '', ...rows] = stdout.trimEnd().split('\n');
  const column = head.indexOf('waits for');
  expect(rows.map((row) => row.slice(column).trimStart())).toEqual([
    expect.stringMatching(/^lane for \d+s /),
    expect.stringMatching(/^start for \d+s /),
  ]);

  const listed = await runCli(['operations', ...of, '--json']);
  const views = listed.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; wait: object; acceptedAtMs: number });
  expect(views.map(({ id, wait }) => [id, wait])).toEqual([
    [second.id, { reason: 'lane', sinceAtMs: expect.any(Number), untilAtMs: null }],
    [first.id, { reason: 'start', sinceAtMs: views[1]?.acceptedAtMs, untilAtMs: null }],
  ]);

  const found = async (...filter: string[]) => {
    const matching = await runCli(['operations', ...of, '--json', ...filter]);
    return (matching.stdout.match(/"id":"[^"]+","type"/g) ?? []).length;
  };
  expect(await found('--reason', 'lane')).toBe(1);
  expect(await found('--since', '1h', '--type', REQUEST.type, '--order', 'oldest')).toBe(2);
  expect(await found('--until', '1h')).toBe(0);
  expect(await found('--tag', 'import')).toBe(1);
  expect(await found('--priority', 'high')).toBe(0);
  const one = await runCli(['operations', ...of, '--limit', '1']);
  expect(one.stdout.trimEnd().split('\n')).toHaveLength(2);
  expect(one.stderr).toMatch(/--limit lists more/);
  const misspelt = await runCli(['operations', 'shwo', first.id, ...of]);
  expect(misspelt).toMatchObject({ exitCode: 2 });
  expect(misspelt.stderr).toMatch(/unknown command 'shwo'\. Did you mean show\?/);
});

test('OP-5 UX-1 shows, cancels and retries one in the process that owns it, and at rest', async () => {
  const parent = tempFolder();
  const key = join(parent, 'test.key');
  const of = ['--store', join(parent, 'store'), '--key-file', key, '--json'];
  await createKeyFile(key);
  let isRefused = true;
  const boot = () =>
    createRuntime({
      store: join(parent, 'store'),
      key: keyFile(key),
      handlers: {
        [REQUEST.type]: {
          upstream: 'default',
          run: () => {
            if (isRefused) throw conflictFailure('Another version.');
            return null;
          },
        },
      },
    });
  const first = boot();
  await first.ready;
  const overrides: string[] = [];
  first.subscribe((fact) => {
    if (fact.kind === 'override.made') overrides.push(fact.what);
  });
  const sync = async (payload: string) => {
    const { id } = await first.sync({ ...REQUEST, payload, idempotencyKey: payload });
    await expect
      .poll(async () => (await first.operations.get(id).view()).state, { timeout: 10_000 })
      .toBe('conflicted');
    return id;
  };
  const [one, two, three] = [await sync('Ann'), await sync('Bo'), await sync('Cy')];
  const shown = await runCli(['operations', 'show', one.slice(-8), ...of.slice(0, -1)]);
  expect(shown.stdout).toMatch(/state +conflicted\nwaits for +conflict since \d{4}-/);
  expect(shown.stdout).toMatch(/failed +1 +\d+ ms +\d+ ms +conflict HF_CONFLICT/);
  expect(shown.stdout).toMatch(new RegExp(`key at the upstream +${upstreamKey(ANN)}\n`));
  expect(shown.stdout).not.toContain('Ann');
  isRefused = false;
  const retried = await runCli(['operations', 'retry', one, ...of]);
  expect(JSON.parse(retried.stdout)).toMatchObject({ id: one, done: true, isRunning: true });
  expect(await first.operations.get(one).outcome).toMatchObject({ status: 'completed' });
  const cancelled = await runCli(['operations', 'cancel', two, ...of]);
  expect(JSON.parse(cancelled.stdout)).toMatchObject({ done: true, state: 'cancelled' });
  const late = await runCli(['operations', 'cancel', two, ...of.slice(0, -1)]);
  expect(late).toMatchObject({ exitCode: 1 });
  expect(late.stdout).toMatch(/has ended already: cancelled/);
  // Told of once each, whichever way it was asked.
  expect(overrides).toEqual(['operation.retryNow', 'operation.cancel']);
  await first.close();

  const atRest = await runCli(['operations', 'retry', three, ...of.slice(0, -1)]);
  expect(atRest).toMatchObject({ exitCode: 0 });
  expect(atRest.stdout).toMatch(/tried when a process opens the store/);
  const next = boot();
  expect(await next.operations.get(three).outcome).toMatchObject({ status: 'completed' });
  await next.close();
});
