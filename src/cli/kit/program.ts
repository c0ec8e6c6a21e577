/**
 * Runs the command line: turns errors into text or JSON and exit codes, and escapes foreign text.
 *
 * @module
 */

import { createRequire } from 'node:module';
import { type Command, CommanderError } from 'commander';
import {
  type ErrorCode,
  HoldfastError,
  isHoldfastError,
} from '../../../machines/vocabulary/errors.ts';
import {
  createOutput,
  errorJson,
  errorText,
  type Output,
  plain,
  plainJson,
  wasReported,
} from './output.ts';
import { STORE_VARIABLES } from './storeOptions.ts';

/** The exit codes of all commands. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** Some work ended in the dead letters, or some input was bad. */
  someBad: 3,
  /** Work was left when `--deadline` came. */
  unfinished: 4,
  /** The store can't be opened: its key, its owner, its version, its folder. */
  storeUnavailable: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const STORE_CODES: ReadonlySet<ErrorCode> = new Set([
  'HF_STORE_OWNED',
  'HF_STORE_TAKEN',
  'HF_STORE_NEWER',
  'HF_STORE_OLDER',
  'HF_STORE_FOREIGN',
  'HF_STORE_CORRUPT',
  'HF_STORE_FOLDER',
  'HF_STORE_READ_ONLY',
  'HF_STORE_LOCKED',
  'HF_STORE_LOST',
  'HF_STORE_IO',
  'HF_STORE_UNAVAILABLE',
  'HF_SQLITE_UNAVAILABLE',
  'HF_STORE_MISSING',
  'HF_KEY_INVALID',
  'HF_KEY_MISSING',
  'HF_KEY_UNAVAILABLE',
  'HF_KEY_WRONG',
  'HF_KEY_UNKNOWN',
  'HF_KEY_FILE_EXPOSED',
  'HF_KEY_FILE_IN_STORE',
]);

/** The exit code of a command that ended with this error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!isHoldfastError(error)) return EXIT.failed;
  if (STORE_CODES.has(error.code)) return EXIT.storeUnavailable;
  if (error.code === 'HF_OPTION_INVALID') return EXIT.usage;
  return error.code === 'HF_LINE_INVALID' ? EXIT.someBad : EXIT.failed;
}

/** Thrown where a person ends the command instead of answering. */
export class Interrupted extends Error {}

/**
 * Calls `stop` at the first Ctrl-C (or SIGTERM). A second one ends the process at once, which loses
 * nothing: what was accepted is on disk. Returns a function that puts the signals back.
 */
export function onInterrupt(output: Output, stop: () => void): () => void {
  let isStopping = false;
  const interrupt = (): void => {
    if (isStopping) {
      output.say('holdfast: stopped at once; nothing that was accepted is lost.');
      process.exit(EXIT.interrupted);
    }
    isStopping = true;
    output.say('holdfast: stopping; Ctrl-C again stops at once.');
    stop();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return () => {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  };
}

/** Runs the command that the arguments of the process name, and sets its exit code. */
export async function runProgram(program: Promise<Command>): Promise<void> {
  process.once('beforeExit', reportStall);
  process.exitCode = await exitCodeOfRun(program);
  process.off('beforeExit', reportStall);
}

async function exitCodeOfRun(program: Promise<Command>): Promise<number> {
  // A reader that closes the pipe (`| head`) is no failure.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  for (const name of STORE_VARIABLES) {
    if (process.env[name] === '') delete process.env[name];
  }
  let asked = 'holdfast';
  try {
    const root = await program;
    eachCommand(root, (command, path) => {
      command
        .exitOverride((error) => {
          asked = path;
          throw error;
        })
        .configureOutput({
          writeOut: (text) => process.stdout.write(plain(text)),
          writeErr: (text) => process.stderr.write(plain(text)),
          // Errors of every kind are reported below, in one voice.
          outputError: () => {},
        });
    });
    await root.parseAsync();
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    // Commander throws for help and version too, with exit code 0, and for unrequested help with another.
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      if (error.code !== 'commander.help') report(usageError(error, asked));
      return EXIT.usage;
    }
    if (error instanceof Interrupted) return EXIT.interrupted;
    report(error);
    return exitCodeOf(error);
  }
}

/** Says an error on stderr: as text, or with `--json` as its last line, in JSON. */
function report(error: unknown): void {
  if (process.argv.includes('--json')) {
    process.stderr.write(`${plainJson(errorJson(error))}\n`);
  } else if (!wasReported(error)) createOutput({ json: false }).say(errorText(error));
}

/** A usage error of commander in the form of all others. */
function usageError({ message }: CommanderError, asked: string): HoldfastError {
  const said = message.replace(/^error: /, '').replace(/\n\((.*)\)$/, '. $1');
  const sentence = /[.?]$/.test(said) ? said : `${said}.`;
  return new HoldfastError('HF_OPTION_INVALID', `${sentence} See ${asked} --help.`);
}

/** Visits each command: one that is made separately inherits no settings from its parent. */
function eachCommand(
  command: Command,
  visit: (command: Command, path: string) => void,
  path = command.name(),
): void {
  visit(command, path);
  for (const child of command.commands) eachCommand(child, visit, `${path} ${child.name()}`);
}

/** Reports a stall: with nothing left to wait for, Node would end silently. */
function reportStall(): void {
  report(
    new HoldfastError(
      'HF_INTERNAL',
      'The program has stalled and ends unfinished. Nothing that was accepted is lost: run it again.',
    ),
  );
  process.exit(EXIT.failed);
}

export function packageVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('holdfast/package.json');
  return (manifest as { readonly version: string }).version;
}
