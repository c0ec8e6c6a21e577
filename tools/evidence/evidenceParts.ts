/**
 * The parts of a bundle: where each comes from, and which command makes what is missing.
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { standingOf } from '../../inspector/charts/approvals.ts';
import { CHARTS, keptApprovals, presentCharts } from '../clone/chartFiles.ts';
import type { Release } from './release.ts';

/** A file of the bundle, by its path in it. */
export interface EvidenceFile {
  readonly path: string;
  readonly content: string | Buffer;
}

export interface EvidencePart {
  readonly name: string;
  /** What it shows, in one sentence. */
  readonly shows: string;
  readonly files: readonly EvidenceFile[];
  /** The command that makes it, where it is not there; else `null`. */
  readonly missing: string | null;
  /** Whether it was made before the commit that the bundle is of, so may be of another. */
  readonly isOlder: boolean;
}

export interface PartsOptions {
  readonly release: Release;
  /** The folder of the drill's report, where one is named. */
  readonly drill: string | null;
}

const CACHE = 'node_modules/.cache';
const DRILL = `${CACHE}/crisis-drill`;
const MAKE_DOCS = 'npm run docs';
const SAFETY = 'docs/clinical-safety';

/** What .ci/run writes, each with what runs it alone. */
const RESULTS: readonly (readonly [file: string, name: string, shows: string, script: string])[] = [
  ['test-results.json', 'results of the tests', 'every test that npm test runs', 'test'],
  [
    'crash-test-results.json',
    'results of the crash tests',
    'nothing accepted is lost by kills and power cuts',
    'test:crash',
  ],
  [
    'disk-test-results.json',
    'results of the disk tests',
    'what becomes of work when disks fail',
    'test:disk',
  ],
  [
    'restart-test-results.json',
    'results of the restart tests',
    'work goes on after restarts',
    'test:restart',
  ],
  [
    'browser-test-results.json',
    'results of the browser tests',
    "the inspector's page in a browser",
    'test:browser',
  ],
  [
    'examples-test-results.json',
    'results of the examples',
    'the example apps run as installed',
    'test:examples',
  ],
  [
    'matrix-test-results.json',
    'results of the install matrix',
    'the package as installed and bundled',
    'test:matrix',
  ],
];

/** All parts, those that are missing too. */
export async function partsOf(
  root: string,
  { release, drill }: PartsOptions,
): Promise<readonly EvidencePart[]> {
  const part = partMaker(root, release);
  const charts = readdirSync(join(root, CHARTS)).toSorted();
  const inCharts = (ending: string): readonly string[] =>
    charts.filter((file) => file.endsWith(ending)).map((file) => `${CHARTS}/${file}`);
  const models = inCharts('.json').filter((path) => !/(approvals|coverage)\.json$/.test(path));
  return [
    part('pictures of the charts', 'every state and transition', inCharts('.svg'), MAKE_DOCS),
    part('charts as data', 'each with its hash and the text of its rules', models, MAKE_DOCS),
    part(
      'pages of the charts',
      'the same in words, and the tours',
      inCharts('.md').filter((path) => !path.endsWith('/matrix.md')),
      MAKE_DOCS,
    ),
    part(
      'matrix of requirements',
      'requirements to code and tests, and back',
      [`${CHARTS}/matrix.md`],
      MAKE_DOCS,
    ),
    part(
      'coverage of the charts',
      'which tests took each transition',
      [`${CHARTS}/coverage.json`],
      'npm test',
    ),
    part(
      'approvals',
      'who approved which version of a chart',
      [`${CHARTS}/approvals.json`],
      'holdfast charts approve --all --name NAME --role ROLE',
    ),
    {
      ...part('standing of the approvals', 'which of them hold for these charts', [], ''),
      files: [standings(root)],
      missing: null,
    },
    part(
      'requirements',
      'what was promised',
      ['docs/requirements.md'],
      'git checkout docs/requirements.md',
    ),
    part(
      'decisions',
      'why it is as it is',
      filesBelow(root, 'docs/decisions'),
      'git checkout docs/decisions',
    ),
    part(
      'clinical safety',
      'intended use, hazards with their evidence, and what is left to the deployer',
      ['docs/crisis.md', ...filesBelow(root, SAFETY)],
      `git checkout docs/crisis.md ${SAFETY}`,
    ),
    drillPart(root, release, drill ?? join(root, DRILL)),
    ...RESULTS.map(([file, name, shows, script]) =>
      part(
        name,
        shows,
        [`${CACHE}/${file}`],
        `npm run ${script} -- --reporter=json --outputFile.json=${CACHE}/${file}`,
        'tests',
      ),
    ),
    {
      ...part('versions', 'commit, Node.js and dependencies', [], ''),
      files: [versions(release)],
      missing: null,
    },
    part(
      'lock file',
      'the exact packages, with their hashes',
      ['package-lock.json'],
      'npm install',
    ),
    await bill(root, release),
  ];
}

