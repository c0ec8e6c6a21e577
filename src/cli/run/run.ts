/**
 * `holdfast run`: runs the requests of a file, resumable after a crash.
 *
 * @module
 */

import { connect } from 'node:net';
import type { Command } from 'commander';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { AnchorSource } from '../../../actors/port.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { KeySource } from '../../../persistence/sealing/keySource.ts';
import { createRuntime } from '../../createRuntime.ts';
import { parseBaseUrl } from '../../http/hostAddresses.ts';
import { anchorPlace } from '../kit/anchorPlace.ts';
import { parseCount, parseDuration } from '../kit/argumentParsers.ts';
import { command, flag, type JsonOptions, jsonOption, valueOption } from '../kit/command.ts';
import { errorText, type Output, reportOnce } from '../kit/output.ts';
import { EXIT, type ExitCode, onInterrupt } from '../kit/program.ts';
import { storeKey } from '../kit/storeKey.ts';
import {
  type AnchorOptions,
  anchorOptions,
  type StoreOptions,
  storeOptions,
} from '../kit/storeOptions.ts';
import { emptyTally, FileRun, type RunTally } from './fileRun.ts';
import { countLines, type Input, inputLines, openInput, parseRequestLine } from './inputFile.ts';
import { type ByType, parseMethod, parsePath, readHeaders, sender } from './routes.ts';

/** The state that a line of progress is made from. */
export interface RunState {
  readonly tally: RunTally;
  /** Lines in the input; `null` while they are not counted. */
  readonly total: number | null;
  /** State of the upstream's breaker, and when it lets the next try through (epoch milliseconds). */
  readonly breaker: string;
  readonly nextTryAtMs: number | null;
  /** Failed attempts by status or code. */
  readonly failures: ReadonlyMap<string, number>;
}

/** The time over which the rate is taken: short enough to follow an outage, long enough not to jump. */
const RATE_OVER_MS = 10_000;
const FAILURES_SHOWN_MAX = 3;

/** Makes the line; to be asked about once a second, for the rate is taken from when it is asked. */
export class RunProgress {
  readonly #clock: Clock;
  readonly #state: () => RunState;
  readonly #startedAtMs: number;
  #samples: { readonly atMs: number; readonly done: number }[] = [];

  constructor(clock: Clock, state: () => RunState) {
    this.#clock = clock;
    this.#state = state;
    this.#startedAtMs = clock.monotonic();
    this.#samples.push({ atMs: this.#startedAtMs, done: 0 });
  }

  /** The line of progress now. */
  line(): string {
    const state = this.#state();
    const { tally, total } = state;
    const done = doneOf(tally);
    const rate = this.#rate(done);
    const waiting = tally.accepted + tally.bad - done;
    return joined([
      this.#share(done, total),
      `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`,
      this.#timeLeft(state, done, rate),
      this.#breaker(state),
      ...endings(tally),
      waiting > 0 ? `waiting ${waiting}` : '',
      total === null || tally.accepted + tally.bad < total ? `accepted ${tally.accepted}` : '',
      failuresText(state.failures, FAILURES_SHOWN_MAX),
    ]);
  }

  /** The line of progress at the end of the run. */
  lastLine(): string {
    const { tally, total } = this.#state();
    const done = doneOf(tally);
    const seconds = (this.#clock.monotonic() - this.#startedAtMs) / 1_000;
    const waiting = tally.accepted + tally.bad - done;
    return joined([
      this.#share(done, total),
      `in ${spanText(seconds)}`,
      ...endings(tally),
      waiting > 0 ? `waiting ${waiting}` : '',
    ]);
  }

  #share(done: number, total: number | null): string {
    if (total === null) return `${done} done`;
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
    return `${done} of ${total} done (${percent} %)`;
  }

  /** The time left; unknown while nothing gets through. */
  #timeLeft({ total, breaker }: RunState, done: number, rate: number): string {
    if (total === null || done >= total || rate === 0 || breaker !== 'closed') return '';
    return `${spanText((total - done) / rate)} left`;
  }

  /** The lines done per second, over the last seconds. */
  #rate(done: number): number {
    const nowMs = this.#clock.monotonic();
    const recent = this.#samples.filter(({ atMs }) => nowMs - atMs <= RATE_OVER_MS);
    // Asked for after a long while, it is taken over that while.
    const since = recent[0] ?? this.#samples.at(-1);
    this.#samples = [...recent, { atMs: nowMs, done }];
    if (since === undefined || nowMs <= since.atMs) return 0;
    return ((done - since.done) * 1_000) / (nowMs - since.atMs);
  }

  #breaker({ breaker, nextTryAtMs }: RunState): string {
    if (breaker === 'closed') return '';
    if (breaker === 'halfOpen') return 'breaker half open, trying';
    if (nextTryAtMs === null) return `breaker ${breaker}`;
    const leftMs = Math.max(0, nextTryAtMs - this.#clock.now());
    return `breaker ${breaker}, next try in ${Math.ceil(leftMs / 1_000)} s`;
  }
}

