/**
 * `holdfast operations list`.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from 'commander';
import type { OperationPage, OperationView, OperationWait } from '../../../../actors/port.ts';
import { crisisMachine } from '../../../../machines/crisis/crisisMachine.ts';
import { syncOperationMachine } from '../../../../machines/operation/syncOperationMachine.ts';
import type { Caller } from '../../../management/call/managementCall.ts';
import { listOperations } from '../../../management/operations/list.ts';
import { parseCount } from '../../kit/argumentParsers.ts';
import { command, EXAMPLE_STORE, type JsonOptions, jsonOption, value } from '../../kit/command.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { table } from '../../kit/table.ts';
import { withStore } from '../../kit/withStore.ts';

interface OperationsOptions extends StoreOptions, JsonOptions {
  readonly state?: string;
  readonly limit: number;
}

/** Operations fetched at a time. */
const PAGE_ROWS = 500;

/** Of operations, and of the deliveries of crises. */
const STATES: readonly string[] = [
  ...new Set([
    ...Object.keys(syncOperationMachine.states),
    ...Object.keys(crisisMachine.root.states['delivery']?.states ?? {}),
  ]),
];

export function listCommand(): Command {
  return command<OperationsOptions>({
    name: 'list',
    description: 'list the operations of a store, at rest or in use; never their payloads',
    options: [
      ...storeOptions(),
      value('--state <state>', 'only those in this state, such as deadLettered', parseState),
      value('--limit <n>', 'how many to list', parseCount(1, 1_000_000), 100),
      jsonOption('print one JSON object a line'),
    ],
    notes: `States: ${STATES.join(', ')}`,
    examples: [
      `holdfast operations ${EXAMPLE_STORE} --state deadLettered`,
      `holdfast operations ${EXAMPLE_STORE} --json | jq .failure`,
    ],
    async run({ options, output }) {
      const { listed, isCut, unreadable } = await withStore(options, (caller) =>
        listOf(caller, options),
      );
      if (options.json) {
        for (const view of listed) output.result(view, '');
      } else {
        output.result({}, listed.length === 0 ? 'No operations.' : tableOf(listed));
      }
      if (unreadable > 0) {
        output.say(
          `holdfast: ${unreadable} more can't be shown: set aside (holdfast quarantine) or damaged (holdfast doctor --deep).`,
        );
      }
      if (isCut) output.say(`holdfast: only the first ${options.limit}; --limit lists more.`);
    },
  });
}

/** The first operations in that state, in order of acceptance, and how many records can't be shown. */
async function listOf(
  caller: Caller,
  { state, limit }: OperationsOptions,
): Promise<{
  readonly listed: readonly OperationView[];
  readonly isCut: boolean;
  readonly unreadable: number;
}> {
  const listed: OperationView[] = [];
  let unreadable = 0;
  for (let afterSeq: number | null = 0; afterSeq !== null; ) {
    const page: OperationPage = await caller.call(listOperations, { afterSeq, limit: PAGE_ROWS });
    unreadable += page.unreadable;
    for (const view of page.views) {
      if (state !== undefined && view.state !== state) continue;
      if (listed.length === limit) return { listed, isCut: true, unreadable };
      listed.push(view);
    }
    afterSeq = page.nextAfterSeq;
  }
  return { listed, isCut: false, unreadable };
}

function parseState(text: string): string {
  if (STATES.includes(text)) return text;
  throw new InvalidArgumentError(`States are ${STATES.join(', ')}.`);
}

function tableOf(views: readonly OperationView[]): string {
  return table(
    ['id', 'type', 'tier', 'priority', 'state', 'waits for', 'attempt', 'accepted', 'failure'],
    views.map((view) => [
      view.id,
      view.type,
      view.tier,
      view.priority,
      view.state,
      waitText(view.wait),
      view.attempt,
      new Date(view.acceptedAtMs).toISOString(),
      view.failure === null ? '' : `${view.failure.code} ${view.failure.message}`,
    ]),
  );
}

/** `breaker since 2030-01-01T00:00:00.000Z, until 2030-01-01T00:00:05.000Z`. */
function waitText(wait: OperationWait | null): string {
  if (wait === null) return '';
  const { reason, sinceAtMs, untilAtMs } = wait;
  const until = untilAtMs === null ? '' : `, until ${new Date(untilAtMs).toISOString()}`;
  return `${reason} since ${new Date(sinceAtMs).toISOString()}${until}`;
}
