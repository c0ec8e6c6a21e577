/**
 * `holdfast dead-letters list`.
 *
 * @module
 */

import type { Command } from 'commander';
import type { DeadLetter } from '../../../management/deadLetters.ts';
import { parseCount } from '../../kit/argumentParsers.ts';
import {
  command,
  EXAMPLE_STORE,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
  value,
} from '../../kit/command.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { table, timeOf } from '../../kit/table.ts';
import { type FilterOptions, filterOf, filterOptions, withLetters } from './letters.ts';

type ListOptions = StoreOptions & JsonOptions & FilterOptions & { readonly limit: number };

export function listCommand(): Command {
  return command<ListOptions>({
    name: 'list',
    description: 'list them, the newest first; never what they carry',
    options: [
      ...storeOptions(),
      jsonOption(JSON_LINES),
      ...filterOptions(),
      value('--limit <n>', 'how many to list', parseCount(1, 1_000_000), 100),
    ],
    examples: [
      `holdfast dead-letters list ${EXAMPLE_STORE} --code HF_UPSTREAM_REFUSED`,
      `holdfast dead-letters list ${EXAMPLE_STORE} --json | jq -r .id`,
    ],
    async run({ options, output }) {
      const listed: DeadLetter[] = [];
      let isCut = false;
      await withLetters(options, async (letters) => {
        for await (const letter of letters.list(filterOf(options))) {
          isCut = listed.length === options.limit;
          if (isCut) break;
          if (options.json) output.result(letter, '');
          listed.push(letter);
        }
      });
      if (!options.json) {
        const isAny = Object.values(filterOf(options)).every((one) => one === undefined);
        const none = isAny ? 'No dead letters.' : 'No dead letters match.';
        output.result({}, listed.length === 0 ? none : tableOf(listed));
      }
      if (isCut) output.say(`holdfast: only the first ${options.limit}; --limit lists more.`);
    },
  });
}

function tableOf(letters: readonly DeadLetter[]): string {
  return table(
    ['id', 'type', 'tier', 'given up', 'attempts', 'reason'],
    letters.map((letter) => [
      letter.id,
      letter.type,
      letter.tier,
      timeOf(letter.deadLetteredAtMs),
      letter.attempts,
      `${letter.code} ${letter.message}`,
    ]),
  );
}
