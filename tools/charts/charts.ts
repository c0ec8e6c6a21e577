/**
 * `holdfast charts`: what changed of the charts, who has approved them, and approving them, in a git clone; and each
 * as XState's tools import it.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from 'commander';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { systemClock } from '../../actors/platform/systemClock.ts';
import { type Approval, isDate, isSeen, withApproval } from '../../inspector/charts/approvals.ts';
import { actionName, type ChartModel } from '../../inspector/charts/chartData.ts';
import { chartDefinition } from '../../inspector/projection/chartDefinition.ts';
import { machines } from '../../machines/index.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import {
  command,
  commandGroup,
  flag,
  type JsonOptions,
  jsonOption,
  valueOption,
} from '../../src/cli/kit/command.ts';
import type { Paint } from '../../src/cli/kit/output.ts';
import { EXIT } from '../../src/cli/kit/program.ts';
import { wrapped } from '../../src/cli/kit/table.ts';
import {
  CHARTS,
  changeApprovals,
  chartsAt,
  isAsHashed,
  presentCharts,
} from '../clone/chartFiles.ts';
import { type CloneOptions, cloneOption, cloneRoot, commitOf, git } from '../clone/clone.ts';
import { checkSources } from '../clone/sourceCharts.ts';
import { chartDiff } from '../review/chartDiff.ts';
import type { ChartChange } from '../review/words.ts';
import { standingsCommand } from './status.ts';
import { type ChartVersion, chartOf, shortHash, versionOf, versionText } from './versions.ts';

interface ApproveOptions extends CloneOptions, JsonOptions {
  readonly machine: readonly string[];
  readonly all: boolean;
  readonly name: string;
  readonly role: string;
  readonly note?: string;
  readonly date?: string;
}

function approveCommand(): Command {
  return command<ApproveOptions>({
    name: 'approve',
    description: 'write down that you approve charts as they are',
    options: [
      valueOption(
        '--machine <id>',
        'the chart, such as crisis; may be given again',
        (id: string, before: readonly string[] = []) => [...before, id],
        [],
      ),
      flag('--all', 'all charts'),
      valueOption(
        '--name <name>',
        'who approves; kept in the repository',
        wordsOf,
      ).makeOptionMandatory(),
      valueOption(
        '--role <role>',
        'what you are, such as clinical lead',
        wordsOf,
      ).makeOptionMandatory(),
      valueOption('--note <text>', 'a remark', wordsOf),
      valueOption('--date <date>', 'the day, such as 2026-11-27; else today, by UTC', dateOf),
      cloneOption(),
      jsonOption(),
    ],
    notes:
      'It goes to docs/machines/approvals.json with the hash of each chart, and is void as soon as the chart or one of its rules changes. Commit the file, signed where your process asks for that: the history says who wrote it.',
    examples: [
      'holdfast charts approve --machine crisis --name "A. Moreau" --role "clinical lead"',
      'holdfast charts approve --all --name "A. Moreau" --role "clinical lead" --note "release 0.2"',
    ],
    async run({ options, output }) {
      const root = cloneRoot(options);
      const present = presentCharts(root);
      const charts = chosen(present, options);
      const { newer, warning } = await checkSources(root, present);
      if (warning !== null && charts.some(({ id }) => newer.includes(id))) {
        throw invalid(warning, '--machine');
      }
      const date = options.date ?? dayOf(systemClock.now());
      const made = charts.map((chart) => approvalOf(chart, options, date));
      const path = changeApprovals(root, (kept) => made.reduce(withApproval, kept));
      const lines = made.map(
        ({ machine, version, hash }) => `  ${machine} ${version ?? ''} ${shortHash(hash)}`,
      );
      const text = [
        `${options.name} (${options.role}) approves, as of ${date}:`,
        ...lines,
        `Written to ${path}. Run npm run docs, so that the pages show it, and commit both.`,
      ].join('\n');
      output.result({ path, approvals: made }, text);
      if (await isUncommitted(root)) output.say(UNCOMMITTED);
    },
  });
}

const UNCOMMITTED =
  'Charts or their sources are not committed here. What is approved is what docs/machines/*.json says now: npm run docs:check says whether that is what the sources make.';

/** Whether what is approved may not be what others have. */
async function isUncommitted(root: string): Promise<boolean> {
  const changed = await git(root, 'status', '--porcelain', '--', 'machines', `${CHARTS}/*.json`);
  return (changed ?? '')
    .split('\n')
    .some((line) => line !== '' && !line.includes('approvals.json'));
}

