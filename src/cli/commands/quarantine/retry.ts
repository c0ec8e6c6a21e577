/**
 * `holdfast quarantine retry`: puts records back that open again.
 *
 * @module
 */

import type { Command } from 'commander';
import { HoldfastError, isHoldfastError } from '../../../../machines/vocabulary/errors.ts';
import {
  command,
  EXAMPLE_STORE,
  flag,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
} from '../../kit/command.ts';
import { EXIT, type ExitCode } from '../../kit/exitCodes.ts';
import { ID_OR_END, quarantinedId } from '../../kit/idEnd.ts';
import { onInterrupt } from '../../kit/interrupt.ts';
import type { Output } from '../../kit/output.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { withQuarantine } from './records.ts';

type RetryOptions = StoreOptions & JsonOptions & { readonly all: boolean };

export function retryCommand(): Command {
  return command<RetryOptions, [id: string | undefined]>({
    name: 'retry',
    description: 'put one back where it stood, or all, if they open now',
    arguments: [['[id]', `id of the operation, ${ID_OR_END}`]],
    wholeId: quarantinedId,
    options: [...storeOptions(), jsonOption(JSON_LINES), flag('--all', 'all of them')],
    examples: [`holdfast quarantine retry --all ${EXAMPLE_STORE}`],
    async run({ options, output }, id) {
      if ((id === undefined) !== options.all) {
        throw new HoldfastError('HF_OPTION_INVALID', 'Give an id, or --all.');
      }
      if (id === undefined) return await retryAll(options, output);
      await withQuarantine(options, (records) => records.retry(id));
      output.result({ id, retried: true }, `${id} is back where it stood.`);
      return EXIT.ok;
    },
  });
}

/** Tries each record. One that stays is reported, and the others go on. */
async function retryAll(options: RetryOptions, output: Output): Promise<ExitCode> {
  const stop = new AbortController();
  const restoreSignals = onInterrupt(output, () => {
    stop.abort();
  });
  let retried = 0;
  let stayed = 0;
  try {
    await withQuarantine(options, async (records) => {
      for await (const { id } of records.list()) {
        if (stop.signal.aborted) break;
        try {
          await records.retry(id);
          retried += 1;
        } catch (error) {
          if (!isHoldfastError(error) || error.code.startsWith('HF_STORE_')) throw error;
          stayed += 1;
          output.say(`holdfast: ${id}: ${error.message} (${error.code})`);
        }
        output.progress(() => `holdfast: ${retried} put back, ${stayed} stay quarantined`);
      }
    });
  } finally {
    restoreSignals();
  }
  const interrupted = stop.signal.aborted;
  output.result(
    { retried, stayed, interrupted },
    `${retried} put back, ${stayed} stay quarantined`,
  );
  if (interrupted) return EXIT.interrupted;
  return stayed > 0 ? EXIT.someBad : EXIT.ok;
}
