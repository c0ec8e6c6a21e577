/**
 * `holdfast evidence`: everything that an auditor of a release asks for, in one folder with a manifest.
 *
 * @module
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize, resolve } from 'node:path';
import type { Command } from 'commander';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import {
  command,
  flag,
  type JsonOptions,
  jsonOption,
  valueOption,
} from '../../src/cli/kit/command.ts';
import type { Paint } from '../../src/cli/kit/output.ts';
import { EXIT } from '../../src/cli/kit/program.ts';
import { table } from '../../src/cli/kit/table.ts';
import { type CloneOptions, cloneOption, cloneRoot } from '../clone/clone.ts';
import { type EvidenceFile, type EvidencePart, partsOf } from './evidenceParts.ts';
import { type Release, sha256, whatItIsOf } from './release.ts';

/** A version or a commit that runs somewhere. */
interface Deployed {
  readonly named: string;
  readonly isThis: boolean;
}

interface Manifest {
  readonly format: 1;
  readonly package: string;
  readonly version: string;
  readonly commit: string;
  readonly isChanged: boolean;
  /** What is said to be deployed, and whether it is this; `null` where nothing was said. */
  readonly deployed: Deployed | null;
  readonly parts: readonly {
    readonly name: string;
    readonly shows: string;
    /** How many there are of it. */
    readonly files: number;
    readonly missing: string | null;
    readonly isOlder: boolean;
  }[];
  /** Every file but the manifest itself, by path. */
  readonly files: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
}

const MANIFEST = 'manifest.json';

