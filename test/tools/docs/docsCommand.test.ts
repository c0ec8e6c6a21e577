import { execFile } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chartModel } from '../../../inspector/charts/chartModel.ts';
import { machines } from '../../../machines/index.ts';
import { chartRules } from '../../../tools/docs/text/chartRules.ts';
import { repositoryFiles } from '../../conventions/repository.ts';
import { coverageOf } from '../../support/docs/doorDocs.ts';
import { builtProgram } from '../../support/process/builtProgram.ts';

const ANY_TEST = 'test/tools/docs/docsCommand.test.ts';

let folder = '';
let program = '';

/** The tree as the command reads it, with an empty folder for the pages. */
beforeAll(() => {
  program = join(builtProgram(), 'tools/docs/main.js');
  folder = mkdtempSync(join(tmpdir(), 'holdfast-docs-'));
  // Of node_modules it needs the pictures that were drawn before.
  for (const name of [
    'machines',
    'actors',
    'persistence',
    'src',
    'inspector',
    'tools',
    'test',
    'node_modules',
  ]) {
    symlinkSync(resolve(name), join(folder, name));
  }
  mkdirSync(join(folder, 'docs/machines'), { recursive: true });
  for (const page of [
    'requirements.md',
    'conflicts.md',
    'ARCHITECTURE.md',
    'glossary.md',
    'crisis.md',
    'clinical-safety',
    'decisions',
    'how-to',
  ]) {
    cpSync(join('docs', page), join(folder, 'docs', page), { recursive: true });
  }
  const rules = chartRules(
    repositoryFiles()
      .filter(({ path }) => path.startsWith('machines/'))
      .map(({ path }) => ({ path, text: readFileSync(path, 'utf8') })),
  );
  const models = machines.map((machine) => chartModel(machine, rules(machine.id)));
  const coverage = coverageOf(models).replaceAll(/test\/\w+\.test\.ts/g, ANY_TEST);
  writeFileSync(join(folder, 'docs/machines/coverage.json'), coverage);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(...flags: readonly string[]): Promise<{ status: number; output: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [program, ...flags], { cwd: folder }, (error, stdout, stderr) => {
      done({ status: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}

test('OB-3 the docs command writes the pages, and the check fails on any drift from them', async () => {
  const missing = await run('--check');
  expect(missing.status).toBe(1);
  expect(missing.output).toContain('docs/machines/README.md is stale; run npm run docs');

  expect(await run()).toMatchObject({ status: 0 });
  expect(await run('--check')).toMatchObject({ status: 0 });

  appendFileSync(join(folder, 'docs/machines/README.md'), 'A word by hand.\n');
  writeFileSync(join(folder, 'docs/machines/gone.md'), '# Gone\n');
  const drifted = await run('--check');
  expect(drifted.status).toBe(1);
  expect(drifted.output).toContain('docs/machines/README.md is stale; run npm run docs');
  expect(drifted.output).toContain('docs/machines/gone.md belongs to no machine; run npm run docs');

  expect(await run()).toMatchObject({ status: 0 });
  expect(await run('--check')).toMatchObject({ status: 0 });
});

test('OB-4 the check fails on a hazard whose evidence is not there, and a paragraph that names none', async () => {
  const log = join(folder, 'docs/clinical-safety/hazard-log.md');
  const whole = readFileSync(log, 'utf8');
  writeFileSync(
    log,
    whole
      .replace('crisisEscalation.test.ts', 'crisisGone.test.ts')
      .replace('`drill: stalled`', '`drill: nowhere`')
      .replace('#state-escalation-open-telling-exhausted', '#state-escalation-tired')
      .replace('| Owner | Deployer |\n', ''),
  );
  const crisis = join(folder, 'docs/crisis.md');
  const held = readFileSync(crisis, 'utf8');
  writeFileSync(crisis, held.replace(/<!-- held: .* -->\n/, ''));
  const { status, output } = await run('--check');
  writeFileSync(log, whole);
  writeFileSync(crisis, held);
  expect(status).toBe(1);
  expect(output).toContain('a link leads to test/src/crisisGone.test.ts, which is not there');
  expect(output).toContain('the drill has no row nowhere');
  expect(output).toContain('crisis.md#state-escalation-tired, and there is no such place');
  expect(output).toContain('H1 has the fields');
  expect(output).toMatch(/docs\/crisis\.md:\d+: nothing is named that holds/);
});
