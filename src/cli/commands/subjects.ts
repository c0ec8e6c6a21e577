/**
 * `holdfast subjects`: gives a person everything that is kept about them, at rest or in use.
 *
 * @module
 */

import { rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { subjects } from '../../management/subjects.ts';
import { documentOf, type ExportedRecord } from '../../views/subjectDocument.ts';
import {
  command,
  commandGroup,
  EXAMPLE_STORE,
  flag,
  type JsonOptions,
  jsonOption,
  valueOption,
} from '../kit/command.ts';
import { append, createFile, demandElsewhere } from '../kit/newFile.ts';
import { EXIT, onInterrupt } from '../kit/program.ts';
import { type StoreOptions, storeOptions } from '../kit/storeOptions.ts';
import { countOf } from '../kit/table.ts';
import { withStore } from '../kit/withStore.ts';

type ExportOptions = StoreOptions &
  JsonOptions & { readonly to?: string; readonly document?: string; readonly maskOthers: boolean };

function exportCommand(): Command {
  return command<ExportOptions, [person: string]>({
    name: 'export',
    description: 'write everything about one person to a file, payloads included',
    arguments: [['<person>', 'the person, by the id that requests have as subject']],
    options: [
      ...storeOptions(),
      valueOption('--document <file>', 'a page for the person to read, as HTML'),
      valueOption('--to <file>', 'all of it as JSON, one object a line'),
      flag('--mask-others', 'put ••• in place of what names other people'),
      jsonOption(),
    ],
    notes:
      'The files are new ones that only you can read, and not encrypted. The audit records who was shown what. What lies in\n' +
      'backups and at upstreams is not in it: docs/how-to/tell-a-person-what-is-kept.md.',
    examples: [
      `holdfast subjects export user-42 --document ./user-42.html ${EXAMPLE_STORE}`,
      `holdfast subjects export user-42 --to ./user-42.ndjson --mask-others ${EXAMPLE_STORE}`,
    ],
    async run({ options, output }, person) {
      const paths = [options.document, options.to].filter((path) => path !== undefined);
      if (paths.length === 0) throw needsFile();
      for (const path of paths) await demandElsewhere(path, options);
      const stop = new AbortController();
      const restoreSignals = onInterrupt(output, () => {
        stop.abort();
      });
      const files = new Map<string, Awaited<ReturnType<typeof createFile>>>();
      const add = async (path: string | undefined, text: string): Promise<void> => {
        const file = files.get(path ?? '');
        if (path !== undefined && file !== undefined) await append(path, file, text);
      };
      const counts = { records: 0, auditEntries: 0, unreadable: 0 };
      async function* written(
        records: AsyncIterable<ExportedRecord>,
      ): AsyncGenerator<ExportedRecord> {
        for await (const record of records) {
          if (stop.signal.aborted) return;
          counts[record.kind === 'auditEntry' ? 'auditEntries' : 'records'] += 1;
          counts.unreadable += Number(record.isUnreadable);
          await add(options.to, `${JSON.stringify(record)}\n`);
          output.progress(() => `holdfast: ${countOf(counts.records, 'record')} exported`);
          yield record;
        }
      }
      let isWhole = false;
      try {
        for (const path of paths) files.set(path, await createFile(path));
        await withStore(options, async (caller) => {
          const { maskOthers } = options;
          const now = (): number => systemClock.now();
          const records = written(subjects(caller, now).export(person, { maskOthers }));
          for await (const part of documentOf(person, now(), records)) {
            await add(options.document, part);
          }
        });
        for (const file of files.values()) await file.sync();
        isWhole = !stop.signal.aborted;
      } finally {
        restoreSignals();
        output.endProgress();
        for (const [path, file] of files) {
          await file.close();
          // A partial export would be mistaken for a whole one.
          if (!isWhole) await rm(path, { force: true });
        }
      }
      if (!isWhole) return EXIT.interrupted;
      output.result({ ...counts, files: paths }, said(person, counts, paths));
      return EXIT.ok;
    },
  });
}

function said(
  person: string,
  counts: {
    readonly records: number;
    readonly auditEntries: number;
    readonly unreadable: number;
  },
  paths: readonly string[],
): string {
  const { records, auditEntries, unreadable } = counts;
  const entries = countOf(auditEntries, 'entry of the log', 'entries of the log');
  const none = `Nothing else is kept about ${person}: compare the spelling of the id.`;
  const cannot = `${countOf(unreadable, 'record')} can't be opened: see holdfast quarantine, and docs/how-to/find-out-what-is-missing.md.`;
  return [
    `${countOf(records, 'record')} and ${entries} about ${person} exported to ${paths.join(' and ')}`,
    ...(records === 0 ? [none] : []),
    ...(unreadable > 0 ? [cannot] : []),
  ].join('\n');
}

function needsFile(): HoldfastError {
  return new HoldfastError(
    'HF_OPTION_INVALID',
    'Name a file: --document for a page to read, --to for JSON, or both.',
    { field: 'to', withStack: false },
  );
}

export function subjectsCommand(): Command {
  return commandGroup('subjects', [exportCommand()]);
}
