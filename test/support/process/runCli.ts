/**
 * Runs the built command line as a child process.
 *
 * @module
 */

import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { builtProgram } from './builtProgram.ts';

export interface CliResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly pid: number;
  readonly result: Promise<CliResult>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** What it has said on stderr so far. */
  readonly said: () => string;
  /** What it has printed on stdout so far. */
  readonly printed: () => string;
}

/** Starts `holdfast <args>` as a real process; killed when the test ends. */
export function startCli(
  args: readonly string[],
  options: {
    readonly input?: string | undefined;
    /** Leaves stdin open after the input, as a person at a keyboard does. */
    readonly isInputLeftOpen?: boolean | undefined;
    readonly env?: NodeJS.ProcessEnv;
  } = {},
): RunningCli {
  const child = spawn(process.execPath, [join(builtProgram(), 'src/cli/main.js'), ...args], {
    env: { ...process.env, ...options.env },
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {});
  child.stdin.write(options.input ?? '');
  if (options.isInputLeftOpen !== true) child.stdin.end();
  const result = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      resolve({ exitCode, signal, stdout, stderr });
    });
  });
  return {
    pid: child.pid ?? 0,
    result,
    kill: (signal) => {
      child.kill(signal);
    },
    said: () => stderr,
    printed: () => stdout,
  };
}

/** Runs `holdfast <args>` to its end. */
export async function runCli(
  args: readonly string[],
  options: { readonly input?: string | undefined; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<CliResult> {
  return startCli(args, options).result;
}

/** Runs `node <args>` in a folder to its end. */
export async function runNode(
  args: readonly string[],
  options: { readonly cwd: string },
): Promise<CliResult> {
  return await new Promise((resolve) => {
    execFile(process.execPath, args, { ...options, timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({
        exitCode: error === null ? 0 : typeof error.code === 'number' ? error.code : null,
        signal: error?.signal ?? null,
        stdout,
        stderr,
      });
    });
  });
}
