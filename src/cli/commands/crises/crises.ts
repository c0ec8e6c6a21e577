/**
 * `holdfast crises`: crises that are not over, at rest or in use: who was told, taken on, called off.
 *
 * @module
 */

import type { Command } from 'commander';
import type { CrisisDecided, CrisisView } from '../../../../actors/port.ts';
import type { Person } from '../../../../machines/vocabulary/person.ts';
import { type Crises, crises } from '../../../management/crises/crises.ts';
import {
  command,
  commandGroup,
  EXAMPLE_STORE,
  flag,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
  value,
} from '../../kit/command.ts';
import { type Output } from '../../kit/output.ts';
import { byOption } from '../../kit/person.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { facts, table, timeOf } from '../../kit/table.ts';
import { withStore } from '../../kit/withStore.ts';

type ListOptions = StoreOptions & JsonOptions & { readonly unacknowledged: boolean };
type DecisionOptions = StoreOptions &
  JsonOptions & { readonly by: Person; readonly note?: string; readonly reason?: string };

const ID = ['<id>', 'id of the crisis'] as const;
export function crisesCommand(): Command {
  return commandGroup(
    'crises',
    'crises that are not over: list them, show who was told, acknowledge one or call it off',
    [listCommand(), showCommand(), acknowledgeCommand(), callOffCommand()],
  );
}

function listCommand(): Command {
  return command<ListOptions>({
    name: 'list',
    description: 'list the crises that are not over, the earliest first; never what they hold',
    options: [
      ...storeOptions(),
      flag('--unacknowledged', 'only those that have escalated and that nobody has taken on'),
      jsonOption(JSON_LINES),
    ],
    examples: [`holdfast crises list --unacknowledged ${EXAMPLE_STORE}`],
    async run({ options, output }) {
      const { unacknowledged } = options;
      const open = await withCrises(options, (all) => all.list({ unacknowledged }));
      if (options.json) for (const view of open) output.result(view, '');
      else output.result({}, open.length === 0 ? 'No crises.' : tableOf(open));
    },
  });
}

function showCommand(): Command {
  return command<StoreOptions & JsonOptions, [id: string]>({
    name: 'show',
    description: 'show one: how far it is, who was told and who has decided',
    arguments: [ID],
    options: [...storeOptions(), jsonOption(JSON_LINES)],
    examples: [`holdfast crises show 01998a2c-… ${EXAMPLE_STORE}`],
    async run({ options, output }, id) {
      const view = await withCrises(options, (all) => all.show(id));
      output.result(view, textOf(view));
    },
  });
}

function acknowledgeCommand(): Command {
  return command<DecisionOptions, [id: string]>({
    name: 'acknowledge',
    description: 'take one on: nobody else is told; it is delivered all the same',
    arguments: [ID],
    options: [
      ...storeOptions(),
      byOption({ needsRole: true }),
      value('--note <text>', 'for other people; sealed with the crisis'),
      jsonOption(JSON_LINES),
    ],
    examples: [`holdfast crises acknowledge 01998a2c-… --by staff-7:clinician ${EXAMPLE_STORE}`],
    async run({ options, output }, id) {
      const { by, note } = options;
      const decided = await withCrises(options, (all) => all.acknowledge(id, { by, note }));
      tell(output, decided, `${id} is taken on by ${nameOf(by)}.`);
    },
  });
}

function callOffCommand(): Command {
  return command<DecisionOptions, [id: string]>({
    name: 'call-off',
    description: 'call one off: it is delivered no more, and nobody else is told',
    arguments: [ID],
    options: [
      ...storeOptions(),
      byOption({ needsRole: true }),
      value('--reason <text>', 'for other people; sealed with the crisis'),
      jsonOption(JSON_LINES),
    ],
    notes: `What is being sent is told to stop, and counts where it arrived. At rest it is over once a process next
runs on the store.`,
    examples: [
      `holdfast crises call-off 01998a2c-… --by staff-7:clinician --reason 'found safe' ${EXAMPLE_STORE}`,
    ],
    async run({ options, output }, id) {
      const { by, reason } = options;
      const decided = await withCrises(options, (all) => all.callOff(id, { by, reason }));
      tell(output, decided, `${id} is called off by ${nameOf(by)}.`);
    },
  });
}

async function withCrises<Result>(
  options: StoreOptions,
  use: (all: Crises) => Promise<Result>,
): Promise<Result> {
  return await withStore(options, (caller) => use(crises(caller)));
}

function tell(output: Output, decided: CrisisDecided, text: string): void {
  output.result(decided, text);
  if (!decided.isDurable) {
    output.say('holdfast: it is in force, and not on disk yet: a restart before that forgets it.');
  }
}

function nameOf({ id, role }: Person): string {
  return role === undefined ? id : `${id} (${role})`;
}

function tableOf(open: readonly CrisisView[]): string {
  return table(
    [
      'id',
      'subject',
      'accepted',
      'upstream',
      'delivery',
      'attempt',
      'failure',
      'escalated',
      'people',
      'taken on by',
    ],
    open.map((view) => [
      view.id,
      view.subject ?? '',
      timeOf(view.acceptedAtMs),
      view.upstream ?? '',
      view.delivery,
      view.attempt,
      view.failure ?? '',
      timeOf(view.escalatedAtMs),
      view.escalation,
      view.decisions.length === 0 ? '' : nameOf(view.decisions.at(-1)?.by ?? { id: '' }),
    ]),
  );
}

function textOf(view: CrisisView): string {
  const known = facts([
    ['id', view.id],
    ['type', view.type ?? ''],
    ['subject', view.subject ?? ''],
    ['accepted', timeOf(view.acceptedAtMs)],
    ['upstream', view.upstream ?? ''],
    ['delivery', `${view.delivery}, attempt ${view.attempt}`],
    ['last failure', view.failure ?? ''],
    ['escalated', [timeOf(view.escalatedAtMs), view.cause].filter(Boolean).join(' ')],
    ['people', view.escalation],
    ['over', timeOf(view.settledAtMs)],
  ]);
  const told = view.told.map(({ atMs, name, outcome, calls }) => [
    timeOf(atMs),
    `step ${name}`,
    outcome,
    `${calls} calls`,
  ]);
  const decisions = view.decisions.map(({ atMs, by, what, note }) => [
    timeOf(atMs),
    nameOf(by),
    what,
    note ?? '',
  ]);
  return `${known}\n\n${table(['at', 'who', 'what', ''], [...told, ...decisions])}`;
}
