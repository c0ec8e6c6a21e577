/**
 * `holdfast operations list`.
 *
 * @module
 */

import type { Command } from 'commander';
import { systemClock } from '../../../../actors/platform/systemClock.ts';
import type { OperationFilter, OperationPage, OperationView } from '../../../../actors/port.ts';
import { PRIORITIES } from '../../../../machines/vocabulary/urgency.ts';
import type { Caller } from '../../../management/managementCall.ts';
import { listOperations, OPERATION_STATES, SHOWN_REASONS } from '../../../management/operations.ts';
import { parseCount, parseInstantOrAgo } from '../../kit/argumentParsers.ts';
import {
  command,
  EXAMPLE_STORE,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
  value,
} from '../../kit/command.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { spanOf, table, timeOf } from '../../kit/table.ts';
import { withStore } from '../../kit/withStore.ts';

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

export function listCommand(): Command {
  return command<ListOptions>({
    name: 'list',
    description: 'list them, the newest first, and what each waits for; never their payloads',
    options: [
      ...storeOptions(),
      value('--state <state>', 'only those in this state').choices(OPERATION_STATES),
      value('--reason <reason>', 'only those that wait for this').choices(SHOWN_REASONS),
      value('--type <type>', 'only those of this type'),
      value('--subject <subject>', 'only those that concern this subject'),
      value('--tag <tag>', 'only those that have this tag'),
      value('--tier <tier>', 'only those of this tier'),
      value('--priority <priority>', 'only those of this priority').choices(PRIORITIES),
      value('--id-end <digits>', 'only those whose id ends so: 4 digits at least, or a whole id'),
      value(
        '--since <date>',
        'only those accepted then or later: a date, or 1h for an hour ago',
        parseInstantOrAgo,
      ),
      value('--until <date>', 'only those accepted before', parseInstantOrAgo),
      value('--order <order>', 'in order of acceptance')
        .choices(['newest', 'oldest'])
        .default('newest'),
      value('--limit <n>', 'how many to list', parseCount(1, 1_000_000), 100),
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
