/**
 * The page of one machine: for whoever reviews it. Plain words come first, tables for engineers after them.
 *
 * @module
 */

import { toMermaid } from '../../../inspector/charts/toMermaid.ts';
import { MAY_RUN_TABLE } from '../../../machines/scheduler/mayRun.ts';
import { type ChartDoc, knownIds } from '../text/chartDoc.ts';
import { code, codeBlock, heading, linkIds, table } from '../text/markdown.ts';
import { approvalLines } from './approvalLines.ts';
import { plainWords } from './plainWords.ts';
import { actionTable, actorTable, eventTable, guardTable } from './ruleTables.ts';
import { stateTable, tagTable, timeTable } from './stateTables.ts';
import { coverageText } from './transitions.ts';

/** Where the page of a machine lies, from the repository's root. */
export function machinePagePath(id: string): string {
  return `docs/machines/${id}.md`;
}

/** Everything a reviewer needs of one machine, as Markdown. The same input gives the same text. */
export function machinePage(doc: ChartDoc): string {
  const { model, path, introduction, traces } = doc;
  const known = knownIds(traces);
  const parts = [
    `# ${heading(model.id)}`,
    `<!-- Written by \`npm run docs\` from ${path} and the files beside it. Edit those, not this page. -->`,
    linkIds(introduction.length > 0 ? introduction.join('\n\n') : model.purpose, known),
    '## Chart',
    ...chart(doc),
    ...approvalLines(doc),
    '## What it does in plain words',
    ...plainWords(doc),
    ...section('What comes by itself', timeTable(doc)),
    '## States',
    stateTable(doc),
    ...section('Tags', tagTable(doc)),
    ...section('Tests', coverageText(doc)),
    ...section('Events', eventTable(doc)),
    ...section('Guards', guardTable(doc)),
    ...section('Actions', actionTable(doc)),
    ...section('Invoked actors', actorTable(doc)),
    ...section('Who may run', waitTable(model.id)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function chart({ machine, model, hasPicture }: ChartDoc): readonly string[] {
  const { id, states, transitions } = model;
  if (hasPicture) {
    const usual = states.some(({ usualPath }) => usualPath !== undefined)
      ? ' The heavy arrows are the usual path.'
      : '';
    const what = `Statechart of ${heading(id)}: ${states.length - 1} states, ${transitions.length} transitions.${usual} All of them are in words below.`;
    return [`![${what}](${id}.svg)`];
  }
  return toMermaid(machine).flatMap(({ region, text }) => [
    ...(region === null ? [] : [code(region)]),
    codeBlock('mermaid', text),
  ]);
}

/** The table by which the scheduler answers, in the order in which its rows are asked. */
function waitTable(id: string): string | null {
  if (id !== 'scheduler') return null;
  const rows = MAY_RUN_TABLE.map(({ because, holds, untilAtMs }, index) => [
    String(index + 1),
    code(because),
    holds,
    untilAtMs === undefined ? '' : 'at a known time',
  ]);
  const note =
    'The rows are asked from the top; the first that holds is the answer, and else it may run.';
  return `${note}\n\n${table(['', 'Because', 'Where', 'Ends'], rows)}`;
}

function section(title: string, body: string | null): readonly string[] {
  return body === null ? [] : [`## ${title}`, body];
}
