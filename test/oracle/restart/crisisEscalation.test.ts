/**
 * People hear of an undelivered crisis, over processes that are killed: real SQLite, real HTTP, SIGKILL, and the real
 * command line.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createKeyFile } from '../../../src/index.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { builtProgram } from '../../support/process/builtProgram.ts';
import { runCli } from '../../support/process/runCli.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const SECRET = 'a secret of the pager';
const SAID = 'I can not go on';
/** The machine may be busy with other tests. */
const PATIENCE = { timeout: HANGS_AFTER_MS, interval: 50 };
const TEST_MS = 300_000;

/** Program of the child: a crisis that its upstream never takes, and two steps that get webhooks. */
const PROGRAM = `
const [index, store, key, url, said] = process.argv.slice(1);
const { createRuntime, keyFile, transientFailure } = await import(index);
const webhook = { url, secret: ${JSON.stringify(SECRET)}, headers: { authorization: 'Bearer t' } };
const runtime = createRuntime({
  store,
  key: keyFile(key),
  policies: { tiers: { crisis: { retry: { attemptsMax: 1 } } } },
  handlers: { 'crisis.alert': { upstream: 'default', run() { throw transientFailure('Down.'); } } },
  crisis: {
    escalation: [
      { name: 'on-call', webhook, acknowledgeWithinMs: 30_000, timeoutMs: 60_000 },
      { name: 'clinician', webhook, acknowledgeWithinMs: 3_600_000 },
    ],
  },
});
await runtime.ready;
if (said !== '') {
  const { durable } = await runtime.crisis({ subject: 'user-42', payload: { said } });
  await durable;
}
setInterval(() => undefined, 60_000);
`;

interface Told {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly step: string;
  readonly operationId: string;
}

/** Runs a pager over HTTP, which leaves the calls unanswered that `isSilent` picks. */
async function pager(isSilent: (count: number) => boolean) {
  const told: Told[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { step, operationId } = JSON.parse(body) as Told;
      told.push({ headers: request.headers, body, step, operationId });
      if (!isSilent(told.length)) response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { told, url: `http://127.0.0.1:${port}/alarm`, steps: () => told.map(({ step }) => step) };
}

async function scene(isSilent: (count: number) => boolean = () => false) {
  const folder = tempFolder();
  const [store, key] = [join(folder, 'store'), join(folder, 'key')];
  await createKeyFile(key);
  const pages = await pager(isSilent);
  const start = (said = ''): ChildProcess => {
    const index = join(builtProgram(), 'src/index.js');
    const args = ['--input-type=module', '-e', PROGRAM, index, store, key, pages.url, said];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    return child;
  };
  const cli = async (...args: readonly string[]) => {
    const at = ['--store', store, '--key-file', key, '--json'];
    const { exitCode, stdout, stderr } = await runCli(['crises', ...args, ...at]);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return { exitCode, stderr, results: lines.map((line) => JSON.parse(line) as object) };
  };
  return { ...pages, start, cli };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  child.kill('SIGKILL');
  await gone;
}

test(
  'CR-5 SV-3 a step that was told is told no more after a kill, and the next one is told by the next process',
  async () => {
    const { told, steps, start, cli } = await scene();
    const first = start(SAID);
    await vi.waitFor(() => expect(steps()).toEqual(['on-call']), PATIENCE);
    const id = told[0]?.operationId ?? '';
    // The step's answer must be on disk before the kill.
    const isTold = { steps: [{ name: 'on-call', outcome: 'told' }] };
    await vi.waitFor(
      async () => expect((await cli('show', id)).results).toMatchObject([isTold]),
      PATIENCE,
    );
    await kill(first);
    const atRest = await cli('list', '--unacknowledged');
    expect(atRest.results).toMatchObject([{ id, subject: 'user-42', ...isTold }]);

    const second = start();
    await vi.waitFor(() => expect(steps()).toContain('clinician'), PATIENCE);
    expect(steps()).toEqual(['on-call', 'clinician']);
    const taken = await cli('acknowledge', id, '--by', 'staff-7:clinician', '--note', 'on it');
    expect([taken.exitCode, taken.results]).toMatchObject([
      0,
      [{ isDurable: true, crisis: { escalation: 'acknowledged' } }],
    ]);
    await kill(second);
    expect((await cli('list', '--unacknowledged')).results).toEqual([]);
    expect((await cli('show', id)).results).toMatchObject([
      {
        decisions: [
          { what: 'acknowledged', by: { id: 'staff-7', role: 'clinician' }, note: 'on it' },
        ],
      },
    ]);

    // The pager got a signed notice.
    const [{ headers, body } = { headers: {}, body: '' }] = told;
    expect(body).toContain('user-42');
    expect(body).not.toContain(SAID);
    expect(headers).toMatchObject({
      authorization: 'Bearer t',
      'idempotency-key': `escalation:${id}:on-call`,
      'holdfast-signature': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
    });
  },
  TEST_MS,
);

test(
  'CR-5 SV-3 killed while a step is being told, it is told again under the same key; called off at rest, never again',
  async () => {
    const { told, steps, start, cli } = await scene((count) => count === 1);
    const first = start(SAID);
    await vi.waitFor(() => expect(steps()).toEqual(['on-call']), PATIENCE);
    await kill(first);
    const second = start();
    await vi.waitFor(() => expect(steps()).toEqual(['on-call', 'on-call']), PATIENCE);
    const keys = told.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(1);
    await kill(second);
    const id = told[0]?.operationId ?? '';
    const why = ['--reason', 'found safe'];
    const wrong = await cli('call-off', id, '--by', 'staff-7', ...why);
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('staff-7:clinician'),
    ]);
    // The disk may lack that somebody heard: a person alone then has to confirm.
    const alone = ['--confirm', id.slice(-8)];
    const off = await cli('call-off', id, '--by', 'staff-7:clinician', ...why, ...alone);
    expect(off.exitCode).toBe(0);
    const before = steps().length;
    start();
    const isOver = { delivery: 'calledOff', escalation: 'ended' };
    await vi.waitFor(
      async () => expect((await cli('show', id)).results).toMatchObject([isOver]),
      PATIENCE,
    );
    expect(steps()).toHaveLength(before);
    expect((await cli('list')).results).toEqual([]);
  },
  TEST_MS,
);

