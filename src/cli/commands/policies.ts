/**
 * `holdfast policies`: prints the policies that are in force, and where each value came from.
 *
 * @module
 */

import type { Command } from 'commander';
import { PolicyTable } from '../../../machines/policy/layers/policyTable.ts';
import { askOwner } from '../../control/controlClient.ts';
import { showPolicies } from '../../management/policies.ts';
import { type PolicyView, policyViews } from '../../views/policyView.ts';
import { command, type JsonOptions, jsonOption, valueOption } from '../kit/command.ts';
import { requireStore } from '../kit/storeOptions.ts';
import { table } from '../kit/table.ts';

interface PoliciesOptions extends JsonOptions {
  readonly store?: string;
  readonly upstream?: string;
  readonly tier?: string;
  readonly type?: string;
}

export function policiesCommand(): Command {
  return command<PoliciesOptions>({
    name: 'policies',
    options: [
      valueOption('--store <dir>', 'folder of the store, to ask the process that runs on it').env(
        'HOLDFAST_STORE',
      ),
      valueOption('--upstream <name>', 'those of this upstream'),
      valueOption('--tier <tier>', 'those of this tier, or of crises: crisis'),
      valueOption('--type <type>', 'those of this type of operation'),
      jsonOption(),
    ],
    notes: `A process that runs on the store is asked. Policies are options of the program, not of the store: while nobody
runs on it, or without --store, the built-in ones are printed.`,
    examples: [
      'holdfast policies',
      'holdfast policies --store ./sync-store --upstream payments --tier trial',
    ],
    async run({ options, output }) {
      const { store, upstream, tier, type } = options;
      const scope = { upstream, tier, type };
      const answer = store === undefined ? null : await askOwner(store, showPolicies, scope);
      if (answer === null && store !== undefined) requireStore(store);
      const views = answer?.result ?? policyViews(new PolicyTable([]), scope);
      output.result({ isRunning: answer !== null, ...scope, policies: views }, tableOf(views));
      if (answer === null) {
        output.say('holdfast: no running process was asked; these are the built-in policies.');
      }
    },
  });
}

function tableOf(views: readonly PolicyView[]): string {
  return table(
    ['policy', 'value', 'from'],
    views.map(({ name, value: inForce, from }) => [name, textOf(inForce), from]),
  );
}

function textOf(inForce: PolicyView['value']): string {
  if (inForce === null) return 'none';
  return typeof inForce === 'string' ? inForce : JSON.stringify(inForce);
}
