/**
 * `holdfast crisis-drill`: provokes every fault that a crisis has to survive against a real runtime, and
 * reports how long people waited for their answer and whether each crisis arrived.
 *
 * @module
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../actors/platform/systemClock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { createKeyFile } from '../../persistence/sealing/keyFile.ts';
import { parseCount } from '../cli/kit/argumentParsers.ts';
import { command, flag, type JsonOptions, jsonOption, valueOption } from '../cli/kit/command.ts';
import type { Output, Paint } from '../cli/kit/output.ts';
import { EXIT, type ExitCode, onInterrupt, packageVersion } from '../cli/kit/program.ts';
import { table } from '../cli/kit/table.ts';
import { PLANTS, type Plant, plantOf } from './plants/list.ts';
import {
  type DrillReport,
  drillReport,
  JUDGINGS,
  type Judging,
  type ScenarioReport,
} from './report/drillReport.ts';
import { failedScenario, judgeScenario, skippedScenario } from './report/judge.ts';
import { reportMarkdown } from './report/markdown.ts';
import { summaryText } from './report/summary.ts';
import { reportSvg } from './report/svg.ts';
import { CRISES, SCENARIOS } from './scenarios/list.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { type DiskCommand, findSmallDisk } from './smallDisk.ts';
import type { Form, StageOrder, StageReport } from './stage/stageMessages.ts';
import { type DrillUpstream, startDrillUpstream } from './upstream/drillUpstream.ts';

/** Crises that an earlier process leaves behind, in a scenario that has one. */
const LEFT_BEHIND_SHARE = 0.2;
/** How long a scenario may take beside its stream, until it has failed. */
const BESIDE_MS = { full: 240_000, short: 120_000 };
/** How long the process under drill may take to end, once it has said what it has seen. */
const ENDS_WITHIN_MS = 10_000;

/** What is the same for each scenario of a drill. */
interface DrillPlan {
  readonly form: Form;
  readonly judging: Judging;
  /** For each scenario. */
  readonly crises: number;
  /** The name of a defect that the parts of the process under drill are given. */
  readonly plant: string | null;
  readonly smallDisk: DiskCommand;
  /** Holds the folders of all scenarios. */
  readonly folder: string;
  readonly onProgress: (text: string) => void;
}

class ScenarioRun {
  readonly #scenario: Scenario;
  readonly #plan: DrillPlan;
  readonly #folder: string;
  #upstream: DrillUpstream | null = null;
  #child: ChildProcess | null = null;

  constructor(scenario: Scenario, plan: DrillPlan) {
    this.#scenario = scenario;
    this.#plan = plan;
    this.#folder = join(plan.folder, scenario.name);
  }

  /**
   * Runs it to its end.
   *
   * @throws HoldfastError (rejects) `HF_INTERNAL` where the process under drill has failed, was killed or
   * takes too long.
   */
  async run(): Promise<ScenarioReport> {
    const { crises, plant, judging, form } = this.#plan;
    await mkdir(this.#folder);
    await createKeyFile(join(this.#folder, 'holdfast.key'));
    const upstream = await startDrillUpstream();
    this.#upstream = upstream;
    const endsWithinMs = this.#scenario.seconds[form] * 1_000 + BESIDE_MS[form];
    const cancel = systemClock.schedule(endsWithinMs, () => {
      this.#child?.kill('SIGKILL');
    });
    try {
      const leftBehind = await this.#prepare(upstream);
      const done = await this.#step(
        this.#order(upstream, {
          step: 'run',
          count: crises,
          firstNumber: 0,
          leftBehind: leftBehind.length,
          plant,
        }),
      );
      if (done.kind !== 'done')
        throw new HoldfastError('HF_INTERNAL', 'The drill was told nothing.');
      const { result } = done;
      const ledger = await upstream.controls.ledger();
      const notices = await upstream.controls.notices();
      await this.#ended();
      return judgeScenario(this.#scenario, { result, ledger, notices, leftBehind }, judging);
    } finally {
      cancel();
      this.kill();
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  /** Ends both processes at once. */
  kill(): void {
    this.#child?.kill('SIGKILL');
    this.#upstream?.kill();
  }

  async #prepare(upstream: DrillUpstream): Promise<readonly number[]> {
    if (this.#scenario.prepare === undefined) return [];
    const { crises } = this.#plan;
    const count = Math.ceil(crises * LEFT_BEHIND_SHARE);
    const said = await this.#step(
      this.#order(upstream, {
        step: 'prepare',
        count,
        firstNumber: crises,
        leftBehind: 0,
        plant: null,
      }),
    );
    this.#child?.kill('SIGKILL');
    await this.#ended();
    return said.kind === 'prepared' ? said.numbers : [];
  }

