import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRuntime, keyFile } from '../../../../src/index.ts';
import { runCli } from '../../../support/process/runCli.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

const REQUEST = { type: 'payments.push', subject: 'user-42', tier: 'premium' } as const;

test('HM-1 UX-1 lists what each operation of a store at rest waits for, since when and until when', async () => {
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
  const second = await runtime.sync({ ...REQUEST, entity });
  await runtime.close();

  const { exitCode, stdout } = await runCli(['operations', ...of]);
  expect(exitCode).toBe(0);
  const [head = '', ...rows] = stdout.trimEnd().split('\n');
  const column = head.indexOf('waits for');
  const instant = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
  expect(rows.map((row) => row.slice(column).trimStart())).toEqual([
    expect.stringMatching(new RegExp(`^start since ${instant} `)),
    expect.stringMatching(new RegExp(`^lane since ${instant} `)),
  ]);

  const listed = await runCli(['operations', ...of, '--json']);
  const views = listed.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; wait: object; acceptedAtMs: number });
  expect(views.map(({ id, wait }) => [id, wait])).toEqual([
    [first.id, { reason: 'start', sinceAtMs: views[0]?.acceptedAtMs, untilAtMs: null }],
    [second.id, { reason: 'lane', sinceAtMs: expect.any(Number), untilAtMs: null }],
  ]);
});
