import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { permanentFailure } from '../../../../machines/policy/retry/classifyFailure.ts';
import { createKeyFile, keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { createRuntime } from '../../../../src/createRuntime.ts';
import type { Runtime } from '../../../../src/runtime.ts';
import { builtProgram } from '../../../support/process/builtProgram.ts';
import { PROGRAM, runCli } from '../../../support/process/runCli.ts';
import { faultEnvironment } from '../../../support/store/plantedFaults.ts';
import { tempFolder } from '../../../support/store/tempFolder.ts';

const UNKNOWN = '00000000-0000-4000-a000-000000000000';

interface Scene {
  readonly folder: string;
  readonly keyPath: string;
  readonly runtime: Runtime;
  readonly ids: readonly string[];
  readonly sent: unknown[];
  readonly upstream: { refuses: boolean };
  readonly cli: (...args: readonly string[]) => ReturnType<typeof runCli>;
}

/** A store with dead letters, in use by this process. */
async function createScene(count = 3): Promise<Scene> {
  const folder = join(tempFolder(), 'store');
  const keyPath = join(tempFolder(), 'holdfast.key');
  await createKeyFile(keyPath);
  const upstream = { refuses: true };
  const sent: unknown[] = [];
  const runtime = createRuntime({
    store: folder,
    key: keyFile(keyPath),
    handlers: {
      'payments.push': {
        upstream: 'default',
        run: ({ payload }) => {
          sent.push(payload);
          if (upstream.refuses) throw permanentFailure('Refused.');
          return null;
        },
      },
    },
  });
  await runtime.ready;
  const ids: string[] = [];
  for (let payload = 0; payload < count; payload += 1) {
    const request = { type: 'payments.push', subject: 'user-42', tier: 'basic', payload } as const;
    const operation = await runtime.sync(request);
    await operation.outcome;
    ids.push(operation.id);
  }
  const cli: Scene['cli'] = (...args) =>
    runCli([...args, '--store', folder, '--key-file', keyPath]);
  return { folder, keyPath, runtime, ids, sent, upstream, cli };
}

function linesOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe.each(['in use', 'at rest'] as const)('holdfast dead-letters on a store %s', (how) => {
  async function scene(count?: number): Promise<Scene> {
    const made = await createScene(count);
    if (how === 'at rest') await made.runtime.close();
    return made;
  }

  async function end({ runtime }: Scene): Promise<void> {
    await runtime.close();
  }

  test('OP-5 list, show, replay and purge', async () => {
    const made = await scene();
    const [first = '', second = '', third = ''] = made.ids;
    const listed = linesOf((await made.cli('dead-letters', 'list', '--json')).stdout);
    expect(listed.map(({ id }) => id)).toEqual([third, second, first]);
    const few = await made.cli('dead-letters', 'list', '--limit', '1');
    expect(few.stdout).toContain('HF_UPSTREAM_REFUSED');
    expect(few.stderr).toContain('only the first 1');
    const none = await made.cli('dead-letters', 'list', '--type', 'mail.send');
    expect(none.stdout).toBe('No dead letters match.\n');

    const shown = linesOf((await made.cli('dead-letters', 'show', first, '--json')).stdout)[0];
    expect(shown).toMatchObject({ id: first, attempts: 1, history: [{ what: 'failed' }] });
    expect((await made.cli('dead-letters', 'show', first)).stdout).toContain('Refused.');

    made.upstream.refuses = false;
    expect(await made.cli('dead-letters', 'replay', first)).toMatchObject({
      exitCode: 0,
      stdout: `Replayed ${first}.${how === 'at rest' ? ' It runs when a process opens the store.' : ''}\n`,
    });
    const edited = join(tempFolder(), 'edited.json');
    writeFileSync(edited, '{"amount":5}');
    const replayed = await made.cli('dead-letters', 'replay', second, '--payload-file', edited);
    expect(replayed).toMatchObject({ exitCode: 0 });
    expect(await made.cli('dead-letters', 'purge', third)).toMatchObject({ exitCode: 2 });
    expect(await made.cli('dead-letters', 'purge', third, '--yes')).toMatchObject({ exitCode: 0 });
    expect((await made.cli('dead-letters', 'list', '--json')).stdout).toBe('');

    if (how === 'in use') {
      for (const id of [first, second]) {
        expect((await made.runtime.operations.get(id).outcome).status).toBe('completed');
      }
      expect(made.sent).toEqual([0, 1, 2, 0, { amount: 5 }]);
    }
    await end(made);
  });

  test('OP-5 all that match, counted first', async () => {
    const made = await scene(5);
    made.upstream.refuses = false;
    const dry = await made.cli('dead-letters', 'replay', '--all', '--dry-run', '--json');
    expect(linesOf(dry.stdout)).toEqual([
      { matched: 5, done: 5, expired: 0, changed: 0, dryRun: true, interrupted: false },
    ]);
    expect(dry.stderr).not.toMatch(/\d replayed/);
    const none = await made.cli('dead-letters', 'replay', '--all', '--until', '2026-01-01');
    expect(none).toMatchObject({ stdout: '0 replayed of 0 that match\n', stderr: '' });
    const all = await made.cli('dead-letters', 'replay', '--all', '--code', 'HF_UPSTREAM_REFUSED');
    expect(all).toMatchObject({ exitCode: 0, stdout: '5 replayed of 5 that match\n' });
    expect(/runs when a process opens/.test(all.stderr)).toBe(how === 'at rest');
    const again = await made.cli('dead-letters', 'purge', '--all', '--yes', '--json');
    expect(linesOf(again.stdout)[0]).toMatchObject({ matched: 0, done: 0 });
    await end(made);
  });

  test('UX-2 what is wrong is said with its code', async () => {
    const made = await scene(1);
    const [id = ''] = made.ids;
    for (const [args, exitCode, message] of [
      [['show', UNKNOWN], 1, /HF_OPERATION_UNKNOWN/],
      [['replay'], 2, /Give an id, or --all/],
      [['replay', id, '--all'], 2, /not both/],
      [['replay', id, '--type', 'a.b'], 2, /not both/],
      // Control: what would only be purged if it were old enough is not purged for its id.
      [['purge', id, '--older-than', '30d', '--yes'], 2, /not both/],
      [['replay', id, '--payload-file', made.keyPath], 1, /holds no JSON/],
      [['replay', '--all', '--since', 'yesterday'], 2, /Give a date/],
      [['replay', '--all', '--since', '2026-11-25 03:00'], 2, /Give a date/],
      [['list', '--code', 'HF_NOTHING'], 2, /docs\/errors/],
    ] as const) {
      const told = await made.cli('dead-letters', ...args);
      expect([told.exitCode, told.stdout], args.join(' ')).toEqual([exitCode, '']);
      expect(told.stderr).toMatch(message);
    }
    await end(made);
  });
});

describe('a replay that is killed', () => {
  test.each([
    ['store.beforeCommit', [0]],
    ['store.afterCommit', []],
  ] as const)('PS-2 OP-5 at %s is neither lost nor doubled', async (point, left) => {
    const made = await createScene(1);
    const [id = ''] = made.ids;
    await made.runtime.close();
    const where = ['--store', made.folder, '--key-file', made.keyPath];
    const killed = await runCli(['dead-letters', 'replay', id, ...where], {
      // The first commit records the order.
      env: faultEnvironment(`${point}:2:kill`, builtProgram()),
      program: join(builtProgram(), 'src/cli/main.js'),
    });
    expect(killed.signal).toBe('SIGKILL');
    const listed = linesOf((await made.cli('dead-letters', 'list', '--json')).stdout);
    expect(listed).toHaveLength(left.length);
    // Made again, it is done once: what is no dead letter any more is left alone.
    const again = await made.cli('dead-letters', 'replay', id);
    expect(again.exitCode).toBe(left.length === 1 ? 0 : 1);
    const sent: unknown[] = [];
    const runtime = createRuntime({
      store: made.folder,
      key: keyFile(made.keyPath),
      handlers: {
        'payments.push': {
          upstream: 'default',
          run: ({ payload }) => {
            sent.push(payload);
            return null;
          },
        },
      },
    });
    await runtime.ready;
    expect((await runtime.operations.get(id).outcome).status).toBe('completed');
    await runtime.close();
    expect(sent).toEqual([0]);
  });
});

/** `script` of util-linux gives a program a terminal. */
const hasScript = spawnSync('script', ['--version']).status === 0;

describe('at a terminal', () => {
  const CTRL_C = '\u0003';
  const CTRL_D = '\u0004';

  test.skipIf(!hasScript).each([
    ['n\r', 1],
    [CTRL_C, 130],
    [CTRL_D, 130],
  ])(
    'OP-5 UX-2 a purge that is asked about and answered with %j changes nothing',
    async (answer, exitCode) => {
      const { runtime, folder, keyPath } = await createScene(1);
      await runtime.close();
      const main = PROGRAM;
      const args = ['dead-letters', 'purge', '--all', '--store', folder, '--key-file', keyPath];
      const command = [process.execPath, main, ...args].join(' ');
      const child = spawn('script', ['-qefc', command, '/dev/null'], { stdio: 'pipe' });
      onTestFinished(() => {
        child.kill('SIGKILL');
      });
      let shown = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        shown += text;
        if (text.includes('[y/N]')) child.stdin.write(answer);
      });
      const [ended] = (await once(child, 'close')) as [number | null];
      expect([ended, shown]).toEqual([exitCode, expect.stringContaining('nothing was purged')]);
      expect(shown).not.toContain('unexpected');
    },
  );
});

