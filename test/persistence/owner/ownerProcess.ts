/**
 * Another process that holds a store and does what it is told, for tests of ownership. It runs the
 * built files, since Node runs no TypeScript.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { builtProgram } from '../../support/process/builtProgram.ts';

const BUILT = pathToFileURL(join(builtProgram(), 'persistence/'));

// As CommonJS, since a process told that its input is a module can start no thread from a file.
const PROGRAM = `
  const fs = require('node:fs');
  const orders = {
    commit: async (store, state) => {
      await store.commit([{ kind: 'component', name: 'test', state }]);
      return 'ok';
    },
    // What a backup tool inside the process would do: POSIX then drops every lock on the file.
    touch: async (_, path) => {
      fs.closeSync(fs.openSync(path, 'r'));
      return 'ok';
    },
    spin: async (_, started) => {
      console.log(started);
      for (;;);
    },
    close: async (store) => {
      await store.close();
      return 'ok';
    },
  };
  async function main([folder]) {
    const { openStore } = await import('${new URL('openStore.js', BUILT).href}');
    const { rawKey } = await import('${new URL('sealing/keySource.js', BUILT).href}');
    const store = openStore({ folder, key: rawKey(new Uint8Array(32).fill(7)) });
    const failed = (error) => error.code + ' ' + error.message;
    store.onNotice((notice) => console.error('notice ' + failed(notice)));
    try {
      const { hold } = await store.open();
      console.log(hold?.reason ?? 'open');
    } catch (error) {
      console.log(failed(error));
      process.exit(5);
    }
    require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
      const [order, argument] = JSON.parse(line);
      console.log(await orders[order](store, argument).catch(failed));
    });
    setTimeout(() => process.exit(9), 30_000);
  }
  main(process.argv.slice(1));
`;

export interface OwnerProcess {
  readonly pid: number;
  /** `open`, why it is held, or the code and message of the error. */
  readonly answer: string;
  /** Codes of what was amiss and is mended. */
  readonly notices: readonly string[];
  tell(order: 'commit' | 'touch' | 'spin' | 'close', argument: string): Promise<string>;
  signal(signal: NodeJS.Signals): void;
  kill(): Promise<void>;
}

/**
 * Starts a process that opens the store in the folder with the test key; perhaps by a program that
 * starts others.
 */
export async function startOwner(folder: string, by?: readonly string[]): Promise<OwnerProcess> {
  const [program, ...args] = [...(by ?? []), process.execPath, '-e', PROGRAM, folder];
  const child = spawn(program, args, { stdio: 'pipe' });
  const ended = once(child, 'exit');
  const notices: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    const [, code] = /^notice (\S+)/.exec(line) ?? [];
    notices.push(code ?? line);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    return line.done === true ? `it ended. ${notices.join(' ')}` : line.value;
  };
  const answer = await next();
  return {
    pid: child.pid ?? 0,
    answer,
    notices,
    tell: async (order, argument) => {
      child.stdin.write(`${JSON.stringify([order, argument])}\n`);
      return await next();
    },
    signal: (signal) => {
      child.kill(signal);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
