/**
 * The report of a drill as a person reads it, in Markdown.
 *
 * @module
 */

import type { DrillReport } from './drillReport.ts';
import { ANSWER_AIM_MS, ANSWER_MS_MAX } from './promises.ts';
import type { ScenarioReport } from './scenarioReport.ts';

/** @param chart the name of the chart's file beside it; `null` for none */
export function reportMarkdown(report: DrillReport, chart: string | null): string {
  const { machine, scenarios } = report;
  const seconds = Math.round(machine.elapsedMs / 1_000);
  return [
    '# Crisis drill',
    '',
    verdictText(report),
    '',
    `- Promise: 9,999 of 10,000 people in crisis have their answer in under ${ANSWER_MS_MAX} ms, counted from when they asked,`,
    '  and each crisis arrives exactly once at an upstream that honours idempotency keys, within 60 s of that upstream being well.',
    '  The drill holds every answer to it, not 9,999 of 10,000.',
    `- Aim: 9,999 of 10,000 in under ${ANSWER_AIM_MS} ms: ${aimsText(report)}.`,
    '- A late answer is counted apart, as of a starved machine, where a thread with nothing to do was late as well, or where the kernel',
    '  has counted that the thread which answers was ready and had no processor, by as much as it takes to explain it.',
    `- ${report.form === 'full' ? 'Full form' : 'Short form'}, ${count(report.crises)} crises in ${seconds} s${
      report.judging === 'deliveries' ? '; late answers are reported and do not fail it' : ''
    }.`,
    `- holdfast ${machine.holdfast}, Node ${machine.node}, ${machine.platform}, ${machine.processors} × ${machine.processorModel};`,
    `  load ${machine.load.map((one) => one.toFixed(1)).join(' at the start, ')} at the end. Begun ${new Date(machine.startedAtMs).toISOString()}.`,
    '',
    '## Answers',
    '',
    'In milliseconds, from the instant at which each person was planned to ask. `own`: less what the machine explains of each.',
    '`pinned`: of people whose plan is pinned; others wait up to 20 ms for a plan from disk, as is set. `control`: how late a thread',
    'was that had nothing to do. `late`: after 200 ms or more, and not explained; `starved` and `not run`: as late, and explained by',
    'the control, and by the kernel, which counted that the thread was ready and had no processor.',
    '',
    ...tableOf(
      [
        'Under',
        'Crises',
        'p50',
        'p99',
        'p99.99',
        'max',
        'own p99.99',
        'pinned p99.99',
        'control p99.99',
        'late',
        'starved',
        'not run',
        'Aim',
      ],
      scenarios.map((one) => [
        one.title,
        count(one.crises),
        ms(one.answers.p50Ms),
        ms(one.answers.p99Ms),
        ms(one.answers.p9999Ms),
        ms(one.answers.maxMs),
        ms(one.own.p9999Ms),
        ms(one.pinned.p9999Ms),
        ms(one.control.p9999Ms),
        count(one.late),
        count(one.starved),
        count(one.unscheduled),
        aimOf(one),
      ]),
    ),
    '',
    ...(chart === null ? [] : [`![How long answers took](${chart})`, '']),
    '## Deliveries',
    '',
    'In milliseconds, as the upstream kept its ledger.',
    '',
    ...tableOf(
      ['Under', 'Taken', 'Missing', 'Doubled', 'p50', 'p99', 'max', 'Measured from'],
      scenarios.map((one) => [
        one.title,
        count(one.taken),
        count(one.missing),
        count(one.doubled),
        ms(one.delivery.p50Ms),
        ms(one.delivery.p99Ms),
        ms(one.delivery.maxMs),
        one.deliveryFrom,
      ]),
    ),
    '',
    '## How each was provoked, and what showed it',
    '',
    ...scenarios.flatMap(detail),
  ].join('\n');
}

/** The last word on a drill, in one line. */
export function verdictText(report: DrillReport): string {
  const { verdict, faults, crises, late } = report;
  const excused = report.starved + report.unscheduled;
  const starving = excused === 0 ? '' : `, ${count(excused)} late with a starved machine`;
  if (verdict === 'FAIL') return `FAIL  ${faults.join('; ')}`;
  const answered = late === 0 ? 'each answered in time' : `${count(late)} answered late`;
  return `PASS  ${count(crises)} crises: ${answered}${starving}, each delivered once`;
}

/** Where the thread with nothing to do missed the aim as well, this machine can't show it. */
function aimOf({ isAimMet, control }: ScenarioReport): 'met' | 'missed' | 'not shown' {
  if (isAimMet) return 'met';
  return control.p9999Ms >= ANSWER_AIM_MS ? 'not shown' : 'missed';
}

function aimsText({ scenarios }: DrillReport): string {
  const ran = scenarios.filter(({ verdict }) => verdict !== 'SKIPPED');
  const named = (aim: ReturnType<typeof aimOf>): readonly string[] =>
    ran.filter((one) => aimOf(one) === aim).map(({ name }) => name);
  const missed = named('missed');
  const unshown = named('not shown');
  const where = (names: readonly string[]): string =>
    names.length === ran.length ? 'any scenario' : names.join(', ');
  if (missed.length + unshown.length === 0) return 'met in every scenario';
  return [
    ...(missed.length === 0 ? [] : [`missed in ${where(missed)}`]),
    ...(unshown.length === 0
      ? []
      : [
          `not to be shown on this machine in ${where(unshown)}, where the control missed it as well`,
        ]),
  ].join('; ');
}

function detail({ title, means, verdict, faults, evidence, leftBehind }: ScenarioReport): string[] {
  return [
    `### ${title}: ${verdict}`,
    '',
    `By: ${means}.`,
    ...evidence.map(({ isSeen, text }) => `- ${isSeen ? 'Seen' : '**Not seen**'}: ${text}.`),
    ...(leftBehind === 0
      ? []
      : [`- ${count(leftBehind)} crises were left behind by a process that was killed.`]),
    ...faults.map((fault) => `- **${fault}**`),
    '',
  ];
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)];
}

function ms(value: number): string {
  if (value >= 1_000) return count(Math.round(value));
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

/** With a comma for each thousand, whatever the machine's language. */
function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
