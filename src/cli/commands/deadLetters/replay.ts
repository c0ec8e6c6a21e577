/**
 * `holdfast dead-letters replay`.
 *
 * @module
 */

import type { Command } from 'commander';
import { command, EXAMPLE_STORE, flag, JSON_LINES, jsonOption, value } from '../../kit/command.ts';
import type { ExitCode } from '../../kit/exitCodes.ts';
import { deadLetterId, ID_OR_END } from '../../kit/idEnd.ts';
import { storeOptions } from '../../kit/storeOptions.ts';
import { readJson } from '../../run/jsonFile.ts';
import { filterOf, filterOptions, withLetters } from './letters.ts';
import { forAll, isForAll, type ManyOptions, RUNS_LATER, usage } from './many.ts';

type ReplayCommandOptions = ManyOptions & {
  readonly payloadFile?: string;
  readonly evenIfApplied: boolean;
};

export function replayCommand(): Command {
  return command<ReplayCommandOptions, [id: string | undefined]>({
    name: 'replay',
    description: 'run one again, or all that match, their attempts afresh',
    arguments: [['[id]', `id of the operation, ${ID_OR_END}`]],
    wholeId: deadLetterId,
    options: [
      ...storeOptions(),
      jsonOption(JSON_LINES),
      ...filterOptions(),
      flag('--all', 'all that match'),
      value(
        '--payload-file <file>',
        'run it with this JSON instead (- for stdin), as a new request',
      ),
      flag('--even-if-applied', 'also where an attempt may have been applied'),
      flag('--dry-run', 'with --all: count them and change nothing'),
    ],
    notes: `Each runs under its old idempotency key, so an upstream that honours keys does nothing twice; one with
another payload gets a new key. Stopped or crashed on the way, the same command goes on.`,
    examples: [
      `holdfast dead-letters replay 01998a2c-… ${EXAMPLE_STORE}`,
      `holdfast dead-letters replay --all --type payments.push ${EXAMPLE_STORE}`,
    ],
    async run(how, id): Promise<ExitCode | void> {
      const { options, output } = how;
      const { payloadFile, evenIfApplied } = options;
      if (isForAll(id, options)) {
        if (payloadFile !== undefined) {
          throw usage('--payload-file goes with one id, not with --all.');
        }
        return await forAll(how, 'replayed', (letters, run) =>
          letters.replayAll(filterOf(options), { ...run, evenIfApplied }),
        );
      }
      const payload = payloadFile === undefined ? {} : { payload: await readJson(payloadFile) };
      const when = await withLetters(options, async (letters, { isAtRest }) => {
        await letters.replay(id, { ...payload, evenIfApplied });
        return isAtRest ? ` It ${RUNS_LATER}` : '';
      });
      output.result({ id, replayed: true }, `Replayed ${id}.${when}`);
    },
  });
}
