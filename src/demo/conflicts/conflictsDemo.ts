/**
 * `holdfast demo --conflicts`: two devices change the same records offline, one is killed in the midst of coming
 * back, a person decides what no rule can, and three witnesses are compared.
 *
 * @module
 */

import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { canonical } from '../../../machines/merge/values/canonical.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Json, JsonObject } from '../../../machines/vocabulary/shape.ts';
import { createKeyFile } from '../../../persistence/sealing/keyFile.ts';
import { dimly, errorText, type Output, paintVerdict } from '../../cli/kit/output.ts';
import { EXIT, type ExitCode, onInterrupt } from '../../cli/kit/program.ts';
import type {
  Answers,
  CrisisReport,
  DeviceSettings,
  Happening,
  Message,
  Order,
  Question,
  RecordsMessage,
  RecordsOrder,
  RecordsSettings,
  Ways,
  Witness,
} from './conflictMessages.ts';
import {
  conflictStory,
  DEVICES,
  type Device,
  decided,
  pathOf,
  RECORDS,
  type Story,
  type StoryStep,
} from './conflictStory.ts';
import { conflictText, judgeConflicts } from './conflictVerdict.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

class DeviceHandle {
  readonly settings: DeviceSettings;
  readonly crises: CrisisReport[] = [];
  readonly #onHappening: (happening: Happening) => void;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | null = null;
  #orders = 0;

  constructor(settings: DeviceSettings, onHappening: (happening: Happening) => void) {
    this.settings = settings;
    this.#onHappening = onHappening;
  }

  /** Starts its process, on what the store has. */
  async start(): Promise<void> {
    const child = fork(fileURLToPath(new URL('./conflictDeviceProcess.js', import.meta.url)), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    child.on('message', (message: Message) => {
      this.#take(message);
    });
    child.once('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) {
        reject(
          new HoldfastError(
            'HF_INTERNAL',
            `The process of the ${this.settings.device} ended (${code ?? signal}).`,
          ),
        );
      }
      this.#waiting.clear();
    });
    await this.ask({ kind: 'start', settings: this.settings });
  }

  /** @throws HoldfastError (rejects) what went wrong there. */
  async ask<Kind extends Order['kind']>(
    order: Extract<Order, { readonly kind: Kind }>,
  ): Promise<Answers[Kind]> {
    this.#orders += 1;
    const number = this.#orders;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      // A process that has just ended can't be sent to; without a callback that would be an event nobody hears.
      this.#child?.send({ number, order }, (error) => {
        if (error !== null) reject(error);
      });
    });
    return (await answer) as Answers[Kind];
  }

  /** Ends its process as a battery does that is empty; resolves once it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  #take(message: Message): void {
    switch (message.kind) {
      case 'answer':
        this.#waiting.get(message.order)?.resolve(message.value);
        this.#waiting.delete(message.order);
        break;
      case 'failed':
        this.#waiting.get(message.order)?.reject(new HoldfastError('HF_INTERNAL', message.text));
        this.#waiting.delete(message.order);
        break;
      case 'crises':
        this.crises.push(...message.crises);
        break;
      case 'happened':
        this.#onHappening(message.happening);
        break;
      default:
        message satisfies never;
    }
  }
}

class RecordsHandle {
  readonly ways: Readonly<Record<Device, Ways>>;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (value: Witness | null) => void>();
  #orders = 0;

  private constructor(child: ChildProcess, ways: Readonly<Record<Device, Ways>>) {
    this.#child = child;
    this.ways = ways;
    child.on('message', (message: RecordsMessage) => {
      if (message.kind !== 'answer') return;
      this.#waiting.get(message.order)?.(message.value);
      this.#waiting.delete(message.order);
    });
  }

  static async start(settings: RecordsSettings): Promise<RecordsHandle> {
    const program = fileURLToPath(new URL('./demoRecordsProcess.js', import.meta.url));
    const child = fork(program, [JSON.stringify(settings)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const ways = await new Promise<Readonly<Record<Device, Ways>>>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => {
        reject(new HoldfastError('HF_INTERNAL', 'The upstream of the demo did not start.'));
      });
      child.once('message', (message: RecordsMessage) => {
        if (message.kind === 'ready') resolve(message.ways);
      });
    });
    return new RecordsHandle(child, ways);
  }

  async connect(device: Device, isOnline: boolean): Promise<void> {
    await this.#ask({ kind: 'connect', device, isOnline });
  }

  async keepAnswers(device: Device, isOn: boolean): Promise<void> {
    await this.#ask({ kind: 'keepAnswers', device, isOn });
  }

  async witness(): Promise<Witness> {
    const witness = await this.#ask({ kind: 'witness' });
    if (witness === null) throw new HoldfastError('HF_INTERNAL', 'The upstream said nothing.');
    return witness;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  async #ask(order: RecordsOrder): Promise<Witness | null> {
    this.#orders += 1;
    const number = this.#orders;
    return await new Promise((resolve, reject) => {
      this.#waiting.set(number, resolve);
      this.#child.send({ number, order }, (error) => {
        if (error !== null) reject(error);
      });
    });
  }
}

/** Defects that can be planted, to see the demo fail. */
export const CONFLICT_PLANTS = ['ignore-versions', 'forget-store', 'edit-twice'] as const;
export type ConflictPlant = (typeof CONFLICT_PLANTS)[number];

