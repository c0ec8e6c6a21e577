/**
 * `holdfast charts diff`: what changed of the charts since a commit, or between two, in words.
 *
 * @module
 */

import type { Command } from 'commander';
import type { ChartModel } from '../../inspector/charts/chartData.ts';
import { wrapped } from '../../src/cli/kit/columns.ts';
import {
  command,
  flag,
  type JsonOptions,
  jsonOption,
  valueOption,
} from '../../src/cli/kit/command.ts';
import { EXIT } from '../../src/cli/kit/exitCodes.ts';
import type { Paint } from '../../src/cli/kit/output.ts';
import { chartsAt, presentCharts } from '../clone/chartFiles.ts';
import { type CloneOptions, cloneOption, cloneRoot, commitOf } from '../clone/clone.ts';
import { checkSources } from '../clone/sourceCharts.ts';
import type { ChartChange } from '../review/chartChange.ts';
import { chartDiff } from '../review/chartDiff.ts';
import { type ChartVersion, chartOf, versionOf, versionText } from './versions.ts';

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

export function diffCommand(): Command {
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
