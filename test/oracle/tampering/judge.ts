/**
 * What an edited store may do: judged by an upstream's ledger, by the answers to crises, by what is shown, and by what is
 * told, against the same store untouched (SE-6).
 *
 * @module
 */

import { asked, ENTITIES, isCrisis, STOPPED, SUBJECTS } from './life.ts';
import type { RunReport } from './messages.ts';

/** An edit, as the editor says it. */
export interface Edit {
  readonly kind: string;
  readonly seed: number;
  readonly table?: string;
  readonly index?: string;
  readonly file?: string;
  /** Keys of the rows that are not what they were. */
  readonly rows?: readonly (readonly unknown[])[];
  readonly column?: string;
  readonly columns?: readonly string[];
  /** The first byte of a file that is not what it was, and whether it held nothing but zeros from there on. */
  readonly from?: number;
  readonly wasEmpty?: boolean;
  /** Whether the database says the same as before, damage included. */
  readonly saysTheSame?: boolean;
}

export interface LedgerEntry {
  readonly name: string;
  readonly isEffect: boolean;
}

/** One start of a store until it was at rest. */
export interface Run {
  readonly report: RunReport;
  readonly ledger: readonly LedgerEntry[];
}

/** What is known of the store before the edit. */
export interface Known {
  /** Untouched, in the same store. */
  readonly baseline: Run;
  /** Names by id, and by the number of the row in the store or any of its copies. */
  readonly nameOf: ReadonlyMap<string, string>;
  readonly namesOfSeq: ReadonlyMap<number, string>;
  /** Numbers of rows that the store had before the edit. */
  readonly seqs: ReadonlySet<number>;
  /** Numbers of the parts of the set of records that the store had before the edit. */
  readonly nodes: ReadonlySet<number>;
  /** Names of the operations whose rows are in the database as they were, after an edit of its files. */
  readonly namesLeft: ReadonlySet<string>;
}

export type Outcome = 'told' | 'held' | 'refused' | 'harmless' | 'fault';

export interface Verdict {
  readonly outcome: Outcome;
  readonly faults: readonly string[];
  /** Why nothing need be told. */
  readonly reason: string | null;
}

/** Tables whose rows belong to an operation, with the place of its number in their key. */
const OF_AN_OPERATION: Readonly<Record<string, number>> = {
  operation: 0,
  payload: 0,
  quarantine: 0,
  tagged: 1,
};
/** The findings of health that say that somebody has changed the store. */
const FINDINGS = new Set([
  'crisesUnreadable',
  'crisisModeUnkept',
  'damage',
  'hold',
  'quarantined',
  'recordsMissing',
  'start',
  'storage',
]);
const CODES = /^HF_(RECORD|STORE|KEY)_/;
/** The length of a note in its slot. */
const NOTE_BYTES = 56;
/** Crises of the life's end, which lie beside the database. */
const SPILL = 'crises.spill';
const SPILLED = ['spilled-1', 'spilled-2'];
const DATABASE_FILES = ['data.db', 'data.db-wal'];
/** Tables without whose row an operation is not what it was. */
const TOUCHES = ['operation', 'payload'];

/** What an untouched store may tell: of the operation that its life had spoiled. */
const CLEAN = { errors: [], findings: ['quarantined'], discrepancies: 0 } as const;

interface Exemption {
  readonly reason: string;
  readonly holds: (edit: Edit, known: Known) => boolean;
}

