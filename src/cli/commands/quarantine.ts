import { open, rm } from 'node:fs/promises';
import { Command } from 'commander';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { type Quarantine, quarantine } from '../../management/quarantine/quarantine.ts';
import type { Quarantined } from '../../management/quarantine/quarantined.ts';
import { confirmed } from '../kit/confirm.ts';
import { EXIT } from '../kit/exitCodes.ts';
import { onInterrupt } from '../kit/interrupt.ts';
import { createOutput, table } from '../kit/output.ts';
import { type StoreOptions, withStore } from '../kit/service.ts';

interface CommonOptions extends StoreOptions {
  readonly json: boolean;
}

const FILE_MODE = 0o600;

/** `holdfast quarantine`: records that could not be opened or read, at rest or in use. */
export function quarantineCommand(): Command {
  return new Command('quarantine')
    .description("list, show, retry, export or purge records that can't be opened or read")
    .helpCommand(false)
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(retryCommand())
    .addCommand(exportCommand())
    .addCommand(purgeCommand());
}

function common(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .requiredOption('--store <dir>', 'folder of the store')
    .requiredOption('--key-file <file>', 'key of the store')
    .option('--json', 'print JSON, one object a line', false);
}

function example(text: string): string {
  return `\nExample:\n  $ holdfast quarantine ${text} --store ./sync-store --key-file ./holdfast.key`;
}

function listCommand(): Command {
  return common('list', 'list them with the reason of each')
    .addHelpText('after', example('list'))
    .action(async (options: CommonOptions) => {
      const output = createOutput(options);
      const listed: Quarantined[] = [];
      await withQuarantine(options, async (records) => {
        for await (const record of records.list()) {
          if (options.json) output.result(record, '');
          listed.push(record);
        }
      });
      if (options.json) return;
      output.result({}, listed.length === 0 ? 'Nothing is set aside.' : tableOf(listed));
    });
}

function showCommand(): Command {
  return common('show', 'show one: why it was set aside, and whether it opens by now')
    .argument('<id>', 'id of the operation')
    .addHelpText('after', example('show 01998a2c-…'))
    .action(async (id: string, options: CommonOptions) => {
      const record = await withQuarantine(options, (records) => records.show(id));
      createOutput(options).result(record, tableOf([record]));
    });
}

function retryCommand(): Command {
  return common('retry', 'put one back where it stood, or all, if they open now')
    .argument('[id]', 'id of the operation')
    .option('--all', 'all of them', false)
    .addHelpText('after', example('retry --all'))
    .action(async (id: string | undefined, options: CommonOptions & { readonly all: boolean }) => {
      if ((id === undefined) !== options.all) {
        throw new HoldfastError('HF_OPTION_INVALID', 'Give an id, or --all.');
      }
      const output = createOutput(options);
      if (id !== undefined) {
        await withQuarantine(options, (records) => records.retry(id));
        output.result({ id, retried: true }, `${id} is back where it stood.`);
        return;
      }
      await retryAll(options);
    });
}

/** Tries each; one that stays says why and stops no other. */
async function retryAll(options: CommonOptions): Promise<void> {
  const output = createOutput(options);
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
        output.progress(() => `holdfast: ${retried} put back, ${stayed} stay set aside`);
      }
    });
  } finally {
    restoreSignals();
  }
  const interrupted = stop.signal.aborted;
  output.result({ retried, stayed, interrupted }, `${retried} put back, ${stayed} stay set aside`);
  if (interrupted) process.exitCode = EXIT.interrupted;
  else process.exitCode = stayed > 0 ? EXIT.someBad : EXIT.ok;
}

function exportCommand(): Command {
  return common(
    'export',
    'write them to a file as they lie on disk: sealed, one JSON object a line',
  )
    .requiredOption('--to <file>', 'a file that is not there yet')
    .addHelpText('after', example('export --to ./quarantine.ndjson'))
    .action(async (options: CommonOptions & { readonly to: string }) => {
      const output = createOutput(options);
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
        // Half an export would be taken for a whole one, and stand in the way of the next.
        await rm(options.to, { force: true });
        throw error;
      } finally {
        await file.close();
      }
      output.result({ exported, to: options.to }, `${exported} exported to ${options.to}`);
    });
}

/** Never over a file that is there, and readable by its user alone. */
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
  return common('purge', 'forget one for good; export it first')
    .argument('<id>', 'id of the operation')
    .option('--yes', 'do not ask', false)
    .addHelpText('after', example('purge 01998a2c-… --yes'))
    .action(async (id: string, options: CommonOptions & { readonly yes: boolean }) => {
      const output = createOutput(options);
      if (!(await confirmed(`Forget ${id} for good?`, options))) return;
      await withQuarantine(options, (records) => records.purge(id));
      output.result({ id, purged: true }, `Purged ${id}.`);
    });
}

async function withQuarantine<Result>(
  options: StoreOptions,
  use: (records: Quarantine) => Promise<Result>,
): Promise<Result> {
  return await withStore(options, (caller) => use(quarantine(caller)));
}

function tableOf(records: readonly Quarantined[]): string {
  return table(
    ['id', 'reason', 'set aside', 'stood', 'opens now', 'written by'],
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
