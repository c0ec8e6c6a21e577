/**
 * `holdfast conflicts`: lists, shows, resolves or undoes conflicts about records, at rest or in use.
 *
 * @module
 */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import {
  CONFLICT_STATES,
  type ConflictChoice,
  type ConflictRecordState,
} from '../../../machines/conflict/conflictRecord.ts';
import { isList, isObject } from '../../../machines/merge/values/canonical.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { CONFLICT_REASONS, type ConflictReason } from '../../../machines/vocabulary/record.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { Person } from '../../../machines/vocabulary/subject.ts';
import type {
  Conflict,
  ConflictAbout,
  ConflictAlternative,
  ConflictDecisionAbout,
  ConflictDetails,
  ConflictOutcome,
  ConflictQuestion,
  ConflictSideAbout,
} from '../../management/conflict.ts';
import {
  aboutConflict,
  type ConflictFilter,
  type ConflictResolution,
  pageOfConflicts,
  previewConflict,
  resolveConflict,
  showConflict,
  undoConflict,
} from '../../management/conflicts.ts';
import type { Caller } from '../../management/managementCall.ts';
import { parseCount } from '../kit/argumentParsers.ts';
import {
  command,
  commandGroup,
  EXAMPLE_STORE,
  flag,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
  valueOption,
} from '../kit/command.ts';
import { byOption, decider, roleOption } from '../kit/confirm.ts';
import { conflictId, ID_OR_END } from '../kit/idEnd.ts';
import { type Paint, plainLine } from '../kit/output.ts';
import { type StoreOptions, storeOptions } from '../kit/storeOptions.ts';
import { columns, facts, readingWidth, spanOf, table, timeOf, wrapped } from '../kit/table.ts';
import { withStore } from '../kit/withStore.ts';
import { readJson } from '../run/inputFile.ts';

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

function jsonLine(value: Json): string {
  return JSON.stringify(value);
}

function indented(text: string, width: number): string {
  return wrapped(text, Math.max(24, width - 2))
    .map((line) => `  ${line}`.trimEnd())
    .join('\n');
}

function nameOf({ id, role }: Person): string {
  return role === undefined ? id : `${id} (${role})`;
}

/** Highlights the lines that a person looks for. */
export const paintDetails: Paint = (line, colors) =>
  /^(Question \d+|Both sides, whole|In use on this device|What was decided|Decided by rules|Decide:)/.test(
    line,
  )
    ? colors.bold(line)
    : line.replaceAll(/\[(?:side )?\d+\](?= )/g, (mark) => colors.cyan(mark));

