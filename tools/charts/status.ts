/**
 * `holdfast charts status`: which charts are approved as they are, and which were once.
 *
 * @module
 */

import type { Command } from 'commander';
import { type Standing, standingOf } from '../../inspector/charts/approvals.ts';
import { command, flag, type JsonOptions, jsonOption } from '../../src/cli/kit/command.ts';
import type { Paint } from '../../src/cli/kit/output.ts';
import { EXIT } from '../../src/cli/kit/program.ts';
import { CHARTS, keptApprovals, presentCharts } from '../clone/chartFiles.ts';
import { type CloneOptions, cloneOption, cloneRoot, git } from '../clone/clone.ts';
import { checkSources } from '../clone/sourceCharts.ts';
import { shortHash, versionText } from './versions.ts';

type StatusOptions = CloneOptions & JsonOptions & { readonly exitCode: boolean };

interface StandingReport extends Standing {
  /** Shows what changed since the approval that is void; `null` where nothing is, or the history has it not. */
  readonly diff: string | null;
  /** The sources make another chart now, or nobody knows: what is said of it is of an earlier one. */
  readonly isSourceNewer: boolean;
}

export function standingsCommand(): Command {
  return command<StatusOptions>({
    name: 'status',
    description: 'which charts are approved as they are',
    options: [
      cloneOption(),
      flag(
        '--exit-code',
        'end with 3 where one is not approved, or the sources are newer than the charts',
      ),
      jsonOption(),
    ],
    notes:
      'An approval is void when the chart, or the text of one of its rules, has changed since.',
    examples: ['holdfast charts status'],
    async run({ options, output }) {
      const root = cloneRoot(options);
      const approvals = keptApprovals(root);
      const charts: StandingReport[] = [];
      const present = presentCharts(root);
      const { newer, warning } = await checkSources(root, present);
      for (const chart of present.values()) {
        const standing = standingOf(chart, approvals);
        charts.push({
          ...standing,
          diff: await diffOf(root, standing),
          isSourceNewer: newer.includes(chart.id),
        });
      }
      output.result({ charts, warning }, charts.map(textOf).join('\n'), paint);
      if (warning !== null) output.say(warning);
      const isMissing = warning !== null || charts.some(({ state }) => state !== 'approved');
      return isMissing && options.exitCode ? EXIT.someBad : EXIT.ok;
    },
  });
}

/** The command that shows what has changed since: from the first commit that had what was approved. */
async function diffOf(
  root: string,
  { machine, state, approvals }: Standing,
): Promise<string | null> {
  const [approval] = approvals;
  if (state !== 'void' || approval === undefined) return null;
  const path = `${CHARTS}/${machine}.json`;
  const found = await git(
    root,
    'log',
    `-S${approval.hash}`,
    '--reverse',
    '--format=%h',
    '--',
    path,
  );
  const [commit = ''] = (found ?? '').split('\n');
  return commit === '' ? null : `holdfast charts diff ${commit} --machine ${machine}`;
}

function textOf(report: StandingReport): string {
  const { machine, version, hash, state, approvals, diff, isSourceNewer } = report;
  const newer = isSourceNewer ? ', older than its sources' : '';
  const head = `${state.padEnd(STATE_WIDTH)}  ${machine} (${versionText({ version, hash })}${newer})`;
  const who = approvals.map(
    ({ name, role, date, note }) =>
      `${' '.repeat(STATE_WIDTH)}    by ${name}, ${role}, ${date}${note === undefined ? '' : `: ${note}`}`,
  );
  if (state !== 'void') return [head, ...who].join('\n');
  const [last] = approvals;
  const since = `${' '.repeat(STATE_WIDTH)}    approved was ${shortHash(last?.hash ?? '')}; ${
    diff === null ? 'the history here does not have it' : `what changed: ${diff}`
  }`;
  return [head, ...who, since].join('\n');
}

const STATE_WIDTH = 'approved'.length;

const paint: Paint = (line, { green, yellow, dim }) => {
  if (line.startsWith(' ')) return dim(line);
  const color = line.startsWith('approved') ? green : yellow;
  return color(line.slice(0, STATE_WIDTH)) + line.slice(STATE_WIDTH);
};
