/**
 * One run of the demo: starts the runtime as another process, kills it when it has done a share of
 * the work, starts it again, and keeps what it said.
 *
 * @module
 */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../actors/platform/systemClock.ts';
import type { Order, Report, StartOrder } from './demoMessages.ts';
import type { DemoEvidence, SettledReport } from './demoVerdict.ts';

type DemoRunOptions = Omit<StartOrder, 'kind' | 'toDo' | 'crisisFrom'> & {
  readonly kills: number;
  /** Called when something is worth telling a person. */
  readonly onEvent: (text: string) => void;
  readonly onProgress: () => void;
};

/** The kills are spread over this share of the work, so that the last one has work left to lose. */
const KILLED_SHARE = 0.9;

export class DemoRun implements Omit<DemoEvidence, 'ledger' | 'killsWanted' | 'cutShort'> {
  readonly accepted = new Map<number, number>();
  readonly settled = new Map<number, SettledReport>();
  readonly crisisAnswersMs: number[] = [];
  readonly crisesDurable = new Set<string>();
  kills = 0;
  /** State of the upstream's breaker, and its level of service, as last told. */
  breaker = 'closed';
  level = 'normal';
  readonly #options: DemoRunOptions;
  #child: ChildProcess | null = null;
  #crisisFrom = 0;
  #isDone = false;
  #finish: (failure: string | null) => void = () => {};

  constructor(options: DemoRunOptions) {
    this.#options = options;
  }

  get plan() {
    return this.#options.plan;
  }

  /** Starts and restarts until all work has ended; resolves with why it had to give up, or `null`. */
  async run(): Promise<string | null> {
    return await new Promise((resolve) => {
      this.#finish = resolve;
      this.#start();
    });
  }

  /** Makes {@link run} resolve with this reason. */
  giveUp(reason: string): void {
    this.#finish(reason);
  }

  /** Ends the stream of crises. */
  calm(): void {
    this.#send({ kind: 'calm' });
  }

  /** Stops the runtime gracefully and waits for its process to end. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    this.#isDone = true;
    this.#send({ kind: 'stop' });
    await exited;
  }

  /** Ends the process at once. */
  kill(): void {
    this.#isDone = true;
    this.#child?.kill('SIGKILL');
  }

  #start(): void {
    const { kills: _kills, onEvent, onProgress, ...work } = this.#options;
    const child = fork(fileURLToPath(new URL('./demoRuntimeProcess.js', import.meta.url)), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    child.on('message', (report: Report) => {
      this.#take(report);
      onProgress();
      if (report.failure !== null) this.#finish(report.failure);
      else if (report.isDone) this.#end();
      else this.#killIfDue(child);
    });
    child.once('exit', (code, signal) => {
      if (this.#isDone) return;
      if (signal !== 'SIGKILL') {
        this.#finish(`the runtime process ended by itself (${code ?? signal})`);
        return;
      }
      const underWay = this.accepted.size - this.settled.size;
      onEvent(`killed the runtime with SIGKILL, ${underWay} accepted operations under way`);
      this.#start();
    });
    const toDo = Array.from({ length: this.plan.operations }, (_, index) => index).filter(
      (index) => !this.settled.has(index),
    );
    this.#send({ kind: 'start', ...work, toDo, crisisFrom: this.#crisisFrom });
  }

  #send(order: Order): void {
    // A process that has just ended hears nothing more: 'exit' says what becomes of it.
    this.#child?.send(order, () => {});
  }

  #take(report: Report): void {
    const nowMs = systemClock.now();
    this.breaker = report.breaker;
    this.level = report.level;
    for (const index of report.accepted) {
      if (!this.accepted.has(index)) this.accepted.set(index, nowMs);
    }
    for (const [index, one] of report.settled) this.settled.set(index, one);
    for (const [number, elapsedMs] of report.crisesAnswered) {
      this.crisisAnswersMs.push(elapsedMs);
      this.#crisisFrom = Math.max(this.#crisisFrom, number + 1);
    }
    for (const id of report.crisesDurable) this.crisesDurable.add(id);
  }

  #killIfDue(child: ChildProcess): void {
    const { kills, plan } = this.#options;
    if (this.kills >= kills) return;
    const due = ((this.kills + 1) / (kills + 1)) * KILLED_SHARE * plan.operations;
    if (this.settled.size < due) return;
    this.kills += 1;
    child.kill('SIGKILL');
  }

  #end(): void {
    this.#isDone = true;
    this.#finish(null);
  }
}
