/**
 * `holdfast simulate`: runs whole devices through days that are drawn from seeds, on virtual time, and looks
 * whether every promise is kept (SM-1).
 *
 * @module
 */

import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { systemClock, systemRandom } from '../../../actors/platform/systemClock.ts';
import { requireOption } from '../../../machines/vocabulary/optionFields.ts';
import { SimulatorPool } from '../../simulator/simulatorPool.ts';
import type { RunReport } from '../../simulator/simulatorThread.ts';
import { isTooWeak, neverSeen, SEEN_WITHIN_DAYS } from '../../simulator/sometimes.ts';
import { parseCount } from '../kit/argumentParsers.ts';
import { command, flag, type JsonOptions, jsonOption, valueOption } from '../kit/command.ts';
import { dimly, type Output, paintVerdict } from '../kit/output.ts';
import { EXIT, type ExitCode, onInterrupt, packageVersion } from '../kit/program.ts';
import { failureIn, replay, writeFailures } from './simulateFailures.ts';
import { inspectRun } from './simulateInspect.ts';

const DAY_HOURS = 24;
const HOUR_MS = 3_600_000;
const SEED_MAX = 999_999_999;
/** Without `--runs` or `--minutes`. */
const RUNS = 10;
/** One seed of so many is run a second time, to see that it makes the same history. */
const TWICE_EVERY = 20;
/** How long one failure may take to be made smaller. */
const SHRINK_MS = 60_000;
/** Broken promises of one run that are printed. */
const BREACHES_SHOWN = 8;

interface SimulateOptions extends JsonOptions {
  readonly seed?: number;
  readonly hours: number;
  readonly runs?: number;
  readonly minutes?: number;
  readonly jobs: number;
  readonly twice: boolean;
  readonly out: string;
  readonly replay?: string;
  readonly keep: boolean;
  readonly inspect: boolean;
}

export function simulateCommand(): Command {
  return command<SimulateOptions>({
    name: 'simulate',
    options: [
      valueOption('--seed <n>', 'the first seed (default: by chance)', parseCount(0, SEED_MAX)),
      valueOption('--hours <n>', 'virtual hours of each run', parseCount(1, 10_000), DAY_HOURS),
      valueOption(
        '--runs <n>',
        `how many, each of the next seed (default: ${RUNS}; with --seed: 1)`,
        parseCount(1, 1_000_000),
      ),
      valueOption('--minutes <n>', 'go on for this long instead', parseCount(1, 100_000)),
      valueOption(
        '--jobs <n>',
        'runs beside each other',
        parseCount(1, 1_024),
        availableParallelism(),
      ),
      flag('--twice', `run each seed twice; without it, one of ${TWICE_EVERY}`),
      valueOption('--out <folder>', 'where the files of failures go', String, '.'),
      valueOption('--replay <file>', 'run the plan of such a file again, and nothing else', String),
      flag('--inspect', 'with --replay: a page for each device, line by line of the history'),
      flag('--keep', 'with --replay: make it a regression test'),
      jsonOption(),
    ],
    notes: `It needs nothing. Each run draws devices, upstreams, work, faults, orders of people and restarts from its seed, lets
them happen on virtual time, heals everything, and looks whether each promise was kept. The same seed and version make
the same history. It fails (exit 1) if a promise was broken, or two runs of one seed were not the same, or if
${SEEN_WITHIN_DAYS} simulated days and more were too weak: one of the situations that have to come was never seen. A failure is
made smaller for a minute at most, then written to holdfast-simulation-SEED.json with its history and its plan; nothing
else is left behind. Ctrl-C ends it with what it has found.`,
    examples: [
      'holdfast simulate',
      'holdfast simulate --seed 42                     # one day, again',
      'holdfast simulate --runs 1000 --json',
      'holdfast simulate --minutes 3 --jobs 2',
      'holdfast simulate --replay holdfast-simulation-42.json',
      'holdfast simulate --replay holdfast-simulation-42.json --inspect',
    ],
    run: async ({ options, output }) =>
      options.replay === undefined
        ? await simulate(options, output)
        : await replayFile(options.replay, options, output),
  });
}

