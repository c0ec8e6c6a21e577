/**
 * The pictures of the charts. Drawing takes seconds, so a picture is kept under node_modules/.cache by the hash
 * of all that it is made from: the chart, this program's drawing, and elkjs.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChartModel } from '../../inspector/charts/chartModel.ts';
import { drawChart } from '../draw/drawChart.ts';
import type { SourceFile } from './text/requirements.ts';

const MODULES = 'node_modules';

/** `docs/machines/<id>.svg` of each chart. */
export async function drawings(charts: readonly ChartModel[]): Promise<readonly SourceFile[]> {
  const made: SourceFile[] = [];
  for (const chart of charts) {
    made.push({ path: `docs/machines/${chart.id}.svg`, text: await kept(chart) });
  }
  return made;
}

async function kept(chart: ChartModel): Promise<string> {
  if (!existsSync(MODULES)) return drawChart(chart);
  const folder = join(MODULES, '.cache/holdfast-drawings');
  const path = join(folder, `${nameOf(chart)}.svg`);
  if (existsSync(path)) return readFileSync(path, 'utf8');
  const svg = await drawChart(chart);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, svg);
  return svg;
}

function nameOf(chart: ChartModel): string {
  const hash = createHash('sha256').update(JSON.stringify(chart));
  const draw = fileURLToPath(new URL('../draw', import.meta.url));
  for (const file of readdirSync(draw).toSorted()) hash.update(readFileSync(join(draw, file)));
  const elk = createRequire(import.meta.url).resolve('elkjs/package.json');
  return hash.update(readFileSync(elk)).digest('hex').slice(0, 32);
}