/** @throws HoldfastError `HF_OPTION_INVALID`. */
function chosen(
  charts: ReadonlyMap<string, ChartModel>,
  { machine, all }: ApproveOptions,
): readonly ChartModel[] {
  if (all === machine.length > 0) {
    throw invalid('Give --machine ID, or --all for every chart.', '--machine');
  }
  const found = all ? [...charts.values()] : machine.map((id) => chartOf(charts, id));
  const edited = found.find((chart) => !isAsHashed(chart));
  if (edited === undefined) return found;
  throw invalid(
    `docs/machines/${edited.id}.json is not what its hash says: npm run docs writes it from the sources.`,
    '--machine',
  );
}

function approvalOf(
  { id, hash, version }: ChartModel,
  { name, role, note }: ApproveOptions,
  date: string,
): Approval {
  return { machine: id, hash, version, name, role, date, ...(note === undefined ? {} : { note }) };
}

/** One line with something on it, and nothing that is not seen: no name may look like another. */
function wordsOf(text: string): string {
  const words = text.trim().normalize('NFC');
  if (words !== '' && isSeen(words)) return words;
  throw new InvalidArgumentError(
    'Give some words, on one line, without characters that are not seen.',
  );
}

/** Where it is tomorrow already, in hours. */
const AHEAD_HOURS_MAX = 14;

function dateOf(text: string): string {
  if (!isDate(text)) throw new InvalidArgumentError('Give a day such as 2026-11-27.');
  if (text <= dayOf(systemClock.now() + AHEAD_HOURS_MAX * 3_600_000)) return text;
  throw new InvalidArgumentError('That day is still to come.');
}

/** The day by UTC. */
function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

function invalid(message: string, field: string): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', message, { field });
}

type DiffOptions = CloneOptions &
  JsonOptions & { readonly exitCode: boolean; readonly machine: readonly string[] };

interface ChartReport {
  readonly machine: string;
  readonly before: ChartVersion | null;
  readonly after: ChartVersion | null;
  readonly changes: readonly ChartChange[];
}

/** Wider than this, nobody reads a sentence. */
const WIDTH = 110;

function diffCommand(): Command {
  return command<DiffOptions, [rev: string | undefined, other: string | undefined]>({
    name: 'diff',
    description: 'what changed of the charts since a commit, or between two, in words',
    arguments: [
      ['[rev]', 'the commit to compare with, HEAD where none is named'],
      ['[other]', 'the later commit; else the files as they are'],
    ],
    options: [
      valueOption(
        '--machine <id>',
        'this chart alone; may be given again',
        (id: string, before: readonly string[] = []) => [...before, id],
        [],
      ),
      cloneOption(),
      flag('--exit-code', 'end with 3 where something changed'),
      jsonOption(),
    ],
    notes:
      'States, transitions, guards and actions, tags, requirements and descriptions; and the rule of a guard or an action where its text changed and its name did not. It compares docs/machines/*.json, which npm run docs writes from the sources, and says where the sources are newer.',
    examples: ['holdfast charts diff main', 'holdfast charts diff v0.1.0 v0.2.0 --json'],
    async run({ options, output }, rev = 'HEAD', other) {
      const root = cloneRoot(options);
      const from = await commitOf(root, rev);
      const to = other === undefined ? null : await commitOf(root, other);
      const before = await chartsAt(root, from, rev);
      const after = to === null ? presentCharts(root) : await chartsAt(root, to, other ?? '');
      const { warning } = to === null ? await checkSources(root, after) : { warning: null };
      const { machine: wanted } = options;
      const known = new Map([...before, ...after]);
      for (const id of wanted) chartOf(known, id);
      const charts = reportsOf(before, after).filter(
        ({ machine }) => wanted.length === 0 || wanted.includes(machine),
      );
      const between = `${rev} (${from.slice(0, 10)}) and ${to === null ? 'the files as they are' : `${other} (${to.slice(0, 10)})`}`;
      const text =
        charts.length === 0
          ? `Nothing changed of ${wanted.length === 0 ? 'any chart' : wanted.join(' and ')} between ${between}.`
          : [`Between ${between}:`, ...charts.map(textOf)].join('\n\n');
      output.result({ from, to, charts, warning }, text, paint);
      if (warning !== null) output.say(warning);
      const isBad = charts.length > 0 || warning !== null;
      return isBad && options.exitCode ? EXIT.someBad : EXIT.ok;
    },
  });
}

