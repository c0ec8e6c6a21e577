/**
 * A git clone with the charts of holdfast in it, for the commands that need one.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChartModel, chartHash, chartModel } from '../../../inspector/charts/chartModel.ts';
import { machines } from '../../../machines/index.ts';
import { runCli } from '../process/runCli.ts';
import { tempFolder } from '../store/tempFolder.ts';

const RULES = [
  { name: 'isAnything', kind: 'guard', text: '() => true', means: 'It is any.', uses: [] },
] as const;
const models = machines.map((machine) => chartModel(machine, RULES));

/** A clone whose second commit has every chart. */
export function chartClone() {
  const root = join(tempFolder(), 'clone');
  const folder = join(root, 'docs/machines');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"name":"holdfast"}');
  const write = (model: ChartModel): void =>
    writeFileSync(join(folder, `${model.id}.json`), JSON.stringify(model));
  const git = (...parameters: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', ...parameters], {
      cwd: root,
      encoding: 'utf8',
    }).trim();
  git('init', '-q');
  const commit = (title: string): string => {
    git('add', '-A');
    git('commit', '-q', '-m', title);
    return git('rev-parse', '--short', 'HEAD');
  };
  commit('before charts were data');
  for (const model of models) write(model);
  const first = commit('charts');
  const cli = (...args: readonly string[]) => runCli([...args, '--clone', root]);
  const change = (id: string, text: string): void => {
    const { hash: _, ...rest } = models.find((model) => model.id === id) ?? raise(id);
    const changed = { ...rest, rules: [{ ...RULES[0], text }] };
    write({ ...changed, hash: chartHash(changed) });
  };
  return { root, folder, cli, change, commit, first, git };
}

function raise(id: string): never {
  throw new Error(`no chart ${id}`);
}
