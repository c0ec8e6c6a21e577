/**
 * The page that lists every machine.
 *
 * @module
 */

import type { AnyStateMachine } from 'xstate';
import { requirementsCarried } from '../charts/chartFaults.ts';
import { allStates, allTransitions } from '../charts/transitions.ts';
import { heading, linkIds, table } from './markdown.ts';

/** The page that lists every machine. */
export function indexPage(
  machines: readonly AnyStateMachine[],
  known: ReadonlySet<string>,
): string {
  const rows = machines.map((machine) => [
    `[${heading(machine.id)}](${machine.id}.md)`,
    machine.root.description ?? '',
    String(allStates(machine).length - 1),
    String(allTransitions(machine).length),
    linkIds(requirementsCarried(machine).join(', '), known),
  ]);
  return `${[
    '# Machines',
    '<!-- Written by `npm run docs` from machines/index.ts. Edit the charts, not this page. -->',
    'Every decision that holdfast takes is in one of these charts. `npm run docs` writes their pages from the source, and `npm run docs:check` fails when a page is stale, a state has no description or a state can’t be reached.',
    table(['Machine', 'What it is', 'States', 'Transitions', 'Requirements'], rows),
  ].join('\n\n')}\n`;
}
