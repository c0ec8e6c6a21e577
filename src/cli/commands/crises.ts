/**
 * `holdfast crises`: open crises, at rest or in use: who was notified, taking one on, calling one off.
 *
 * @module
 */

import type { Command } from 'commander';
import type { CrisisDecided, CrisisView } from '../../../actors/port.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Person } from '../../../machines/vocabulary/subject.ts';
import { type Crises, crises } from '../../management/crises.ts';
import { parseDuration } from '../kit/argumentParsers.ts';
import {
  command,
  commandGroup,
  EXAMPLE_STORE,
  flag,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
  valueOption,
} from '../kit/command.ts';
import { byOption } from '../kit/confirm.ts';
import { ID_OR_END, operationId } from '../kit/idEnd.ts';
import type { Output } from '../kit/output.ts';
import { type StoreOptions, storeOptions } from '../kit/storeOptions.ts';
import { facts, table, timeOf } from '../kit/table.ts';
import { withStore } from '../kit/withStore.ts';

type ListOptions = StoreOptions & JsonOptions & { readonly unacknowledged: boolean };
type DecisionOptions = StoreOptions & JsonOptions & { readonly by: Person; readonly note?: string };
type AcknowledgeOptions = DecisionOptions & { readonly subject?: string; readonly for?: number };
type CallOffOptions = StoreOptions &
  JsonOptions & { readonly by: Person; readonly reason: string; readonly confirm?: string };

const ID = ['<id>', `id of the crisis, ${ID_OR_END}`] as const;

export function crisesCommand(): Command {
  return commandGroup('crises', [
    listCommand(),
    showCommand(),
    acknowledgeCommand(),
    releaseCommand(),
    callOffCommand(),
  ]);
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
      else {
        const none = unacknowledged ? 'No crisis waits to be taken on.' : 'No crises.';
        output.result({}, open.length === 0 ? none : tableOf(open));
      }
    },
  });
}

function showCommand(): Command {
  return command<StoreOptions & JsonOptions, [id: string]>({
    name: 'show',
    description: 'show one: its delivery, who was notified and who has decided',
    arguments: [ID],
    wholeId: operationId,
    options: [...storeOptions(), jsonOption(JSON_LINES)],
    examples: [`holdfast crises show 01998a2c-… ${EXAMPLE_STORE}`],
    async run({ options, output }, id) {
      const view = await withCrises(options, (all) => all.show(id));
      output.result(view, textOf(view));
    },
  });
}

function acknowledgeCommand(): Command {
  return command<AcknowledgeOptions, [id: string | undefined]>({
    name: 'acknowledge',
    description: 'take one on, or all of a subject, for a time; it is delivered all the same',
    arguments: [['[id]', ID[1]]],
    wholeId: operationId,
    options: [
      ...storeOptions(),
      byOption({ needsRole: true }),
      valueOption(
        '--subject <id>',
        'in place of the id: all crises of this subject that are not over',
      ),
      valueOption('--for <duration>', 'how long you have it, from 1m to 4h', parseDuration),
      valueOption('--note <text>', 'for other people; sealed with the crisis'),
      jsonOption(JSON_LINES),
    ],
    notes: `Nobody else is notified for half an hour, or as long as --for says. Five minutes before that is over you are
asked; acknowledge again to prolong it, or give it back with holdfast crises release. After it people are notified
again. Before anybody was notified it is only a note: the first step is notified all the same, with your name.`,
    examples: [
      `holdfast crises acknowledge 01998a2c-… --by staff-7:clinician --for 1h ${EXAMPLE_STORE}`,
      `holdfast crises acknowledge --subject user-42 --by staff-7:clinician ${EXAMPLE_STORE}`,
    ],
    async run({ options, output }, id) {
      const { by, note, subject, for: forMs } = options;
      if ((id === undefined) === (subject === undefined)) {
        throw new HoldfastError(
          'HF_OPTION_INVALID',
          'Give either the id of a crisis, or --subject with the id of whose crises they are.',
          { field: '--subject' },
        );
      }
      if (subject === undefined) {
        const one = await withCrises(options, (all) =>
          all.acknowledge(id as string, { by, note, forMs }),
        );
        tell(output, one, acknowledgedText(one, by));
        return;
      }
      const each = await withCrises(options, (all) =>
        all.acknowledge({ subject }, { by, note, forMs }),
      );
      if (each.length === 0) output.say('holdfast: no crisis of that subject is open.');
      for (const one of each) tell(output, one, acknowledgedText(one, by));
    },
  });
}

