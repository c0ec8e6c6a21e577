/**
 * `holdfast operations`: lists, shows, cancels or retries operations, at rest or in use.
 *
 * @module
 */

import type { Command } from 'commander';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { OperationFilter, OperationPage, OperationView } from '../../../actors/port.ts';
import { isCrisisState } from '../../../machines/crisis/crisisDemand.ts';
import { hasEnded, isGivenUp, isTakenBack } from '../../../machines/operation/demand.ts';
import { PRIORITIES } from '../../../machines/vocabulary/urgency.ts';
import { pageOfConflicts } from '../../management/conflicts.ts';
import type { Caller, ManagementCall } from '../../management/managementCall.ts';
import {
  cancelOperation,
  listOperations,
  OPERATION_STATES,
  retryOperation,
  SHOWN_REASONS,
  showOperation,
  type Told,
} from '../../management/operations.ts';
import { parseCount, parseInstantOrAgo } from '../kit/argumentParsers.ts';
import {
  command,
  commandGroup,
  EXAMPLE_STORE,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
  valueOption,
} from '../kit/command.ts';
import { ID_OR_END, operationId } from '../kit/idEnd.ts';
import { EXIT } from '../kit/program.ts';
import { type StoreOptions, storeOptions } from '../kit/storeOptions.ts';
import { facts, historyTable, spanOf, table, timeOf } from '../kit/table.ts';
import { withStore } from '../kit/withStore.ts';

interface ListOptions
  extends StoreOptions,
    JsonOptions,
    Pick<
      OperationFilter,
      'state' | 'type' | 'subject' | 'tag' | 'tier' | 'priority' | 'reason' | 'idEnd'
    > {
  readonly since?: number;
  readonly until?: number;
  readonly order: 'newest' | 'oldest';
  readonly limit: number;
}

/** Operations fetched at a time. */
const PAGE_ROWS = 500;

function listCommand(): Command {
  return command<ListOptions>({
    name: 'list',
    description: 'list them, the newest first, and what each waits for; never their payloads',
    options: [
      ...storeOptions(),
      valueOption('--state <state>', 'only those in this state').choices(OPERATION_STATES),
      valueOption('--reason <reason>', 'only those that wait for this').choices(SHOWN_REASONS),
      valueOption('--type <type>', 'only those of this type'),
      valueOption('--subject <subject>', 'only those that concern this subject'),
      valueOption('--tag <tag>', 'only those that have this tag'),
      valueOption('--tier <tier>', 'only those of this tier'),
      valueOption('--priority <priority>', 'only those of this priority').choices(PRIORITIES),
      valueOption(
        '--id-end <digits>',
        'only those whose id ends so: 4 digits at least, or a whole id',
      ),
      valueOption(
        '--since <date>',
        'only those accepted then or later: a date, or 1h for an hour ago',
        parseInstantOrAgo,
      ),
      valueOption('--until <date>', 'only those accepted before', parseInstantOrAgo),
      valueOption('--order <order>', 'in order of acceptance')
        .choices(['newest', 'oldest'])
        .default('newest'),
      valueOption('--limit <n>', 'how many to list', parseCount(1, 1_000_000), 100),
      jsonOption(JSON_LINES),
    ],
    examples: [
      `holdfast operations ${EXAMPLE_STORE} --state deadLettered`,
      `holdfast operations ${EXAMPLE_STORE} --type payments.push --since 1h`,
      `holdfast operations ${EXAMPLE_STORE} --json | jq .failure`,
    ],
    async run({ options, output }) {
      const { listed, isCut, unreadable } = await withStore(options, (caller) =>
        listOf(caller, options),
      );
      if (options.json) {
        for (const view of listed) output.result(view, '');
      } else {
        const { state, reason, type, subject, tag, tier, priority, idEnd, since, until } = options;
        const asked = [state, reason, type, subject, tag, tier, priority, idEnd, since, until];
        const isAny = asked.every((one) => one === undefined);
        const none = isAny ? 'No operations.' : 'No operations match.';
        output.result({}, listed.length === 0 ? none : tableOf(listed, systemClock.now()));
      }
      if (unreadable > 0) {
        output.say(
          `holdfast: ${unreadable} more can't be shown: quarantined (holdfast quarantine) or damaged (holdfast doctor --deep).`,
        );
      }
      if (isCut) output.say(`holdfast: only the first ${options.limit}; --limit lists more.`);
    },
  });
}

