import { Command, InvalidArgumentError } from 'commander';
import type { OperationView } from '../../../actors/operation/outcome.ts';
import { syncOperationMachine } from '../../../machines/operation/syncOperationMachine.ts';
import { parseCount } from '../kit/argumentParsers.ts';
import { createOutput, table } from '../kit/output.ts';
import { operationViews } from '../kit/storeView.ts';

interface OperationsOptions {
  readonly store: string;
  readonly keyFile: string;
  readonly state?: string;
  readonly limit: number;
  readonly json: boolean;
}

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
      const listed: OperationView[] = [];
      let isCut = false;
      let unreadable = 0;
      const onUnreadable = (count: number): void => {
        unreadable += count;
      };
      for await (const view of operationViews(options.store, options.keyFile, onUnreadable)) {
        if (options.state !== undefined && view.state !== options.state) continue;
        isCut = listed.length === options.limit;
        if (isCut) break;
        listed.push(view);
      }
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
