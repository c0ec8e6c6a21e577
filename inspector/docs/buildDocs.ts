/**
 * Builds the documentation of all machines, and lists what is wrong or missing in it.
 *
 * @module
 */

import type { AnyStateMachine } from 'xstate';
import { chartFaults, requirementsCarried } from '../charts/chartFaults.ts';
import { chartModel } from '../charts/chartModel.ts';
import { chartRules } from './chartRules.ts';
import { indexPage } from './indexPage.ts';
import { machinePage, machinePagePath } from './machinePage.ts';
import { parseRequirements, type SourceFile, traceRequirements } from './requirements.ts';

export interface DocsInput {
  readonly machines: readonly AnyStateMachine[];
  /** The text of docs/requirements.md. */
  readonly requirementsPage: string;
  /** The product's own source files. */
  readonly code: readonly SourceFile[];
  /** The test files. */
  readonly tests: readonly SourceFile[];
}

export interface Docs {
  /** What docs/machines/ should hold. */
  readonly pages: readonly SourceFile[];
  /** What must be mended before the docs can be trusted, one sentence each. */
  readonly faults: readonly string[];
  /** What is still open, one sentence each: requirements that no code carries or no test proves. */
  readonly notes: readonly string[];
}

/** The documentation of every machine, and what is wrong or missing in it. */
export function buildDocs({ machines, requirementsPage, code, tests }: DocsInput): Docs {
  const requirements = parseRequirements(requirementsPage);
  const known = new Set(requirements.map((requirement) => requirement.id));
  const traces = traceRequirements(requirements, code, tests);
  const faults: string[] = [];
  if (requirements.length === 0) faults.push('docs/requirements.md holds no requirement');

  const pages: SourceFile[] = [
    { path: 'docs/machines/README.md', text: indexPage(machines, known) },
  ];
  const charts = code.filter(({ path }) => path.startsWith('machines/'));
  const rulesOf = chartRules(charts);
  for (const machine of machines) {
    const source = charts.find(({ path }) => path.endsWith(`/${machine.id}Machine.ts`));
    if (source === undefined) {
      faults.push(`machine ${machine.id} is in no file ${machine.id}Machine.ts of machines/`);
      continue;
    }
    const sourcePath = source.path;
    const page = machinePage(machine, [source, ...charts], traces);
    const model = chartModel(machine, rulesOf(machine.id));
    pages.push({ path: machinePagePath(machine), text: page });
    pages.push({
      path: `docs/machines/${machine.id}.json`,
      text: `${JSON.stringify(model, null, 2)}\n`,
    });
    faults.push(...chartFaults(machine).map((fault) => `${sourcePath}: ${fault}`));
    for (const id of requirementsCarried(machine)) {
      if (!known.has(id)) faults.push(`${sourcePath}: there is no requirement ${id}`);
    }
  }

  const notes = [
    open(
      'no code carries',
      traces.filter((trace) => trace.carriers.length === 0),
    ),
    open(
      'no test proves',
      traces.filter((trace) => trace.tests.length === 0),
    ),
  ].filter((note) => note !== null);
  return { pages, faults, notes };
}

function open(
  what: string,
  traces: readonly { readonly requirement: { readonly id: string } }[],
): string | null {
  if (traces.length === 0) return null;
  return `${what} ${traces.map(({ requirement }) => requirement.id).join(', ')}`;
}