/** Sum of all runs so far. */
class Tally {
  readonly failures: RunReport[] = [];
  readonly seen: Record<string, number> = {};
  runs = 0;
  runsTwice = 0;
  virtualHours = 0;

  get days(): number {
    return this.virtualHours / DAY_HOURS;
  }

  get isTooWeak(): boolean {
    return isTooWeak(this.seen, this.days);
  }

  add(report: RunReport): void {
    this.runs += 1;
    this.virtualHours += report.hours;
    for (const [what, times] of Object.entries(report.seen)) {
      this.seen[what] = (this.seen[what] ?? 0) + times;
    }
    if (report.breaches.length > 0) this.failures.push(report);
  }
}

async function replayFile(
  path: string,
  { keep: isKept, inspect }: SimulateOptions,
  output: Output,
): Promise<ExitCode> {
  const failure = failureIn(path);
  if (inspect) return await inspectRun(failure.plan, output);
  const pool = new SimulatorPool();
  const forgetSignals = onInterrupt(output, () => void pool.close());
  try {
    return await replay(failure, { path, isKept }, pool, packageVersion(), output);
  } finally {
    forgetSignals();
    await pool.close();
  }
}

async function simulate(options: SimulateOptions, output: Output): Promise<ExitCode> {
  requireOption(
    !options.inspect,
    '--inspect',
    'goes with --replay <file>: it shows what happens in the plan of a file',
  );
  requireOption(!options.keep, '--keep', 'goes with --replay <file>: it keeps the plan of a file');
  const { hours, jobs, minutes } = options;
  const version = packageVersion();
  const firstSeed = options.seed ?? 1 + Math.floor(systemRandom.next() * SEED_MAX);
  const endlessly = minutes === undefined ? (options.seed === undefined ? RUNS : 1) : Infinity;
  const runs = options.runs ?? endlessly;
  const startedAtMs = systemClock.monotonic();
  const elapsedMs = (): number => systemClock.monotonic() - startedAtMs;
  const pool = new SimulatorPool();
  const tally = new Tally();
  let isInterrupted = false;
  const forgetSignals = onInterrupt(output, () => {
    isInterrupted = true;
    void pool.close();
  });
  output.say(
    `holdfast ${version}: ${runs === Infinity ? `${minutes} minutes` : runsText(runs)} of ${hours} h from seed ${firstSeed} on, ${jobs} at a time`,
    dimly,
  );
  let begun = 0;
  const isOver = (): boolean =>
    isInterrupted || begun >= runs || (minutes !== undefined && elapsedMs() >= minutes * 60_000);
  const work = async (): Promise<void> => {
    while (!isOver()) {
      const at = begun;
      begun += 1;
      const report = await runSeed(
        pool,
        { seed: firstSeed + at, hours, version },
        {
          isTwice: options.twice || at % TWICE_EVERY === 0,
          tally,
        },
      );
      if (report === null) return;
      tally.add(report);
      if (report.breaches.length > 0) output.say(failureText(report), paintVerdict);
      output.progress(() => progressText(tally, runs, elapsedMs()));
    }
  };
  let files: readonly string[] = [];
  try {
    await Promise.all(Array.from({ length: Math.min(jobs, runs) }, work));
    const shrinking = {
      jobs,
      forMs: SHRINK_MS,
      out: options.out,
      isInterrupted: () => isInterrupted,
    };
    files = await writeFailures(tally.failures, pool, shrinking, output);
  } finally {
    forgetSignals();
    await pool.close();
  }
  const isWell = tally.failures.length === 0 && !tally.isTooWeak;
  output.result(
    {
      verdict: isWell ? 'PASS' : 'FAIL',
      ...{ version, firstSeed, hours, jobs, isInterrupted },
      runs: tally.runs,
      runsTwice: tally.runsTwice,
      elapsedMs: Math.round(elapsedMs()),
      daysAnHour: daysAnHour(tally, elapsedMs()),
      seen: tally.seen,
      neverSeen: neverSeen(tally.seen).map(({ name }) => name),
      isTooWeak: tally.isTooWeak,
      failures: tally.failures.map(({ seed, breaches }) => ({
        ...{ seed, breaches },
        replay: replayOf(seed, hours),
      })),
      files,
    },
    summaryText(tally, elapsedMs()),
    paintVerdict,
  );
  if (!isWell) return EXIT.failed;
  return isInterrupted ? EXIT.interrupted : EXIT.ok;
}

