#!/usr/bin/env node
/**
 * The command line: lists the commands. Each has a file of its own.
 *
 * @module
 */

import { Command } from 'commander';
import { backupCommand } from './commands/backup.ts';
import { compactCommand } from './commands/compact.ts';
import { crisesCommand } from './commands/crises/crises.ts';
import { crisisModeCommand } from './commands/crisisMode/crisisMode.ts';
import { deadLettersCommand } from './commands/deadLetters/deadLetters.ts';
import { keysCommand } from './commands/keys.ts';
import { migrateCommand } from './commands/migrate.ts';
import { operationsCommand } from './commands/operations/operations.ts';
import { policiesCommand } from './commands/policies/policies.ts';
import { quarantineCommand } from './commands/quarantine/quarantine.ts';
import { releaseCommand } from './commands/release.ts';
import { restoreCommand } from './commands/restore.ts';
import { statusCommand } from './commands/status/status.ts';
import { crisisDrillCommand } from './crisisDrill/crisisDrill.ts';
import { demoCommand } from './demo/demo.ts';
import { doctorCommand } from './doctor/doctor.ts';
import { packageVersion } from './kit/packageVersion.ts';
import { runProgram } from './kit/program.ts';
import { runCommand } from './run/run.ts';

const COMMANDS = [
  demoCommand,
  crisisDrillCommand,
  runCommand,
  statusCommand,
  operationsCommand,
  deadLettersCommand,
  quarantineCommand,
  crisesCommand,
  policiesCommand,
  crisisModeCommand,
  doctorCommand,
  backupCommand,
  restoreCommand,
  releaseCommand,
  compactCommand,
  migrateCommand,
  keysCommand,
];

const root = new Command('holdfast')
  .description('Runs sync work that must not be lost, and answers a crisis at once.')
  .version(packageVersion(), '-V, --version', 'print the version')
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
for (const make of COMMANDS) root.addCommand(make());
await runProgram(root);
