/**
 * `holdfast quarantine show`.
 *
 * @module
 */

import type { Command } from 'commander';
import {
  command,
  EXAMPLE_STORE,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
} from '../../kit/command.ts';
import { ID_OR_END, quarantinedId } from '../../kit/idEnd.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { tableOf, withQuarantine } from './records.ts';

export function showCommand(): Command {
  return command<StoreOptions & JsonOptions, [id: string]>({
    name: 'show',
    description: 'show one: why it was quarantined, and whether it opens now',
    arguments: [['<id>', `id of the operation, ${ID_OR_END}`]],
    wholeId: quarantinedId,
    options: [...storeOptions(), jsonOption(JSON_LINES)],
    examples: [`holdfast quarantine show 01998a2c-… ${EXAMPLE_STORE}`],
    async run({ options, output }, id) {
      const record = await withQuarantine(options, (records) => records.show(id));
      output.result(record, tableOf([record]));
    },
  });
}
