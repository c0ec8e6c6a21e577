/**
 * The command line put together: lists the commands. Each has a file of its own.
 *
 * @module
 */

import { Command, CommanderError, Option } from 'commander';
import { chartsCommand } from '../../tools/charts/charts.ts';
import { evidenceCommand } from '../../tools/evidence/evidence.ts';
import { demoCommand } from '../demo/demo.ts';
import { crisisDrillCommand } from '../drill/crisisDrill.ts';
import { backupCommand } from './commands/backup.ts';
import { compactCommand } from './commands/compact.ts';
import { completionCommand } from './commands/completion/completion.ts';
import { conflictsCommand } from './commands/conflicts/conflicts.ts';
import { crisesCommand } from './commands/crises/crises.ts';
import { crisisModeCommand } from './commands/crisisMode/crisisMode.ts';
import { deadLettersCommand } from './commands/deadLetters/deadLetters.ts';
import { inspectCommand } from './commands/inspect/inspect.ts';
import { keysCommand } from './commands/keys.ts';
import { migrateCommand } from './commands/migrate.ts';
import { operationsCommand } from './commands/operations/operations.ts';
import { policiesCommand } from './commands/policies/policies.ts';
import { quarantineCommand } from './commands/quarantine/quarantine.ts';
import { releaseCommand } from './commands/release.ts';
import { restoreCommand } from './commands/restore.ts';
import { statusCommand } from './commands/status/status.ts';
import { doctorCommand } from './doctor/doctor.ts';
import { packageVersion } from './kit/packageVersion.ts';
import { runCommand } from './run/run.ts';

const COMMANDS = [
  demoCommand,
  crisisDrillCommand,
  runCommand,
  statusCommand,
  inspectCommand,
  operationsCommand,
  deadLettersCommand,
  conflictsCommand,
  quarantineCommand,
  crisesCommand,
  policiesCommand,
  crisisModeCommand,
  chartsCommand,
  evidenceCommand,
  doctorCommand,
  backupCommand,
  restoreCommand,
  releaseCommand,
  compactCommand,
  migrateCommand,
  keysCommand,
  completionCommand,
  helpCommand,
];

/** The program with all of its commands. */
export function holdfastProgram(): Command {
  const version = packageVersion();
  const root = new Command('holdfast')
    .description('Runs sync work that must not be lost, and answers a crisis at once.')
    .version(version, '-v, --version', 'print the version')
    .addOption(new Option('-V').hideHelp())
    .on('option:V', () => {
      process.stdout.write(`${version}\n`);
      throw new CommanderError(0, 'commander.version', version);
    })
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Exit codes:
  0 all is well          3 some dead-lettered or bad    5 the store can't be opened
  1 failure              4 unfinished at --deadline     130 interrupted
  2 wrong usage

Environment:
  HOLDFAST_STORE, HOLDFAST_KEY_FILE, HOLDFAST_PASSPHRASE_FILE  for --store, --key-file, --passphrase-file
  HOLDFAST_DEBUG=1  shows the stack and the causes of an error
  NO_COLOR, FORCE_COLOR  without colours, or with

Start with:
  $ holdfast demo`,
    );
  for (const make of COMMANDS) root.addCommand(make());
  return root;
}

/** `holdfast help operations show`, as people try it beside `--help`. */
function helpCommand(): Command {
  const made = new Command('help')
    .description('show the help of a command')
    .argument('[command...]', 'the command, such as operations show');
  return made.action((path: readonly string[]) => {
    let shown: Command = made.parent ?? made;
    for (const name of path) {
      shown =
        shown.commands.find((one) => one.name() === name) ??
        shown.error(`error: unknown command '${name}'`);
    }
    shown.outputHelp();
  });
}
