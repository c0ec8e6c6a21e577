/**
 * Another process that holds a store, for tests of ownership. It runs the built files, since Node
 * runs no TypeScript.
 *
 * @module
 */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { builtProgram } from '../process/builtProgram.ts';
import { faultEnvironment } from './plantedFaults.ts';

const PROGRAM_FOLDER = builtProgram();
const BUILT = pathToFileURL(join(PROGRAM_FOLDER, 'persistence/'));

// As CommonJS, since a process told that its input is a module can start no thread from a file.
const PROGRAM = `
  async function main([folder, keyPath]) {
    const { openStore } = await import('${new URL('openStore.js', BUILT).href}');
    const { rawKey } = await import('${new URL('sealing/keySource.js', BUILT).href}');
    const { keyFile } = await import('${new URL('sealing/keyFile.js', BUILT).href}');
    const key = keyPath === '' ? rawKey(new Uint8Array(32).fill(7)) : keyFile(keyPath);
    const store = openStore({ folder, key });
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

/** Starts a process that opens the store in the folder, with the test key unless a file is given. */
export async function startStoreProcess(
  folder: string,
  { keyPath = '', fault = '' }: { readonly keyPath?: string; readonly fault?: string } = {},
): Promise<StoreProcess> {
  const child = spawn(process.execPath, ['-e', PROGRAM, folder, keyPath], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...faultEnvironment(fault, PROGRAM_FOLDER) },
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const [answer] = (await Promise.race([once(lines, 'line'), ended])) as [unknown];
  return { child, pid: child.pid ?? 0, answer: String(answer), ended };
}
