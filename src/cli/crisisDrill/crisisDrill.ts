/**
 * `holdfast crisis-drill`: provokes every fault that a crisis has to survive against a real runtime, and
 * reports how long people waited for their answer and whether each crisis arrived.
 *
 * @module
 */

import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { parseCount } from '../kit/argumentParsers.ts';
import { command, flag, type JsonOptions, jsonOption, value } from '../kit/command.ts';
import { EXIT, type ExitCode } from '../kit/exitCodes.ts';
import { onInterrupt } from '../kit/interrupt.ts';
import { type Output, type Paint } from '../kit/output.ts';
import { packageVersion } from '../kit/packageVersion.ts';
import { table } from '../kit/table.ts';
import { type DrillReport, drillReport } from './report/drillReport.ts';
import { failedScenario, skippedScenario } from './report/judge.ts';
import { reportMarkdown } from './report/markdown.ts';
import { JUDGINGS, type Judging } from './report/promises.ts';
import type { ScenarioReport } from './report/scenarioReport.ts';
import { summaryText } from './report/summary.ts';
import { reportSvg } from './report/svg.ts';
import { ScenarioRun } from './scenarioRun.ts';
import { SCENARIOS } from './scenarios/list.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { findSmallDisk } from './smallDisk.ts';
import { type Form, PLANTS, type Plant } from './stage/stageMessages.ts';

interface DrillOptions extends JsonOptions {
  readonly only?: readonly Scenario[];
  readonly short: boolean;
  readonly out?: string;
  readonly crises?: number;
  readonly judge: Judging;
  readonly list: boolean;
  readonly plant?: Plant;
}

/** Crises in all, shared over every scenario that there is. */
const CRISES: Readonly<Record<Form, number>> = { full: 108_000, short: 3_600 };
const REPORT = 'crisis-drill';

export function crisisDrillCommand(): Command {
  return command<DrillOptions>({
    name: 'crisis-drill',
    description: 'provoke every fault that a crisis has to survive, and report what people got',
    options: [
      value('--only <names>', 'run these alone, separated by commas', parseNames),
      flag('--short', 'smaller numbers, in two minutes instead of about twelve'),
      value('--out <dir>', `write the report: ${REPORT}.json, .md and .svg`),
      value(
        '--crises <n>',
        'how many in all, shared over every scenario',
        parseCount(SCENARIOS.length, 10_000_000),
      ),
      value('--judge <what>', 'what fails it: all, or deliveries alone', undefined, 'all').choices(
        JUDGINGS,
      ),
      flag('--list', 'print the scenarios'),
      value('--plant <defect>', 'plant a defect, to see the drill fail').choices(PLANTS),
      jsonOption('print the report as one line of JSON'),
    ],
    notes: `It needs nothing: store, key and upstream are its own, in a temporary folder and on 127.0.0.1, and are
removed. It fails (exit 1) if one answer came after 200 ms or more that the machine does not explain, if one
crisis was not delivered, or twice, or after more than a minute, or if a fault was not there.`,
    examples: [
      'holdfast crisis-drill --out ./drill',
      'holdfast crisis-drill --short --judge deliveries',
      'holdfast crisis-drill --only offline,stalled --json',
      'holdfast crisis-drill --only idle --short --plant lost      # this must fail',
    ],
    run: ({ options, output }) => (options.list ? list(output) : drill(options, output)),
  });
}

function parseNames(text: string): readonly Scenario[] {
  return text.split(',').map((name) => {
    const found = SCENARIOS.find((one) => one.name === name.trim());
    if (found === undefined) {
      throw new InvalidArgumentError(`There is no scenario ${name}; see --list.`);
    }
    return found;
  });
}

async function list(output: Output): Promise<void> {
  const rows = SCENARIOS.map(({ name, title, means }) => ({ name, title, means }));
  const text = table(
    ['NAME', 'UNDER', 'BY'],
    rows.map(({ name, title, means }) => [name, title, means]),
  );
  output.result(rows, text);
}

async function drill(options: DrillOptions, output: Output): Promise<ExitCode> {
  const { only = SCENARIOS, judge, plant = null, out } = options;
  const form: Form = options.short ? 'short' : 'full';
  const startedAtMs = systemClock.now();
  const startedMs = systemClock.monotonic();
  const load = loadavg()[0] ?? 0;
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-drill-'));
  let run: ScenarioRun | null = null;
  let isInterrupted = false;
  const remove = (): void => {
    run?.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  // Also where a second Ctrl-C ends it at once.
  process.once('exit', remove);
  const forgetSignals = onInterrupt(output, () => {
    isInterrupted = true;
    run?.kill();
  });
  const reports: ScenarioReport[] = [];
  try {
    const smallDisk = findSmallDisk(folder);
    for (const scenario of only) {
      if (scenario.needsSmallDisk === true && smallDisk.disk === 'none') {
        reports.push(skippedScenario(scenario, 'no disk could be filled on this machine'));
        continue;
      }
      output.say(`${seconds(startedMs)}  ${scenario.title}: ${scenario.means}`, dimly);
      run = new ScenarioRun(scenario, {
        form,
        judging: judge,
        crises: Math.ceil((options.crises ?? CRISES[form]) / SCENARIOS.length),
        plant,
        smallDisk,
        folder,
        onProgress: (text) => {
          output.progress(() => `${seconds(startedMs)}  ${scenario.title}: ${text}`);
        },
      });
      const report = await run.run().catch((error: unknown) => failedScenario(scenario, error));
      if (isInterrupted) return EXIT.interrupted;
      output.say(`${seconds(startedMs)}  ${scenarioText(report)}`, paintVerdict);
      reports.push(report);
    }
  } finally {
    forgetSignals();
    process.off('exit', remove);
    remove();
  }
  const report = drillReport(reports, {
    form,
    judging: judge,
    machine: {
      holdfast: packageVersion(),
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      processors: cpus().length,
      processorModel: cpus()[0]?.model ?? 'unknown',
      startedAtMs,
      elapsedMs: Math.round(systemClock.monotonic() - startedMs),
      load: [load, loadavg()[0] ?? 0],
    },
  });
  if (out !== undefined) await write(out, report, output);
  output.result(report, summaryText(report), paintVerdict);
  return report.verdict === 'PASS' ? EXIT.ok : EXIT.failed;
}

async function write(folder: string, report: DrillReport, output: Output): Promise<void> {
  const path = (kind: string): string => join(folder, `${REPORT}.${kind}`);
  await mkdir(folder, { recursive: true });
  await writeFile(path('json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(path('md'), reportMarkdown(report, `${REPORT}.svg`));
  await writeFile(path('svg'), reportSvg(report));
  output.say(`Wrote ${path('json')}, .md and .svg`);
}

function scenarioText({ verdict, title, faults, answers, delivery }: ScenarioReport): string {
  const said =
    faults.length > 0
      ? faults.join('; ')
      : `answers p99 ${answers.p99Ms} ms, max ${answers.maxMs} ms; ${delivery.count} delivered`;
  return `${verdict} ${title}: ${said}`;
}

const dimly: Paint = (line, { dim }) => dim(line);

const paintVerdict: Paint = (line, { green, red }) => {
  if (/\bPASS\b/.test(line)) return green(line);
  return /\bFAIL\b/.test(line) ? red(line) : line;
};

function seconds(sinceMs: number): string {
  return `${((systemClock.monotonic() - sinceMs) / 1_000).toFixed(1).padStart(6)} s`;
}
