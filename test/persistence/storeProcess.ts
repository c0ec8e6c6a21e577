/**
 * Another process that holds a store, for tests of ownership. It runs the built files, since Node
 * runs no TypeScript; `npm test` builds first.
 */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const BUILT = new URL('../../dist/persistence/', import.meta.url);

// As CommonJS, since a process told that its input is a module can start no thread from a file.
const PROGRAM = `
  async function main([folder]) {
    const { openStore } = await import('${new URL('openStore.js', BUILT).href}');
    const { rawKey } = await import('${new URL('sealing/keySource.js', BUILT).href}');
    const store = openStore({ folder, key: rawKey(new Uint8Array(32).fill(7)) });
    try {
      await store.open();
      console.log('open');
    } catch (error) {
      console.log(error.code + ' ' + error.message);
      process.exit(1);
    }
    // Held until the parent closes the pipe or kills it.
    for await (const _ of process.stdin);
  }
  main(process.argv.slice(1));
`;

export interface StoreProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** `open`, or the code and message of the error. */
  readonly answer: string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<unknown>;
}

/** Starts a process that opens the store in the folder with the test key. */
export async function startStoreProcess(folder: string): Promise<StoreProcess> {
  const child = spawn(process.execPath, ['-e', PROGRAM, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const [answer] = (await Promise.race([once(lines, 'line'), ended])) as [unknown];
  return { child, pid: child.pid ?? 0, answer: String(answer), ended };
}
