/**
 * The processes of a campaign: each is forked, gets orders as messages, and ends with the process that forked it.
 *
 * @module
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { childProgram } from '../../support/process/childProgram.ts';

/** Programs that import nothing of holdfast; from the top of the repository, where each campaign starts. */
const UPSTREAM = 'test/oracle/tampering/upstream.mjs';
const EDITOR = 'test/oracle/tampering/editor.mjs';
const ENDING = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const SUBJECT = new URL(`subject${ENDING}`, import.meta.url);
const SUBJECT_OTHERS = [new URL('life.ts', import.meta.url)];

interface Reply {
  readonly number: number;
  readonly answer?: unknown;
  readonly failed?: string;
}

/** A forked process that answers orders, one after the other. */
export class Worker {
  readonly #child: ChildProcess;
  #asked = 0;

  constructor(program: string) {
    this.#child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /** @throws Error where it fails, ends or says nothing. */
  async ask<Answer>(order: object): Promise<Answer> {
    this.#asked += 1;
    const number = this.#asked;
    const reply = new Promise<Reply>((settle, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`There is no answer to ${JSON.stringify(order).slice(0, 200)}`));
      }, HANGS_AFTER_MS);
      const hear = (message: unknown): void => {
        if ((message as Reply).number !== number) return;
        done();
        settle(message as Reply);
      };
      const ended = (code: number | null, signal: string | null): void => {
        done();
        reject(new Error(`The process has ended with ${code ?? signal}.`));
      };
      const done = (): void => {
        clearTimeout(late);
        this.#child.off('message', hear).off('exit', ended);
      };
      this.#child.on('message', hear).once('exit', ended);
    });
    this.#child.send({ ...order, number });
    const { answer, failed } = await reply;
    if (failed !== undefined) throw new Error(failed);
    return answer as Answer;
  }

  /** The first thing that it says. */
  async said(): Promise<unknown> {
    const [message] = (await once(this.#child, 'message')) as readonly unknown[];
    return message;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

export function subject(): Worker {
  return new Worker(childProgram(SUBJECT, SUBJECT_OTHERS));
}

export function editor(): Worker {
  return new Worker(resolve(EDITOR));
}

export async function upstream(): Promise<{ readonly worker: Worker; readonly url: string }> {
  const worker = new Worker(resolve(UPSTREAM));
  const { url } = (await worker.said()) as { readonly url: string };
  return { worker, url };
}
