/**
 * Edits of the files of a store at rest, one at a time: the store of a life is laid out over the same files, edited by the
 * editor's process, started by the subject's, and judged by the ledger of the upstream's (SE-6).
 *
 * @module
 */

import {
  closeSync,
  cpSync,
  existsSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { type Edit, judge, type Known, type Run, type Verdict } from './judge.ts';
import type { LifeReport, Named, RunReport } from './messages.ts';
import { editor, subject, upstream, type Worker } from './processes.ts';

/** How the last process of a life ends. */
export type Ending = 'killed' | 'closed';

/** A kind of edit, and of what. */
export interface Target {
  /** The table, of an index the one that it is of. */
  readonly table?: string;
  readonly index?: string;
  readonly file?: string;
  readonly kind: string;
  /** How many rows the table has. */
  readonly rows?: number;
}

/** What a target is of, as people read it. */
export function subjectOf({
  table,
  index,
  file,
}: Pick<Target, 'table' | 'index' | 'file'>): string {
  return index === undefined ? (file ?? table ?? '') : `indexes of ${table ?? ''}`;
}

/** One edit and what became of it; `edit` is null for a store that nobody touched. */
export interface Judged extends Verdict {
  readonly ending: Ending;
  readonly edit: Edit | null;
  readonly run: Run;
}

/** What an upstream has done by the end of a life. */
interface Kept {
  readonly applied: readonly unknown[];
  readonly records: readonly unknown[];
}

const DATA = 'data.db';
const MODE = 0o600;

/** The store of one life, which is edited again and again. */
export class Campaign {
  readonly targets: readonly Target[];
  readonly ending: Ending;
  readonly #place: Place;
  readonly #workers: Workers;
  readonly #accepted: readonly Named[];
  readonly #kept: Kept;
  readonly #copies: readonly string[];
  readonly #rows: ReadonlyMap<string, string>;
  #known: Known;

  private constructor(made: Made, baseline: Run, targets: readonly Target[]) {
    this.ending = made.ending;
    this.targets = targets;
    this.#place = made.place;
    this.#workers = made.workers;
    this.#accepted = made.accepted;
    this.#kept = made.kept;
    this.#copies = made.copies;
    const nameOf = new Map(made.accepted.map(({ name, id }) => [id, name]));
    const stores = [made.place.folder, ...made.copies];
    const numbers = stores.flatMap((folder) => numbersOf(folder, nameOf));
    this.#rows = rowsOf(made.place.folder, nameOf);
    this.#known = {
      baseline,
      nameOf,
      namesOfSeq: new Map(numbers),
      seqs: new Set(numbersOf(made.place.folder, nameOf).map(([seq]) => seq)),
      nodes: nodesOf(made.place.folder),
      namesLeft: new Set(),
    };
  }

  /** Lives a life in this folder, and starts its store untouched once. */
  static async begin(root: string, ending: Ending): Promise<Campaign> {
    const made = await make(root, ending);
    const first = await startOnce(made);
    const targets = await made.workers.editor.ask<readonly Target[]>({
      order: 'targets',
      folder: made.place.laidOut(),
      copies: made.copies,
    });
    return new Campaign(made, first, targets);
  }

  /** A start of the untouched store. */
  async control(): Promise<Judged> {
    this.#place.layOut();
    const run = await this.#start();
    return { ending: this.ending, edit: null, run, ...judge(null, this.#known, run) };
  }

  /** Draws and makes one edit of this kind, and starts the store; null where there is nothing to edit so. */
  async edited(target: Target, seed: number): Promise<Judged | null> {
    this.#place.layOut();
    const edit = await this.#workers.editor.ask<Edit | null>({
      order: 'edit',
      folder: this.#place.folder,
      copies: this.#copies,
      seed,
      target,
    });
    if (edit === null) return null;
    const rows = edit.file?.startsWith(DATA) === true ? this.#rowsNow() : new Map<string, string>();
    const left = [...this.#rows].filter(([name, row]) => rows.get(name) === row);
    const known = { ...this.#known, namesLeft: new Set(left.map(([name]) => name)) };
    const run = await this.#start();
    return { ending: this.ending, edit, run, ...judge(edit, known, run) };
  }

  async end(): Promise<void> {
    await endAll(this.#workers);
  }

  #rowsNow(): ReadonlyMap<string, string> {
    try {
      return rowsOf(this.#place.folder, this.#known.nameOf);
    } catch {
      // It can't be read at all.
      return new Map();
    }
  }

  async #start(): Promise<Run> {
    return await start(this.#workers, this.#place.folder, this.#accepted, this.#kept);
  }
}

interface Workers {
  readonly subject: Worker;
  readonly editor: Worker;
  readonly upstream: Worker;
  readonly url: string;
}

interface Made {
  readonly ending: Ending;
  readonly place: Place;
  readonly workers: Workers;
  readonly accepted: readonly Named[];
  readonly kept: Kept;
  readonly copies: readonly string[];
}

async function endAll(workers: Pick<Workers, 'subject' | 'editor' | 'upstream'>): Promise<void> {
  await Promise.all([workers.subject, workers.editor, workers.upstream].map((each) => each.kill()));
}

async function make(root: string, ending: Ending): Promise<Made> {
  const folder = join(root, 'store');
  const copies = join(root, 'copies');
  mkdirSync(copies, { recursive: true });
  const { worker, url } = await upstream();
  const lives: Worker[] = [];
  const life = async (part: 'first' | 'second'): Promise<readonly Named[]> => {
    const living = subject();
    lives.push(living);
    const spills = ending === 'killed';
    const order = { order: 'life', part, folder, copies, url, spills };
    return (await living.ask<LifeReport>(order)).accepted;
  };
  try {
    await worker.ask({ order: 'begin' });
    const first = await life('first');
    spoil(folder, first.find(({ name }) => name === 'spoiled')?.id ?? '');
    const second = await life('second');
    if (ending === 'closed') await lives[1]?.ask({ order: 'end' });
    await Promise.all(lives.map((living) => living.kill()));
    const kept = await worker.ask<Kept>({ order: 'kept' });
    const workers = { subject: subject(), editor: editor(), upstream: worker, url };
    return {
      ending,
      place: new Place(folder, join(root, 'held.db')),
      workers,
      accepted: [...first, ...second],
      kept,
      copies: readdirSync(copies)
        .toSorted()
        .map((name) => join(copies, name)),
    };
  } catch (error) {
    await Promise.all([worker, ...lives].map((each) => each.kill()));
    throw error;
  }
}

async function startOnce({ place, workers, accepted, kept }: Made): Promise<Run> {
  const run = await start(workers, place.laidOut(), accepted, kept);
  place.layOut();
  return run;
}

async function start(
  workers: Workers,
  folder: string,
  accepted: readonly Named[],
  kept: Kept,
): Promise<Run> {
  const { subject: living, upstream: ledgers, url } = workers;
  await ledgers.ask({ order: 'begin', kept });
  const report = await living.ask<RunReport>({ order: 'run', folder, url, accepted });
  return { report, ledger: await ledgers.ask<Run['ledger']>({ order: 'ledger' }) };
}

/** Deletes the large payload of an operation, so that the life has a quarantined one. */
function spoil(folder: string, id: string): void {
  const db = new Database(join(folder, DATA));
  const found = db
    .prepare('DELETE FROM payload WHERE seq = (SELECT seq FROM operation WHERE id = ?)')
    .run(idBytes(id));
  db.close();
  if (found.changes !== 1) throw new Error('There is nothing to spoil.');
}

function idBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

/** The files of a store as a life left them, laid out over the same file each time, so that they are no copy. */
class Place {
  readonly folder: string;
  readonly #held: string;
  readonly #files: ReadonlyMap<string, Buffer>;

  constructor(folder: string, held: string) {
    this.folder = folder;
    this.#held = held;
    // Keeps the file where an edit deletes it.
    linkSync(join(folder, DATA), held);
    const names = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
    this.#files = new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
  }

  laidOut(): string {
    this.layOut();
    return this.folder;
  }

  layOut(): void {
    const path = join(this.folder, DATA);
    for (const name of readdirSync(this.folder)) {
      if (name !== DATA || statSync(path).ino !== statSync(this.#held).ino) {
        rmSync(join(this.folder, name), { recursive: true, force: true });
      }
    }
    if (!existsSync(path)) linkSync(this.#held, path);
    for (const [name, bytes] of this.#files) {
      if (name === DATA) writeOver(path, bytes);
      else writeFileSync(join(this.folder, name), bytes, { mode: MODE });
    }
  }
}

function writeOver(path: string, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, 0);
  ftruncateSync(file, bytes.length);
  closeSync(file);
}

/** Reads a copy of the database and its log, so that the store stays as it is. */
function inCopy<Result>(folder: string, read: (db: Database.Database) => Result): Result {
  const own = `${folder}.read`;
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own);
  try {
    for (const name of [DATA, `${DATA}-wal`]) {
      if (existsSync(join(folder, name))) cpSync(join(folder, name), join(own, name));
    }
    const db = new Database(join(own, DATA));
    try {
      return read(db);
    } finally {
      db.close();
    }
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

type Names = ReadonlyMap<string, string>;
type OperationRow = Readonly<Record<string, unknown>> & {
  readonly seq: number;
  readonly id: Buffer;
};

function operationsOf(db: Database.Database): readonly OperationRow[] {
  const tables = db.prepare('SELECT * FROM operation LEFT JOIN payload USING (seq)');
  return tables.all() as OperationRow[];
}

function nameOfRow({ id }: OperationRow, names: Names): string {
  const hex = id.toString('hex');
  const found = [...names].find(([known]) => known.replaceAll('-', '') === hex);
  return found?.[1] ?? hex;
}

function numbersOf(folder: string, names: Names): readonly (readonly [number, string])[] {
  return inCopy(folder, (db) => operationsOf(db).map((row) => [row.seq, nameOfRow(row, names)]));
}

/** The numbers of the parts of the set of records. */
function nodesOf(folder: string): ReadonlySet<number> {
  const node = 'SELECT node FROM integrity';
  return inCopy(folder, (db) => new Set(db.prepare<[], number>(node).pluck().all()));
}

/** The row of each operation as text, its large payload included. */
function rowsOf(folder: string, names: Names): ReadonlyMap<string, string> {
  return inCopy(
    folder,
    (db) => new Map(operationsOf(db).map((row) => [nameOfRow(row, names), JSON.stringify(row)])),
  );
}

/**
 * Draws kinds of edits without end, by a seed: one of each table, index and file first, then another of each, until all
 * were drawn, and so on.
 */
export function* drawn(targets: readonly Target[], seed: number): Generator<Target, never> {
  const random = seededRandom(seed);
  const take = <Value>(from: Value[]): Value | undefined =>
    from.splice(random.below(from.length), 1)[0];
  for (;;) {
    const groups = grouped(targets, ({ table, index, file }) => index ?? file ?? table ?? '');
    while (groups.size > 0) {
      for (const names = [...groups.keys()]; names.length > 0; ) {
        const name = take(names) ?? '';
        const kinds = groups.get(name) ?? [];
        const target = take(kinds);
        if (kinds.length === 0) groups.delete(name);
        if (target !== undefined) yield target;
      }
    }
  }
}

/** Values by what this says of each, in the order of the first of each. */
export function grouped<Value>(
  values: Iterable<Value>,
  of: (value: Value) => string,
): Map<string, Value[]> {
  const groups = new Map<string, Value[]>();
  for (const value of values) {
    const name = of(value);
    groups.set(name, [...(groups.get(name) ?? []), value]);
  }
  return groups;
}

/** Says an edit and what is wrong with what became of it, with what repeats it. */
export function faultOf({ ending, edit, faults, run }: Judged): string {
  const { messages, findings } = run.report;
  return [
    `${ending}, ${edit === null ? 'untouched' : JSON.stringify(edit)}`,
    ...faults.map((fault) => `  ${fault}`),
    `  told: ${[...messages, ...findings].join(' | ')}`,
  ].join('\n');
}
