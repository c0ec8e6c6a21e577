/**
 * `holdfast audit`: lists, checks and exports the log of what was done, at rest or in use.
 *
 * @module
 */

import { createReadStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { InvalidArgumentError, type Option } from 'commander';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { type AuditEntry, parseEntry } from '../../../persistence/audit/auditEntry.ts';
import {
  type Checkpoint,
  openCheckpoint,
  readCheckpoint,
} from '../../../persistence/audit/checkpoint.ts';
import { type AuditVerdict, AuditVerifier } from '../../../persistence/audit/verifyAudit.ts';
import {
  AUDIT_ACTS,
  AUDIT_PAGE_MAX,
  type AuditAct,
  type AuditCheckpoint,
} from '../../../persistence/port/audit.ts';
import { audit as auditOf, auditPage } from '../../management/audit.ts';
import type { Caller } from '../../management/managementCall.ts';
import { parseCount, parseInstantOrAgo } from '../kit/argumentParsers.ts';
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
import { append, createFile, demandElsewhere, demandNew, writeNew } from '../kit/newFile.ts';
import type { Output } from '../kit/output.ts';
import { EXIT, type ExitCode, onInterrupt } from '../kit/program.ts';
import {
  anyStoreOption,
  keyOptions,
  type StoreOptions,
  storeOptions,
} from '../kit/storeOptions.ts';
import { countOf, table, timeOf } from '../kit/table.ts';
import { withStore } from '../kit/withStore.ts';

/** What each act means. */
const WORDS: Readonly<Record<AuditAct, string>> = {
  'audit.gap': 'entries are missing before this one',
  'breaker.changed': 'the breaker changed',
  'call.made': 'somebody called',
  'conflict.awaitsReview': 'a person is asked about a conflict',
  'conflict.detected': 'an edit met another',
  'conflict.displaced': 'words of this store are asked about elsewhere',
  'conflict.resolved': 'a conflict is over',
  'conflict.undone': 'a decision was taken back',
  'crisis.accepted': 'a crisis was taken',
  'crisis.acknowledged': 'a person has taken a crisis on',
  'crisis.acknowledgementLapsed': 'nobody has a crisis any more',
  'crisis.answeredLate': 'a crisis was answered late',
  'crisis.calledOff': 'a crisis was called off',
  'crisis.callOffProposed': 'somebody proposes to call a crisis off',
  'crisis.escalated': 'a crisis is not delivered; people are told',
  'crisis.escalationEnded': 'people need not act on a crisis any more',
  'crisis.exhausted': 'nobody of the chain has taken a crisis on',
  'crisis.noted': 'somebody noted something about a crisis',
  'crisis.released': 'a person has given a crisis back',
  'crisis.stepFailed': 'a step of the chain could not be told',
  'crisis.stepNotified': 'a step of the chain was told',
  'crisis.unreadable': 'the record of a crisis can not be read',
  'crisisMode.changed': 'crisis mode changed',
  'level.changed': 'the level of service changed',
  'operation.ended': 'an operation ended',
  'operation.purged': 'a record was purged by a person',
  'operation.reinstated': 'a quarantined record was put back',
  'operation.replayed': 'a dead letter was replayed',
  'override.made': 'an order was carried out',
  'record.quarantined': 'a record was quarantined',
  'retention.purged': 'what was kept long enough was purged',
  'store.held': 'the store is held',
};

interface FilterOptions {
  readonly act?: AuditAct;
  readonly person?: string;
  readonly operation?: string;
  readonly upstream?: string;
  readonly since?: number;
  readonly until?: number;
}

type ListOptions = StoreOptions &
  JsonOptions &
  FilterOptions & { readonly limit: number; readonly oldest: boolean };

function filterOptions(): readonly Option[] {
  return [
    valueOption('--act <act>', 'only this act, such as call.made', parseAct),
    valueOption('--person <id>', 'only what they did or what was about them'),
    valueOption('--operation <id>', 'only about this operation, by its whole id'),
    valueOption('--upstream <name>', 'only about this upstream'),
    valueOption(
      '--since <date>',
      'only then or later: a date, or 1h for an hour ago',
      parseInstantOrAgo,
    ),
    valueOption('--until <date>', 'only before', parseInstantOrAgo),
  ];
}

function parseAct(given: string): AuditAct {
  const act = AUDIT_ACTS.find((one) => one === given);
  if (act === undefined) throw new InvalidArgumentError(`One of ${AUDIT_ACTS.join(', ')}.`);
  return act;
}

/** Whether an entry is meant. @param handle that of the person, where one is named */
function isMeant(entry: AuditEntry, options: FilterOptions, handle: string | null): boolean {
  const { act, operation, upstream, since, until } = options;
  return (
    (act === undefined || entry.act === act) &&
    (handle === null || entry.by === handle || entry.subject === handle) &&
    (operation === undefined || entry.operation === operation) &&
    (upstream === undefined || entry.upstream === upstream) &&
    (since === undefined || entry.at >= since) &&
    (until === undefined || entry.at < until)
  );
}

/** Goes through the entries, the newest first unless `isOldest`. */
async function* entriesOf(caller: Caller, isOldest: boolean): AsyncGenerator<string> {
  const limit = AUDIT_PAGE_MAX;
  if (isOldest) {
    yield* auditOf(caller).entries();
    return;
  }
  const { size } = await caller.call(auditPage, { fromSeq: 0, limit: 1 });
  for (let end = size; end > 0; end -= Math.min(end, limit)) {
    const fromSeq = Math.max(0, end - limit);
    const { entries } = await caller.call(auditPage, { fromSeq, limit: end - fromSeq });
    yield* entries.toReversed();
  }
}

/** The cells of an entry in a table. */
function cellsOf(entry: AuditEntry): readonly (string | number)[] {
  const { seq, at, act, out, call, code, upstream, step, operation, by, subject, via, n } = entry;
  const numbers = Object.entries(n ?? {}).map(([name, value]) => `${name} ${value}`);
  const what = WORDS[act as AuditAct] ?? act;
  const more = [call, out, code, upstream, step, via === undefined ? '' : `via ${via}`, ...numbers];
  return [
    seq,
    timeOf(at),
    [what, ...more].filter((one) => one !== undefined && one !== '').join(', '),
    by ?? '',
    subject ?? '',
    operation ?? '',
  ];
}

const COLUMNS = ['entry', 'at', 'what', 'by', 'about', 'operation'];
const LIMIT = 50;

function listCommand(): Command {
  return command<ListOptions>({
    name: 'list',
    description: 'list what was done, by whom and to whom, the newest first',
    options: [
      ...storeOptions(),
      jsonOption(JSON_LINES),
      ...filterOptions(),
      valueOption('--limit <n>', 'at most so many', parseCount(1, 1_000_000), LIMIT),
      flag('--oldest', 'the oldest first'),
    ],
    notes:
      'People are handles: the same person has the same one in each entry. --person finds the handle of somebody whom you\n' +
      'know by name.',
    examples: [
      `holdfast audit list ${EXAMPLE_STORE}`,
      `holdfast audit list --since 1d --act call.made ${EXAMPLE_STORE}`,
      `holdfast audit list --person user-42 --json ${EXAMPLE_STORE}`,
    ],
    async run({ options, output }) {
      const { limit, person } = options;
      const found: AuditEntry[] = [];
      let hasMore = false;
      await withStore(options, async (caller) => {
        const handle = person === undefined ? null : await auditOf(caller).handleOf(person);
        if (person !== undefined && handle === null) return;
        for await (const text of entriesOf(caller, options.oldest)) {
          const entry = parseEntry(text);
          if (!isMeant(entry, options, handle)) continue;
          hasMore = found.length === limit;
          if (hasMore) break;
          if (options.json) output.result(entry, '');
          found.push(entry);
        }
      });
      if (hasMore) {
        const which = options.oldest ? 'oldest' : 'newest';
        output.say(`holdfast: only the ${which} ${limit}; give --limit for more`);
      }
      if (options.json) return;
      const none = 'No entries match.';
      output.result({}, found.length === 0 ? none : table(COLUMNS, found.map(cellsOf)));
    },
  });
}

type ExportOptions = StoreOptions &
  JsonOptions & { readonly to: string; readonly checkpoint?: string };

function exportCommand(): Command {
  return command<ExportOptions>({
    name: 'export',
    description: 'write all entries to a file, as they are: one JSON object a line',
    options: [
      ...storeOptions(),
      jsonOption(),
      valueOption('--to <file>', 'a file that is not there yet').makeOptionMandatory(),
      valueOption('--checkpoint <file>', 'write a signed checkpoint of them there, too'),
    ],
    notes:
      'docs/audit-format.md says what is in it; holdfast audit verify FILE checks it without the store.',
    examples: [
      `holdfast audit export --to ./audit.ndjson --checkpoint ./audit.checkpoint ${EXAMPLE_STORE}`,
    ],
    async run({ options, output }) {
      const { to, checkpoint: beside } = options;
      for (const path of [to, beside]) if (path !== undefined) await demandElsewhere(path, options);
      if (beside !== undefined) await demandNew(beside);
      const stop = new AbortController();
      const restoreSignals = onInterrupt(output, () => {
        stop.abort();
      });
      const file = await createFile(to);
      let exported = 0;
      try {
        const checkpoint = await withStore(options, async (caller) => {
          const log = auditOf(caller);
          // Before the entries: all that it speaks of are among them.
          const made = beside === undefined ? null : await log.checkpoint();
          for await (const entry of log.entries()) {
            if (stop.signal.aborted) break;
            await append(to, file, `${entry}\n`);
            exported += 1;
            output.progress(() => `holdfast: ${countOf(exported, 'entry', 'entries')} exported`);
          }
          return made;
        });
        await file.sync();
        if (checkpoint !== null && beside !== undefined && !stop.signal.aborted)
          await writeNew(beside, checkpoint.checkpoint);
      } catch (error) {
        // A partial export would be mistaken for a whole one, and block the next.
        await rm(to, { force: true });
        throw error;
      } finally {
        await file.close();
        restoreSignals();
      }
      if (stop.signal.aborted) {
        await rm(to, { force: true });
        return EXIT.interrupted;
      }
      output.result({ exported, to }, `${countOf(exported, 'entry', 'entries')} exported to ${to}`);
      return EXIT.ok;
    },
  });
}

function checkpointCommand(): Command {
  return command<StoreOptions & JsonOptions & { readonly to?: string }>({
    name: 'checkpoint',
    description: 'print a signed statement of what is in the log, to be kept elsewhere',
    options: [
      ...storeOptions(),
      jsonOption(),
      valueOption('--to <file>', 'write it to this file, which is not there yet'),
    ],
    notes:
      'Keep it where whoever can write the store can not. With it, holdfast audit verify tells whether anything before it was\n' +
      'changed or cut off. The public key does not change: note it once.',
    examples: [`holdfast audit checkpoint ${EXAMPLE_STORE}`],
    async run({ options, output }) {
      const made = await withStore(options, (caller) => auditOf(caller).checkpoint());
      const { to } = options;
      if (to !== undefined) {
        await demandElsewhere(to, options);
        await writeNew(to, made.checkpoint);
      }
      output.result(made, to === undefined ? said(made) : `${to}\npublic key: ${made.publicKey}`);
    },
  });
}

function said({ checkpoint, publicKey }: AuditCheckpoint): string {
  return `${checkpoint}\npublic key: ${publicKey}`;
}

type VerifyOptions = Partial<StoreOptions> &
  JsonOptions & { readonly checkpoint?: readonly string[]; readonly publicKey?: string };

function verifyCommand(): Command {
  return command<VerifyOptions, [file: string | undefined]>({
    name: 'verify',
    description: 'check that no entry was edited, removed, added, moved or cut off',
    arguments: [['[file]', 'an export; without it, the log of the store']],
    options: [
      anyStoreOption('folder of the store'),
      ...keyOptions(),
      jsonOption(),
      valueOption(
        '--checkpoint <file>',
        'a checkpoint that was kept elsewhere; may be given several times',
        (path: string, before: readonly string[] = []) => [...before, path],
      ),
      valueOption(
        '--public-key <key>',
        'the key by which checkpoints are signed; without it, they are trusted',
      ),
    ],
    notes:
      'Exit code 1 where something is wrong; each fault names the entry. An export needs neither store nor key.',
    examples: [
      `holdfast audit verify ${EXAMPLE_STORE}`,
      'holdfast audit verify ./audit.ndjson --checkpoint ./audit.checkpoint',
    ],
    async run({ options, output }, file) {
      const checkpoints = await checkpointsOf(options);
      const verifier = new AuditVerifier({ checkpoints });
      let lines = 0;
      const add = (text: string): void => {
        verifier.add(text);
        lines += 1;
        output.progress(() => `holdfast: ${countOf(lines, 'entry', 'entries')} checked`);
      };
      if (file === undefined) {
        if (options.store === undefined) throw needsOne();
        await withStore(options as StoreOptions, async (caller) => {
          for await (const text of auditOf(caller).entries()) add(text);
        });
      } else for await (const text of linesOf(file)) add(text);
      return verdict(verifier.end(), checkpoints, output);
    },
  });
}

function needsOne(): HoldfastError {
  return new HoldfastError(
    'HF_OPTION_INVALID',
    'Give the file of an export, or --store with its key.',
  );
}

/** More than any entry has: what is longer is given in parts, none of which is one. */
const LINE_LENGTH_MAX = 1_000_000;

/** The lines of a file, each byte a character: entries are ASCII, and of anything else no two may look alike. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(path, 'latin1') as AsyncIterable<string>) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length <= LINE_LENGTH_MAX) continue;
      yield rest;
      rest = '';
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (rest !== '') yield rest;
}

function unreadable(path: string, cause: unknown): HoldfastError {
  const { code } = cause as NodeJS.ErrnoException;
  return new HoldfastError(
    'HF_OPTION_INVALID',
    `Can't read ${path} (${code ?? 'unknown'}). Name a file that is there.`,
    { path, cause },
  );
}

async function checkpointsOf({
  checkpoint: paths = [],
  publicKey,
}: VerifyOptions): Promise<readonly Checkpoint[]> {
  const read: Checkpoint[] = [];
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw unreadable(path, cause);
    });
    read.push(publicKey === undefined ? readCheckpoint(text) : openCheckpoint(text, publicKey));
  }
  return read;
}

function verdict(
  { entries, root, firstAtMs, lastAtMs, faults, isCut, log }: AuditVerdict,
  checkpoints: readonly Checkpoint[],
  output: Output,
): ExitCode {
  const span = entries === 0 ? '' : `, from ${timeOf(firstAtMs)} to ${timeOf(lastAtMs)}`;
  const held =
    checkpoints.length === 0
      ? ' No checkpoint was given: an end that was cut off, or a log written anew, would not be seen.'
      : ` It agrees with ${countOf(checkpoints.length, 'checkpoint')}.`;
  const more = isCut ? '\nThere may be more: it stopped judging.' : '';
  const words =
    faults.length === 0
      ? `${countOf(entries, 'entry', 'entries')}${span}: all is as it was written.${held}`
      : `${faults.map(({ text }) => text).join('\n')}${more}`;
  const { length } = faults;
  output.result(
    { log, entries, root: root.toString('hex'), firstAtMs, lastAtMs, faults, isCut },
    length === 0
      ? words
      : `${words}\n${countOf(length, 'fault')} in ${countOf(entries, 'entry', 'entries')}.`,
  );
  return length === 0 ? EXIT.ok : EXIT.failed;
}

export function auditCommand(): Command {
  return commandGroup('audit', [
    listCommand(),
    verifyCommand(),
    exportCommand(),
    checkpointCommand(),
  ]);
}