/** Every failure by its status or code, the most frequent first. */
function failuresText(failures: ReadonlyMap<string, number>, shownMax?: number): string {
  if (failures.size === 0) return '';
  const all = [...failures].toSorted(([, a], [, b]) => b - a);
  const shown = all.slice(0, shownMax).map(([name, count]) => `${name} ${count} times`);
  return `failed tries: ${shown.join(', ')}${shown.length < all.length ? ', …' : ''}`;
}

/** The lines that need nothing more: ended, refused, or left to a person. */
function doneOf(tally: RunTally): number {
  const { completed, deadLettered, cancelled, expired, bad, inReview } = tally;
  return completed + deadLettered + cancelled + expired + bad + inReview;
}

function endings({ deadLettered, cancelled, expired, bad, inReview }: RunTally): string[] {
  const named = { 'dead-lettered': deadLettered, cancelled, expired, bad, 'in review': inReview };
  return Object.entries(named).map(([name, count]) => (count > 0 ? `${name} ${count}` : ''));
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' · ');
}

/** A span as a person reads it: `0:07`, `12:30`, `1:02:03`. */
function spanText(seconds: number): string {
  const whole = Math.ceil(seconds);
  const parts = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const [hours = 0, ...rest] = parts;
  const [minutes = 0, last = 0] = rest;
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(last)}` : `${minutes}:${two(last)}`;
}

/** The reason for an early end. */
type StopCause = 'deadline' | 'interrupted';

class RunStop {
  readonly #stop = new AbortController();
  readonly #forget: readonly (() => void)[];
  #cause: StopCause | null = null;

  /** @param deadlineMs from now; left out for none */
  constructor(output: Output, deadlineMs: number | undefined) {
    const end = (cause: StopCause): void => {
      this.#cause ??= cause;
      this.#stop.abort();
    };
    this.#forget = [
      onInterrupt(output, () => {
        end('interrupted');
      }),
      deadlineMs === undefined
        ? () => undefined
        : systemClock.schedule(deadlineMs, () => {
            end('deadline');
          }),
    ];
  }

  /** The reason for the end; `null` until then. */
  get cause(): StopCause | null {
    return this.#cause;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** The result of `work`, or `null` where the run is to end before. */
  async unless<Result>(work: Promise<Result>): Promise<Result | null> {
    const { signal } = this;
    let forget = (): void => {};
    const stopped = new Promise<null>((resolve) => {
      const stop = (): void => {
        resolve(null);
      };
      signal.addEventListener('abort', stop);
      forget = () => {
        signal.removeEventListener('abort', stop);
      };
      if (signal.aborted) stop();
    });
    // Errors after the end are of no interest.
    work.catch(() => undefined);
    return await Promise.race([work, stopped]).finally(forget);
  }

  /** Stops watching: from here on only its work ends the run. */
  forget(): void {
    for (const forget of this.#forget) forget();
  }
}

const PROBE_TIMEOUT_MS = 2_000;
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Warns when requests will cross a network unencrypted. */
function warnOfPlainHttp(base: URL, output: Output): void {
  if (base.protocol === 'https:' || LOOPBACK_HOST.test(base.hostname)) return;
  output.say(
    `holdfast: warning: ${base.origin} is not https; others on the way can read requests.`,
  );
}

/**
 * Warns when the upstream can't be reached, so that a wrong URL does not look like a slow upstream. The run goes on:
 * requests are kept and tried again.
 */
async function warnIfUnreachable(base: URL, output: Output): Promise<void> {
  const code = await connectionFailure(base);
  if (code === null) return;
  output.say(
    `holdfast: warning: ${base.origin} can't be reached now (${code}); ` +
      'requests are kept and sent when it can.',
  );
}

async function connectionFailure(base: URL): Promise<string | null> {
  const portDefault = base.protocol === 'https:' ? 443 : 80;
  const host = base.hostname.replace(/^\[(.*)\]$/, '$1');
  return await new Promise((resolve) => {
    const socket = connect({ host, port: base.port === '' ? portDefault : Number(base.port) });
    const end = (code: string | null): void => {
      socket.destroy();
      resolve(code);
    };
    // It must not keep the process alive.
    socket.unref();
    socket.setTimeout(PROBE_TIMEOUT_MS, () => {
      end('no answer');
    });
    socket.once('connect', () => {
      end(null);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      end(error.code ?? 'an error');
    });
  });
}

