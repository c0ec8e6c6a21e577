/**
 * `holdfast conflicts show`.
 *
 * @module
 */

import { type Command, Option } from 'commander';
import { aboutConflict, showConflict } from '../../../management/conflicts.ts';
import { readingWidth } from '../../kit/columns.ts';
import { command, EXAMPLE_STORE, type JsonOptions, jsonOption } from '../../kit/command.ts';
import { conflictId, ID_OR_END } from '../../kit/idEnd.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { withStore } from '../../kit/withStore.ts';
import { aboutText, detailsText, paintDetails } from './conflictText.ts';

type ShowOptions = StoreOptions & JsonOptions & { readonly values: boolean };

export function showCommand(): Command {
  return command<ShowOptions, [id: string]>({
    name: 'show',
    description: 'show one: both sides, and each question with what there is to choose from',
    arguments: [['<id>', `id of the conflict, ${ID_OR_END}`]],
    wholeId: conflictId,
    options: [
      ...storeOptions(),
      new Option('--no-values', 'whom it is about and who wrote, nothing of what the record holds'),
      jsonOption(),
    ],
    notes: `It shows what the record holds, which may be health data. Each alternative has its number: resolve takes it.`,
    examples: [
      `holdfast conflicts show 01998a2c-…-c1 ${EXAMPLE_STORE}`,
      `holdfast conflicts show 01998a2c-…-c1 --no-values ${EXAMPLE_STORE}`,
    ],
    async run({ options, output }, id) {
      if (options.values) {
        const details = await withStore(options, (caller) => caller.call(showConflict, { id }));
        output.result(details, detailsText(details, readingWidth(process.stdout)), paintDetails);
      } else {
        const about = await withStore(options, (caller) => caller.call(aboutConflict, { id }));
        output.result(about, aboutText(about));
      }
    },
  });
}
