/**
 * The command line put together: the commands by what people come for, each loaded only where it is asked for, so
 * that help and version cost no more than they must.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { packageVersion } from './kit/program.ts';

/** The format of what `--json` prints: docs/json.md says what it is and when it changes. */
export const JSON_FORMAT = 1;

type Load = () => Promise<Command>;
type Listed = readonly [name: string, description: string, load: Load];

const COMMANDS: Readonly<Record<string, readonly Listed[]>> = {
  'Work:': [
    [
      'run',
      'run the requests of a file; run it again after a crash',
      async () => (await import('./run/run.ts')).runCommand(),
    ],
    [
      'operations',
      'list, show, cancel or retry operations',
      async () => (await import('./commands/operations.ts')).operationsCommand(),
    ],
    [
      'dead-letters',
      'list, show, replay or purge what was given up',
      async () => (await import('./commands/deadLetters.ts')).deadLettersCommand(),
    ],
    [
      'conflicts',
      'list, show, resolve or undo conflicts about records',
      async () => (await import('./commands/conflicts.ts')).conflictsCommand(),
    ],
  ],
  'Look:': [
    [
      'status',
      'phase, breakers, what waits and why',
      async () => (await import('./commands/status.ts')).statusCommand(),
    ],
    [
      'inspect',
      'a page for your browser that shows the running system',
      async () => (await import('./commands/inspect.ts')).inspectCommand(),
    ],
    [
      'policies',
      'print the policies in force, and where each value comes from',
      async () => (await import('./commands/policies.ts')).policiesCommand(),
    ],
    [
      'doctor',
      'check machine, key and store; exit 1 if something is wrong',
      async () => (await import('./doctor/doctor.ts')).doctorCommand(),
    ],
  ],
  'Crises:': [
    [
      'crises',
      'list, show, acknowledge, release or call off crises',
      async () => (await import('./commands/crises.ts')).crisesCommand(),
    ],
    [
      'crisis-mode',
      'turn crisis mode on or off, and list who it covers',
      async () => (await import('./commands/crisisMode.ts')).crisisModeCommand(),
    ],
  ],
  'Store:': [
    [
      'keys',
      'make the key of a store',
      async () => (await import('./commands/keys.ts')).keysCommand(),
    ],
    [
      'backup',
      'copy a store, also while it is in use',
      async () => (await import('./commands/upkeep.ts')).backupCommand(),
    ],
    [
      'restore',
      'make a store of a backup; it starts held',
      async () => (await import('./commands/upkeep.ts')).restoreCommand(),
    ],
    [
      'release',
      'let a store that is held run what waits in it',
      async () => (await import('./commands/upkeep.ts')).releaseCommand(),
    ],
    [
      'compact',
      'purge what was kept long enough, and shrink the file',
      async () => (await import('./commands/upkeep.ts')).compactCommand(),
    ],
    [
      'migrate',
      'bring a store of an older version up to date',
      async () => (await import('./commands/upkeep.ts')).migrateCommand(),
    ],
    [
      'quarantine',
      "list, show, retry, export or purge records that can't be read",
      async () => (await import('./commands/quarantine.ts')).quarantineCommand(),
    ],
    [
      'audit',
      'list, check or export the log of what was done',
      async () => (await import('./commands/audit.ts')).auditCommand(),
    ],
    [
      'subjects',
      'give a person everything that is kept about them',
      async () => (await import('./commands/subjects.ts')).subjectsCommand(),
    ],
  ],
  'Other:': [
    [
      'demo',
      'a failing upstream, kills with SIGKILL, crises; a verdict',
      async () => (await import('../demo/demo.ts')).demoCommand(),
    ],
    [
      'crisis-drill',
      'provoke every fault that a crisis has to survive',
      async () => (await import('../drill/crisisDrill.ts')).crisisDrillCommand(),
    ],
    [
      'simulate',
      'run days of trouble drawn from seeds; exit 1 if a promise is broken',
      async () => (await import('./commands/simulate.ts')).simulateCommand(),
    ],
    ['help', 'show the help of a command', () => Promise.resolve(helpCommand())],
  ],
};

/** For the people who make holdfast, in a clone of it: no part of anybody else's help. */
const IN_A_CLONE: readonly Listed[] = [
  [
    'charts',
    'review, approve and export the charts, in a git clone of holdfast',
    async () => (await commandsOfClone()).chartsCommand(),
  ],
  [
    'evidence',
    'gather what a release is judged by, in a git clone of holdfast; exit 3 if something is missing',
    async () => (await commandsOfClone()).evidenceCommand(),
  ],
];

/** The exports of `tools/commands.ts`, which nothing that ships may import. */
interface ToolCommands {
  chartsCommand(): Command;
  evidenceCommand(): Command;
}

/** The commands in `tools/`, which is not packed. @throws HoldfastError `HF_OPTION_INVALID` outside a clone. */
async function commandsOfClone(): Promise<ToolCommands> {
  const path = import.meta.url.endsWith('.ts') ? '../../tools/commands.ts' : './tools/commands.js';
  const file = new URL(path, import.meta.url);
  if (!existsSync(file)) {
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      'This command needs a clone of holdfast: an installed package has neither its sources nor their history. In a clone, run npm ci and npm run build, then npx holdfast there.',
      { field: 'command' },
    );
  }
  return import(file.href) as Promise<ToolCommands>;
}

/** The program with all of its commands, those of which `isLoaded` is true whole, the others by name. */
export async function holdfastProgram(
  isLoaded: (name: string) => boolean = () => true,
): Promise<Command> {
  const version = packageVersion();
  const root = new Command('holdfast')
    .description('Runs sync work that must not be lost, and answers a crisis at once.')
    .option('-v, --version', 'print the version')
    .addOption(new Option('-V').hideHelp())
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
  HOLDFAST_SEALING  for --sealing
  HOLDFAST_DEBUG=1  shows the stack and the causes of an error
  NO_COLOR, FORCE_COLOR  without colours, or with

Start with:
  $ holdfast demo`,
    );
  for (const name of ['version', 'V']) {
    root.on(`option:${name}`, () => {
      const json = process.argv.includes('--json');
      const said = json ? JSON.stringify({ version, json: JSON_FORMAT }) : version;
      process.stdout.write(`${said}\n`);
      throw new CommanderError(0, 'commander.version', version);
    });
  }
  for (const [group, listed] of [...Object.entries(COMMANDS), ['', IN_A_CLONE] as const]) {
    for (const [name, description, load] of listed) {
      const made = isLoaded(name) ? await load() : new Command(name);
      made.description(description).helpGroup(group);
      root.addCommand(made, { hidden: group === '' });
    }
  }
  return root;
}

/** Which commands the arguments ask for: the first word that is no option, and behind `help` the next. */
export function askedFor(args: readonly string[]): (name: string) => boolean {
  const words = args.filter((one) => !one.startsWith('-'));
  const asked = words.slice(0, words[0] === 'help' ? 2 : 1);
  return (name) => asked.includes(name);
}

/** `holdfast help operations show`, as people try it beside `--help`. */
function helpCommand(): Command {
  const made = new Command('help').argument('[command...]', 'the command, such as operations show');
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