interface RunOptions extends StoreOptions, AnchorOptions, JsonOptions {
  readonly upstream: string;
  readonly headerFile?: string;
  readonly method?: ByType;
  readonly path?: ByType;
  readonly deadline?: number;
  readonly concurrency: number;
  readonly allowInsecure: boolean;
  readonly strict: boolean;
}

/** The result that `--json` prints last. */
interface RunResult extends RunTally {
  /** Operations that have not ended, with those in review. */
  readonly unfinished: number;
}

const UPSTREAM = 'default';
/** How long attempts in flight may take when the run is to stop. */
const DRAIN_MS = 5_000;

export function runCommand(): Command {
  return command<RunOptions, [file: string]>({
    name: 'run',
    arguments: [['<file>', "NDJSON file of requests, or '-' for stdin"]],
    options: [
      valueOption(
        '--upstream <url>',
        'requests go to <url>/<type with dots as slashes>',
      ).makeOptionMandatory(),
      ...storeOptions(
        'folder of the store, made if there is none',
        'key of the store; made by: holdfast keys init',
      ),
      ...anchorOptions(),
      valueOption(
        '--header-file <file>',
        'headers to send, such as Authorization: a line each, Name: value',
      ),
      valueOption(
        '--method <type=method>',
        'method of a type, such as moods.put=PUT; may be repeated',
        parseMethod,
      ),
      valueOption(
        '--path <type=path>',
        "path of a type below the URL, {entity} being the entity's id; may be repeated",
        parsePath,
      ),
      valueOption(
        '--deadline <duration>',
        'stop after 30s, 5m, 1h, what is in flight 5s later; the rest is kept',
        parseDuration,
      ),
      valueOption(
        '--concurrency <n>',
        'requests in flight at the same time',
        parseCount(1, 10_000),
        32,
      ),
      flag('--allow-insecure', 'allow unencrypted http:// to other machines'),
      flag('--strict', 'check every line first, and store nothing if one is bad'),
      jsonOption('print the result as one line of JSON, the last on stdout'),
    ],
    notes: `A line: {"type":"payments.push","subject":"user-42","tier":"premium","payload":{"amount":1}}
Required: type (words joined by dots), subject.
Optional: tier (premium, basic, trial), priority (high, normal, low, crisis), entity {"type","id"},
payload, idempotencyKey, tags, expiresAtMs, startAtMs, method and path (below the upstream's URL).

A line without idempotencyKey gets one from its content and its number, so that the same file run
again finds its operations. Give keys of your own where lines may move.

The header file is readable by you alone, and is read for each attempt, so a token may be replaced
while it runs. *=PUT gives the method of all types that have none of their own. What a line says
itself comes first.`,
    examples: [
      'holdfast keys init --key-file ./holdfast.key',
      'holdfast run requests.ndjson --upstream https://api.example.com/v1 \\\n      --store ./sync-store --key-file ./holdfast.key',
      "holdfast run moods.ndjson --upstream https://api.example.com --method moods.put=PUT \\\n      --path 'moods.put=moods/{entity}' --header-file ./api-headers",
      'producer | holdfast run - --upstream http://127.0.0.1:8080 --store s --key-file k --json',
    ],
    run: ({ options, output }, file) => run(file, options, output),
  });
}

async function run(file: string, options: RunOptions, output: Output): Promise<ExitCode> {
  const { upstream, allowInsecure, headerFile } = options;
  const base = parseBaseUrl(upstream, { allowInsecure, name: '--upstream' });
  if (file === '-' && options.passphraseFile === '-') throw twiceStdin();
  // A person may take any time to type.
  const key = await storeKey(options, options.store);
  const anchor = await anchorPlace(options, options.store);
  const stop = new RunStop(output, options.deadline);
  try {
    if (headerFile !== undefined) await readHeaders(headerFile);
    const input = await openInput(file, stop.signal);
    if (input === null) return report(null, stop.cause, output);
    try {
      if (options.strict) {
        const isAllGood = await checkAll(input, stop, output);
        if (isAllGood === null) return report(null, stop.cause, output);
        if (!isAllGood) return EXIT.someBad;
      }
      warnOfPlainHttp(base, output);
      void warnIfUnreachable(base, output);
      return await runInput(input, { key, anchor, stop }, options, output);
    } finally {
      await input.close();
    }
  } finally {
    stop.forget();
  }
}

