/**
 * Starts, watches and ends the processes of the check.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('..', import.meta.url));
const READY_MS_MAX = 30_000;

/** A process, and what it says on standard output, a JSON object a line. */
export class Process {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  readonly #said: Record<string, unknown>[] = [];
  #listener: (line: Record<string, unknown>) => void = () => undefined;

  constructor(file: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [`${FOLDER}${file}`, ...args], {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    process.once('exit', () => this.#child.kill('SIGKILL'));
    this.#ended = once(this.#child, 'close');
    if (this.#child.stdout === null) throw new Error('There is no standard output.');
    createInterface(this.#child.stdout).on('line', (line) => {
      const said = JSON.parse(line) as Record<string, unknown>;
      this.#said.push(said);
      this.#listener(said);
    });
  }

  /** The first that it says, or has said, of which this holds. */
  async says(isIt: (said: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    const found = this.#said.find(isIt);
    if (found !== undefined) return found;
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`It did not say so. It said: ${JSON.stringify(this.#said.slice(-5))}`));
      }, READY_MS_MAX);
      this.#listener = (said) => {
        if (!isIt(said)) return;
        clearTimeout(timer);
        resolve(said);
      };
    });
  }

  /** Its exit code; `null` after a kill. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    this.#child.kill(signal);
    const [code] = await this.#ended;
    return code as number | null;
  }
}

/** A process of the gateway. */
export class GatewayProcess extends Process {
  constructor(environment: NodeJS.ProcessEnv) {
    super('src/main.js', [], { ...environment, PORT: '0' });
  }

  /** Where it listens; it does so before it has the store. */
  async url(): Promise<string> {
    const { msg } = await this.says(({ msg: text }) => String(text).startsWith('Server listening'));
    return String(msg).replace('Server listening at ', '');
  }

  /** Once it has the store. */
  async running(): Promise<void> {
    await this.says(({ kind }) => kind === 'runtime.started');
  }
}
