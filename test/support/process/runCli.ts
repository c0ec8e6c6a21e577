/**
 * Runs the built command line, as it is packed, as a child process.
 *
 * @module
 */

import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { faultOf, faultOfLine } from '../docs/jsonShapes.ts';

/** What `npm run build` makes. */
export const PROGRAM = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

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
    /** The user whose process it is; only root may name another. */
    readonly uid?: number;
    /** Another build of it than the package's. */
    readonly program?: string | undefined;
  } = {},
): RunningCli {
  const child = spawn(process.execPath, [options.program ?? PROGRAM, ...args], {
    env: { ...process.env, ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid }),
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
      try {
        if (signal === null) checkJson(args, { stdout, stderr });
        resolve({ exitCode, signal, stdout, stderr });
      } catch (error) {
        reject(error);
      }
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
  options: Parameters<typeof startCli>[1] = {},
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

/** With `--json` every line of stdout, and an error on stderr, is as docs/json.md says. */
function checkJson(
  args: readonly string[],
  { stdout, stderr }: Pick<CliResult, 'stdout' | 'stderr'>,
): void {
  if (!args.includes('--json')) return;
  const lines = stdout.split('\n').filter((line) => line !== '');
  const error = /^\{"error".*$/m.exec(stderr)?.[0];
  const faults = lines.map((line) => faultOfLine(args, line));
  if (error !== undefined) faults.push(faultOf('error', JSON.parse(error)));
  const fault = faults.find((one) => one !== null);
  if (fault !== undefined) throw new Error(fault ?? '');
}
