/**
 * `holdfast charts approve`: writes down that somebody has approved charts as they are.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../actors/platform/systemClock.ts';
import { type Approval, isDate, isSeen, withApproval } from '../../inspector/charts/approvals.ts';
import type { ChartModel } from '../../inspector/charts/chartData.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import {
  command,
  flag,
  type JsonOptions,
  jsonOption,
  valueOption,
} from '../../src/cli/kit/command.ts';
import { CHARTS, changeApprovals, isAsHashed, presentCharts } from '../clone/chartFiles.ts';
import { type CloneOptions, cloneOption, cloneRoot, git } from '../clone/clone.ts';
import { checkSources } from '../clone/sourceCharts.ts';
import { chartOf, shortHash } from './versions.ts';

interface ApproveOptions extends CloneOptions, JsonOptions {
  readonly machine: readonly string[];
  readonly all: boolean;
  readonly name: string;
  readonly role: string;
  readonly note?: string;
  readonly date?: string;
}

export function approveCommand(): Command {
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
