/**
 * `holdfast evidence` in a git clone made for it.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { asDeployed } from '../../../tools/evidence/evidence.ts';
import type { Release } from '../../../tools/evidence/release.ts';
import { chartClone } from '../../support/charts/chartClone.ts';
import { runCli } from '../../support/process/runCli.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

interface Manifest {
  readonly commit: string;
  readonly parts: readonly {
    readonly name: string;
    readonly missing: string | null;
    readonly isOlder: boolean;
  }[];
  readonly files: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
}

const manifestIn = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
const partIn = (folder: string, name: string) =>
  manifestIn(folder).parts.find((part) => part.name === name);

/** A clone with all that a bundle takes, but for what only whole runs make. */
function filled() {
  const clone = chartClone();
  const put = (path: string, text: string): void => {
    mkdirSync(join(clone.root, path, '..'), { recursive: true });
    writeFileSync(join(clone.root, path), text);
  };
  put('package.json', '{"name":"holdfast","version":"1.2.3"}');
  put('docs/requirements.md', '# Requirements\n');
  put('docs/decisions/README.md', '# Decisions\n');
  put('docs/crisis.md', '# Crisis\n');
  put('docs/clinical-safety/hazard-log.md', '# Hazard log\n');
  put('docs/machines/crisis.svg', '<svg/>\n');
  put('docs/machines/crisis.md', '# Crisis\n');
  put(
    'package-lock.json',
    '{"packages":{"":{},"node_modules/a":{"version":"1.0.0"},"node_modules/b":{"version":"2.0.0","dev":true}}}',
  );
  put('.gitignore', 'node_modules/\n');
  clone.commit('docs');
  return { ...clone, put };
}

