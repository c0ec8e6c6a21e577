/**
 * `holdfast crisis-mode`: crisis mode of the process that runs on a store, looked at, switched on and ended.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from 'commander';
import type { CrisisModeState } from '../../../actors/port.ts';
import {
  MODE_MS_DEFAULT,
  MODE_MS_MAX,
  MODE_MS_MIN,
} from '../../../machines/policy/crisis/crisisMode.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { requireOption } from '../../../machines/vocabulary/optionFields.ts';
import type { Person } from '../../../machines/vocabulary/subject.ts';
import { askOwner } from '../../control/controlClient.ts';
import { enterCrisisMode, leaveCrisisMode, listCrisisMode } from '../../management/crisisMode.ts';
import type { ManagementCall } from '../../management/managementCall.ts';
import { parseDuration } from '../kit/argumentParsers.ts';
import {
  command,
  commandGroup,
  flag,
  type JsonOptions,
  jsonOption,
  valueOption,
} from '../kit/command.ts';
import { byOption } from '../kit/confirm.ts';
import { requireStore, storeOption } from '../kit/storeOptions.ts';
import { table } from '../kit/table.ts';

interface ListOptions extends JsonOptions {
  readonly store: string;
}

interface OrderOptions extends ListOptions {
  readonly subject?: string;
  readonly everybody: boolean;
  readonly by: Person;
}

interface EnterOptions extends OrderOptions {
  readonly reason?: string;
  readonly for: number;
}

const WHOM = [
  valueOption('--subject <subject>', 'whom it is for'),
  flag('--everybody', 'it is for everybody; then name your role, too'),
  byOption({ needsRole: false }),
];

export function crisisModeCommand(): Command {
  return commandGroup('crisis-mode', [listCommand(), enterCommand(), leaveCommand()]);
}

function listCommand(): Command {
  return command<ListOptions>({
    name: 'list',
    description: 'list for whom crisis mode is on, by whom, and until when',
    options: [storeOption(), jsonOption()],
    examples: ['holdfast crisis-mode list --store ./sync-store'],
    async run({ options, output }) {
      const modes = await ask(options.store, listCrisisMode, {});
      output.result({ modes }, modes.length === 0 ? 'Crisis mode is off.' : tableOf(modes));
    },
  });
}

function enterCommand(): Command {
  return command<EnterOptions>({
    name: 'enter',
    description: 'switch crisis mode on for a subject or for everybody, or prolong it',
    options: [
      storeOption(),
      ...WHOM,
      valueOption('--reason <text>', 'a label for other people; no story'),
      valueOption('--for <duration>', 'how long, from 1m to 24h', parseLength).default(
        MODE_MS_DEFAULT,
        '4h',
      ),
      jsonOption(),
    ],
    notes: `While it is on for a subject, new work of theirs goes before all but crises, and their crisis plan is
ready. For everybody, what is not urgent makes way. Crises are answered and delivered as ever. It ends by
its time-out, or by somebody else than all who switched it on or prolonged it.`,
    examples: [
      'holdfast crisis-mode enter --store ./sync-store --subject user-42 --by staff-7 --for 12h',
      'holdfast crisis-mode enter --store ./sync-store --everybody --by staff-7:lead',
    ],
    async run({ options, output }) {
      const { reason, for: forMs } = options;
      const entered = await ask(options.store, enterCrisisMode, {
        ...orderOf(options),
        reason,
        forMs,
      });
      const until = new Date(entered.endsAtMs).toISOString();
      output.result(entered, `Crisis mode is on for ${nameOf(entered.subject)} until ${until}.`);
      if (!entered.isDurable) {
        output.say('holdfast: it is not on disk yet: a restart before that forgets it.');
      }
    },
  });
}

function leaveCommand(): Command {
  return command<OrderOptions>({
    name: 'leave',
    description: 'end crisis mode, as somebody else than all who switched it on or prolonged it',
    options: [storeOption(), ...WHOM, jsonOption()],
    examples: ['holdfast crisis-mode leave --store ./sync-store --subject user-42 --by staff-9'],
    async run({ options, output }) {
      const order = orderOf(options);
      const { wasOn, isDurable } = await ask(options.store, leaveCrisisMode, order);
      const whom = nameOf(order.subject ?? null);
      output.result(
        { wasOn, isDurable },
        wasOn ? `Crisis mode is off for ${whom}.` : `Crisis mode was not on for ${whom}.`,
      );
      if (wasOn && !isDurable) {
        output.say(
          'holdfast: that is not on disk yet: after a restart before that it is on again.',
        );
      }
    },
  });
}

/**
 * Asks the process that runs on the store: crisis mode belongs to a running process.
 *
 * @throws HoldfastError `HF_STORE_MISSING`, `HF_STORE_UNAVAILABLE` where nobody runs on it, and what the call
 * throws.
 */
async function ask<Params extends object, Result>(
  store: string,
  call: ManagementCall<Params, Result>,
  params: Params,
): Promise<Awaited<Result>> {
  const answer = await askOwner(store, call, params);
  if (answer !== null) return answer.result;
  requireStore(store);
  throw new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    'Crisis mode is that of a running process, and none runs on the store. What was on when one ended goes on when the next one starts.',
    { retry: 'later', withStack: false },
  );
}

/** @throws HoldfastError `HF_OPTION_INVALID` unless it is said once whom it is for. */
function orderOf({ subject, everybody, by }: OrderOptions) {
  requireOption(
    (subject !== undefined) !== everybody,
    '--subject',
    'or --everybody has to say whom it is for, and not both',
  );
  return { subject, by };
}

function parseLength(text: string): number {
  const lengthMs = parseDuration(text);
  if (lengthMs >= MODE_MS_MIN && lengthMs <= MODE_MS_MAX) return lengthMs;
  throw new InvalidArgumentError('Give 1m to 24h.');
}

function nameOf(subject: string | null): string {
  return subject ?? 'everybody';
}

function tableOf(modes: readonly CrisisModeState[]): string {
  return table(
    ['for', 'by', 'role', 'since', 'until', 'on disk', 'reason'],
    modes.map(({ subject, by, sinceAtMs, endsAtMs, isDurable, reason }) => [
      nameOf(subject),
      by.id,
      by.role ?? '',
      new Date(sinceAtMs).toISOString(),
      new Date(endsAtMs).toISOString(),
      isDurable ? 'yes' : 'not yet',
      reason ?? '',
    ]),
  );
}