/** Edits of which nothing need be told, since nothing comes of them: all the rest must be as if untouched all the same. */
export const HARMLESS: readonly Exemption[] = [
  {
    reason: 'data.db-shm is made again from the log',
    holds: ({ file }) => file === 'data.db-shm',
  },
  {
    reason: 'owner.db and owner.json hold nothing: they are made again',
    holds: ({ file }) => file === 'owner.db' || file === 'owner.json',
  },
  {
    reason: 'a note of the last commit that is of before proves nothing, as after a power cut',
    holds: ({ file, kind }) => file === 'last.commit' && kind === 'putBack',
  },
  {
    reason:
      'one of the two slots of the note of the last commit is left, which is as one of before',
    holds: ({ file, kind, from = 0 }) =>
      file === 'last.commit' && (kind === 'cut' || kind === 'zeroEnd') && from >= NOTE_BYTES,
  },
  {
    reason: 'no crisis lies in what was cut off of a spill: it is as long as it may become',
    holds: ({ file, kind, wasEmpty }) => file === SPILL && kind !== 'putBack' && wasEmpty === true,
  },
  {
    reason:
      'what was cut off, zeroed or put back of the database lies under the log, or behind its end',
    holds: ({ file, saysTheSame }) => DATABASE_FILES.includes(file ?? '') && saysTheSame === true,
  },
  {
    reason:
      'the number of the key beside a record is a copy of the one in its envelope, and opens nothing',
    holds: ({ column, columns }) => column === 'key_id' || columns?.join() === 'key_id',
  },
  {
    reason:
      'a count that is too low is right again once what it counts has run, before it is compared',
    holds: ({ table }) => table === 'waiting' || table === 'tally',
  },
  {
    reason: 'the payload that the life had lost is back, beside its record, which stays set aside',
    holds: ({ table, kind, rows = [] }, { namesOfSeq }) =>
      table === 'payload' &&
      kind === 'putBack' &&
      rows.every(([seq]) => namesOfSeq.get(Number(seq)) === 'spoiled'),
  },
  {
    reason: 'a part of the set of records that no other part names proves nothing',
    holds: ({ table, kind, rows = [] }, { nodes }) =>
      table === 'integrity' &&
      kind === 'putBack' &&
      rows.every(([node]) => !nodes.has(Number(node))),
  },
  {
    reason: 'a payload, a tag or a note of quarantine beside no operation means nothing',
    holds: ({ table = '', kind, rows = [] }, { seqs }) =>
      kind === 'putBack' &&
      table !== 'operation' &&
      table in OF_AN_OPERATION &&
      rows.every((key) => !seqs.has(Number(key[OF_AN_OPERATION[table] ?? 0]))),
  },
];

export function judge(edit: Edit | null, known: Known, run: Run): Verdict {
  const { report } = run;
  const faults: string[] = [];
  const touched = namesTouched(edit, known);
  if (!report.cameToRest && !isDamaged(edit, report)) faults.push('it does not come to rest');
  faults.push(...faultsOfEffects(edit, touched, known, run));
  faults.push(...faultsOfAnswers(edit, known, run));
  if (report.refused === null) faults.push(...faultsOfShown(edit, touched, known, run));
  const told = toldOf(edit === null ? CLEAN : known.baseline.report, report);
  const reason =
    edit === null
      ? 'untouched'
      : (HARMLESS.find(({ holds }) => holds(edit, known))?.reason ?? null);
  if (edit === null && told.length > 0) faults.push(`untouched, it tells ${told.join(', ')}`);
  if (told.length === 0 && reason === null) faults.push('nothing is told');
  return { outcome: outcomeOf(faults, told, report), faults, reason };
}

function outcomeOf(
  faults: readonly string[],
  told: readonly string[],
  { refused, hold }: RunReport,
): Outcome {
  if (faults.length > 0) return 'fault';
  if (refused !== null) return 'refused';
  if (hold !== null) return 'held';
  return told.length > 0 ? 'told' : 'harmless';
}

type Before = Pick<RunReport, 'errors' | 'findings' | 'discrepancies'>;

/** What this start told beyond the untouched one. */
function toldOf(before: Before, { refused, hold, errors, findings, discrepancies }: RunReport) {
  return [
    ...(refused === null ? [] : [`refused: ${refused}`]),
    ...(hold === null ? [] : [`hold: ${hold}`]),
    ...errors.filter((code) => CODES.test(code) && !before.errors.includes(code)),
    ...findings.filter((id) => FINDINGS.has(id) && !before.findings.includes(id)),
    ...(discrepancies > before.discrepancies ? ['discrepancies'] : []),
  ];
}