export interface ConflictsDemoOptions {
  readonly seed: number;
  readonly keep: boolean;
  readonly plant: ConflictPlant | null;
}

/** A demo that takes longer has failed. */
const DURATION_MAX_MS = 90_000;
const LOOK_EVERY_MS = 40;
/** How often devices look at what there is before it is said that they do not come to the same. */
const SETTLE_ROUNDS_MAX = 10;
const NAMES: Readonly<Record<string, string>> = {
  crisis_plan: 'crisis plan',
  mood_entry: 'diary entry',
};

export async function conflictsDemo(
  options: ConflictsDemoOptions,
  output: Output,
): Promise<ExitCode> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-demo-'));
  const records = await RecordsHandle.start({
    ignoresVersions: options.plant === 'ignore-versions',
  });
  const run = new ConflictsRun(options, folder, records, output);
  try {
    return await run.run();
  } finally {
    await run.kill();
    records.stop();
    if (options.keep) output.say(`Kept ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}

class ConflictsRun {
  readonly #options: ConflictsDemoOptions;
  readonly #folder: string;
  readonly #records: RecordsHandle;
  readonly #output: Output;
  readonly #story: Story;
  readonly #devices: Record<Device, DeviceHandle>;
  readonly #startedAtMs = systemClock.monotonic();
  readonly #questions = { asked: 0, decided: 0 };
  /** What both devices showed when they had settled. */
  #lastShown: Record<Device, ReadonlyMap<string, string>> = { phone: new Map(), tablet: new Map() };
  #accepted = 0;
  #merges = 0;
  #kills = 0;
  #isOver = false;

  constructor(
    options: ConflictsDemoOptions,
    folder: string,
    records: RecordsHandle,
    output: Output,
  ) {
    this.#options = options;
    this.#folder = folder;
    this.#records = records;
    this.#output = output;
    this.#story = conflictStory(options.seed);
    this.#devices = { phone: this.#device('phone'), tablet: this.#device('tablet') };
  }

  async run(): Promise<ExitCode> {
    let giveUp: (reason: string) => void = () => undefined;
    const givenUp = new Promise<string>((resolve) => {
      giveUp = resolve;
    });
    let isInterrupted = false;
    const forgetSignals = onInterrupt(this.#output, () => {
      isInterrupted = true;
      giveUp('interrupted');
    });
    const cancelTimeout = systemClock.schedule(DURATION_MAX_MS, () => {
      giveUp(`it did not end within ${DURATION_MAX_MS / 1_000} s`);
    });
    try {
      const played = this.#play().then(() => null, reasonOf);
      const cutShort = await Promise.race([played, givenUp]);
      this.#isOver = true;
      if (isInterrupted) return EXIT.interrupted;
      return await this.#judge(cutShort);
    } finally {
      cancelTimeout();
      forgetSignals();
    }
  }

  /** Ends the processes of the devices at once. */
  async kill(): Promise<void> {
    this.#isOver = true;
    await Promise.all(DEVICES.map(async (device) => await this.#devices[device].kill()));
  }

  async #play(): Promise<void> {
    const { first, second, steps, last } = this.#story;
    await this.#begin();
    for (const device of DEVICES) await this.#records.connect(device, false);
    this.#tell('both', 'are offline now');
    for (const step of steps) await this.#change(step, 'offline');

    await this.#records.connect(first, true);
    await this.#sent(first);
    this.#tell(first, 'is online: what was changed on it is at the upstream');
    await this.#comeBackThroughAKill(second);
    await this.#decide(second);
    await this.#settle();
    await this.#change(last, 'meets nobody');
    await this.#settle();
    for (const device of DEVICES) await this.#devices[device].ask({ kind: 'stop' });
  }

  async #begin(): Promise<void> {
    this.#output.say(
      `A phone and a tablet of one person share ${RECORDS.length} records. Crises come all the while.`,
    );
    for (const device of DEVICES) await createKeyFile(this.#keyFile(device));
    await Promise.all(DEVICES.map(async (device) => await this.#devices[device].start()));
    const { phone, tablet } = this.#devices;
    for (const [entity, value] of this.#story.begun) {
      await phone.ask({ kind: 'begin', entity, value });
    }
    await this.#sent('phone');
    await tablet.ask({ kind: 'pull' });
    this.#tell('both', 'have the same records');
  }

  async #change(step: StoryStep, how: string): Promise<void> {
    const handle = this.#devices[step.device];
    await handle.ask({ kind: 'change', step });
    this.#accepted += 1;
    if (this.#options.plant === 'edit-twice') await handle.ask({ kind: 'change', step });
    this.#tell(step.device, `${how}: ${step.tells}`);
  }

  /** Brings the device online, and kills it after the upstream has applied an edit and before the answer. */
  async #comeBackThroughAKill(device: Device): Promise<void> {
    await this.#records.keepAnswers(device, true);
    await this.#records.connect(device, true);
    this.#tell(device, 'is online: there are other versions of all that was changed on it');
    await this.#until(async () => (await this.#records.witness()).kept > 0);
    await this.#devices[device].kill();
    this.#kills += 1;
    this.#tell(
      device,
      'killed with SIGKILL; the upstream has taken what it sent, it has not heard so',
    );
    await this.#records.keepAnswers(device, false);
    if (this.#options.plant === 'forget-store') {
      await rm(this.#devices[device].settings.storeFolder, { recursive: true });
    }
    await this.#devices[device].start();
    this.#tell(device, 'started again');
    await this.#sent(device);
  }

  /** Shows what no rule could decide, and gives the answer of the person. */
  async #decide(device: Device): Promise<void> {
    const handle = this.#devices[device];
    let questions: readonly Question[] = [];
    // A change that waits, though the device is online, is one that a person is asked about before long.
    await this.#until(async () => {
      questions = await handle.ask({ kind: 'questions' });
      const shown = await handle.ask({ kind: 'show' });
      return questions.length > 0 || shown.every((one) => one === null || one.waiting === 0);
    });
    for (const { conflictId, entityType, asked, isHeld, value } of questions) {
      this.#questions.asked += 1;
      this.#tell(device, `asks the person about the ${nameOf(entityType)}:`);
      for (const line of linesOf(asked)) this.#output.say(`           ${line}`);
      await handle.ask({
        kind: 'decide',
        conflictId,
        value: decided(value as JsonObject),
      });
      this.#questions.decided += 1;
      const how = isHeld ? 'the change had waited for that' : 'the change had gone out already';
      this.#tell(device, `the person takes the yearly plan; ${how}`);
    }
  }

  /** Each looks at what the other has sent, until there is nothing new. */
  async #settle(): Promise<void> {
    for (let round = 0; round < SETTLE_ROUNDS_MAX; round++) {
      for (const device of DEVICES) await this.#sent(device);
      for (const device of DEVICES) await this.#devices[device].ask({ kind: 'pull' });
      for (const device of DEVICES) await this.#sent(device);
      const upstream = await this.#held();
      this.#lastShown = await this.#shown();
      const isSame = (device: Device): boolean =>
        [...upstream].every(([path, text]) => this.#lastShown[device].get(path) === text);
      if (DEVICES.every(isSame)) return;
    }
  }

  /** Waits until a device has nothing left to send but what waits for a person. */
  async #sent(device: Device): Promise<void> {
    await this.#until(async () => {
      const shown = await this.#devices[device].ask({ kind: 'show' });
      return shown.every((one) => one === null || one.waiting === 0 || one.inReview);
    });
  }

  async #until(isSo: () => Promise<boolean>): Promise<void> {
    while (!this.#isOver && !(await isSo())) {
      await new Promise<void>((resolve) => {
        systemClock.schedule(LOOK_EVERY_MS, resolve);
      });
    }
    if (this.#isOver) throw new HoldfastError('HF_INTERNAL', 'The demo is over.');
  }

  async #held(): Promise<ReadonlyMap<string, string>> {
    const { records } = await this.#records.witness();
    return new Map(Object.entries(records).map(([path, value]) => [path, canonical(value)]));
  }

  async #shown(): Promise<Record<Device, ReadonlyMap<string, string>>> {
    const of = async (device: Device): Promise<ReadonlyMap<string, string>> => {
      const shown = await this.#devices[device].ask({ kind: 'show' });
      return new Map(
        RECORDS.map((entity, at) => [pathOf(entity), canonical(shown[at]?.value ?? null)]),
      );
    };
    return { phone: await of('phone'), tablet: await of('tablet') };
  }

  async #judge(cutShort: string | null): Promise<ExitCode> {
    const { appliedTwice, laidOver } = await this.#records.witness();
    const summary = judgeConflicts({
      story: this.#story,
      accepted: this.#accepted,
      upstream: await this.#held(),
      shown: this.#lastShown,
      appliedTwice,
      laidOver,
      merges: this.#merges,
      questions: this.#questions,
      kills: this.#kills,
      crises: DEVICES.flatMap((device) => this.#devices[device].crises),
      cutShort,
    });
    const elapsedMs = Math.round(systemClock.monotonic() - this.#startedAtMs);
    this.#output.result({ ...summary, elapsedMs }, `\n${conflictText(summary)}`, paintVerdict);
    return summary.verdict === 'PASS' ? EXIT.ok : EXIT.failed;
  }

  #device(device: Device): DeviceHandle {
    const settings = {
      device,
      storeFolder: join(this.#folder, device),
      keyFile: this.#keyFile(device),
      ...this.#records.ways[device],
    };
    return new DeviceHandle(settings, (happening) => {
      this.#hear(device, happening);
    });
  }

  #keyFile(device: Device): string {
    return join(this.#folder, `${device}.key`);
  }

  #hear(device: Device, { what, entityType }: Happening): void {
    if (what !== 'merged') return;
    this.#merges += 1;
    this.#tell(
      device,
      `the rules put the ${nameOf(entityType)} together with what was known of it`,
    );
  }

  #tell(who: Device | 'both', text: string): void {
    const seconds = (systemClock.monotonic() - this.#startedAtMs) / 1_000;
    this.#output.say(`${seconds.toFixed(1).padStart(5)} s  ${who.padEnd(6)}  ${text}`, dimly);
  }
}

/** A question as a person reads it. */
function linesOf(asked: Question['asked']): readonly string[] {
  return asked.flatMap(({ reason, alternatives }) => [
    `${reason}:`,
    ...alternatives.map(
      ({ value, who }) => `  - ${wordsOf(value)}${who === null ? '' : ` (${who})`}`,
    ),
  ]);
}

function wordsOf(value: Json): string {
  const { kind, what } = value as JsonObject;
  return typeof kind === 'string' && typeof what === 'string'
    ? `${kind} ${what}`
    : JSON.stringify(value);
}

function nameOf(entityType: string): string {
  return NAMES[entityType] ?? entityType;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : errorText(error);
}
