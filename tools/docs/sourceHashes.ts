/**
 * Prints the hash of each chart as the sources make it now: `holdfast charts` bundles and runs it in a clone, to see
 * whether docs/machines/*.json is what they make. Run from the repository's root.
 *
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs';
import { chartModel } from '../../inspector/charts/chartModel.ts';
import { machines } from '../../machines/index.ts';
import { chartRules } from './text/chartRules.ts';

const files = readdirSync('machines', { recursive: true, encoding: 'utf8' })
  .map((name) => `machines/${name.replaceAll('\\', '/')}`)
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
const rulesOf = chartRules(files);
const hashes = machines.map((machine) => [
  machine.id,
  chartModel(machine, rulesOf(machine.id)).hash,
]);
process.stdout.write(JSON.stringify(Object.fromEntries(hashes)));
