/**
 * `holdfast dead-letters`: lists, shows, replays or purges dead letters, at rest or in use.
 *
 * @module
 */

import { type Command, InvalidArgumentError, type Option } from 'commander';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { ERROR_CODES, type ErrorCode, HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { UpstreamAnswer } from '../../../machines/vocabulary/upstreamAnswer.ts';
import {
  type DeadLetter,
  type DeadLetterCounts,
  type DeadLetterDetails,
  type DeadLetterFilter,
  type DeadLetters,
  deadLetters,
} from '../../management/deadLetters.ts';
import { parseCount, parseDuration, parseInstantOrAgo } from '../kit/argumentParsers.ts';
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
import { deadLetterId, ID_OR_END } from '../kit/idEnd.ts';
import { type Output, plainLine } from '../kit/output.ts';
import { EXIT, type ExitCode, onInterrupt } from '../kit/program.ts';
import { type StoreOptions, storeOptions } from '../kit/storeOptions.ts';
import { facts, historyTable, table, timeOf } from '../kit/table.ts';
import { withStore } from '../kit/withStore.ts';
import { readJson } from '../run/inputFile.ts';

interface FilterOptions {
  readonly type?: string;
  readonly typePart?: string;
  readonly upstream?: string;
  readonly code?: ErrorCode;
  readonly since?: number;
  readonly until?: number;
}

/** The options that say which dead letters are meant. */
function filterOptions(): readonly Option[] {
  return [
    valueOption('--type <type>', 'only of this type'),
    valueOption('--type-part <text>', 'only of types that have this in their name'),
    valueOption('--upstream <name>', 'only for this upstream'),
    valueOption('--code <code>', 'only those given up for this reason', parseCode),
    valueOption(
      '--since <date>',
      'only those given up then or later: a date, or 1h for an hour ago',
      parseInstantOrAgo,
    ),
    valueOption('--until <date>', 'only those given up before', parseInstantOrAgo),
  ];
}

function filterOf(options: FilterOptions): DeadLetterFilter {
  const { type, typePart, upstream, code, since, until } = options;
  return { type, typePart, upstream, code, sinceMs: since, untilMs: until };
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

function parseCode(given: string): ErrorCode {
  const code = ERROR_CODES.find((known) => known === given);
  if (code === undefined) throw new InvalidArgumentError('Codes are listed in docs/errors.md.');
  return code;
}

interface ManyOptions extends StoreOptions, JsonOptions, FilterOptions {
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly olderThan?: number;
}

const RUNS_LATER = 'runs when a process opens the store.';

/** @throws HoldfastError `HF_OPTION_INVALID` unless it is said what is meant, in one way. */
function isForAll(id: string | undefined, options: ManyOptions): id is undefined {
  const restrictions = [options.olderThan, ...Object.values(filterOf(options))];
  const isFiltered = restrictions.some((one) => one !== undefined);
  if (id !== undefined && (options.all || isFiltered || options.dryRun)) {
    throw usage('Give an id, or --all with filters; not both.');
  }
  if (id === undefined && !options.all) throw usage('Give an id, or --all.');
  return id === undefined;
}

function usage(message: string): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', message);
}

/** Runs over many with progress; the first Ctrl-C ends it after the batch under way. */
async function forAll(
  { options, output }: { readonly options: ManyOptions; readonly output: Output },
  done: 'replayed' | 'purged',
  run: (
    letters: DeadLetters,
    how: {
      readonly dryRun: boolean;
      readonly signal: AbortSignal;
      readonly onProgress: (counts: DeadLetterCounts) => void;
    },
  ) => Promise<DeadLetterCounts>,
): Promise<ExitCode> {
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
          // The number that match is known only at the end.
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
    if (stop.signal.aborted) return EXIT.interrupted;
    return expired + changed > 0 ? EXIT.someBad : EXIT.ok;
  } finally {
    restoreSignals();
  }
}

type ListOptions = StoreOptions & JsonOptions & FilterOptions & { readonly limit: number };

function listCommand(): Command {
  return command<ListOptions>({
    name: 'list',
    description: 'list them, the newest first; never what they carry',
    options: [
      ...storeOptions(),
      jsonOption(JSON_LINES),
      ...filterOptions(),
      valueOption('--limit <n>', 'how many to list', parseCount(1, 1_000_000), 100),
    ],
    examples: [
      `holdfast dead-letters list ${EXAMPLE_STORE} --code HF_UPSTREAM_REFUSED`,
      `holdfast dead-letters list ${EXAMPLE_STORE} --json | jq -r .id`,
    ],
    async run({ options, output }) {
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
        const isAny = Object.values(filterOf(options)).every((one) => one === undefined);
        const none = isAny ? 'No dead letters.' : 'No dead letters match.';
        output.result({}, listed.length === 0 ? none : tableOf(listed));
      }
      if (isCut) output.say(`holdfast: only the first ${options.limit}; --limit lists more.`);
    },
  });
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

function showCommand(): Command {
  return command<StoreOptions & JsonOptions & { readonly answer?: boolean }, [id: string]>({
    name: 'show',
    description: 'show one: why it was given up, and what happened to it',
    arguments: [['<id>', `id of the operation, ${ID_OR_END}`]],
    wholeId: deadLetterId,
    options: [
      ...storeOptions(),
      flag('--answer', 'also what the upstream said to the last attempt; it may hold health data'),
      jsonOption(JSON_LINES),
    ],
    examples: [
      `holdfast dead-letters show 01998a2c-… ${EXAMPLE_STORE}`,
      `holdfast dead-letters show 01998a2c-… --answer ${EXAMPLE_STORE}`,
    ],
    async run({ options, output }, id) {
      const { details, answer } = await withLetters(options, async (letters) => ({
        details: await letters.show(id),
        answer: options.answer === true ? await letters.answer(id) : undefined,
      }));
      const said = answer === undefined ? '' : `\n\n${textOfAnswer(answer)}`;
      output.result({ ...details, answer }, `${textOf(details)}${said}`);
    },
  });
}