async function runInput(
  input: Input,
  {
    key,
    anchor,
    stop,
  }: {
    readonly key: KeySource;
    readonly anchor: AnchorSource | undefined;
    readonly stop: RunStop;
  },
  options: RunOptions,
  output: Output,
): Promise<ExitCode> {
  const { upstream, allowInsecure, headerFile } = options;
  const notice = reportOnce(output);
  const methods: ByType = options.method ?? new Map();
  const paths: ByType = options.path ?? new Map();
  const send = sender({ upstream, allowInsecure, headerFile, methods, paths });
  const runtime = createRuntime({
    store: options.store,
    ...{ key, anchor },
    upstreams: { [UPSTREAM]: { concurrency: options.concurrency } },
    onError: (error) => {
      // At the start no line has named its type yet. What is still missing at the end is told there.
      if (!isHoldfastError(error) || error.code !== 'HF_HANDLER_UNKNOWN') notice(error);
    },
  });
  const fileRun = new FileRun({
    runtime,
    upstream: UPSTREAM,
    places: options.concurrency,
    run: send,
    onBadLine: (error) => {
      output.say(errorText(error));
    },
    // Otherwise nobody would know why reading has stopped.
    onWaiting: notice,
  });
  let total: number | null = null;
  if (input.isRepeatable) {
    countLines(input.bytes()).then(
      (lines) => {
        total = lines;
      },
      // Reading the lines reports what is wrong with the file.
      () => {},
    );
  }
  const progress = new RunProgress(systemClock, () => {
    const { breaker, nextTryAtMs } = runtime.upstream(UPSTREAM);
    const { tally, failures } = fileRun;
    const lines = fileRun.hasReadAll ? fileRun.linesRead : total;
    return { tally, total: lines, breaker, nextTryAtMs, failures };
  });
  let endProgress = (): void => {};
  stop.signal.addEventListener('abort', () => {
    fileRun.stop();
  });
  try {
    await stop.unless(runtime.ready);
    if (stop.cause === null) {
      endProgress = output.follow(
        () => progress.line(),
        () => progress.lastLine(),
      );
      await fileRun.run(inputLines(input.bytes()));
    }
  } finally {
    await runtime.close({ deadlineMs: stop.cause === null ? undefined : DRAIN_MS });
    endProgress();
  }
  return report(fileRun, stop.cause, output);
}

/** Checks every line without touching a store, and names each bad one; `null` where the run was to end before. */
async function checkAll(input: Input, stop: RunStop, output: Output): Promise<boolean | null> {
  if (!input.isRepeatable) {
    throw new HoldfastError('HF_OPTION_INVALID', '--strict reads the input twice: give a file.', {
      field: '--strict',
    });
  }
  const result: RunResult = { ...emptyTally(), unfinished: 0 };
  for await (const line of inputLines(input.bytes())) {
    if (stop.cause !== null) return null;
    try {
      parseRequestLine(line);
    } catch (error) {
      result.bad += 1;
      output.say(errorText(error));
    }
  }
  if (result.bad === 0) return true;
  output.result(result, `${result.bad} bad lines: nothing was stored, because of --strict.`);
  return false;
}

/** Says how it ended; `null` for a run that ended before there was a store. */
function report(fileRun: FileRun | null, cause: StopCause | null, output: Output): ExitCode {
  const tally = fileRun?.tally ?? emptyTally();
  const unfinished = fileRun?.unfinished ?? 0;
  const lineNumber = fileRun?.lineNumber ?? 0;
  const result: RunResult = { ...tally, unfinished };
  const parts = Object.entries(result).filter(([, count]) => count > 0);
  const counts = parts.map(([name, count]) => `${WORDS[name] ?? name} ${count}`);
  output.result(result, counts.length === 0 ? 'nothing was run' : counts.join(', '));
  const failures = failuresText(fileRun?.failures ?? new Map());
  if (failures !== '') output.say(`holdfast: ${failures}.`);
  const strangers = fileRun?.strangers ?? 0;
  if (strangers > 0) {
    output.say(
      `holdfast: operations of an earlier run that wait, since no line read names their type: ${strangers}.`,
    );
  }
  if (cause !== null) {
    const where = lineNumber === 0 ? 'before the first line' : `after line ${lineNumber}`;
    output.say(
      `holdfast: stopped ${cause === 'deadline' ? 'at --deadline' : 'by a signal'} ${where}. ` +
        'Nothing that was accepted is lost: run the same command again to go on.',
    );
    if (cause === 'interrupted') return EXIT.interrupted;
    if (unfinished > 0 || fileRun?.hasReadAll !== true) return EXIT.unfinished;
  }
  const { bad, deadLettered, expired, inReview } = tally;
  return bad + deadLettered + expired + inReview > 0 ? EXIT.someBad : EXIT.ok;
}

function twiceStdin(): HoldfastError {
  return new HoldfastError(
    'HF_OPTION_INVALID',
    'Both the requests and the passphrase would come from stdin. Give one of them as a file.',
    { field: '--passphrase-file' },
  );
}

const WORDS: Readonly<Record<string, string>> = {
  deadLettered: 'dead-lettered',
  inReview: 'in review',
};