/** Operations whose rows are not what they were: nothing may come of them, unless they are crises. */
function namesTouched(
  edit: Edit | null,
  { namesOfSeq, namesLeft, baseline }: Known,
): ReadonlySet<string> {
  const { table = '', rows = [], file = '' } = edit ?? {};
  if (TOUCHES.includes(table)) {
    return new Set(rows.map(([seq]) => namesOfSeq.get(Number(seq)) ?? `row ${String(seq)}`));
  }
  if (DATABASE_FILES.includes(file)) {
    const names = Object.keys(baseline.report.states);
    return new Set(names.filter((name) => !namesLeft.has(name)));
  }
  return new Set(file === SPILL ? SPILLED : []);
}

function faultsOfEffects(
  edit: Edit | null,
  touched: ReadonlySet<string>,
  known: Known,
  run: Run,
): readonly string[] {
  const before = known.baseline.ledger;
  const names = new Set([...before, ...run.ledger].map(({ name }) => name));
  for (const name of touched) names.add(name);
  return [...names]
    .filter((name) => !name.startsWith('asked '))
    .flatMap((name) => {
      const is = countsOf(run.ledger, name);
      const was = countsOf(before, name);
      const problem = touched.has(name)
        ? problemOfTouched(edit, name, is)
        : problemOfOther(edit, name, is, was, known, run);
      return problem === null ? [] : [`${name}: ${problem} (${is.requests} requests)`];
    });
}

interface Counts {
  readonly effects: number;
  readonly requests: number;
}

function countsOf(ledger: readonly LedgerEntry[], name: string): Counts {
  const requests = ledger.filter((entry) => entry.name === name);
  return { requests: requests.length, effects: requests.filter(({ isEffect }) => isEffect).length };
}

function problemOfTouched(edit: Edit | null, name: string, { requests }: Counts): string | null {
  if (!isCrisis(name)) return requests > 0 ? 'an effect of a touched row' : null;
  const isEarlier = edit?.table === 'operation' && edit.kind === 'putBack';
  return isEarlier && requests === 0 ? 'a crisis that was put back is not delivered' : null;
}

function problemOfOther(
  edit: Edit | null,
  name: string,
  is: Counts,
  was: Counts,
  known: Known,
  { report }: Run,
): string | null {
  if (was.requests === 0 && is.requests > 0) {
    // An order of a person that was taken back or lost: told, and what it held goes on once.
    const isFreed = edit?.table === 'component' && name.startsWith(STOPPED) && is.effects === 1;
    return isFreed ? null : 'what had ended, or has to wait, is done';
  }
  const wanted = wantedOf(edit, name, was.effects, known, report);
  return wanted.includes(is.effects) ? null : `${is.effects} effects, not ${wanted.join(' or ')}`;
}

/** How many effects an operation may have whose row nobody has touched. */
function wantedOf(
  edit: Edit | null,
  name: string,
  was: number,
  { nameOf }: Known,
  report: RunReport,
): readonly number[] {
  if (report.refused !== null) return [0];
  if (report.hold !== null) return [isCrisis(name) ? was : 0];
  if (isCrisis(name) && !isDamaged(edit, report)) return [was];
  // Without its part of the set an operation is not proved: it is set aside, and told.
  if (mayBeUnproved(edit) && report.quarantined.some(({ id }) => nameOf.get(id) === name))
    return [0];
  return isModeInDoubt(edit, report) || isDamaged(edit, report) ? [0, was] : [was];
}

/** Edits that leave records without proof: of the set itself, and damage to pages of the database. */
function mayBeUnproved(edit: Edit | null): boolean {
  return edit?.table === 'integrity' || DATABASE_FILES.includes(edit?.file ?? '');
}

/**
 * Pages of the database are damaged, which is told. A record on such a page, or behind one of an index, does not go on
 * here; nothing may be done that had ended, all the same.
 */
function isDamaged(edit: Edit | null, { errors }: RunReport): boolean {
  return edit?.file === 'data.db' && errors.includes('HF_STORE_CORRUPT');
}

/** Crisis mode is in force for everybody since a record of it is not the one that must be there: other work makes way. */
function isModeInDoubt(edit: Edit | null, { plans }: RunReport): boolean {
  return edit?.table === 'crisis_mode' && plans.every(({ crisisMode }) => crisisMode !== 'none');
}

