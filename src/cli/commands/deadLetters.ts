import { text } from 'node:stream/consumers';
import { Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { ERROR_CODES, type ErrorCode, HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Json } from '../../../machines/vocabulary/json.ts';
import type { DeadLetterCounts } from '../../management/deadLetters/counts.ts';
import type { DeadLetter, DeadLetterDetails } from '../../management/deadLetters/deadLetter.ts';
import { type DeadLetters, deadLetters } from '../../management/deadLetters/deadLetters.ts';
import type { DeadLetterFilter } from '../../management/deadLetters/filter.ts';
import { parseCount, parseDuration, parseInstant } from '../kit/argumentParsers.ts';
import { confirmed } from '../kit/confirm.ts';
import { EXIT } from '../kit/exitCodes.ts';
import { onInterrupt } from '../kit/interrupt.ts';
import { createOutput, table } from '../kit/output.ts';
import { type StoreOptions, withStore } from '../kit/service.ts';
import { openInput } from '../run/inputFile.ts';

interface CommonOptions extends StoreOptions {
  readonly json: boolean;
}

interface FilterOptions {
  readonly type?: string;
  readonly upstream?: string;
  readonly code?: ErrorCode;
  readonly since?: number;
  readonly until?: number;
}

interface ManyOptions extends CommonOptions, FilterOptions {
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly olderThan?: number;
}

type ReplayCommandOptions = ManyOptions & {
  readonly payloadFile?: string;
  readonly evenIfApplied: boolean;
};
type PurgeCommandOptions = ManyOptions & { readonly yes: boolean };

const RUNS_LATER = 'runs when a process opens the store.';

/** `holdfast dead-letters`: what was given up and waits for a person, at rest or in use. */
export function deadLettersCommand(): Command {
  return new Command('dead-letters')
    .description('list, show, replay or purge what was given up, at rest or in use')
    .helpCommand(false)
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(replayCommand())
    .addCommand(purgeCommand());
}

function common(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .requiredOption('--store <dir>', 'folder of the store')
    .requiredOption('--key-file <file>', 'key of the store')
    .option('--json', 'print JSON, one object a line', false);
}

function withFilter(command: Command): Command {
  return command
    .option('--type <type>', 'only of this type')
    .option('--upstream <name>', 'only for this upstream')
    .option('--code <code>', 'only those given up for this reason', parseCode)
    .option('--since <date>', 'only those given up then or later', parseInstant)
    .option('--until <date>', 'only those given up before', parseInstant);
}

function listCommand(): Command {
  return withFilter(common('list', 'list them, the newest first; never what they carry'))
    .option('--limit <n>', 'how many to list', parseCount(1, 1_000_000), 100)
    .addHelpText(
      'after',
      `
Examples:
  $ holdfast dead-letters list --store ./sync-store --key-file ./holdfast.key --code HF_UPSTREAM_REFUSED
  $ holdfast dead-letters list --store ./sync-store --key-file ./holdfast.key --json | jq -r .id`,
    )
    .action(async (options: CommonOptions & FilterOptions & { readonly limit: number }) => {
      const output = createOutput(options);
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
        output.result({}, listed.length === 0 ? 'No dead letters.' : tableOf(listed));
      }
      if (isCut) output.say(`holdfast: only the first ${options.limit}; --limit lists more.`);
    });
}

function showCommand(): Command {
  return common('show', 'show one: why it was given up, and what happened to it')
    .argument('<id>', 'id of the operation')
    .addHelpText(
      'after',
      `
Example:
  $ holdfast dead-letters show 01998a2c-… --store ./sync-store --key-file ./holdfast.key`,
    )
    .action(async (id: string, options: CommonOptions) => {
      const details = await withLetters(options, (letters) => letters.show(id));
      createOutput(options).result(details, textOf(details));
    });
}

