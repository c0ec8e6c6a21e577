/**
 * What a scenario is given to work with, in the process under drill: a runtime to make, a stream of crises
 * to send by a plan, an upstream to trouble, and a place for what it has seen.
 *
 * @module
 */

import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machineMs } from '../../../actors/platform/systemClock.ts';
import type { Handler } from '../../../actors/port.ts';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { createRuntime } from '../../createRuntime.ts';
import { httpHandler } from '../../http/httpHandler.ts';
import type { RuntimeOptions } from '../../options.ts';
import type { Runtime } from '../../runtime.ts';
import { becomes, type Control, pause } from '../measure/figures.ts';
import { UpstreamControls } from '../upstream/drillUpstream.ts';
import { APP_RESOURCES } from './answerCheck.ts';
import {
  type Ask,
  CRISIS_TYPE,
  Crises,
  type CrisesOrder,
  type CrisesWays,
  crisisOf,
  givePlans,
  sendCrises,
} from './crises.ts';
import type { Evidence, StageOrder, StageResult, StreamResult, ToldRule } from './stageMessages.ts';

/** The upstream of the crises, and that of other work. */
export const HELPERS = 'helpers';
export const WORK = 'work';
export const WORK_TYPE = 'work.push';

/**
 * What is not delivered this long after the upstream is well is missing: a little more than is promised, and where a
 * defect is planted, as long as it takes to see it.
 */
const DELIVERED_WITHIN_MS = 70_000;
const DELIVERED_PLANTED_WITHIN_MS = 8_000;
const LOOK_EVERY_MS = 200;

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
  readonly #toldRules: ToldRule[] = [];
  readonly #tidies: (() => void)[] = [];
  #isStoreOpen = false;
  #requestOf: CrisesWays['requestOf'];
  #streamed: StreamResult | null = null;
  #isOutside = false;
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
    this.#crises = new Crises(order, {
      isStoreOpen: () => this.#isStoreOpen,
      requestOf: (number) => (this.#requestOf ?? crisisOf)(number),
    });
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
      crisis: { resources: APP_RESOURCES, ...more.crisis },
    });
    runtime.ready.then(
      () => {
        this.#isStoreOpen = true;
      },
      () => undefined,
    );
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

  /**
   * Sends all crises by a plan, the first at once; resolves once each is answered, or none will be.
   *
   * @param requestOf the request of crisis `number`, where it is not the usual one
   */
  async stream(
    runtime: Pick<Runtime, 'crisis'>,
    requestOf?: CrisesWays['requestOf'],
  ): Promise<void> {
    this.#requestOf = requestOf;
    const ask: Ask = (request) => runtime.crisis(request);
    this.#streamed = await sendCrises(ask, this.#crises, this.order, this.#control);
  }

  /** The same from another process, which asks at this socket. */
  async streamOutside(socketPath: string): Promise<void> {
    this.#isOutside = true;
    this.#streamed = await callFromOutside({ ...this.order, socketPath });
  }

  /** Waits for a share of the time that the stream lasts. */
  async pauseFor(share: number): Promise<void> {
    await pause(this.streamMs * share);
  }

  /** The upstream is well, or whatever else kept deliveries from it is over. */
  wellNow(): void {
    this.#wellAtMs = machineMs();
  }

  /** The present, as everybody who takes part in a drill counts it. */
  nowMs(): number {
    return machineMs();
  }

  /** Notes the people for whom this step must notify somebody, and the time by which the rule says so. */
  mustTell(rule: ToldRule): void {
    this.#toldRules.push(rule);
  }

  /** Does this when all is over, before the runtime is closed. */
  atEnd(tidy: () => void): void {
    this.#tidies.push(tidy);
  }

  /** Notes what shows that the fault was there; a drill that provoked nothing fails. */
  saw(isSeen: boolean, text: string): void {
    this.#evidence.push({ isSeen, text });
  }

  /** Waits until all are delivered, as the runtime says, or for longer than is promised. */
  async settled(): Promise<void> {
    const { count, leftBehind, plant } = this.order;
    const withinMs = plant === null ? DELIVERED_WITHIN_MS : DELIVERED_PLANTED_WITHIN_MS;
    const endsAtMs = Math.max(this.#wellAtMs ?? 0, machineMs()) + withinMs;
    const leftMs = (): number => endsAtMs - machineMs();
    if (!this.#isOutside) {
      await becomes(() => this.#crises.told >= this.#crises.taken, leftMs());
    }
    // Nobody here is told of those of an earlier process, or of callers from outside.
    if (this.#isOutside || leftBehind > 0) {
      const areThere = async (): Promise<boolean> =>
        (await this.upstream.delivered()) >= count + leftBehind;
      await becomes(areThere, leftMs(), LOOK_EVERY_MS);
    }
  }

  result(): StageResult {
    if (this.#streamed === null) {
      throw new HoldfastError('HF_INTERNAL', 'The scenario has sent no crises.');
    }
    const { firstNumber } = this.order;
    return {
      ...this.#streamed,
      firstNumber,
      wellAtMs: this.#wellAtMs,
      toldRules: this.#toldRules,
      evidence: this.#evidence,
    };
  }

  async close(): Promise<void> {
    for (const tidy of this.#tidies) tidy();
    await this.#control.stop();
    await this.#runtime?.close({ deadlineMs: 2_000 });
  }
}

/** What the process of the callers is told to do. */
export interface CallerOrder extends CrisesOrder {
  readonly socketPath: string;
}

/** Starts the callers; resolves with what they have seen. */
async function callFromOutside(order: CallerOrder): Promise<StreamResult> {
  const file = fileURLToPath(new URL('./drillCallerProcess.js', import.meta.url));
  const child = fork(file, { execArgv: [], serialization: 'advanced' });
  return await new Promise((resolve, reject) => {
    child.once('message', (result: StreamResult) => {
      resolve(result);
    });
    child.once('error', reject);
    child.once('exit', () => {
      reject(new HoldfastError('HF_INTERNAL', 'The callers from outside ended before their time.'));
    });
    child.send(order);
  });
}
