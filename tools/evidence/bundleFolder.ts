/**
 * Writes a bundle: its files, a page that says what they are, and the manifest.
 *
 * @module
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { EvidenceFile, EvidencePart } from './evidenceParts.ts';
import { type Release, sha256 } from './release.ts';

/** A version or a commit that runs somewhere. */
export interface Deployed {
  readonly named: string;
  readonly isThis: boolean;
}

export interface Manifest {
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
export function writeBundle(
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
export function deployedSentence(
  { package: name, version }: Release,
  deployed: Deployed | null,
): string {
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
