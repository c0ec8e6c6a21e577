/**
 * The report of a drill as a person reads it, in Markdown.
 *
 * @module
 */

import {
  ANSWER_AIM_MS,
  ANSWER_MS_MAX,
  type DrillReport,
  type ScenarioReport,
} from './drillReport.ts';

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
    '  which holds every help line and the plan that is in memory; each crisis is taken, and arrives exactly once at an upstream that honours',
    '  idempotency keys, within 60 s of that upstream being well; who has to be told of it is told within 60 s of the channel being well, or',
    '  5 minutes where it may have been heard. The drill holds every answer to it, not 9,999 of 10,000.',
    `- Aim: 9,999 of 10,000 in under ${ANSWER_AIM_MS} ms: ${aimsText(report)}.`,
    '- A late answer is counted apart, as of a starved machine, where a thread with nothing to do was late as well, or where the kernel',
    '  has counted that the thread which answers was ready and had no processor, by as much as it takes to explain it.',
    `- ${report.form === 'full' ? 'Full form' : 'Short form'}, ${count(report.crises)} crises in ${seconds} s${
      report.judging === 'deliveries' ? '; late answers are reported and do not fail it' : ''
    }.`,
    ...(report.plant === null
      ? []
      : [`- **A defect was planted: ${report.plant}. This must fail.**`]),
    `- holdfast ${machine.holdfast}${machine.commit === null ? '' : ` (commit ${machine.commit})`}, Node ${machine.node}, ${machine.platform}, ${machine.processors} × ${machine.processorModel};`,
    `  load ${machine.load.map((one) => one.toFixed(1)).join(' at the start, ')} at the end. Begun ${new Date(machine.startedAtMs).toISOString()}.`,
    '',
    '## What people got',
    '',
    'In milliseconds where nothing else is said, from the instant at which each person was planned to ask. `control`: how late a thread',
    'was that had nothing to do. `late with the machine`: after 200 ms or more, which the control or the kernel explains. `told within`:',
    'how long at most the steps of the chain were not told once their channel was well, or an acknowledgement had lapsed.',
    '',
    ...tableOf(
      [
        ...['Under', 'half', '99 %', '99.99 %', 'slowest', 'control 99.99 %', 'late'],
        ...['late with the machine', 'arrived once', 'half within', 'all within', 'told within'],
      ],
      scenarios.map((one) => [
        one.title,
        ...[one.answers.p50Ms, one.answers.p99Ms, one.answers.p9999Ms, one.answers.maxMs].map(ms),
        ms(one.control.p9999Ms),
        count(one.late),
        count(one.starved + one.unscheduled),
        `${count(one.taken - one.missing - one.doubled)} of ${count(one.taken + one.untaken)}`,
        span(one.delivery.p50Ms),
        `${span(one.delivery.maxMs)}${one.deliveryFrom === FROM_ANSWER ? '' : ` after ${one.deliveryFrom}`}`,
        one.told === null ? '' : toldText(one.told),
      ]),
    ),
    '',
    ...(chart === null ? [] : [`![How long answers took](${chart})`, '']),
    '## More of the answers',
    '',
    '`own`: less what the machine explains of each. `pinned`: of people whose plan is pinned. `plan there`: of everybody else, the share',
    'whose plan was in the answer; it is left out where the store is not open or the disk is slow. `starved` and `not run`: late, and',
    'explained by the control, and by the kernel, which counted that the thread was ready and had no processor. `lacking`: answers',
    'without a help line, the resources of the app, or a plan that was in memory.',
    '',
    ...tableOf(
      [
        ...[
          'Under',
          'Crises',
          'own 99.99 %',
          'pinned 99.99 %',
          'plan there',
          'lacking',
          'not taken',
        ],
        ...['starved', 'not run', 'Aim'],
      ],
      scenarios.map((one) => [
        one.title,
        count(one.crises),
        ms(one.own.p9999Ms),
        ms(one.pinned.p9999Ms),
        one.planShare === null ? '' : `${(one.planShare * 100).toFixed(1)} %`,
        count(one.flawed),
        count(one.untaken),
        count(one.starved),
        count(one.unscheduled),
        aimOf(one),
      ]),
    ),
    '',
    '## More of the deliveries',
    '',
    'In milliseconds, as the upstream kept its ledger.',
    '',
    ...tableOf(
      ['Under', 'Taken', 'Missing', 'Doubled', 'half', '99 %', 'slowest', 'Measured from'],
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

/** What the time to delivery is measured from where a scenario says nothing. */
const FROM_ANSWER = 'the answer';

function toldText({ maxMs, pace }: NonNullable<ScenarioReport['told']>): string {
  return pace === 1 ? span(maxMs) : `${span(maxMs)} of a clock ${pace} times as fast`;
}

/** A time as a person reads it. */
function span(value: number): string {
  return value >= 1_000 ? `${(value / 1_000).toFixed(1)} s` : `${ms(value)} ms`;
}

/** The last word on a drill, in one line. */
export function verdictText(report: DrillReport): string {
  const { verdict, faults, crises, late } = report;
  const excused = report.starved + report.unscheduled;
  const starving = excused === 0 ? '' : `, ${count(excused)} late with a starved machine`;
  if (verdict === 'FAIL') return `FAIL  ${faults.join('; ')}`;
  const answered = late === 0 ? 'each answered in time' : `${count(late)} answered late`;
  return `PASS  ${count(crises)} crises: ${answered}${starving}, each taken and delivered once`;
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