function replayCommand(): Command {
  return withFilter(common('replay', 'run one again, or all that match, their attempts afresh'))
    .argument('[id]', 'id of the operation')
    .option('--all', 'all that match', false)
    .option(
      '--payload-file <file>',
      'run it with this JSON instead (- for stdin), as a new request',
    )
    .option('--even-if-applied', 'also where an attempt may have been applied', false)
    .option('--dry-run', 'with --all: count them and change nothing', false)
    .addHelpText(
      'after',
      `
Each runs under its old idempotency key, so an upstream that honours keys does nothing twice; one with
another payload gets a new key. Stopped or crashed on the way, the same command goes on.

Examples:
  $ holdfast dead-letters replay 01998a2c-… --store ./sync-store --key-file ./holdfast.key
  $ holdfast dead-letters replay --all --type payments.push --store ./sync-store --key-file ./holdfast.key`,
    )
    .action(async (id: string | undefined, options: ReplayCommandOptions) => {
      if (isForAll(id, options)) {
        if (options.payloadFile !== undefined) {
          throw usage('--payload-file goes with one id, not with --all.');
        }
        await forAll(options, 'replayed', (letters, run) =>
          letters.replayAll(filterOf(options), { ...run, evenIfApplied: options.evenIfApplied }),
        );
        return;
      }
      const payload =
        options.payloadFile === undefined ? {} : { payload: await readJson(options.payloadFile) };
      const when = await withLetters(options, async (letters, { isAtRest }) => {
        await letters.replay(id, { ...payload, evenIfApplied: options.evenIfApplied });
        return isAtRest ? ` It ${RUNS_LATER}` : '';
      });
      createOutput(options).result({ id, replayed: true }, `Replayed ${id}.${when}`);
    });
}

function purgeCommand(): Command {
  return withFilter(common('purge', 'forget one for good, or all that match'))
    .argument('[id]', 'id of the operation')
    .option('--all', 'all that match', false)
    .option('--older-than <time>', 'only those given up longer ago, such as 30d', parseDuration)
    .option('--dry-run', 'with --all: count them and change nothing', false)
    .option('--yes', 'do not ask', false)
    .addHelpText(
      'after',
      `
Example:
  $ holdfast dead-letters purge --all --older-than 90d --yes --store ./sync-store --key-file ./holdfast.key`,
    )
    .action(async (id: string | undefined, options: PurgeCommandOptions) => {
      const what = isForAll(id, options) ? 'every dead letter that matches' : id;
      if (!options.dryRun && !(await confirmed(`Forget ${what} for good?`, options))) return;
      if (isForAll(id, options)) {
        const { olderThan } = options;
        const oldest = olderThan === undefined ? undefined : systemClock.now() - olderThan;
        const until = Math.min(options.until ?? Infinity, oldest ?? Infinity);
        const filter = { ...filterOf(options), ...(until < Infinity ? { untilMs: until } : {}) };
        await forAll(options, 'purged', (letters, run) => letters.purgeAll(filter, run));
        return;
      }
      await withLetters(options, (letters) => letters.purge(id));
      createOutput(options).result({ id, purged: true }, `Purged ${id}.`);
    });
}

async function withLetters<Result>(
  options: StoreOptions,
  use: (letters: DeadLetters, how: { readonly isAtRest: boolean }) => Promise<Result>,
): Promise<Result> {
  return await withStore(options, (caller, how) =>
    use(
      deadLetters(caller, () => systemClock.now()),
      how,
    ),
  );
}

