/**
 * Whether the charts of a clone, which are read from docs/machines/*.json, are what its sources make now.
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ChartModel } from '../../inspector/charts/chartData.ts';
import { hasShape } from '../../machines/vocabulary/shape.ts';

const run = promisify(execFile);
/** Bundles what prints the hashes, with what the clone has installed, and runs it: a second, and no build before. */
const PROGRAM = `
import { pathToFileURL } from 'node:url';
import { build } from 'rolldown';
const file = 'node_modules/.cache/holdfast-charts/sourceHashes.mjs';
await build({
  input: 'tools/docs/sourceHashes.ts',
  platform: 'node',
  external: [/^node:/, 'typescript', 'xstate'],
  output: { file, format: 'esm' },
  logLevel: 'silent',
});
await import(pathToFileURL(file).href);
`;
const TIMEOUT_MS = 60_000;

export interface SourceCheck {
  /** The charts that the sources make otherwise than docs/machines has them, or that only one of the two has. */
  readonly newer: readonly string[];
  /** What to say of that; `null` where the charts are what the sources make, and where there are no sources. */
  readonly warning: string | null;
}

/** Compares the charts of a clone with its sources. Runs code of the clone. */
export async function checkSources(
  root: string,
  charts: ReadonlyMap<string, ChartModel>,
): Promise<SourceCheck> {
  if (!existsSync(join(root, 'machines/index.ts'))) return { newer: [], warning: null };
  const hashes = await sourceHashes(root);
  if (hashes === null) {
    return {
      newer: [...charts.keys()],
      warning:
        'Nobody knows whether the charts are what their sources make now: npm ci and npm run types in the clone say what is amiss there.',
    };
  }
  const newer = [...new Set([...charts.keys(), ...Object.keys(hashes)])]
    .filter((id) => charts.get(id)?.hash !== hashes[id])
    .toSorted();
  const warning =
    newer.length === 0
      ? null
      : `The sources are newer than docs/machines: they make ${newer.join(', ')} otherwise. Run npm run docs, then look again.`;
  return { newer, warning };
}

/** By the id of the chart; `null` where they can't be read. */
async function sourceHashes(root: string): Promise<Readonly<Record<string, string>> | null> {
  try {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', PROGRAM], {
      cwd: root,
      timeout: TIMEOUT_MS,
    });
    const hashes: unknown = JSON.parse(stdout);
    return hasShape({})(hashes) ? (hashes as Readonly<Record<string, string>>) : null;
  } catch {
    return null;
  }
}