  #order(
    { place }: DrillUpstream,
    step: Pick<StageOrder, 'step' | 'count' | 'firstNumber' | 'leftBehind' | 'plant'>,
  ): StageOrder {
    const { form, smallDisk } = this.#plan;
    return {
      scenario: this.#scenario.name,
      form,
      folder: this.#folder,
      disk: this.#scenario.needsSmallDisk === true ? smallDisk.disk : 'none',
      upstream: place,
      seconds: this.#scenario.seconds[form],
      ...step,
    };
  }

  /** Starts the process under drill with this order; resolves with what it says at its end. */
  async #step(order: StageOrder): Promise<StageReport> {
    const { needsSmallDisk = false, nodeOptions = [], descriptorsMax } = this.#scenario;
    const limited = ['sh', '-c', `ulimit -n ${descriptorsMax} && exec "$@"`, 'sh'];
    const before = needsSmallDisk
      ? this.#plan.smallDisk.command(this.#folder)
      : descriptorsMax === undefined
        ? []
        : limited;
    const file = fileURLToPath(new URL('./drillProcess.js', import.meta.url));
    const [program, ...args] = [...before, process.execPath, ...nodeOptions, file];
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    this.#child = child;
    return await new Promise((resolve, reject) => {
      const fail = (reason: string): void => {
        reject(new HoldfastError('HF_INTERNAL', reason, { withStack: false }));
      };
      child.once('error', (error) => {
        fail(`The process under drill can't be started (${error.message}).`);
      });
      child.once('exit', (code, signal) => {
        fail(`the process under drill ended before its time (${code ?? signal})`);
      });
      child.on('message', (said: StageReport) => {
        if (said.kind === 'progress') this.#plan.onProgress(said.text);
        else if (said.kind === 'failed') fail(said.reason);
        else resolve(said);
      });
      child.send(order);
    });
  }

  /** Resolves once the process under drill has ended, which is made sure of. */
  async #ended(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const cancel = systemClock.schedule(ENDS_WITHIN_MS, () => {
      child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.once('exit', resolve));
    cancel();
  }
}

interface DrillOptions extends JsonOptions {
  readonly only?: readonly Scenario[];
  readonly short: boolean;
  readonly out?: string;
  readonly crises?: number;
  readonly judge: Judging;
  readonly list: boolean;
  readonly plant?: Plant;
  readonly plants: boolean;
}

const REPORT = 'crisis-drill';

export function crisisDrillCommand(): Command {
  return command<DrillOptions>({
    name: 'crisis-drill',
    options: [
      valueOption('--only <names>', 'run these alone, separated by commas', parseNames),
      flag('--short', 'smaller numbers, in three minutes instead of about twenty'),
      valueOption('--out <dir>', `write the report: ${REPORT}.json, .md and .svg`),
      valueOption(
        '--crises <n>',
        'how many in all, shared over every scenario',
        parseCount(SCENARIOS.length, 10_000_000),
      ),
      valueOption(
        '--judge <what>',
        'what fails it: all, or all but late answers (deliveries)',
        undefined,
        'all',
      ).choices(JUDGINGS),
      flag('--list', 'print the scenarios, and the defects that can be planted'),
      valueOption(
        '--plant <defect>',
        'plant a defect in the process under drill, to see its scenario fail',
        parsePlant,
      ),
      flag('--plants', 'plant each defect in turn: fails unless the drill finds every one'),
      jsonOption('print the report as one line of JSON'),
    ],
    notes: `It needs nothing: store, key and upstream are its own, in a temporary folder and on 127.0.0.1, and are
removed, by Ctrl-C as well. It fails (exit 1) if one crisis was not taken, not delivered, delivered twice, or delivered
after more than a minute; if one answer lacked a help line, the app's resources or a plan that was in memory; if one
answer came after 200 ms or more that the machine does not explain; if somebody who had to be told was not, or
late; or if a fault was not there. Run it on a machine that has nothing else to do.`,
    examples: [
      'holdfast crisis-drill --out ./drill',
      'holdfast crisis-drill --short --judge deliveries',
      'holdfast crisis-drill --only offline,stalled --json',
      'holdfast crisis-drill --plants                    # shows that it finds what it looks for',
      'holdfast crisis-drill --plant lost                # this must fail',
    ],
    run({ options, output }) {
      if (options.list) return list(output);
      return options.plants ? drillPlants(options, output) : drill(options, output);
    },
  });
}