/** Runs a seed; a second time where that is due, and then both must have one history. */
async function runSeed(
  pool: SimulatorPool,
  order: { readonly seed: number; readonly hours: number; readonly version: string },
  { isTwice, tally }: { readonly isTwice: boolean; readonly tally: Tally },
): Promise<RunReport | null> {
  const report = await pool.run(order);
  if (report === null || !isTwice) return report;
  const again = await pool.run(order);
  if (again === null) return report;
  tally.runsTwice += 1;
  if (again.digest === report.digest) return report;
  const different = `not the same: two runs of seed ${order.seed} have two histories (${report.digest.slice(0, 12)}, ${again.digest.slice(0, 12)})`;
  return { ...report, breaches: [...report.breaches, different] };
}

function failureText({ seed, hours, breaches }: RunReport): string {
  const more = breaches.length - BREACHES_SHOWN;
  return [
    `FAIL seed ${seed}`,
    ...breaches.slice(0, BREACHES_SHOWN).map((breach) => `  ${breach}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    `  again: ${replayOf(seed, hours)}`,
  ].join('\n');
}

function replayOf(seed: number, hours: number): string {
  return `holdfast simulate --seed ${seed}${hours === DAY_HOURS ? '' : ` --hours ${hours}`}`;
}

function progressText(tally: Tally, runs: number, elapsedMs: number): string {
  const done = runs === Infinity ? runsText(tally.runs) : `${tally.runs} of ${runsText(runs)}`;
  const failed = tally.failures.length === 0 ? '' : `, ${tally.failures.length} failed`;
  return `${done}${failed}, ${daysAnHour(tally, elapsedMs)} simulated days an hour`;
}

function summaryText(tally: Tally, elapsedMs: number): string {
  const days = Math.round(tally.days * 10) / 10;
  const never = tally.runs === 0 ? [] : neverSeen(tally.seen);
  const seen = Object.entries(tally.seen).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...(seen.length === 0 ? [] : ['Seen:', ...seen.map(([what, times]) => `  ${what}: ${times}`)]),
    ...(never.length === 0
      ? []
      : ['Never seen:', ...never.map(({ name, says }) => `  ${name}: ${says}`)]),
    `${runsText(tally.runs)}, ${days} simulated days in ${Math.round(elapsedMs / 1_000)} s: ${daysAnHour(tally, elapsedMs)} days an hour; ${tally.runsTwice} run twice, for the same history`,
    verdictText(tally),
  ].join('\n');
}

function verdictText(tally: Tally): string {
  const failed = tally.failures.map(({ seed }) => seed).join(', ');
  if (failed !== '') return `FAIL promises were broken with seed ${failed}`;
  if (!tally.isTooWeak) return 'PASS every promise was kept';
  return `FAIL the runs were too weak: ${SEEN_WITHIN_DAYS} days and more have to see each situation. Give the steps that lead to those never seen more weight (src/simulator/steps), or repair how they are told (src/simulator/sometimes.ts)`;
}

function runsText(runs: number): string {
  return runs === 1 ? '1 run' : `${runs} runs`;
}

function daysAnHour({ virtualHours }: Tally, elapsedMs: number): number {
  return Math.round((virtualHours / DAY_HOURS) * (HOUR_MS / Math.max(1, elapsedMs)));
}
