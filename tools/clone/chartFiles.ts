/**
 * The charts of a clone as data, now and at a revision, and their approvals.
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Approval, readApprovals, writeApprovals } from '../../inspector/charts/approvals.ts';
import type { ChartModel } from '../../inspector/charts/chartData.ts';
import { chartHash } from '../../inspector/charts/chartModel.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { hasShape, isText } from '../../machines/vocabulary/shape.ts';
import { git } from './clone.ts';

export const CHARTS = 'docs/machines';
const APPROVALS = `${CHARTS}/approvals.json`;
const NO_CHARTS = new Set(['approvals.json', 'coverage.json', 'sentences.json']);

const isList = (value: unknown): boolean => Array.isArray(value);
const isChart = hasShape({ id: isText, hash: isText, states: isList, transitions: isList });

/** The charts as the files of the clone have them, by id. @throws HoldfastError `HF_INPUT_UNREADABLE`. */
export function presentCharts(root: string): ReadonlyMap<string, ChartModel> {
  const names = readdirSync(join(root, CHARTS)).filter(isChartFile).toSorted();
  return chartsOf(names.map((name) => [name, readFileSync(join(root, CHARTS, name), 'utf8')]));
}

/**
 * The charts as a commit has them, by id.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` where it is from before charts were kept as data.
 */
export async function chartsAt(
  root: string,
  commit: string,
  name: string,
): Promise<ReadonlyMap<string, ChartModel>> {
  const listed = (await git(root, 'ls-tree', '--name-only', commit, `${CHARTS}/`)) ?? '';
  const paths = listed.split('\n').filter((path) => isChartFile(path.slice(CHARTS.length + 1)));
  if (paths.length === 0) {
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      `${name} has no ${CHARTS}/*.json: it is from before charts were kept as data, so there is nothing to compare with.`,
      { field: 'rev' },
    );
  }
  const files: (readonly [string, string])[] = [];
  for (const path of paths.toSorted()) {
    files.push([path, (await git(root, 'show', `${commit}:${path}`)) ?? '']);
  }
  return chartsOf(files);
}

/** Whether a chart is what its hash says: one that was edited by hand is not. */
export function isAsHashed({ hash, ...rest }: ChartModel): boolean {
  return chartHash(rest) === hash;
}

/** @throws HoldfastError `HF_INPUT_UNREADABLE`. */
export function keptApprovals(root: string): readonly Approval[] {
  const path = join(root, APPROVALS);
  if (!existsSync(path)) return [];
  const approvals = readApprovals(readFileSync(path, 'utf8'));
  if (approvals !== null) return approvals;
  throw new HoldfastError(
    'HF_INPUT_UNREADABLE',
    `${APPROVALS} can't be read: restore it from the history. After a merge that met a conflict, keep the entries of both sides.`,
    { path },
  );
}

/**
 * Keeps what becomes of them, whole or not at all, and one change after the other: of two people who approve at
 * once none is lost. Where they are kept, from the root.
 *
 * @throws HoldfastError `HF_TARGET_EXISTS` while another process changes them; `HF_INPUT_UNREADABLE`.
 */
export function changeApprovals(
  root: string,
  change: (approvals: readonly Approval[]) => readonly Approval[],
): string {
  const next = `${APPROVALS}.lock`;
  try {
    writeFileSync(join(root, next), '', { flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    throw new HoldfastError(
      'HF_TARGET_EXISTS',
      `${next} is there: somebody else approves at this moment. Try again; where nobody does, remove it.`,
      { path: next },
    );
  }
  try {
    writeFileSync(join(root, next), writeApprovals(change(keptApprovals(root))));
    renameSync(join(root, next), join(root, APPROVALS));
  } catch (error) {
    rmSync(join(root, next), { force: true });
    throw error;
  }
  return APPROVALS;
}

function isChartFile(name: string): boolean {
  return name.endsWith('.json') && !name.includes('/') && !NO_CHARTS.has(name);
}

function chartsOf(
  files: readonly (readonly [name: string, text: string])[],
): ReadonlyMap<string, ChartModel> {
  return new Map(
    files.map(([name, text]) => {
      const chart = parsed(text);
      if (isChart(chart)) return [(chart as ChartModel).id, chart as ChartModel];
      throw new HoldfastError(
        'HF_INPUT_UNREADABLE',
        `${name} holds no chart; npm run docs writes it.`,
        {
          path: name,
        },
      );
    }),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