interface Change {
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** The differences, each with the values before and after; empty where there are none. */
function changesText(before: Json, after: Json): string {
  const rows = changesOf('', before, after).map(({ path, ...change }) => [
    path === '' ? '(the record)' : path,
    `${textOf(change.before)} → ${textOf(change.after)}`,
  ]);
  return rows.length === 0 ? '' : facts(rows, ['where', 'what becomes of it']);
}

function changesOf(
  path: string,
  before: Json | undefined,
  after: Json | undefined,
): readonly Change[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const [one, other] = [partsOf(before), partsOf(after)];
  if (one === null || other === null) return [{ path, before, after }];
  const names = [...new Set([...one.keys(), ...other.keys()])];
  const changes = names.flatMap((name) =>
    changesOf(`${path}/${name}`, one.get(name), other.get(name)),
  );
  // The same items in another order.
  return changes.length === 0 ? [{ path, before, after }] : changes;
}

/** The fields by name, or the items of a list by their identity; `null` for a value that is compared as a whole. */
function partsOf(value: Json | undefined): ReadonlyMap<string, Json> | null {
  if (isObject(value)) return new Map(Object.entries(value));
  if (!isList(value)) return null;
  const ids = value.map((item) => (isObject(item) ? item['id'] : undefined));
  const areNamed = ids.every((id) => typeof id === 'string' || typeof id === 'number');
  if (!areNamed || new Set(ids).size < value.length) return null;
  return new Map(value.map((item, at) => [String(ids[at]), item]));
}

function textOf(value: Json | undefined): string {
  return value === undefined ? '(nothing)' : jsonLine(value);
}

interface ListOptions extends StoreOptions, JsonOptions {
  readonly all: boolean;
  readonly entity?: string;
  readonly type?: string;
  readonly state?: ConflictRecordState;
  readonly reason?: ConflictReason;
  readonly limit: number;
}

function listCommand(): Command {
  return command<ListOptions>({
    name: 'list',
    description: 'list those that wait for a person, the newest first; never what they hold',
    options: [
      ...storeOptions(),
      flag('--all', 'those that are over as well'),
      valueOption('--entity <type>', 'only about records of this kind, such as crisis_plan'),
      valueOption('--type <type>', 'only of edits of this type'),
      valueOption('--state <state>', 'only those in this state, over or not').choices(
        CONFLICT_STATES,
      ),
      valueOption('--reason <reason>', 'only those that there are for this reason').choices(
        CONFLICT_REASONS,
      ),
      valueOption('--limit <n>', 'how many to list', parseCount(1, 1_000_000), 100),
      jsonOption(JSON_LINES),
    ],
    examples: [
      `holdfast conflicts list ${EXAMPLE_STORE}`,
      `holdfast conflicts list ${EXAMPLE_STORE} --entity crisis_plan --all`,
      `holdfast conflicts list ${EXAMPLE_STORE} --json | jq -r .id`,
    ],
    async run({ options, output }) {
      const { all, entity, type, state, reason, limit } = options;
      const filter = { all, entityType: entity, type, state, reason };
      const { listed, isCut, unreadable } = await withStore(options, (caller) =>
        listOf(caller, filter, limit),
      );
      if (options.json) for (const conflict of listed) output.result(conflict, '');
      else {
        const isAny = entity === undefined && type === undefined && reason === undefined;
        const every = all || state !== undefined;
        const none =
          every || !isAny ? `No conflicts${isAny ? '' : ' match'}.` : 'No conflicts wait.';
        output.result({}, listed.length === 0 ? none : tableOf(listed, systemClock.now()));
      }
      if (unreadable > 0) {
        output.say(
          `holdfast: ${unreadable} more can't be opened or read; see holdfast doctor --deep.`,
        );
      }
      if (isCut) output.say(`holdfast: only the first ${limit}; --limit lists more.`);
    },
  });
}

async function listOf(
  caller: Caller,
  filter: ConflictFilter,
  limit: number,
): Promise<{
  readonly listed: readonly Conflict[];
  readonly isCut: boolean;
  readonly unreadable: number;
}> {
  const listed: Conflict[] = [];
  let unreadable = 0;
  for (let fromSeq: number | undefined; ; ) {
    const page = await caller.call(pageOfConflicts, { filter, order: 'newest', fromSeq });
    listed.push(...page.conflicts);
    unreadable += page.unreadable;
    if (listed.length > limit) return { listed: listed.slice(0, limit), isCut: true, unreadable };
    if (page.nextSeq === null) return { listed, isCut: false, unreadable };
    fromSeq = page.nextSeq;
  }
}

function tableOf(conflicts: readonly Conflict[], nowMs: number): string {
  return table(
    ['id', 'age', 'entity', 'asks', 'waits', 'state', 'reason', 'type'],
    conflicts.map((conflict) => [
      conflict.id,
      spanOf(nowMs - conflict.openedAtMs),
      conflict.entityType,
      // The columns after this one may be cut off by a narrow terminal.
      conflict.questions,
      conflict.isHeld ? 'yes' : '',
      stateOf(conflict),
      conflict.reason,
      conflict.type,
    ]),
  );
}

/** The state in words: a conflict that is decided and not carried out is neither open nor over. */
function stateOf({ state, isToBeCarriedOut }: Conflict): string {
  return isToBeCarriedOut ? `${state}, to be carried out` : state;
}

type ShowOptions = StoreOptions & JsonOptions & { readonly values: boolean };

function showCommand(): Command {
  return command<ShowOptions, [id: string]>({
    name: 'show',
    description: 'show one: both sides, and each question with what there is to choose from',
    arguments: [['<id>', `id of the conflict, ${ID_OR_END}`]],
    wholeId: conflictId,
    options: [
      ...storeOptions(),
      new Option('--no-values', 'whom it is about and who wrote, nothing of what the record holds'),
      jsonOption(),
    ],
    notes: `It shows what the record holds, which may be health data. Each alternative has its number: resolve takes it.`,
    examples: [
      `holdfast conflicts show 01998a2c-…-c1 ${EXAMPLE_STORE}`,
      `holdfast conflicts show 01998a2c-…-c1 --no-values ${EXAMPLE_STORE}`,
    ],
    async run({ options, output }, id) {
      if (options.values) {
        const details = await withStore(options, (caller) => caller.call(showConflict, { id }));
        output.result(details, detailsText(details, readingWidth(process.stdout)), paintDetails);
      } else {
        const about = await withStore(options, (caller) => caller.call(aboutConflict, { id }));
        output.result(about, aboutText(about));
      }
    },
  });
}

interface ResolveOptions extends StoreOptions, JsonOptions {
  readonly by: Person;
  readonly role?: string;
  readonly take?: number;
  readonly choose?: Readonly<Record<string, ConflictChoice>>;
  readonly side?: number;
  readonly valueFile?: string;
  readonly dryRun: boolean;
}

const WAYS = '--take, --choose, --side or --value-file';

function resolveCommand(): Command {
  return command<ResolveOptions, [id: string]>({
    name: 'resolve',
    description: 'decide one: answer each question, or give the whole record',
    arguments: [['<id>', `id of the conflict, ${ID_OR_END}`]],
    wholeId: conflictId,
    options: [
      ...storeOptions(),
      byOption({ needsRole: false }),
      roleOption(),
      valueOption(
        '--take <n>',
        'where it asks one thing: this alternative, or 0 to keep the present value',
        parseCount(0, 1_000_000),
      ),
      valueOption(
        '--choose <path=n>',
        'this alternative for the question at this path, or of this number; repeat it for each',
        parseChoice,
      ),
      valueOption(
        '--side <n>',
        'what this side has wherever something is asked; the rest stays',
        parseCount(1, 1_000),
      ),
      valueOption('--value-file <file>', 'the whole record, as JSON (- for stdin)'),
      flag('--dry-run', 'show what would come of it, and decide nothing'),
      jsonOption(),
    ],
    notes: `What waits for it goes on at once; what went out already is followed by another edit. At rest the decision is
kept, and carried out when a process opens the store.`,
    examples: [
      `holdfast conflicts resolve 01998a2c-…-c1 --by staff-7:clinician --take 2 ${EXAMPLE_STORE}`,
      `holdfast conflicts resolve 01998a2c-…-c1 --by staff-7:clinician --choose /note=1 --choose 2=0 --dry-run ${EXAMPLE_STORE}`,
    ],
    async run({ options, output }, id) {
      const by = decider(options);
      const given = await givenBy(options);
      if (options.dryRun) {
        const { before, after } = await withStore(options, async (caller) =>
          caller.call(previewConflict, { id, by, ...(await answers(caller, id, given)) }),
        );
        const changes = changesText(before, after);
        const text = changes === '' ? 'Nothing would change.' : changes;
        output.result({ id, dryRun: true, before, after }, text);
        return;
      }
      const { outcome, isAtRest } = await withStore(options, async (caller, how) => ({
        outcome: await caller.call(resolveConflict, {
          ...{ id, by },
          ...(await answers(caller, id, given)),
        }),
        ...how,
      }));
      const text = `${id} is resolved by ${nameOf(by)}: ${whatFollows(outcome, isAtRest)}`;
      output.result({ ...outcome, isRunning: !isAtRest }, text);
    },
  });
}

/** Says what follows from a decision. */
function whatFollows(outcome: ConflictOutcome, isAtRest: boolean): string {
  const { isToBeCarriedOut, isHeld, operationId } = outcome;
  if (isToBeCarriedOut) {
    return isAtRest
      ? 'it is carried out when a process opens the store.'
      : 'it is on disk, and carried out as soon as that is possible.';
  }
  if (operationId !== null) return `operation ${operationId} carries it out.`;
  return isHeld
    ? 'its operation does not wait for it any more, and nothing is sent.'
    : 'it stands already, and nothing is sent.';
}

type Given = Pick<ConflictResolution, 'choices' | 'value' | 'side'> & { readonly take?: number };

/** @throws HoldfastError (rejects) `HF_OPTION_INVALID` unless it is said in one way. */
async function givenBy({ take, choose, side, valueFile }: ResolveOptions): Promise<Given> {
  const ways = [take, choose, side, valueFile].filter((way) => way !== undefined);
  if (ways.length === 0) throw usage(`Say what you decide: ${WAYS}.`);
  if (ways.length > 1) throw usage(`Say it in one way: ${WAYS}.`);
  if (valueFile !== undefined) return { value: await readJson(valueFile) };
  if (choose !== undefined) return { choices: choose };
  return side === undefined ? { take: take ?? 0 } : { side };
}

/** The answers for `--take`: it answers the only question, or accepts the present value where there is none. */
async function answers(
  caller: Caller,
  id: string,
  { take, ...given }: Given,
): Promise<Omit<Given, 'take'>> {
  if (take === undefined) return given;
  const { questions } = await caller.call(aboutConflict, { id });
  if (questions > 1) {
    throw usage(
      `It asks ${questions} things: answer each, by --choose PATH=N or --choose NUMBER=N.`,
    );
  }
  return { choices: questions === 0 && take === 0 ? {} : { 1: { take } } };
}

/** Reads `/note=2`; the path may contain `=`. */
function parseChoice(
  text: string,
  before: Readonly<Record<string, ConflictChoice>> = {},
): Readonly<Record<string, ConflictChoice>> {
  const at = text.lastIndexOf('=');
  const take = at === -1 ? '' : text.slice(at + 1);
  if (!/^\d{1,6}$/.test(take)) {
    throw new InvalidArgumentError(
      'Give a path or the number of a question, and an alternative: /note=2.',
    );
  }
  const name = text.slice(0, at);
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError('It is answered twice.');
  return { ...before, [name]: { take: Number(take) } };
}

function usage(message: string): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', message);
}