type MakePart = (
  name: string,
  shows: string,
  paths: readonly string[],
  command: string,
  folder?: string,
) => EvidencePart;

/** A part of files of the clone, which keep their paths unless a folder is named for them. */
function partMaker(root: string, release: Release): MakePart {
  return (name, shows, paths, command, folder) => {
    const there = paths.filter((path) => existsSync(join(root, path)));
    return {
      name,
      shows,
      files: there.map((path) => ({
        path: folder === undefined ? path : `${folder}/${path.split('/').at(-1) ?? path}`,
        content: withoutRoot(readFileSync(join(root, path)), root),
      })),
      missing: there.length === 0 || there.length < paths.length ? command : null,
      // What is committed is of the commit.
      isOlder: folder !== undefined && there.some((path) => isBefore(join(root, path), release)),
    };
  };
}

function drillPart(root: string, release: Release, folder: string): EvidencePart {
  const found = existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => /^crisis-drill\.(json|md|svg)$/.test(file))
        .toSorted()
    : [];
  return {
    name: 'report of the crisis drill',
    shows: 'a crisis is answered in time whatever else fails',
    files: found.map((file) => ({
      path: `crisis-drill/${file}`,
      content: withoutRoot(readFileSync(join(folder, file)), root),
    })),
    missing: found.length === 0 ? `npm run drill -- --out ${DRILL}` : null,
    isOlder: found.some((file) => isBefore(join(folder, file), release)),
  };
}

function standings(root: string): EvidenceFile {
  const approvals = keptApprovals(root);
  const charts = [...presentCharts(root).values()].map((chart) => standingOf(chart, approvals));
  return { path: 'approvals-standing.json', content: json({ charts }) };
}

function versions(release: Release): EvidenceFile {
  return { path: 'versions.json', content: json({ ...release, committedAtMs: undefined }) };
}

/** The bill of materials that npm makes, without what differs from one making to the next. */
async function bill(root: string, release: Release): Promise<EvidencePart> {
  const about = {
    name: 'bill of materials',
    shows: 'every package that is installed with it',
    isOlder: false,
  };
  const made = 'npm sbom --sbom-format cyclonedx --omit dev';
  try {
    const { stdout } = await promisify(execFile)('npm', made.split(' ').slice(1), {
      cwd: root,
      maxBuffer: 64 * 1024 * 1024,
    });
    const {
      serialNumber: _,
      metadata,
      ...rest
    } = JSON.parse(stdout) as {
      readonly serialNumber?: string;
      readonly metadata?: { readonly timestamp?: string; readonly component?: object };
    };
    const { timestamp: __, component, ...kept } = metadata ?? {};
    // npm takes the name of the folder for that of the package.
    const named = { ...component, name: release.package };
    const content = json({ ...rest, metadata: { ...kept, component: named } });
    return { ...about, files: [{ path: 'sbom.cdx.json', content }], missing: null };
  } catch {
    return { ...about, files: [], missing: made };
  }
}

function filesBelow(root: string, folder: string): readonly string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .toSorted();
}

/** Results of tests name their files from the root of the machine; of this clone that is nobody's matter. */
function withoutRoot(content: Buffer, root: string): string | Buffer {
  const text = content.toString('utf8');
  return text.includes(root) ? text.replaceAll(`${root}/`, '').replaceAll(root, '.') : content;
}

function isBefore(path: string, { committedAtMs }: Release): boolean {
  return statSync(path).mtimeMs < committedAtMs;
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
