/**
 * The upstream of the demo of conflicts, in a process of its own.
 *
 * @module
 */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Device } from './conflictStory.ts';
import type {
  RecordsMessage,
  RecordsOrder,
  RecordsSettings,
  Ways,
  Witness,
} from './recordsMessages.ts';

export class RecordsHandle {
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
    return await new Promise((resolve) => {
      this.#waiting.set(number, resolve);
      this.#child.send({ number, order });
    });
  }
}