type UndoOptions = StoreOptions & JsonOptions & { readonly by: Person; readonly role?: string };

function undoCommand(): Command {
  return command<UndoOptions, [id: string]>({
    name: 'undo',
    description: 'take back what was decided: an edit puts back what was before',
    arguments: [['<id>', `id of the conflict, ${ID_OR_END}`]],
    wholeId: conflictId,
    options: [...storeOptions(), byOption({ needsRole: false }), roleOption(), jsonOption()],
    notes: `Nothing is erased: it is another change. A decision that was not carried out yet is open again instead.`,
    examples: [`holdfast conflicts undo 01998a2c-…-c1 --by staff-7:clinician ${EXAMPLE_STORE}`],
    async run({ options, output }, id) {
      const by = decider(options);
      const { outcome, isAtRest } = await withStore(options, async (caller, how) => ({
        outcome: await caller.call(undoConflict, { id, by }),
        ...how,
      }));
      const isOpen = outcome.state !== 'resolved';
      const follows = isOpen ? 'it waits for a decision again.' : whatFollows(outcome, isAtRest);
      output.result(
        { ...outcome, isRunning: !isAtRest },
        `What was decided of ${id} is undone by ${nameOf(by)}: ${follows}`,
      );
    },
  });
}

export function conflictsCommand(): Command {
  return commandGroup('conflicts', [listCommand(), showCommand(), resolveCommand(), undoCommand()]);
}