function parsePlant(text: string): Plant {
  const plant = plantOf(text);
  if (plant !== undefined) return plant;
  const names = PLANTS.map(({ name }) => name).join(', ');
  throw new InvalidArgumentError(`There is no defect ${text} to plant; there are ${names}.`);
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
  const plants = PLANTS.map(({ name, scenario, defect }) => ({ name, scenario, defect }));
  const scenariosText = table(
    ['NAME', 'UNDER', 'BY'],
    rows.map(({ name, title, means }) => [name, title, means]),
  );
  const plantsText = table(
    ['PLANT', 'FAILS', 'DEFECT'],
    plants.map(({ name, scenario, defect }) => [name, scenario, defect]),
  );
  output.result({ scenarios: rows, plants }, `${scenariosText}\n\n${plantsText}`);
}

/** Runs scenarios one after the other in a folder that is removed; `null` once it is interrupted. */
type RunOne = (
  scenario: Scenario,
  plan: Pick<DrillPlan, 'form' | 'judging' | 'crises' | 'plant'>,
) => Promise<ScenarioReport | null>;

async function withDrill<Result>(
  output: Output,
  run: (one: RunOne, elapsedMs: () => number) => Promise<Result>,
): Promise<Result> {
  const startedMs = systemClock.monotonic();
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-drill-'));
  let present: ScenarioRun | null = null;
  let isInterrupted = false;
  const remove = (): void => {
    present?.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  // Also where a second Ctrl-C ends it at once.
  process.once('exit', remove);
  const forgetSignals = onInterrupt(output, () => {
    isInterrupted = true;
    present?.kill();
  });
  const smallDisk = findSmallDisk(folder);
  const runOne: RunOne = async (scenario, plan) => {
    if (isInterrupted) return null;
    if (scenario.needsSmallDisk === true && smallDisk.disk === 'none')
      return skippedScenario(scenario, 'no disk could be filled on this machine');
    present = new ScenarioRun(scenario, {
      ...plan,
      ...{ smallDisk, folder },
      onProgress: (text) => {
        output.progress(() => `${seconds(startedMs)}  ${scenario.title}: ${text}`);
      },
    });
    const report = await present.run().catch((error: unknown) => failedScenario(scenario, error));
    return isInterrupted ? null : report;
  };
  try {
    return await run(runOne, () => systemClock.monotonic() - startedMs);
  } finally {
    forgetSignals();
    process.off('exit', remove);
    remove();
  }
}

async function drill(options: DrillOptions, output: Output): Promise<ExitCode> {
  const { judge, plant = null, out } = options;
  const form: Form = options.short || plant !== null ? 'short' : 'full';
  const only = options.only ?? SCENARIOS.filter(({ name }) => (plant?.scenario ?? name) === name);
  const startedAtMs = systemClock.now();
  const load = loadavg()[0] ?? 0;
  return await withDrill(output, async (runOne, elapsedMs) => {
    const startedMs = systemClock.monotonic() - elapsedMs();
    const reports: ScenarioReport[] = [];
    for (const scenario of only) {
      output.say(`${seconds(startedMs)}  ${scenario.title}: ${scenario.means}`, dimly);
      const crises =
        plant !== null && options.crises === undefined
          ? plant.crises
          : crisesOf(scenario, form, options.crises);
      const report = await runOne(scenario, {
        ...{ form, judging: judge, crises, plant: plant?.name ?? null },
      });
      if (report === null) return EXIT.interrupted;
      output.say(`${seconds(startedMs)}  ${scenarioText(report)}`, paintVerdict);
      reports.push(report);
    }
    const report = drillReport(reports, {
      ...{ form, judging: judge, plant: plant?.name ?? null },
      machine: {
        holdfast: packageVersion(),
        commit: await commitOf(),
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
        processors: cpus().length,
        processorModel: cpus()[0]?.model ?? 'unknown',
        startedAtMs,
        elapsedMs: Math.round(elapsedMs()),
        load: [load, loadavg()[0] ?? 0],
      },
    });
    if (out !== undefined) await write(out, report, output);
    output.result(report, summaryText(report), paintVerdict);
    return report.verdict === 'PASS' ? EXIT.ok : EXIT.failed;
  });
}

/** How many crises a scenario has, where so many are shared over all of them; its own number else. */
function crisesOf(scenario: Scenario, form: Form, inAll: number | undefined): number {
  const own = ({ crises = CRISES }: Scenario): number => crises[form];
  if (inAll === undefined) return own(scenario);
  const sum = SCENARIOS.reduce((total, one) => total + own(one), 0);
  return Math.ceil((inAll * own(scenario)) / sum);
}

/** Plants each defect, and looks whether the drill says so. */
async function drillPlants(_options: DrillOptions, output: Output): Promise<ExitCode> {
  return await withDrill(output, async (runOne, elapsedMs) => {
    const startedMs = systemClock.monotonic() - elapsedMs();
    const rows: PlantReport[] = [];
    for (const plant of PLANTS) {
      const scenario = SCENARIOS.find(({ name }) => name === plant.scenario);
      if (scenario === undefined) continue;
      output.say(`${seconds(startedMs)}  ${plant.name}: ${plant.defect}`, dimly);
      const { crises } = plant;
      const report = await runOne(scenario, {
        ...{ form: 'short' as const, judging: 'all' as const, crises, plant: plant.name },
      });
      if (report === null) return EXIT.interrupted;
      const isFound = report.faults.some((fault) => plant.finds.test(fault));
      const { name, defect } = plant;
      const row = { name, defect, scenario: scenario.name, isFound, faults: report.faults };
      output.say(`${seconds(startedMs)}  ${plantText(row)}`, paintVerdict);
      rows.push(row);
    }
    const unfound = rows.filter(({ isFound }) => !isFound);
    const verdict =
      unfound.length === 0
        ? `PASS  the drill finds each of ${rows.length} planted defects`
        : `FAIL  the drill does not find ${unfound.map(({ name }) => name).join(', ')}`;
    const text = table(
      ['PLANT', 'DEFECT', 'SCENARIO', 'FOUND'],
      rows.map(({ name, defect, scenario, isFound }) => [
        ...[name, defect, scenario, isFound ? 'yes' : 'NO'],
      ]),
    );
    output.result(
      { verdict: verdict.slice(0, 4), elapsedMs: Math.round(elapsedMs()), plants: rows },
      `${text}\n\n${verdict}`,
      paintVerdict,
    );
    return unfound.length === 0 ? EXIT.ok : EXIT.failed;
  });
}

interface PlantReport {
  readonly name: string;
  readonly defect: string;
  readonly scenario: string;
  readonly isFound: boolean;
  /** What the drill has said. */
  readonly faults: readonly string[];
}

function plantText({ name, isFound, faults }: PlantReport): string {
  const said = faults.length === 0 ? 'nothing' : faults.join('; ');
  return `${isFound ? 'PASS' : 'FAIL'} ${name}: the drill says ${said}`;
}

/** The commit that the package was built from, where it is run in its clone; `null` where it is installed. */
async function commitOf(): Promise<string | null> {
  const root = dirname(createRequire(import.meta.url).resolve('holdfast/package.json'));
  if (!existsSync(join(root, '.git'))) return null;
  try {
    const git = async (...given: readonly string[]) =>
      (await promisify(execFile)('git', [...given], { cwd: root })).stdout.trim();
    const commit = await git('rev-parse', '--short=12', 'HEAD');
    const changed = await git('status', '--porcelain', '--untracked-files=no');
    return `${commit}${changed === '' ? '' : ', with changes'}`;
  } catch {
    return null;
  }
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