/** Every person gets an answer, which is delivered; a plan is the one of now, or marked. */
function faultsOfAnswers(
  edit: Edit | null,
  { baseline }: Known,
  { report, ledger }: Run,
): string[] {
  const faults = SUBJECTS.filter(
    (subject) => countsOf(ledger, String(nameAsked(subject))).effects !== 1,
  ).map((subject) => `the crisis of ${subject} is not delivered once`);
  if (report.plans.length !== SUBJECTS.length) faults.push('a crisis is not answered');
  const isOfAll = report.hold !== null || DATABASE_FILES.includes(edit?.file ?? '');
  if (report.refused !== null || isOfAll) return faults;
  const { table, kind } = edit ?? {};
  for (const shown of report.plans) {
    const before = baseline.report.plans.find(({ subject }) => subject === shown.subject);
    if (before === undefined) continue;
    const isSame = shown.names.join() === before.names.join();
    const isMarked = shown.plan !== 'included';
    const mayDiffer = table === 'crisis_plan' || table === 'integrity';
    if (mayDiffer ? !isSame && !isMarked : !isSame || shown.plan !== before.plan) {
      faults.push(`${shown.subject} is shown ${shown.names.join()} as ${shown.plan}`);
    }
    if (table === 'integrity' && !isSame) faults.push(`the plan of ${shown.subject} is not shown`);
    faults.push(...faultsOfMode(edit, shown.crisisMode, before.crisisMode));
  }
  const isAnyEarlier = report.plans.some(({ plan }) => plan === 'earlierCopy');
  if (table === 'crisis_plan' && kind === 'putBack' && !isAnyEarlier) {
    faults.push('a plan that was put back is not shown as one');
  }
  return faults;
}

/**
 * Crisis mode as the answer says it: in force for each person where a record of it is not what it was, their own or that
 * of everybody. Where a part of the set is not, that may be.
 */
function faultsOfMode(edit: Edit | null, shown: string, before: string): readonly string[] {
  if (edit?.table === 'integrity' && shown === 'global') return [];
  if (edit?.table === 'crisis_mode') {
    return shown === 'none' ? ['crisis mode is in doubt, and not in force'] : [];
  }
  return shown === before ? [] : [`crisis mode is ${shown}, not ${before}`];
}

function nameAsked(subject: string): unknown {
  return (asked(subject, 0).payload as { readonly name: string }).name;
}

/** What is shown of operations and records that nobody touched is as if nothing had been. */
function faultsOfShown(
  edit: Edit | null,
  touched: ReadonlySet<string>,
  { baseline, nameOf }: Known,
  { report }: Run,
): readonly string[] {
  const isUnproved = mayBeUnproved(edit);
  const before = baseline.report;
  const setAside = report.quarantined
    .filter(({ id }) => !before.quarantined.some((other) => other.id === id))
    .map(({ id }) => nameOf.get(id) ?? id);
  const isExcused = (name: string): boolean =>
    touched.has(name) || (isUnproved && setAside.includes(name));
  const faults = report.takenForNew
    .filter((name) => !isExcused(name))
    .map((name) => `${name} is taken for new`);
  if (report.hold !== null || isModeInDoubt(edit, report) || isDamaged(edit, report)) return faults;
  const others = setAside.filter((name) => !isExcused(name));
  faults.push(...others.map((name) => `${name} is quarantined`));
  for (const [name, state] of Object.entries(report.states)) {
    const isFreed = edit?.table === 'component' && name.startsWith(STOPPED);
    if (!isFreed && !isExcused(name) && state !== before.states[name]) {
      faults.push(`${name} is ${state}, not ${before.states[name]}`);
    }
  }
  // An edit that is set aside is in no record.
  const changed = ENTITIES.filter(
    (id) => !touched.has(id) && report.records[id] !== before.records[id],
  );
  const changedMax = edit?.table === 'kept' ? Math.max(1, edit.rows?.length ?? 0) : 0;
  if (!isUnproved && changed.length > changedMax) {
    faults.push(`the records ${changed.join()} are shown otherwise`);
  }
  return faults;
}
