/**
 * Runs one scenario: its upstream and the process under drill, each a process of its own, in a folder that
 * is removed; then asks the witnesses.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../actors/platform/systemClock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { createKeyFile } from '../../persistence/sealing/keyFile.ts';
import { judgeScenario } from './report/judge.ts';
import type { Judging } from './report/promises.ts';
import type { ScenarioReport } from './report/scenarioReport.ts';
import type { Scenario } from './scenarios/scenario.ts';
import type { DiskCommand } from './smallDisk.ts';
import type { Form, StageOrder, StageReport } from './stage/stageMessages.ts';
import { type DrillUpstream, startDrillUpstream } from './upstream/drillUpstream.ts';

/** Of the crises of a scenario, so many are left behind by an earlier process, where it has one. */
const LEFT_BEHIND_SHARE = 0.2;
/** How long a scenario may take beside its stream, until it has failed. */
const BESIDE_MS = { full: 240_000, short: 120_000 };
/** How long the process under drill may take to end, once it has said what it has seen. */
const ENDS_WITHIN_MS = 10_000;

/** What is the same for each scenario of a drill. */
export interface DrillPlan {
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

export class ScenarioRun {
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
