/**
 * The text of a conflict, for the person who decides it.
 *
 * @module
 */

import { systemClock } from '../../../../actors/platform/systemClock.ts';
import type { ConflictReason } from '../../../../machines/vocabulary/conflictReason.ts';
import type { Json } from '../../../../machines/vocabulary/json.ts';
import type { Person } from '../../../../machines/vocabulary/person.ts';
import type {
  ConflictAbout,
  ConflictAlternative,
  ConflictDecisionAbout,
  ConflictDetails,
  ConflictQuestion,
  ConflictSideAbout,
} from '../../../management/conflict.ts';
import { columns, wrapped } from '../../kit/columns.ts';
import { type Paint, plainLine } from '../../kit/output.ts';
import { facts, spanOf, table, timeOf } from '../../kit/table.ts';
import { stateOf } from './list.ts';

const REASONS: Readonly<Record<ConflictReason, string>> = {
  conflict: 'the upstream held another version than the one that the edit was made on',
  predecessor:
    'an earlier edit was merged or given up, others were heard of, or its rules ask about the edit alone',
  outcomeUnknown: 'an attempt may have been applied, and the upstream holds something else now',
  rounds: 'the record changed at the upstream each time before the merged one arrived',
  silent: 'nothing was heard of the upstream for longer than removals are remembered',
  elsewhere: 'another device asks, and its question came with the record',
  mergeFailed: 'the rules of the entity failed: nothing is merged',
  unreadable: 'what the upstream holds can not be read as a record: nothing is merged',
};

/** The text without values: the subject, who wrote and who decided. */
export function aboutText(about: ConflictAbout): string {
  const { entity, decisions, sides } = about;
  const known = facts([
    ['id', about.id],
    ['state', stateOf(about)],
    ['record', `${entity.type} ${entity.id}`],
    ['subject', about.subject],
    ['type', about.type],
    ['since', `${timeOf(about.openedAtMs)}, for ${spanOf(systemClock.now() - about.openedAtMs)}`],
    ['because', `${about.reason}: ${REASONS[about.reason]}`],
    ['asked by', askedBy(about)],
    ['questions', about.questions],
    ['operation', about.operationId ?? ''],
    ['waits', about.isHeld ? 'the operation, until this is decided' : ''],
  ]);
  const written = table(
    ['side', 'who', 'when', ''],
    sides.map((side, at) => [`${at + 1}`, side.who, timeOf(side.atMs), whose(side)]),
    Number.POSITIVE_INFINITY,
  );
  const decided = decisions.map((decision) => [
    timeOf(decision.atMs),
    nameOf(decision.by),
    decision.kind,
    carriedOutBy(decision),
  ]);
  const history =
    decided.length === 0
      ? ''
      : `\n\n${table(['at', 'who', 'what', 'by operation'], decided, Number.POSITIVE_INFINITY)}`;
  return `${known}\n\n${written}${history}`;
}

function carriedOutBy({ isCarriedOut, operationId, refusedFor }: ConflictDecisionAbout): string {
  if (refusedFor !== undefined) return `refused (${refusedFor}), asked again`;
  return isCarriedOut ? (operationId ?? 'nothing was sent') : 'to be carried out';
}

/** The device that asks, if it is not this one. */
function askedBy({ carried, sides }: ConflictAbout): string {
  if (carried === null) return '';
  const here =
    sides.length > 1 ? 'this store has its own words' : 'this store has none of the words';
  return `${carried.by}, about what ${carried.from.join(' and ')} wrote; ${here}, ${carried.by} has all`;
}

