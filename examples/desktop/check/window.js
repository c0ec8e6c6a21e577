/**
 * The app as a process, and a person before it: commands go in, what is shown comes out.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const SHOWN_MS_MAX = 60_000;

export class Window {
  #child;
  #ended;
  #shown = [];
  #look = () => undefined;

  constructor(environment) {
    this.#child = spawn(process.execPath, [MAIN, '--json'], {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    process.once('exit', () => this.#child.kill('SIGKILL'));
    this.#ended = once(this.#child, 'close');
    // With another passphrase it ends by itself, maybe before it is told to.
    this.#child.stdin.on('error', () => undefined);
    createInterface(this.#child.stdout).on('line', (line) => {
      this.#shown.push(JSON.parse(line));
      this.#look();
    });
  }

  /** Gives a command and takes what is shown for it: the next thing that has this field. */
  async give(command, field) {
    this.#shown = this.#shown.filter((shown) => !(field in shown));
    this.#child.stdin.write(`${command}\n`);
    return await this.sees((shown) => field in shown);
  }

  /** The first thing shown of which this holds. */
  async sees(isIt) {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`Not shown: ${isIt}. Shown: ${JSON.stringify(this.#shown.slice(-5))}`));
      }, SHOWN_MS_MAX);
      this.#look = () => {
        const found = this.#shown.find(isIt);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#look = () => undefined;
        resolve(found);
      };
      this.#look();
    });
  }

  /** Closes it as a person does; its exit code. */
  async quit() {
    this.#child.stdin.write('quit\n');
    return await this.#end();
  }

  /** Ends it as a machine does whose battery is empty. */
  async kill() {
    this.#child.kill('SIGKILL');
    return await this.#end();
  }

  async #end() {
    const [code] = await this.#ended;
    return code;
  }
}
