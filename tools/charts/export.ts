/**
 * `holdfast charts export`: a chart as the JSON that XState's `createMachine` and Stately's tools take.
 *
 * @module
 */

import type { Command } from 'commander';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { actionName } from '../../inspector/charts/chartNames.ts';
import { chartDefinition } from '../../inspector/projection/chartDefinition.ts';
import { machines } from '../../machines/index.ts';
import { command, type JsonOptions, jsonOption } from '../../src/cli/kit/command.ts';
import { chartOf } from './versions.ts';

/** A configuration of XState, of names alone. */
interface Definition {
  readonly states?: Readonly<Record<string, Definition>>;
}

export function exportCommand(): Command {
  return command<JsonOptions, [id: string | undefined]>({
    name: 'export',
    description: "print a chart as JSON that XState's tools import",
    arguments: [['[id]', 'the chart, such as crisis; a list of all where none is named']],
    options: [jsonOption()],
    notes: `It has the states, transitions, names of guards and actions, tags and descriptions of the charts of this version.
In a program: createMachine(JSON.parse(text)); in Stately's editor: import the text as JSON.
Guards and actions are names: what they do is in the sources.`,
    examples: ['holdfast charts export crisis > crisis.json', 'holdfast charts export'],
    run({ output }, id) {
      const charts = new Map(machines.map((machine) => [machine.id, machine]));
      const made = id === undefined ? machines.map(exported) : exported(chartOf(charts, id));
      output.result(made, JSON.stringify(made, null, 2));
      return Promise.resolve();
    },
  });
}

function exported(machine: AnyStateMachine): object {
  const { version } = machine;
  const definition = withWords(JSON.parse(chartDefinition(machine)) as Definition, machine.root);
  return version === undefined ? definition : { version, ...definition };
}

/** What the definition for the Stately inspector leaves out: it tells a chart by its structure alone. */
function withWords(definition: Definition, node: AnyStateNode): object {
  const { description, tags, entry, exit } = node;
  const inside = Object.entries(definition.states ?? {}).map(([key, state]) => [
    key,
    withWords(state, node.states[key] as AnyStateNode),
  ]);
  const { states: _, ...rest } = definition;
  return {
    ...(description === undefined ? {} : { description }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(entry.length === 0 ? {} : { entry: entry.map(actionName) }),
    ...(exit.length === 0 ? {} : { exit: exit.map(actionName) }),
    ...rest,
    ...(inside.length === 0 ? {} : { states: Object.fromEntries(inside) as object }),
  };
}