/** @throws HoldfastError `HF_TARGET_EXISTS` where the folder is not empty and it is not forced. */
function writeBundle(
  folder: string,
  {
    release,
    deployed,
    parts,
    isForced,
  }: {
    readonly release: Release;
    readonly deployed: Deployed | null;
    readonly parts: readonly EvidencePart[];
    readonly isForced: boolean;
  },
): Manifest {
  makeRoom(folder, isForced);
  const files = [
    { path: 'README.md', content: pageOf(release, deployed, parts) },
    ...parts.flatMap((part) => part.files),
  ].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (const { path, content } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const manifest: Manifest = {
    format: 1,
    package: release.package,
    version: release.version,
    commit: release.commit,
    isChanged: release.isChanged,
    deployed,
    parts: parts.map((part) => ({ ...part, files: part.files.length })),
    files: files.map(factsOf),
  };
  writeFileSync(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

function makeRoom(folder: string, isForced: boolean): void {
  mkdirSync(folder, { recursive: true });
  if (readdirSync(folder).length === 0) return;
  if (!isForced) {
    throw new HoldfastError(
      'HF_TARGET_EXISTS',
      `${folder} is not empty. Give a folder that is, or --force to write into it.`,
      { path: folder },
    );
  }
  // Of an earlier bundle nothing may stay that this one does not have.
  for (const path of filesOfManifest(join(folder, MANIFEST))) {
    if (isInside(path)) rmSync(join(folder, path), { force: true });
  }
}

function filesOfManifest(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  try {
    const { files } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Manifest>;
    return (files ?? []).map((file) => file.path).filter((file) => typeof file === 'string');
  } catch {
    return [];
  }
}

/** A manifest is a file that anybody may have written: it removes nothing outside of its folder. */
function isInside(path: string): boolean {
  return !isAbsolute(path) && !normalize(path).split(/[\\/]/).includes('..');
}

function factsOf({ path, content }: EvidenceFile): Manifest['files'][number] {
  return {
    path,
    bytes: Buffer.byteLength(content),
    sha256: sha256(content).slice('sha256:'.length),
  };
}

/** Whether a version or a commit, which may be cut short, is that of the bundle, with nothing changed since. */
export function asDeployed(named: string, { version, commit, isChanged }: Release): Deployed {
  const isCommit = /^[0-9a-f]{7,40}$/.test(named) && commit.startsWith(named);
  return { named, isThis: !isChanged && (named === version || isCommit) };
}

/** Whether this is the evidence of what runs, in a sentence. */
function deployedSentence({ package: name, version }: Release, deployed: Deployed | null): string {
  if (deployed === null) {
    return `This is evidence for ${name} ${version} and for no other version; with --deployed it is compared with what you deploy.`;
  }
  return deployed.isThis
    ? `Deployed is ${deployed.named}: this is its evidence.`
    : `Deployed is ${deployed.named}: this is NOT THE EVIDENCE OF WHAT IS DEPLOYED.`;
}

function pageOf(
  release: Release,
  deployed: Deployed | null,
  parts: readonly EvidencePart[],
): string {
  const rows = parts.map(({ name, shows, files, missing, isOlder }) => {
    const [first] = files;
    const where = files.length === 1 ? `\`${first?.path ?? ''}\`` : `${files.length} files`;
    const standing = missing === null ? where : `**missing**; \`${missing}\` makes it`;
    return `| ${name} | ${shows} | ${standing}${isOlder ? '; **older than the commit**' : ''} |`;
  });
  return `${[
    `# Evidence for ${release.package} ${release.version}`,
    `Commit \`${release.commit}\`${release.isChanged ? ', **with changes that are not committed**' : ''}.`,
    deployedSentence(release, deployed),
    `\`${MANIFEST}\` has the sha256 of every file. \`holdfast evidence\` wrote this folder.`,
    ['| What | What it shows | Where |', '| --- | --- | --- |', ...rows].join('\n'),
  ].join('\n\n')}\n`;
}

interface EvidenceOptions extends CloneOptions, JsonOptions {
  readonly out: string;
  readonly drill?: string;
  readonly deployed?: string;
  readonly force: boolean;
}

export function evidenceCommand(): Command {
  return command<EvidenceOptions>({
    name: 'evidence',
    options: [
      valueOption(
        '--out <dir>',
        'where to put it: an empty folder, or one that is not there yet',
      ).makeOptionMandatory(),
      valueOption(
        '--drill <dir>',
        'report of a crisis drill; else node_modules/.cache/crisis-drill',
      ),
      valueOption(
        '--deployed <version>',
        'the version or commit that runs: says whether the evidence is of it; exit 3 if not',
      ),
      flag('--force', 'also into a folder that is not empty; an earlier bundle in it is replaced'),
      cloneOption(),
      jsonOption(),
    ],
    notes:
      'Charts, hazards and clinical safety, the matrix of requirements, what tests took of each chart, approvals, requirements and decisions, the report of the crisis drill, results of tests, versions, the lock file, a bill of materials, and manifest.json with the sha256 of every file. What is missing is named with the command that makes it. The same clone gives the same bundle.',
    examples: [
      'holdfast evidence --out ./evidence',
      'holdfast evidence --out ./evidence --deployed 0.1.0',
    ],
    async run({ options, output }) {
      const root = cloneRoot(options);
      const release = await whatItIsOf(root);
      const parts = await partsOf(root, {
        release,
        drill: options.drill === undefined ? null : resolve(options.drill),
      });
      const folder = resolve(options.out);
      const deployed =
        options.deployed === undefined ? null : asDeployed(options.deployed, release);
      const manifest = writeBundle(folder, { release, deployed, parts, isForced: options.force });
      const rows = manifest.parts.map(({ name, files, missing }) => [
        missing === null ? 'there' : 'MISSING',
        name,
        missing === null ? (files === 1 ? '1 file' : `${files} files`) : `make it: ${missing}`,
      ]);
      const isWhole = manifest.parts.every(({ missing }) => missing === null);
      const text = [
        table(['', 'what', ''], rows, Number.POSITIVE_INFINITY),
        `${manifest.files.length} files in ${folder}, of commit ${release.commit.slice(0, 10)}${release.isChanged ? ', WITH CHANGES THAT ARE NOT COMMITTED' : ''}.`,
        deployedSentence(release, deployed),
      ].join('\n');
      output.result({ folder, ...manifest }, text, paint);
      return isWhole && deployed?.isThis !== false ? EXIT.ok : EXIT.someBad;
    },
  });
}

const paint: Paint = (line, { yellow }) =>
  line.startsWith('MISSING') || /NOT (COMMITTED|THE EVIDENCE)/.test(line) ? yellow(line) : line;
