/**
 * `holdfast quarantine purge`.
 *
 * @module
 */

import type { Command } from 'commander';
import {
  command,
  EXAMPLE_STORE,
  flag,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
} from '../../kit/command.ts';
import { refusalOf } from '../../kit/confirm.ts';
import { EXIT } from '../../kit/exitCodes.ts';
import { ID_OR_END, quarantinedId } from '../../kit/idEnd.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { withQuarantine } from './records.ts';

export function purgeCommand(): Command {
  return command<StoreOptions & JsonOptions & { readonly yes: boolean }, [id: string]>({
    name: 'purge',
    description: 'forget one for good; export it first',
    arguments: [['<id>', `id of the operation, ${ID_OR_END}`]],
    wholeId: quarantinedId,
    options: [...storeOptions(), jsonOption(JSON_LINES), flag('--yes', 'do not ask')],
    examples: [`holdfast quarantine purge 01998a2c-… --yes ${EXAMPLE_STORE}`],
    async run({ options, output }, id) {
      const refusal = await refusalOf(`Forget ${id} for good?`, options, output);
      if (refusal !== null) return refusal;
      await withQuarantine(options, (records) => records.purge(id));
      output.result({ id, purged: true }, `Purged ${id}.`);
      return EXIT.ok;
    },
  });
}
