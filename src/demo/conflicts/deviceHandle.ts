/**
 * A device of the demo of conflicts: a process of its own with a store of its own, which can be killed and
 * started again.
 *
 * @module
 */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type {
  Answers,
  CrisisReport,
  DeviceSettings,
  Happening,
  Message,
  Order,
} from './conflictMessages.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class DeviceHandle {
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
    });
    this.#child?.send({ number, order });
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
