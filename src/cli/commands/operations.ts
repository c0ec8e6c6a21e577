import { Command, InvalidArgumentError } from 'commander';
import type { OperationPage, OperationView } from '../../../actors/port.ts';
import { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';
import type { Caller } from '../../management/call/managementCall.ts';
import { listOperations } from '../../management/store/listOperations.ts';
import { parseCount } from '../kit/argumentParsers.ts';
import { createOutput, table } from '../kit/output.ts';
import { type StoreOptions, withStore } from '../kit/service.ts';

interface OperationsOptions extends StoreOptions {
  readonly state?: string;
  readonly limit: number;
  readonly json: boolean;
}

/** Operations fetched at a time. */
const PAGE_ROWS = 500;

const STATES: readonly string[] = Object.keys(syncOperationMachine.states);

/** `holdfast operations`: lists what a store holds, also while a process owns it. */
export function operationsCommand(): Command {
  return new Command('operations')
    .description('list the operations of a store, at rest or in use; never their payloads')
    .requiredOption('--store <dir>', 'folder of the store')
    .requiredOption('--key-file <file>', 'key of the store')
    .option('--state <state>', 'only those in this state, such as deadLettered', parseState)
    .option('--limit <n>', 'how many to list', parseCount(1, 1_000_000), 100)
    .option('--json', 'print one JSON object a line', false)
    .addHelpText(
      'after',
      `
States: ${STATES.join(', ')}

Examples:
  $ holdfast operations --store ./sync-store --key-file ./holdfast.key --state deadLettered
  $ holdfast operations --store ./sync-store --key-file ./holdfast.key --json | jq .failure`,
    )
    .action(async (options: OperationsOptions) => {
      const output = createOutput(options);
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
    ['id', 'type', 'tier', 'priority', 'state', 'attempt', 'accepted', 'failure'],
    views.map((view) => [
      view.id,
      view.type,
      view.tier,
      view.priority,
      view.state,
      view.attempt,
      new Date(view.acceptedAtMs).toISOString(),
      view.failure === null ? '' : `${view.failure.code} ${view.failure.message}`,
    ]),
  );
}
