/**
 * `holdfast run`: runs the requests of a file, resumable after a crash.
 *
 * @module
 */

import type { Command } from 'commander';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import {
  type SyncOperationState,
  syncOperationMachine,
} from '../../../machines/operation/syncOperationMachine.ts';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { createRuntime } from '../../createRuntime.ts';
import { httpHandler } from '../../http/httpHandler.ts';
import { parseBaseUrl } from '../../http/requestUrl.ts';
import { parseCount, parseDuration } from '../kit/argumentParsers.ts';
import {
  command,
  flag,
  type JsonOptions,
  jsonOption,
  keyFileOption,
  type StoreOptions,
  storeOption,
  value,
} from '../kit/command.ts';
import { EXIT, type ExitCode } from '../kit/exitCodes.ts';
import { onInterrupt } from '../kit/interrupt.ts';
import { reportOnce } from '../kit/notices.ts';
import { errorText, type Output } from '../kit/output.ts';
import { emptyTally, FileRun, type RunTally } from './fileRun.ts';
import { type Input, openInput } from './inputFile.ts';
import { countLines, inputLines } from './inputLines.ts';
import { parseRequestLine } from './requestLine.ts';
import { failuresText, RunProgress } from './runProgress.ts';
import { warnIfUnreachable, warnOfPlainHttp } from './upstreamProbe.ts';

interface RunOptions extends StoreOptions, JsonOptions {
  readonly upstream: string;
  readonly deadline?: number;
  readonly concurrency: number;
  readonly allowInsecure: boolean;
  readonly strict: boolean;
}

/** What `--json` prints last. */
interface RunResult extends RunTally {
  /** Accepted and not ended; what is in review is among these. */
  readonly unfinished: number;
}

/** Why a run ended before its work did. */
type Cause = 'deadline' | 'interrupted' | null;

const UPSTREAM = 'default';
/** How long what is in flight may take to end when the run is to stop. */
const DRAIN_MS = 5_000;

export function runCommand(): Command {
  return command<RunOptions, [file: string]>({
    name: 'run',
    description: 'run the requests of a file, one JSON object a line; run again after a crash',
    arguments: [['<file>', "NDJSON file of requests, or '-' for stdin"]],
    options: [
      value(
        '--upstream <url>',
        'requests go to <url>/<type with dots as slashes>',
      ).makeOptionMandatory(),
      storeOption('folder of the store, made if there is none'),
      keyFileOption('key of the store; made by: holdfast keys init'),
      value('--deadline <duration>', 'stop after 30s, 5m, 1h; the rest is kept', parseDuration),
      value('--concurrency <n>', 'requests in flight at the same time', parseCount(1, 10_000), 32),
      flag('--allow-insecure', 'let http:// go to other machines, for anybody to read'),
      flag('--strict', 'check every line first, and store nothing if one is bad'),
      jsonOption('print the result as one line of JSON, the last on stdout'),
    ],
    notes: `A line: {"type":"payments.push","subject":"user-42","tier":"premium","payload":{"amount":1}}
Required: type (words joined by dots), subject, tier (premium, basic, trial).
Optional: priority (high, normal, low, crisis), entity {"type","id"}, payload, idempotencyKey,
expiresAtMs, method and path (below the upstream's URL).

A line without idempotencyKey gets one from its content and its number, so that the same file run
again finds its operations. Give keys of your own where lines may move.`,
    examples: [
      'holdfast keys init --key-file ./holdfast.key',
      'holdfast run requests.ndjson --upstream https://api.example.com/v1 \\\n      --store ./sync-store --key-file ./holdfast.key',
      'producer | holdfast run - --upstream http://127.0.0.1:8080 --store s --key-file k --json',
    ],
    run: ({ options, output }, file) => run(file, options, output),
  });
}

