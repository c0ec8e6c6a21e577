/**
 * What a scenario is given to work with, in the process under drill: a runtime to make, a stream of crises
 * to send by a plan, an upstream to trouble, and a place for what it has seen.
 *
 * @module
 */

import { join } from 'node:path';
import { machineMs } from '../../../../actors/platform/systemClock.ts';
import type { Handler } from '../../../../actors/port.ts';
import { HoldfastError, isHoldfastError } from '../../../../machines/vocabulary/errors.ts';
import { keyFile } from '../../../../persistence/sealing/keyFile.ts';
import { createRuntime } from '../../../createRuntime.ts';
import { httpHandler } from '../../../http/httpHandler.ts';
import type { RuntimeOptions } from '../../../options.ts';
import type { Runtime } from '../../../runtime.ts';
import type { Control } from '../measure/control.ts';
import { becomes, type Plan, pause, runPlan } from '../measure/schedule.ts';
import { UpstreamControls } from '../upstream/drillUpstream.ts';
import { CRISIS_TYPE, Crises, givePlans } from './crises.ts';
import type { Evidence, StageOrder, StageResult } from './stageMessages.ts';

/** The upstream of the crises, and that of other work. */
export const HELPERS = 'helpers';
export const WORK = 'work';
export const WORK_TYPE = 'work.push';

/** What is answered is answered within this, or never. */
const ANSWERED_WITHIN_MS = 30_000;
/** What is not delivered this long after the upstream is well is missing; a little more than is promised. */
const DELIVERED_WITHIN_MS = 70_000;
/** Until the first of the plan is due. */
const LEAD_MS = 5;

export class Stage {
  readonly order: StageOrder;
  readonly upstream: UpstreamControls;
  readonly storeFolder: string;
  readonly keyFile: string;
  /** Codes of what `onError` was told, and how often. */
  readonly errors = new Map<string, number>();
  readonly #control: Control;
  readonly #crises: Crises;
  readonly #evidence: Evidence[] = [];
  #plan: Plan | null = null;
  #wellAtMs: number | null = null;
  #runtime: Runtime | null = null;

  constructor(order: StageOrder, control: Control) {
    this.order = order;
    this.upstream = new UpstreamControls(order.upstream);
    // A file system that is mounted for the scenario is mounted there.
    const disk = order.disk === 'tmpfs' ? join(order.folder, 'disk') : order.folder;
    this.storeFolder = join(disk, 'store');
    this.keyFile = join(order.folder, 'holdfast.key');
    this.#control = control;
    this.#crises = new Crises(order);
  }

  /** One number for the full drill, one for its short form. */
  sized(full: number, short: number): number {
    return this.order.form === 'full' ? full : short;
  }

  /** How long the stream lasts, in milliseconds. */
  get streamMs(): number {
    return this.order.seconds * 1_000;
  }

  get progress(): string {
    return `${this.#crises.answered} answered, ${this.#crises.told} delivered, of ${this.order.count}`;
  }

  get crisisHandler(): Handler {
    return { upstream: HELPERS, run: httpHandler({ baseUrl: this.order.upstream.url }) };
  }

  get workHandler(): Handler {
    return { upstream: WORK, run: httpHandler({ baseUrl: this.order.upstream.url }) };
  }

  /** Makes the runtime that is drilled; what is not given is as an app would have it. */
  open(more: Partial<RuntimeOptions> = {}): Runtime {
    const runtime = createRuntime({
      store: this.storeFolder,
      key: keyFile(this.keyFile),
      upstreams: { [HELPERS]: {}, [WORK]: {} },
      handlers: { [CRISIS_TYPE]: this.crisisHandler, [WORK_TYPE]: this.workHandler },
      onError: (error) => {
        const code = isHoldfastError(error) ? error.code : String(error);
        this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
      },
      ...more,
    });
    runtime.ready.catch(() => undefined);
    this.#runtime = runtime;
    return runtime;
  }

  /** Makes it, and waits until it runs and knows the people's plans. */
  async openWell(more: Partial<RuntimeOptions> = {}): Promise<Runtime> {
    const runtime = this.open(more);
    await runtime.ready;
    await givePlans(runtime);
    return runtime;
  }

  /** Sends all crises by the plan, the first at once; resolves once each is answered, or none will be. */
  async stream(runtime: Pick<Runtime, 'crisis'>): Promise<void> {
    const { count, seconds } = this.order;
    const plan = { startMs: machineMs() + LEAD_MS, perSecond: count / seconds, count };
    this.#plan = plan;
    this.#control.begin(plan);
    await runPlan(plan, (index) => {
      this.#crises.send(runtime, index);
    });
    await becomes(() => this.#crises.answered === count, ANSWERED_WITHIN_MS, 1);
  }

  /** Waits for a share of the time that the stream lasts. */
  async pauseFor(share: number): Promise<void> {
    await pause(this.streamMs * share);
  }

  /** The upstream is well, or whatever else kept deliveries from it is over. */
  wellNow(): void {
    this.#wellAtMs = machineMs();
  }

  /** Notes what shows that the fault was there; a drill that provoked nothing fails. */
  saw(isSeen: boolean, text: string): void {
    this.#evidence.push({ isSeen, text });
  }

  /** Waits until all are delivered, as the runtime says, or for longer than is promised. */
  async settled(): Promise<void> {
    const { count } = this.order;
    const fromMs = Math.max(this.#wellAtMs ?? 0, machineMs());
    const withinMs = fromMs + DELIVERED_WITHIN_MS - machineMs();
    await becomes(() => this.#crises.told >= count, withinMs);
  }

  result(): StageResult {
    if (this.#plan === null)
      throw new HoldfastError('HF_INTERNAL', 'The scenario has sent no crises.');
    const { answeredAtMs, isTaken, isPinned, told } = this.#crises;
    return {
      plan: this.#plan,
      firstNumber: this.order.firstNumber,
      answeredAtMs,
      isTaken,
      isPinned,
      told,
      // Shared memory can't be sent to another process.
      control: {
        lateMs: Float64Array.from(this.#control.notes.lateMs),
        keptMs: Float64Array.from(this.#control.notes.keptMs),
      },
      wellAtMs: this.#wellAtMs,
      evidence: this.#evidence,
    };
  }

  async close(): Promise<void> {
    await this.#control.stop();
    await this.#runtime?.close({ deadlineMs: 2_000 });
  }
}
