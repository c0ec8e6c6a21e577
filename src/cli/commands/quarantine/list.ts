/**
 * `holdfast quarantine list`.
 *
 * @module
 */

import type { Command } from 'commander';
import type { Quarantined } from '../../../management/quarantine.ts';
import {
  command,
  EXAMPLE_STORE,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
} from '../../kit/command.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { tableOf, withQuarantine } from './records.ts';

export function listCommand(): Command {
  return command<StoreOptions & JsonOptions>({
    name: 'list',
    description: 'list them with the reason of each',
    options: [...storeOptions(), jsonOption(JSON_LINES)],
    examples: [`holdfast quarantine list ${EXAMPLE_STORE}`],
    async run({ options, output }) {
      const listed: Quarantined[] = [];
      await withQuarantine(options, async (records) => {
        for await (const record of records.list()) {
          if (options.json) output.result(record, '');
          listed.push(record);
        }
      });
      if (options.json) return;
      output.result({}, listed.length === 0 ? 'Nothing is quarantined.' : tableOf(listed));
    },
  });
}