/** Lists the operations that match, in order, and counts the records that can't be shown. */
async function listOf(
  caller: Caller,
  { since, until, order, limit, ...options }: ListOptions,
): Promise<{
  readonly listed: readonly OperationView[];
  readonly isCut: boolean;
  readonly unreadable: number;
}> {
  const { state, type, subject, tag, tier, priority, reason, idEnd } = options;
  const which = { state, type, subject, tag, tier, priority, reason, idEnd };
  const filter = { ...which, sinceMs: since, untilMs: until };
  const listed: OperationView[] = [];
  let unreadable = 0;
  // One more row shows whether there are more.
  const rows = Math.min(PAGE_ROWS, limit + 1);
  for (let afterSeq: number | null | undefined; afterSeq !== null; ) {
    const page: OperationPage = await caller.call(listOperations, {
      ...filter,
      order,
      afterSeq,
      limit: rows,
    });
    unreadable += page.unreadable;
    listed.push(...page.views);
    if (listed.length > limit) return { listed: listed.slice(0, limit), isCut: true, unreadable };
    afterSeq = page.nextAfterSeq;
  }
  return { listed, isCut: false, unreadable };
}

function tableOf(views: readonly OperationView[], nowMs: number): string {
  return table(
    ['id', 'type', 'state', 'waits for', 'attempt', 'accepted', 'tier', 'priority', 'failure'],
    views.map((view) => [
      view.id,
      view.type,
      view.state,
      waitText(view, nowMs),
      view.attempt,
      timeOf(view.acceptedAtMs),
      view.tier,
      view.priority,
      view.failure === null ? '' : `${view.failure.code} ${view.failure.message}`,
    ]),
  );
}

/** The wait in words: `breaker for 5m, 12s more`. */
function waitText({ wait }: OperationView, nowMs: number): string {
  if (wait === null) return '';
  const { reason, sinceAtMs, untilAtMs } = wait;
  const isDue = untilAtMs !== null && untilAtMs <= nowMs;
  const until = untilAtMs === null ? '' : isDue ? ', due' : `, ${spanOf(untilAtMs - nowMs)} more`;
  return `${reason} for ${spanOf(nowMs - sinceAtMs)}${until}`;
}

function showCommand(): Command {
  return command<StoreOptions & JsonOptions, [id: string]>({
    name: 'show',
    description: 'show one: its state, what it waits for, and what happened to it',
    arguments: [['<id>', `id of the operation, ${ID_OR_END}`]],
    wholeId: operationId,
    options: [...storeOptions(), jsonOption()],
    examples: [`holdfast operations show 01998a2c-… ${EXAMPLE_STORE}`],
    async run({ options, output }, id) {
      const { view, conflictId } = await withStore(options, async (caller) => {
        const shown = await caller.call(showOperation, { id });
        return { view: shown, conflictId: await conflictOf(caller, shown) };
      });
      output.result(conflictId === null ? view : { ...view, conflictId }, textOf(view, conflictId));
    },
  });
}

/** The conflict that it waits for a person to decide; `null` where there is none. */
async function conflictOf(caller: Caller, { id, wait }: OperationView): Promise<string | null> {
  if (wait?.reason !== 'conflict') return null;
  for (let fromSeq: number | undefined; ; ) {
    const filter = { operationId: id };
    const page = await caller.call(pageOfConflicts, { filter, order: 'newest', fromSeq });
    const [found] = page.conflicts;
    if (found !== undefined) return found.id;
    if (page.nextSeq === null) return null;
    fromSeq = page.nextSeq;
  }
}