function textOfAnswer(answer: UpstreamAnswer | null): string {
  if (answer === null) return 'Nothing was kept of what the upstream said.';
  const { status, headers = {}, body } = answer;
  const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${plainLine(value)}`);
  const text = typeof body === 'string' ? body : JSON.stringify(body, null, 2);
  const said = body === undefined ? [] : ['', text];
  return ['The upstream said:', `  status ${status ?? 'unknown'}`, ...lines, ...said].join('\n');
}

function textOf(details: DeadLetterDetails): string {
  const { entity, history } = details;
  const known = facts([
    ['id', details.id],
    ['type', details.type],
    ['subject', details.subject],
    ['entity', entity === null ? '' : `${entity.type} ${entity.id}`],
    ['tier, priority', `${details.tier}, ${details.priority}`],
    ['accepted', timeOf(details.acceptedAtMs)],
    ['given up', timeOf(details.deadLetteredAtMs)],
    ['expires', timeOf(details.expiresAtMs)],
    ['reason', `${details.code} ${details.message}`],
    ['may be applied', details.mayBeApplied ? 'yes: look at the upstream first' : 'no'],
    ['payload', details.hasPayload ? 'kept' : 'erased'],
  ]);
  return `${known}\n\n${historyTable(history, details.acceptedAtMs)}`;
}

type ReplayCommandOptions = ManyOptions & {
  readonly payloadFile?: string;
  readonly evenIfApplied: boolean;
};

function replayCommand(): Command {
  return command<ReplayCommandOptions, [id: string | undefined]>({
    name: 'replay',
    description: 'run one again, or all that match, their attempts afresh',
    arguments: [['[id]', `id of the operation, ${ID_OR_END}`]],
    wholeId: deadLetterId,
    options: [
      ...storeOptions(),
      jsonOption(JSON_LINES),
      ...filterOptions(),
      flag('--all', 'all that match'),
      valueOption(
        '--payload-file <file>',
        'run it with this JSON instead (- for stdin), as a new request',
      ),
      flag('--even-if-applied', 'also where an attempt may have been applied'),
      flag('--dry-run', 'with --all: count them and change nothing'),
    ],
    notes: `Each runs under its old idempotency key, so an upstream that honours keys does nothing twice; one with
another payload gets a new key. Stopped or crashed on the way, the same command goes on.`,
    examples: [
      `holdfast dead-letters replay 01998a2c-… ${EXAMPLE_STORE}`,
      `holdfast dead-letters replay --all --type payments.push ${EXAMPLE_STORE}`,
    ],
    async run(how, id): Promise<ExitCode | void> {
      const { options, output } = how;
      const { payloadFile, evenIfApplied } = options;
      if (isForAll(id, options)) {
        if (payloadFile !== undefined) {
          throw usage('--payload-file goes with one id, not with --all.');
        }
        return await forAll(how, 'replayed', (letters, run) =>
          letters.replayAll(filterOf(options), { ...run, evenIfApplied }),
        );
      }
      const payload = payloadFile === undefined ? {} : { payload: await readJson(payloadFile) };
      const when = await withLetters(options, async (letters, { isAtRest }) => {
        await letters.replay(id, { ...payload, evenIfApplied });
        return isAtRest ? ` It ${RUNS_LATER}` : '';
      });
      output.result({ id, replayed: true }, `Replayed ${id}.${when}`);
    },
  });
}

type PurgeCommandOptions = ManyOptions & { readonly yes: boolean };

function purgeCommand(): Command {
  return command<PurgeCommandOptions, [id: string | undefined]>({
    name: 'purge',
    description: 'forget one for good, or all that match',
    arguments: [['[id]', `id of the operation, ${ID_OR_END}`]],
    wholeId: deadLetterId,
    options: [
      ...storeOptions(),
      jsonOption(JSON_LINES),
      ...filterOptions(),
      flag('--all', 'all that match'),
      valueOption(
        '--older-than <time>',
        'only those given up longer ago, such as 30d',
        parseDuration,
      ),
      flag('--dry-run', 'with --all: count them and change nothing'),
      flag('--yes', 'do not ask'),
    ],
    examples: [`holdfast dead-letters purge --all --older-than 90d --yes ${EXAMPLE_STORE}`],
    async run(how, id) {
      const { options, output } = how;
      const what = isForAll(id, options) ? 'every dead letter that matches' : id;
      if (!options.dryRun) {
        const refusal = await refusalOf(`Forget ${what} for good?`, options, output);
        if (refusal !== null) return refusal;
      }
      if (isForAll(id, options)) {
        const { olderThan } = options;
        const oldest = olderThan === undefined ? undefined : systemClock.now() - olderThan;
        const until = Math.min(options.until ?? Infinity, oldest ?? Infinity);
        const filter = { ...filterOf(options), ...(until < Infinity ? { untilMs: until } : {}) };
        return await forAll(how, 'purged', (letters, run) => letters.purgeAll(filter, run));
      }
      await withLetters(options, (letters) => letters.purge(id));
      output.result({ id, purged: true }, `Purged ${id}.`);
      return EXIT.ok;
    },
  });
}

export function deadLettersCommand(): Command {
  return commandGroup('dead-letters', [
    listCommand(),
    showCommand(),
    replayCommand(),
    purgeCommand(),
  ]);
}
