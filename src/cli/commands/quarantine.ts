/**
 * `holdfast quarantine`: lists, shows, retries, exports or purges quarantined records, at rest or in use.
 *
 * @module
 */

import { open, rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { type Quarantine, type Quarantined, quarantine } from '../../management/quarantine.ts';
import {
  command,
  commandGroup,
  EXAMPLE_STORE,
  flag,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
  valueOption,
} from '../kit/command.ts';
import { refusalOf } from '../kit/confirm.ts';
import { ID_OR_END, quarantinedId } from '../kit/idEnd.ts';
import type { Output } from '../kit/output.ts';
import { EXIT, type ExitCode, onInterrupt } from '../kit/program.ts';
import { type StoreOptions, storeOptions } from '../kit/storeOptions.ts';
import { table } from '../kit/table.ts';
import { withStore } from '../kit/withStore.ts';

async function withQuarantine<Result>(
  options: StoreOptions,
  use: (records: Quarantine) => Promise<Result>,
): Promise<Result> {
  return await withStore(options, (caller) => use(quarantine(caller)));
}

function tableOf(records: readonly Quarantined[]): string {
  return table(
    ['id', 'reason', 'quarantined', 'was', 'opens now', 'written by'],
    records.map(({ id, code, setAsideAtMs, stood, opensNot, snapshot }) => [
      id,
      code,
      setAsideAtMs === null ? '' : new Date(setAsideAtMs).toISOString(),
      stood ?? '',
      opensNot === null ? 'yes' : `no (${opensNot})`,
      snapshot === null ? '' : `${snapshot.machine} ${snapshot.version} ${snapshot.state}`,
    ]),
  );
}

function listCommand(): Command {
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

function showCommand(): Command {
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

type RetryOptions = StoreOptions & JsonOptions & { readonly all: boolean };

function retryCommand(): Command {
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

const FILE_MODE = 0o600;

function exportCommand(): Command {
  return command<StoreOptions & JsonOptions & { readonly to: string }>({
    name: 'export',
    description: 'write them to a file as they lie on disk: sealed, one JSON object a line',
    options: [
      ...storeOptions(),
      jsonOption(JSON_LINES),
      valueOption('--to <file>', 'a file that is not there yet').makeOptionMandatory(),
    ],
    examples: [`holdfast quarantine export --to ./quarantine.ndjson ${EXAMPLE_STORE}`],
    async run({ options, output }) {
      const file = await createFile(options.to);
      let exported = 0;
      try {
        await withQuarantine(options, async (records) => {
          for await (const record of records.export()) {
            await file.appendFile(`${JSON.stringify(record)}\n`);
            exported += 1;
            output.progress(() => `holdfast: ${exported} exported`);
          }
        });
        await file.sync();
      } catch (error) {
        // A partial export would be mistaken for a whole one, and block the next.
        await rm(options.to, { force: true });
        throw error;
      } finally {
        await file.close();
      }
      output.result({ exported, to: options.to }, `${exported} exported to ${options.to}`);
    },
  });
}

/** Creates the file, readable by its user alone, and never over an existing one. */
async function createFile(path: string): ReturnType<typeof open> {
  try {
    return await open(path, 'wx', FILE_MODE);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'it is there already' : `opening it failed with ${code ?? ''}`;
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      `Can't export to ${path}: ${why}. Name a new file.`,
      { field: 'to', path, cause },
    );
  }
}

function purgeCommand(): Command {
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

export function quarantineCommand(): Command {
  return commandGroup('quarantine', [
    listCommand(),
    showCommand(),
    retryCommand(),
    exportCommand(),
    purgeCommand(),
  ]);
}