function textOf(view: OperationView, conflictId: string | null): string {
  const { entity, wait, failure, history } = view;
  const until = wait?.untilAtMs ?? null;
  const known = facts([
    ['id', view.id],
    ['type', view.type],
    ['state', view.state],
    ['waits for', wait === null ? '' : `${wait.reason} since ${timeOf(wait.sinceAtMs)}`],
    ['conflict', conflictId === null ? '' : `${conflictId}: holdfast conflicts show`],
    ['until', timeOf(until)],
    ['next try', view.retryAtMs === until ? '' : timeOf(view.retryAtMs)],
    ['subject', view.subject],
    ['entity', entity === null ? '' : `${entity.type} ${entity.id}`],
    ['key at the upstream', view.idempotencyKey],
    ['tags', view.tags.join(', ')],
    ['tier, priority', `${view.tier}, ${view.priority}`],
    ['attempt', view.attempt],
    ['accepted', timeOf(view.acceptedAtMs)],
    ['ended', timeOf(view.settledAtMs)],
    ['expires', timeOf(view.expiresAtMs)],
    ['last failure', failure === null ? '' : `${failure.code} ${failure.message}`],
  ]);
  return history.length === 0 ? known : `${known}\n\n${historyTable(history, view.acceptedAtMs)}`;
}

function cancelCommand(): Command {
  return tellCommand('cancel', cancelOperation, {
    description: 'end one; what its handler has done by then counts',
    notes: `At rest it is over once a process opens the store. Exit 1 where there was nothing to cancel.
A dead letter is forgotten by holdfast dead-letters purge; a crisis is called off by holdfast crises
call-off.`,
    done: ({ id, state }, isAtRest) => {
      if (isAtRest) return `${id} is cancelled: it ends when a process opens the store.`;
      return !isCrisisState(state) && isTakenBack(state)
        ? `${id} is cancelled: its handler has been asked to stop, and it ends once that has returned.`
        : `${id} is cancelled.`;
    },
  });
}

function retryCommand(): Command {
  return tellCommand('retry', retryOperation, {
    description: 'try one again now: it waits for a retry, a decision or a review',
    notes: `One that waits for its turn, its lane or a handler has nothing to try again: exit 1. A dead letter is run
again by holdfast dead-letters replay.`,
    done: ({ id }, isAtRest) =>
      isAtRest
        ? `${id} is due: it is tried when a process opens the store.`
        : `${id} is due: it is tried as soon as its upstream takes it.`,
  });
}

function tellCommand(
  name: 'cancel' | 'retry',
  call: ManagementCall<{ readonly id: string }, Told>,
  about: {
    readonly description: string;
    readonly notes: string;
    readonly done: (operation: OperationView, isAtRest: boolean) => string;
  },
): Command {
  return command<StoreOptions & JsonOptions, [id: string]>({
    name,
    description: about.description,
    arguments: [['<id>', `id of the operation, ${ID_OR_END}`]],
    wholeId: operationId,
    options: [...storeOptions(), jsonOption()],
    notes: about.notes,
    examples: [`holdfast operations ${name} 01998a2c-… ${EXAMPLE_STORE}`],
    async run({ options, output }, id) {
      const { told, isAtRest } = await withStore(options, async (caller, how) => ({
        told: await caller.call(call, { id }),
        ...how,
      }));
      const { tookNotice, operation } = told;
      const { state } = operation;
      output.result(
        { id, done: tookNotice, state, isRunning: !isAtRest },
        tookNotice ? about.done(operation, isAtRest) : whyNot(name, operation),
      );
      return tookNotice ? EXIT.ok : EXIT.failed;
    },
  });
}

/** Says why nothing was changed, and what to do instead. */
function whyNot(name: 'cancel' | 'retry', { id, state, priority, wait }: OperationView): string {
  const isOver = !isCrisisState(state) && hasEnded(state);
  if (isOver && isGivenUp(state)) {
    return `${id} was given up. See holdfast dead-letters: replay runs it again, purge forgets it.`;
  }
  if (isOver) {
    return `${id} has ended already: ${state}. Nothing was changed.`;
  }
  if (priority === 'crisis') {
    return name === 'cancel'
      ? `${id} is a crisis: somebody has to answer for calling it off, by holdfast crises call-off.`
      : `${id} is a crisis, which is tried again by itself, in a held store once that is released. Nothing was changed.`;
  }
  const why = wait === null ? `is in state ${state}` : `waits for: ${wait.reason}`;
  return `${id} ${why}. There is nothing to ${name}, and nothing was changed.`;
}

export function operationsCommand(): Command {
  return commandGroup(
    'operations',
    [listCommand(), showCommand(), cancelCommand(), retryCommand()],
    { isDefault: 'list' },
  );
}