async function run(file: string, options: RunOptions, output: Output): Promise<ExitCode> {
  const { upstream, allowInsecure } = options;
  const base = parseBaseUrl(upstream, { allowInsecure, name: '--upstream' });
  const input = await openInput(file);
  try {
    if (options.strict && !(await isAllGood(input, output))) return EXIT.someBad;
    warnOfPlainHttp(base, output);
    void warnIfUnreachable(base, output);
    return await runInput(input, options, output);
  } finally {
    await input.close();
  }
}

async function runInput(input: Input, options: RunOptions, output: Output): Promise<ExitCode> {
  const notice = reportOnce(output);
  const runtime = createRuntime({
    store: options.store,
    key: keyFile(options.keyFile),
    upstreams: { [UPSTREAM]: { concurrency: options.concurrency } },
    onError: (error) => {
      // At the start no line has named its type yet. What is still missing at the end is told there.
      if (!isHoldfastError(error) || error.code !== 'HF_HANDLER_UNKNOWN') notice(error);
    },
    inspect: ({ machine, actor, to }) => {
      if (machine === syncOperationMachine.id) fileRun.saw(actor, to as SyncOperationState);
    },
  });
  let cause: Cause = null;
  const fileRun = new FileRun({
    runtime,
    upstream: UPSTREAM,
    run: httpHandler({ baseUrl: options.upstream, allowInsecure: options.allowInsecure }),
    onBadLine: (error) => {
      output.say(errorText(error));
    },
    // Otherwise nobody would know why nothing is read any more.
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
  const stop = (why: Cause): void => {
    cause ??= why;
    fileRun.stop();
  };
  const forgetSignals = onInterrupt(output, () => {
    stop('interrupted');
  });
  const forgetDeadline =
    options.deadline === undefined
      ? () => {}
      : systemClock.schedule(options.deadline, () => {
          stop('deadline');
        });
  try {
    await runtime.ready;
    endProgress = output.follow(
      () => progress.line(),
      () => progress.lastLine(),
    );
    await fileRun.run(inputLines(input.bytes()));
  } finally {
    forgetDeadline();
    await runtime.close({ deadlineMs: cause === null ? undefined : DRAIN_MS });
    endProgress();
    forgetSignals();
  }
  return report(fileRun, cause, output);
}

/** Checks every line without touching a store, and names each bad one. */
async function isAllGood(input: Input, output: Output): Promise<boolean> {
  if (input.name === 'stdin') {
    throw new HoldfastError('HF_OPTION_INVALID', '--strict reads the input twice: give a file.', {
      field: '--strict',
    });
  }
  const result: RunResult = { ...emptyTally(), unfinished: 0 };
  for await (const line of inputLines(input.bytes())) {
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

function report(fileRun: FileRun, cause: Cause, output: Output): ExitCode {
  const { tally, unfinished, lineNumber } = fileRun;
  const result: RunResult = { ...tally, unfinished };
  const parts = Object.entries(result).filter(([, count]) => count > 0);
  output.result(result, parts.map(([name, count]) => `${WORDS[name] ?? name} ${count}`).join(', '));
  const failures = failuresText(fileRun.failures);
  if (failures !== '') output.say(`holdfast: ${failures}.`);
  if (fileRun.strangers > 0) {
    output.say(
      `holdfast: operations of an earlier run that wait, since no line read names their type: ${fileRun.strangers}.`,
    );
  }
  if (cause !== null) {
    output.say(
      `holdfast: stopped ${cause === 'deadline' ? 'at --deadline' : 'by a signal'} after line ` +
        `${lineNumber}. Nothing that was accepted is lost: run the same command again to go on.`,
    );
    if (cause === 'interrupted') return EXIT.interrupted;
    if (unfinished > 0 || !fileRun.hasReadAll) return EXIT.unfinished;
  }
  const { bad, deadLettered, expired, inReview } = tally;
  return bad + deadLettered + expired + inReview > 0 ? EXIT.someBad : EXIT.ok;
}

const WORDS: Readonly<Record<string, string>> = {
  deadLettered: 'dead-lettered',
  inReview: 'in review',
};