/** Runs over many with progress; the first Ctrl-C ends it after the batch under way. */
async function forAll(
  options: ManyOptions,
  done: 'replayed' | 'purged',
  run: (
    letters: DeadLetters,
    how: {
      readonly dryRun: boolean;
      readonly signal: AbortSignal;
      readonly onProgress: (counts: DeadLetterCounts) => void;
    },
  ) => Promise<DeadLetterCounts>,
): Promise<void> {
  const output = createOutput(options);
  const verb = options.dryRun ? `would be ${done}` : done;
  const stop = new AbortController();
  const restoreSignals = onInterrupt(output, () => {
    stop.abort();
  });
  try {
    let runsLater = false;
    const counts = await withLetters(options, (letters, { isAtRest }) => {
      runsLater = isAtRest && done === 'replayed' && !options.dryRun;
      return run(letters, {
        dryRun: options.dryRun,
        signal: stop.signal,
        onProgress: (sofar) => {
          // How many match in all is known at the end only.
          if (sofar.done > 0) output.progress(() => `holdfast: ${sofar.done} ${verb} so far`);
        },
      });
    });
    const { matched, expired, changed } = counts;
    const kept = [
      expired > 0 ? `${expired} kept, their time is over` : '',
      changed > 0 ? `${changed} kept, they had changed meanwhile or have no payload` : '',
    ].filter((part) => part !== '');
    output.result(
      { ...counts, dryRun: options.dryRun, interrupted: stop.signal.aborted },
      [`${counts.done} ${verb} of ${matched} that match`, ...kept].join('; '),
    );
    if (runsLater && counts.done > 0) output.say(`holdfast: what was replayed ${RUNS_LATER}`);
    if (stop.signal.aborted) process.exitCode = EXIT.interrupted;
    else process.exitCode = expired + changed > 0 ? EXIT.someBad : EXIT.ok;
  } finally {
    restoreSignals();
  }
}

/** @throws HoldfastError `HF_OPTION_INVALID` unless it is said what is meant, in one way. */
function isForAll(id: string | undefined, options: ManyOptions): id is undefined {
  const restrictions = [options.olderThan, ...Object.values(filterOf(options))];
  const isFiltered = restrictions.some((value) => value !== undefined);
  if (id !== undefined && (options.all || isFiltered || options.dryRun)) {
    throw usage('Give an id, or --all with filters; not both.');
  }
  if (id === undefined && !options.all) throw usage('Give an id, or --all.');
  return id === undefined;
}

function filterOf({ type, upstream, code, since, until }: FilterOptions): DeadLetterFilter {
  return { type, upstream, code, sinceMs: since, untilMs: until };
}

async function readJson(path: string): Promise<Json> {
  const input = await openInput(path);
  try {
    return JSON.parse(await text(input.bytes())) as Json;
  } catch (cause) {
    throw new HoldfastError('HF_INPUT_UNREADABLE', `${input.name} holds no JSON.`, { path, cause });
  } finally {
    await input.close();
  }
}

function parseCode(given: string): ErrorCode {
  const code = ERROR_CODES.find((known) => known === given);
  if (code === undefined) throw new InvalidArgumentError('Codes are listed in docs/errors.md.');
  return code;
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

function textOf(details: DeadLetterDetails): string {
  const { entity, history } = details;
  const facts = table(
    ['what', 'value'],
    [
      ['id', details.id],
      ['type', details.type],
      ['subject', details.subject],
      ['entity', entity === null ? '' : `${entity.type} ${entity.id}`],
      ['tier, priority', `${details.tier}, ${details.priority}`],
      ['accepted', timeOf(details.acceptedAtMs)],
      ['given up', timeOf(details.deadLetteredAtMs)],
      ['expires', details.expiresAtMs === null ? '' : timeOf(details.expiresAtMs)],
      ['reason', `${details.code} ${details.message}`],
      ['may be applied', details.mayBeApplied ? 'yes: look at the upstream first' : 'no'],
      ['payload', details.hasPayload ? 'kept' : 'erased'],
    ],
  );
  const rows = history.map((entry, at) => {
    const since = history[at - 1]?.atMs ?? details.acceptedAtMs;
    const { startedAtMs } = entry;
    return [
      timeOf(entry.atMs),
      entry.what,
      entry.attempt,
      startedAtMs === undefined ? '' : `${startedAtMs - since} ms`,
      startedAtMs === undefined ? '' : `${entry.atMs - startedAtMs} ms`,
      [entry.failureClass, entry.code, entry.exception].filter(Boolean).join(' '),
    ];
  });
  return `${facts}\n\n${table(['at', 'what', 'attempt', 'waited', 'took', 'why'], rows)}`;
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}

function usage(message: string): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', message);
}
