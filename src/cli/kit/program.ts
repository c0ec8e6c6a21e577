/**
 * Runs the command line: turns errors into text and exit codes, and lets nothing that others wrote reach
 * the terminal as it is.
 *
 * @module
 */

import { type Command, CommanderError } from 'commander';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { EXIT, exitCodeOf } from './exitCodes.ts';
import { Interrupted } from './interrupt.ts';
import { wasReported } from './notices.ts';
import { createOutput, errorText, plain } from './output.ts';
import { STORE_VARIABLES } from './storeOptions.ts';

/** Runs the command that the arguments of the process name, and sets its exit code. */
export async function runProgram(root: Command): Promise<void> {
  process.once('beforeExit', reportStall);
  process.exitCode = await exitCodeOfRun(root);
  process.off('beforeExit', reportStall);
}

async function exitCodeOfRun(root: Command): Promise<number> {
  // A reader that went away (`| head`) is no failure of ours.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  eachCommand(root, (command) => {
    command
      .exitOverride()
      .showHelpAfterError('(--help says more)')
      .configureOutput({
        writeOut: (text) => process.stdout.write(plain(text)),
        writeErr: (text) => process.stderr.write(plain(text)),
      });
  });
  for (const name of STORE_VARIABLES) {
    if (process.env[name] === '') delete process.env[name];
  }
  try {
    await root.parseAsync();
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    // Help and version also come as an error, with exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof Interrupted) return EXIT.interrupted;
    if (!wasReported(error)) createOutput({ json: false }).say(errorText(error));
    return exitCodeOf(error);
  }
}

/** A command made apart inherits nothing from the one it is added to, so each is set up. */
function eachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) eachCommand(child, visit);
}

/** Where everything has stalled there is nothing left to wait for, and Node would end in silence. */
function reportStall(): void {
  const stalled = new HoldfastError(
    'HF_INTERNAL',
    'The program has stalled and ends unfinished. Nothing that was accepted is lost: run it again.',
  );
  createOutput({ json: false }).say(errorText(stalled));
  process.exit(EXIT.failed);
}