/** The whole text, no wider than `width` except for the facts at its head. */
export function detailsText(details: ConflictDetails, width: number): string {
  const { asked, sides, value, audit } = details;
  const isOver = details.state === 'resolved';
  // The present value of an open question is decided by nobody yet.
  const open = new Set(isOver ? [] : asked.map(({ path }) => path));
  const ruled = audit.filter(({ path }) => !open.has(path));
  const rulings = ruled.map(
    ({ path, reason, kept, lost }) =>
      `${path === '' ? '(the record)' : path}: ${reason}; kept ${jsonLine(kept)}, not taken ${lost.map((one) => jsonLine(one.value)).join(', ')}`,
  );
  return [
    aboutText(details),
    ...asked.map((question) => questionText(question, width)),
    ...(sides.length === 0
      ? []
      : [
          section('Both sides, whole'),
          columns(
            sides.map((side, at) => `[side ${at + 1}] ${whoAt(side)}\n${valueText(side.value)}`),
            width,
            '  ',
          ),
        ]),
    section(isOver ? 'What was decided' : 'In use on this device until it is decided'),
    indented(valueText(value), width),
    ...(rulings.length === 0
      ? []
      : [section('Decided by rules'), rulings.map((ruling) => indented(ruling, width)).join('\n')]),
    ...(isOver ? [] : [howToDecide(details)]),
  ].join('\n\n');
}

function section(title: string): string {
  return `${title}:`;
}

function questionText(question: ConflictQuestion, width: number): string {
  const { number, path, says, reason, stands, alternatives, removedBy } = question;
  const head = `Question ${number}: ${path === '' ? '(the record)' : plainLine(path)}`;
  const who = removedBy.length === 0 ? '' : `, removed by ${removedBy.map(plainLine).join(', ')}`;
  const why = [`why   ${reason}${who}`, `rule  ${says}`];
  const isStanding = ({ value }: ConflictAlternative): boolean =>
    stands !== undefined && jsonLine(value) === jsonLine(stands);
  const choices = [
    // The present value is usually one of the alternatives.
    ...(alternatives.some(isStanding)
      ? []
      : [`[0] as it stands\n${stands === undefined ? '(nothing)' : valueText(stands)}`]),
    ...alternatives.map((one) => {
      const mark = isStanding(one) ? ' (stands now on this device)' : '';
      return `[${one.take}] ${whoSaid(one)}${mark}\n${valueText(one.value)}`;
    }),
  ];
  return [
    wrapped(head, width).join('\n'),
    why.map((line) => indented(line, width)).join('\n'),
    '',
    columns(choices, width, '  '),
  ].join('\n');
}

function howToDecide({ id, asked, sides }: ConflictDetails): string {
  const [first] = asked;
  const answer =
    first === undefined
      ? '--take 0'
      : asked.length === 1
        ? '--take N'
        : asked.map(({ number }) => `--choose ${number}=N`).join(' ');
  const whole =
    sides.length === 0
      ? ''
      : '\n  or what one side has, wherever something is asked: --side N;\n  or a whole record: --value-file FILE';
  const stands = '\n  N is the number of an alternative; 0 keeps the present value.';
  return `Decide:\n  holdfast conflicts resolve ${id} --by ID:ROLE\n    ${answer}${stands}${whole}`;
}

function whoSaid({ who, atMs, isVerified }: ConflictAlternative): string {
  const verified = isVerified ? ', verified' : '';
  return `${who ?? 'before, or merged'}${atMs === null ? '' : `, ${timeOf(atMs)}`}${verified}`;
}

function whoAt(side: ConflictSideAbout): string {
  const when = side.atMs === null ? '' : `, ${timeOf(side.atMs)}`;
  return `${side.who}${side.isOurs ? ' (ours)' : ''}${when}`;
}

function whose({ isOurs }: ConflictSideAbout): string {
  return isOurs ? 'the edit of this store' : '';
}

/** Text as it is, anything else as JSON, and words for a missing value. */
function valueText(value: Json): string {
  if (value === null) return '(nothing)';
  if (typeof value !== 'string') return JSON.stringify(value, null, 2);
  return value === '' ? '(an empty text)' : value;
}

export function jsonLine(value: Json): string {
  return JSON.stringify(value);
}

function indented(text: string, width: number): string {
  return wrapped(text, Math.max(24, width - 2))
    .map((line) => `  ${line}`.trimEnd())
    .join('\n');
}

export function nameOf({ id, role }: Person): string {
  return role === undefined ? id : `${id} (${role})`;
}

/** Highlights the lines that a person looks for. */
export const paintDetails: Paint = (line, colors) =>
  /^(Question \d+|Both sides, whole|In use on this device|What was decided|Decided by rules|Decide:)/.test(
    line,
  )
    ? colors.bold(line)
    : line.replaceAll(/\[(?:side )?\d+\](?= )/g, (mark) => colors.cyan(mark));