describe('holdfast evidence', () => {
  test('OB-4 UX-1 a bundle has a hash of each of its files, and names what is missing and what makes it', async () => {
    const { cli, root, put } = filled();
    put('node_modules/.cache/test-results.json', `{"file":"${root}/test/a.test.ts"}`);
    put('node_modules/.cache/crisis-drill/crisis-drill.json', '{}');
    const folder = join(tempFolder(), 'evidence');
    const made = await cli('evidence', '--out', folder);
    expect(made.exitCode).toBe(3);
    expect(made.stdout).toMatch(/^there +charts as data +9 files$/m);
    expect(made.stdout).toMatch(/^MISSING +coverage of the charts +make it: npm test$/m);
    expect(made.stdout).toContain('npm run test:crash -- --reporter=json');
    const { files } = manifestIn(folder);
    for (const { path, bytes, sha256 } of files) {
      const content = readFileSync(join(folder, path));
      expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
      expect(content).toHaveLength(bytes);
    }
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
    expect(paths.toSorted()).toEqual(
      [...files.map(({ path }) => path), 'manifest.json'].toSorted(),
    );
    expect(paths).toEqual(
      expect.arrayContaining([
        'README.md',
        'docs/machines/crisis.svg',
        'tests/test-results.json',
        'crisis-drill/crisis-drill.json',
        'versions.json',
        'docs/crisis.md',
        'docs/clinical-safety/hazard-log.md',
      ]),
    );
    expect(JSON.parse(readFileSync(join(folder, 'versions.json'), 'utf8'))).toMatchObject({
      isChanged: false,
      dependencies: [{ name: 'a', version: '1.0.0' }],
    });
    // Where the clone lies on this machine is nobody's matter.
    expect(readFileSync(join(folder, 'tests/test-results.json'), 'utf8')).toBe(
      '{"file":"test/a.test.ts"}',
    );
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(
      '| approvals | who approved which version of a chart | **missing**',
    );
  });

  test('OB-4 the same clone gives the same bundle, and what changed is told', async () => {
    const { cli, root, put } = filled();
    put('node_modules/.cache/test-results.json', '{}');
    const [one, other] = [join(tempFolder(), 'one'), join(tempFolder(), 'other')];
    await cli('evidence', '--out', one);
    await cli('evidence', '--out', other);
    expect(readFileSync(join(other, 'manifest.json'), 'utf8')).toBe(
      readFileSync(join(one, 'manifest.json'), 'utf8'),
    );
    expect(partIn(one, 'results of the tests')).toMatchObject({ missing: null, isOlder: false });

    // Results from before the commit may be of other code.
    utimesSync(join(root, 'node_modules/.cache/test-results.json'), 0, 0);
    put('docs/requirements.md', '# Other\n');
    const changed = join(tempFolder(), 'changed');
    expect((await cli('evidence', '--out', changed)).stdout).toContain(
      'WITH CHANGES THAT ARE NOT COMMITTED',
    );
    expect(partIn(changed, 'results of the tests')).toMatchObject({ isOlder: true });
  });

  test('OB-4 it says whether it is the evidence of the version that is deployed', async () => {
    const { cli, put } = filled();
    const made = async (...flags: readonly string[]) => {
      const folder = join(tempFolder(), 'evidence');
      const { stdout } = await cli('evidence', '--out', folder, ...flags);
      return { stdout, page: readFileSync(join(folder, 'README.md'), 'utf8'), folder };
    };
    const unnamed = await made();
    expect(unnamed.stdout).toContain('and for no other version');
    const same = await made('--deployed', '1.2.3');
    expect(same.stdout).toContain('Deployed is 1.2.3: this is its evidence.');
    expect(same.page).toContain('Deployed is 1.2.3: this is its evidence.');
    // What was changed since is no version at all.
    put('docs/crisis.md', '# Another\n');
    const changed = await made('--deployed', '1.2.3');
    expect(changed.stdout).toContain('NOT THE EVIDENCE OF WHAT IS DEPLOYED');
    expect(changed.page).toContain('NOT THE EVIDENCE OF WHAT IS DEPLOYED');
  });

  test.each([
    ['its version', '1.2.3', true],
    ['its commit', COMMIT, true],
    ['the beginning of its commit', COMMIT.slice(0, 7), true],
    ['too little of its commit', COMMIT.slice(0, 6), false],
    ['another commit', 'f'.repeat(40), false],
    ['another version', '1.2.30', false],
    ['nothing', '', false],
  ])('OB-4 told %s as deployed, a bundle says whether it is of that', (_, named, isThis) => {
    const release = { version: '1.2.3', commit: COMMIT, isChanged: false } as Release;
    expect(asDeployed(named, release)).toEqual({ named, isThis });
    expect(asDeployed(named, { ...release, isChanged: true }).isThis).toBe(false);
  });

  test('OB-4 UX-1 it writes into no folder that is not empty, but with --force, and then leaves nothing of the bundle before', async () => {
    const { cli, root } = filled();
    const folder = tempFolder();
    writeFileSync(join(folder, 'mine.txt'), 'mine');
    const refused = await cli('evidence', '--out', folder);
    expect([refused.exitCode, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain('HF_TARGET_EXISTS');
    expect(readdirSync(folder)).toEqual(['mine.txt']);

    await cli('evidence', '--out', folder, '--force');
    // A manifest that names files elsewhere removes none.
    const outside = join(root, 'package.json');
    const manifest = manifestIn(folder);
    const planted = [
      ...manifest.files,
      { path: `../../src/cli/${'../../src/cli/'.repeat(12)}${outside}`, bytes: 0, sha256: '' },
      { path: outside, bytes: 0, sha256: '' },
    ];
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, files: planted }));
    writeFileSync(join(root, 'docs/machines/crisis.svg'), '');
    const drill = tempFolder();
    writeFileSync(join(drill, 'crisis-drill.md'), '# Drill\n');
    await cli('evidence', '--out', folder, '--force', '--drill', drill);
    expect(existsSync(outside)).toBe(true);
    expect(readFileSync(join(folder, 'mine.txt'), 'utf8')).toBe('mine');
    expect(partIn(folder, 'report of the crisis drill')).toMatchObject({ missing: null });
  });

  test('OB-4 UX-1 away from a clone it says that it needs one', async () => {
    const refused = await runCli([
      'evidence',
      '--out',
      join(tempFolder(), 'x'),
      '--clone',
      tempFolder(),
    ]);
    expect([refused.exitCode, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('This needs a git clone of holdfast');
  });
});
