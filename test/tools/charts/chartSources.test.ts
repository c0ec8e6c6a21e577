/** `holdfast charts` in a clone whose sources are newer than its charts. */

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { chartModel } from '../../../inspector/charts/chartModel.ts';
import { machines } from '../../../machines/index.ts';
import { chartRules } from '../../../tools/docs/text/chartRules.ts';
import { runCli } from '../../support/process/runCli.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

/** A clone with its sources, and with the charts that these make. */
function cloneWithSources() {
  const root = join(tempFolder(), 'clone');
  mkdirSync(join(root, 'docs/machines'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"name":"holdfast","type":"module"}');
  for (const folder of ['machines', 'inspector/charts', 'tools/docs']) {
    cpSync(folder, join(root, folder), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
  const rulesOf = chartRules(
    readdirSync('machines', { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => ({
        path: `machines/${name}`,
        text: readFileSync(`machines/${name}`, 'utf8'),
      })),
  );
  for (const machine of machines) {
    const path = join(root, `docs/machines/${machine.id}.json`);
    writeFileSync(path, JSON.stringify(chartModel(machine, rulesOf(machine.id))));
  }
  execFileSync('git', ['init', '-q'], { cwd: root });
  const cli = (...args: readonly string[]) => runCli([...args, '--clone', root]);
  const edit = (path: string, from: string, to: string): void => {
    const text = readFileSync(join(root, path), 'utf8');
    expect(text).toContain(from);
    writeFileSync(join(root, path), text.replace(from, to));
  };
  return { root, cli, edit };
}

const WHO = ['--name', 'A. Moreau', '--role', 'clinical lead'] as const;
const FILE = 'machines/crisisMode/crisisModeMachine.ts';

test('OB-4 charts of which the sources are newer are said, fail the check and take no approval', async () => {
  const { root, cli, edit } = cloneWithSources();
  expect((await cli('charts', 'approve', '--all', ...WHO)).exitCode).toBe(0);
  const well = await cli('charts', 'status', '--exit-code');
  expect([well.exitCode, well.stderr]).toEqual([0, '']);

  const [, sentence = ''] =
    /description:\s*'([^']+)'/.exec(readFileSync(join(root, FILE), 'utf8')) ?? [];
  edit(FILE, sentence, 'Another sentence.');
  const status = await cli('charts', 'status', '--exit-code');
  expect(status.exitCode).toBe(3);
  expect(status.stdout).toMatch(/^approved {2}crisisMode \(.*, older than its sources\)$/m);
  expect(status.stdout.match(/older than its sources/g)).toHaveLength(1);
  expect(status.stderr).toContain('they make crisisMode otherwise. Run npm run docs');
  const refused = await cli('charts', 'approve', '--machine', 'crisisMode', ...WHO);
  expect([refused.exitCode, refused.stdout]).toEqual([2, '']);
  expect(refused.stderr).toContain('The sources are newer than docs/machines');

  rmSync(join(root, 'node_modules'));
  const unknown = await cli('charts', 'status', '--exit-code');
  expect(unknown.exitCode).toBe(3);
  expect(unknown.stderr).toContain('Nobody knows whether the charts are what their sources make');
});
