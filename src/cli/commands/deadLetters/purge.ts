/**
 * `holdfast dead-letters purge`.
 *
 * @module
 */

import type { Command } from 'commander';
import { systemClock } from '../../../../actors/platform/systemClock.ts';
import { parseDuration } from '../../kit/argumentParsers.ts';
import { command, EXAMPLE_STORE, flag, JSON_LINES, jsonOption, value } from '../../kit/command.ts';
import { refusalOf } from '../../kit/confirm.ts';
import { EXIT } from '../../kit/exitCodes.ts';
import { deadLetterId, ID_OR_END } from '../../kit/idEnd.ts';
import { storeOptions } from '../../kit/storeOptions.ts';
import { filterOf, filterOptions, withLetters } from './letters.ts';
import { forAll, isForAll, type ManyOptions } from './many.ts';

type PurgeCommandOptions = ManyOptions & { readonly yes: boolean };

export function purgeCommand(): Command {
  return command<PurgeCommandOptions, [id: string | undefined]>({
    name: 'purge',
    description: 'forget one for good, or all that match',
    arguments: [['[id]', `id of the operation, ${ID_OR_END}`]],
    wholeId: deadLetterId,
    options: [
      ...storeOptions(),
      jsonOption(JSON_LINES),
      ...filterOptions(),
      flag('--all', 'all that match'),
      value('--older-than <time>', 'only those given up longer ago, such as 30d', parseDuration),
      flag('--dry-run', 'with --all: count them and change nothing'),
      flag('--yes', 'do not ask'),
    ],
    examples: [`holdfast dead-letters purge --all --older-than 90d --yes ${EXAMPLE_STORE}`],
    async run(how, id) {
      const { options, output } = how;
      const what = isForAll(id, options) ? 'every dead letter that matches' : id;
      if (!options.dryRun) {
        const refusal = await refusalOf(`Forget ${what} for good?`, options, output);
        if (refusal !== null) return refusal;
      }
      if (isForAll(id, options)) {
        const { olderThan } = options;
        const oldest = olderThan === undefined ? undefined : systemClock.now() - olderThan;
        const until = Math.min(options.until ?? Infinity, oldest ?? Infinity);
        const filter = { ...filterOf(options), ...(until < Infinity ? { untilMs: until } : {}) };
        return await forAll(how, 'purged', (letters, run) => letters.purgeAll(filter, run));
      }
      await withLetters(options, (letters) => letters.purge(id));
      output.result({ id, purged: true }, `Purged ${id}.`);
      return EXIT.ok;
    },
  });
}