function reportsOf(
  before: ReadonlyMap<string, ChartModel>,
  after: ReadonlyMap<string, ChartModel>,
): readonly ChartReport[] {
  return [...new Set([...after.keys(), ...before.keys()])]
    .toSorted()
    .map((machine) => {
      const [was, is] = [before.get(machine) ?? null, after.get(machine) ?? null];
      return {
        machine,
        before: was === null ? null : versionOf(was),
        after: is === null ? null : versionOf(is),
        changes: chartDiff(was, is),
      };
    })
    .filter(({ changes }) => changes.length > 0);
}

function textOf({ machine, before, after, changes }: ChartReport): string {
  const head = `${machine}: ${versionText(before)} -> ${versionText(after)}`;
  return [head, ...changes.flatMap(linesOf)].join('\n');
}

const SIGNS: Readonly<Record<ChartChange['what'], string>> = {
  added: '+',
  removed: '-',
  renamed: '~',
  changed: '~',
};

function linesOf({ what, sentence, before, after }: ChartChange): readonly string[] {
  const [first = '', ...rest] = wrapped(sentence, WIDTH);
  return [
    `  ${SIGNS[what]} ${first}`,
    ...rest.map((line) => `    ${line}`),
    ...(before === undefined ? [] : sideOf('was', before)),
    ...(after === undefined ? [] : sideOf('is ', after)),
  ];
}

function sideOf(name: string, text: string): readonly string[] {
  return wrapped(text, WIDTH - 9).map(
    (line, index) => `      ${index === 0 ? `${name}:` : '    '} ${line}`,
  );
}

const paint: Paint = (line, { bold, green, red, dim }) => {
  if (/^\w.* -> /.test(line)) return bold(line);
  if (line.startsWith('  + ') || line.startsWith('      is :')) return green(line);
  if (line.startsWith('  - ') || line.startsWith('      was:')) return red(line);
  return line.startsWith('Between ') ? dim(line) : line;
};

export function chartsCommand(): Command {
  return commandGroup('charts', [
    diffCommand(),
    standingsCommand(),
    approveCommand(),
    exportCommand(),
  ]);
}

/** A configuration of XState, of names alone. */
interface Definition {
  readonly states?: Readonly<Record<string, Definition>>;
}

function exportCommand(): Command {
  return command<JsonOptions, [id: string | undefined]>({
    name: 'export',
    description: "print a chart as JSON that XState's tools import",
    arguments: [['[id]', 'the chart, such as crisis; a list of all where none is named']],
    options: [jsonOption()],
    notes: `It has the states, transitions, names of guards and actions, tags and descriptions of the charts of this version.
In a program: createMachine(JSON.parse(text)); in Stately's editor: import the text as JSON.
Guards and actions are names: what they do is in the sources.`,
    examples: ['holdfast charts export crisis > crisis.json', 'holdfast charts export'],
    run({ output }, id) {
      const charts = new Map(machines.map((machine) => [machine.id, machine]));
      const made = id === undefined ? machines.map(exported) : exported(chartOf(charts, id));
      output.result(made, JSON.stringify(made, null, 2));
      return Promise.resolve();
    },
  });
}

function exported(machine: AnyStateMachine): object {
  const { version } = machine;
  const definition = withWords(JSON.parse(chartDefinition(machine)) as Definition, machine.root);
  return version === undefined ? definition : { version, ...definition };
}

/** What the definition for the Stately inspector leaves out: it tells a chart by its structure alone. */
function withWords(definition: Definition, node: AnyStateNode): object {
  const { description, tags, entry, exit } = node;
  const inside = Object.entries(definition.states ?? {}).map(([key, state]) => [
    key,
    withWords(state, node.states[key] as AnyStateNode),
  ]);
  const { states: _, ...rest } = definition;
  return {
    ...(description === undefined ? {} : { description }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(entry.length === 0 ? {} : { entry: entry.map(actionName) }),
    ...(exit.length === 0 ? {} : { exit: exit.map(actionName) }),
    ...rest,
    ...(inside.length === 0 ? {} : { states: Object.fromEntries(inside) as object }),
  };
}
