#!/usr/bin/env node
/**
 * The command line. One file a command; this one puts them together and turns errors into text and
 * exit codes.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { backupCommand } from './commands/backup.ts';
import { compactCommand } from './commands/compact.ts';
import { deadLettersCommand } from './commands/deadLetters.ts';
import { keysInitCommand } from './commands/keysInit.ts';
import { migrateCommand } from './commands/migrate.ts';
import { operationsCommand } from './commands/operations.ts';
import { quarantineCommand } from './commands/quarantine.ts';
import { releaseCommand } from './commands/release.ts';
import { restoreCommand } from './commands/restore.ts';
import { demoCommand } from './demo/demo.ts';
import { doctorCommand } from './doctor/doctor.ts';
import { EXIT, exitCodeOf } from './kit/exitCodes.ts';
import { wasSaid } from './kit/notices.ts';
import { createOutput, errorText, plain } from './kit/output.ts';
import { runCommand } from './run/run.ts';

const packageFile = new URL('../../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };

function program(): Command {
  const root = new Command('holdfast')
    .description('Runs sync work that must not be lost, and answers a crisis at once.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Exit codes:
  0 all is well          3 some dead-lettered or bad    5 the store can't be opened
  1 failure              4 unfinished at --deadline     130 interrupted
  2 wrong usage

HOLDFAST_DEBUG=1 shows the stack and the causes of an error.

Start with:
  $ holdfast demo`,
    );
  root.addCommand(demoCommand());
  root.addCommand(runCommand());
  root.addCommand(operationsCommand());
  root.addCommand(deadLettersCommand());
  root.addCommand(quarantineCommand());
  root.addCommand(doctorCommand());
  root.addCommand(backupCommand());
  root.addCommand(restoreCommand());
  root.addCommand(releaseCommand());
  root.addCommand(compactCommand());
  root.addCommand(migrateCommand());
  root.addCommand(
    new Command('keys')
      .description('make the key of a store')
      .helpCommand(false)
      .addCommand(keysInitCommand()),
  );
  return root;
}

/** A command made apart inherits nothing from the one it is added to, so each is told. */
function eachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const child of command.commands) eachCommand(child, visit);
}

async function main(): Promise<number> {
  // A reader that went away (`| head`) is no failure of ours.
  process.stdout.on('error', () => {});
  const root = program();
  eachCommand(root, (command) => {
    command
      .exitOverride()
      .showHelpAfterError('(--help says more)')
      .configureOutput({
        writeOut: (text) => process.stdout.write(plain(text)),
        writeErr: (text) => process.stderr.write(plain(text)),
      });
  });
  try {
    await root.parseAsync();
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    // Help and version also come as an error, with exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!wasSaid(error)) createOutput({ json: false }).say(errorText(error));
    return exitCodeOf(error);
  }
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

process.once('beforeExit', reportStall);
process.exitCode = await main();
process.off('beforeExit', reportStall);