function releaseCommand(): Command {
  return command<DecisionOptions, [id: string]>({
    name: 'release',
    description:
      'give one back: people are notified again, beginning with the step that took it on',
    arguments: [ID],
    wholeId: operationId,
    options: [
      ...storeOptions(),
      byOption({ needsRole: true }),
      valueOption('--note <text>', 'for other people; sealed with the crisis'),
      jsonOption(JSON_LINES),
    ],
    examples: [
      `holdfast crises release 01998a2c-… --by staff-7:clinician --note 'off shift' ${EXAMPLE_STORE}`,
    ],
    async run({ options, output }, id) {
      const { by, note } = options;
      const decided = await withCrises(options, (all) => all.release(id, { by, note }));
      tell(
        output,
        decided,
        decided.what === 'released'
          ? `${id} is given back by ${nameOf(by)}: people are notified again.`
          : `${id} was taken on by nobody; nothing was changed.`,
      );
    },
  });
}

function callOffCommand(): Command {
  return command<CallOffOptions, [id: string]>({
    name: 'call-off',
    description: 'call one off: it is no longer delivered, and nobody else is notified',
    arguments: [['<id>', 'whole id of the crisis']],
    options: [
      ...storeOptions(),
      byOption({ needsRole: true }),
      valueOption(
        '--reason <text>',
        'for other people; sealed with the crisis',
      ).makeOptionMandatory(),
      valueOption('--confirm <end>', 'the last 8 characters of its id, where you are alone'),
      jsonOption(JSON_LINES),
    ],
    notes: `A delivery under way is aborted, and counts where it arrived. At rest it is over once a process next runs
on the store. Before anybody was notified it takes two persons: the decision of the first is kept, and the crisis goes
on until a second one calls it off, too. With --confirm it is called off at once, as the decision of one person.`,
    examples: [
      `holdfast crises call-off 01998a2c-… --by staff-7:clinician --reason 'found safe' ${EXAMPLE_STORE}`,
    ],
    async run({ options, output }, id) {
      const { by, reason, confirm } = options;
      const decided = await withCrises(options, (all) => all.callOff(id, { by, reason, confirm }));
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

function acknowledgedText({ crisis, what }: CrisisDecided, by: Person): string {
  const { id, takenOn } = crisis;
  return what === 'noted'
    ? `${id} is not taken on yet, since nobody was notified of it. People are notified now, also that ${nameOf(by)} wants it.`
    : `${id} is taken on by ${nameOf(by)} until ${timeOf(takenOn?.untilMs ?? null)}.`;
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
      view.takenOn === null ? '' : nameOf(view.takenOn.by),
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
    [
      'taken on',
      view.takenOn === null
        ? ''
        : `by ${nameOf(view.takenOn.by)} until ${timeOf(view.takenOn.untilMs)}`,
    ],
    ['over', timeOf(view.settledAtMs)],
  ]);
  const steps = view.steps.map(({ atMs, name, outcome, calls, owedAtMs }) => [
    timeOf(atMs),
    `step ${name}`,
    `${STEP_SAID[outcome ?? 'called']}, ${calls} calls`,
    owedAtMs === null ? '' : `again at ${timeOf(owedAtMs)}`,
  ]);
  const decisions = view.decisions.map(({ atMs, by, what, note, isAlone }) => [
    timeOf(atMs),
    nameOf(by),
    isAlone === true ? `${what}, alone` : what,
    note ?? '',
  ]);
  return `${known}\n\n${table(['at', 'who', 'what', ''], [...steps, ...decisions])}`;
}

const STEP_SAID = {
  called: 'is called',
  told: 'notified',
  notHeard: 'not reached',
  maybeHeard: 'maybe reached',
  refused: 'refuses',
} as const;