describe('holdfast quarantine', () => {
  test('PS-3 UX-2 a list that sets a record aside says so', async () => {
    const made = await createScene(2);
    await made.runtime.close();
    const db = new Database(join(made.folder, 'data.db'));
    db.prepare(
      'UPDATE operation SET state = CAST(substr(state, 1, length(state) - 1) AS BLOB) WHERE id = ?',
    ).run(Buffer.from((made.ids[0] ?? '').replaceAll('-', ''), 'hex'));
    db.close();
    const listed = await made.cli('dead-letters', 'list', '--json');
    expect(linesOf(listed.stdout).map(({ id }) => id)).toEqual([made.ids[1]]);
    expect(listed.stderr).toContain(`${made.ids[0]} can't be opened (HF_RECORD_TAMPERED)`);
  });

  test('PS-3 list, export and retry, and an export never replaces a file', async () => {
    const made = await createScene(1);
    expect((await made.cli('quarantine', 'list')).stdout).toBe('Nothing is quarantined.\n');
    await made.runtime.close();
    const to = join(tempFolder(), 'out.ndjson');
    expect(await made.cli('quarantine', 'export', '--to', to, '--json')).toMatchObject({
      exitCode: 0,
      stdout: `${JSON.stringify({ exported: 0, to })}\n`,
    });
    expect(existsSync(to)).toBe(true);
    expect(statSync(to).mode & 0o777).toBe(0o600);
    expect(readFileSync(to, 'utf8')).toBe('');
    const second = await made.cli('quarantine', 'export', '--to', to);
    expect(second).toMatchObject({ exitCode: 2, stdout: '' });
    expect(second.stderr).toContain('it is there already');
    const none = join(tempFolder(), 'none.ndjson');
    const noStore = ['--store', join(tempFolder(), 'nothing'), '--key-file', made.keyPath];
    const failed = await runCli(['quarantine', 'export', '--to', none, ...noStore]);
    expect(failed.exitCode).toBe(5);
    expect(existsSync(none)).toBe(false);
    const [id = ''] = made.ids;
    const told = await made.cli('quarantine', 'retry', id);
    expect(told.stderr).toContain('HF_NOT_QUARANTINED');
    expect(await made.cli('quarantine', 'retry', '--all')).toMatchObject({
      exitCode: 0,
      stdout: '0 put back, 0 stay quarantined\n',
    });
  });
});
