/**
 * Runs the command line: turns errors into text or JSON and exit codes, and escapes foreign text.
 *
 * @module
 */

import { type Command, CommanderError } from 'commander';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { EXIT, exitCodeOf } from './exitCodes.ts';
import { Interrupted } from './interrupt.ts';
import { wasReported } from './notices.ts';
import { createOutput, errorJson, errorText, plain, plainJson } from './output.ts';
import { STORE_VARIABLES } from './storeOptions.ts';

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