test(
  'CR-5 SV-3 the line is away while processes are killed: what is owed is told once it is back',
  async () => {
    let isAway = true;
    const { told, steps, start, cli } = await scene(() => isAway);
    for (let kills = 0; kills < 3; kills += 1) {
      const before = steps().length;
      const child = start(kills === 0 ? SAID : '');
      await vi.waitFor(() => expect(steps().length).toBeGreaterThan(before), PATIENCE);
      await kill(child);
    }
    isAway = false;
    const before = steps().length;
    start();
    await vi.waitFor(() => expect(steps().length).toBeGreaterThan(before), PATIENCE);
    const id = told[0]?.operationId ?? '';
    const isTold = { steps: [{ name: 'on-call', outcome: 'told' }] };
    await vi.waitFor(
      async () => expect((await cli('show', id)).results).toMatchObject([isTold]),
      PATIENCE,
    );
    // People who may have heard it get the same key again, and the word that it is not the first time.
    expect(new Set(told.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(told.map(({ body }) => (JSON.parse(body) as { again: boolean }).again)).toEqual(
      told.map((_, at) => at > 0),
    );
  },
  TEST_MS,
);

test(
  'CR-5 SV-3 taken on, given back and called off at rest and in use, each kept over a kill',
  async () => {
    const { told, steps, start, cli } = await scene();
    const by = ['--by', 'staff-7:clinician'];
    const first = start(SAID);
    await vi.waitFor(() => expect(steps()).toEqual(['on-call']), PATIENCE);
    const id = told[0]?.operationId ?? '';
    const taken = await cli('acknowledge', '--subject', 'user-42', ...by, '--for', '2h');
    expect(taken.results).toMatchObject([{ what: 'acknowledged', crisis: { id } }]);
    await kill(first);
    const given = await cli('release', id, ...by, '--note', 'off shift');
    expect(given.results).toMatchObject([{ what: 'released', crisis: { takenOn: null } }]);
    start();
    // The step that took it on hears again, as of something new.
    await vi.waitFor(() => expect(steps()).toEqual(['on-call', 'on-call']), PATIENCE);
    const [one, two] = told.map(({ headers }) => headers['idempotency-key']);
    expect(two).not.toBe(one);
    const early = await cli('call-off', id, ...by);
    expect([early.exitCode, early.stderr]).toEqual([2, expect.stringContaining('--reason')]);
  },
  TEST_MS,
);
