/**
 * The judge of an audit log (AU-2): reads it line by line, and says which entries were edited, removed, put in another
 * order, added or cut off. The rules are in docs/audit-format.md, in the same order.
 *
 * @module
 */

import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { type AuditEntry, NO_ENTRY_BEFORE, parseEntry } from './auditEntry.ts';
import { AuditFrontier, leafHash } from './auditTree.ts';
import type { Checkpoint } from './checkpoint.ts';

export type AuditFaultKind =
  /** A line that is not the text of an entry. */
  | 'notCanonical'
  /** The entry after it has another hash of it. */
  | 'edited'
  | 'removed'
  | 'reordered'
  /** An entry more than there were. */
  | 'inserted'
  /** An entry, or a checkpoint, of another log. */
  | 'otherLog'
  /** A checkpoint has more entries than there are. */
  | 'cutOff'
  /** All fits together, and it is not what the checkpoint was made of. */
  | 'otherThanCheckpoint'
  | 'idTwice';

export interface AuditFault {
  readonly kind: AuditFaultKind;
  /** The first entry that it concerns. */
  readonly seq: number;
  /** Another one that it concerns: the last of several, or the one in its place. */
  readonly also?: number;
  /** A sentence for a person. */
  readonly text: string;
}

export interface AuditVerdict {
  /** Id of the store; `null` where there is no entry. */
  readonly log: string | null;
  /** Number of lines. */
  readonly entries: number;
  /** Root of the tree over all lines as they stand. */
  readonly root: Buffer;
  readonly firstAtMs: number | null;
  readonly lastAtMs: number | null;
  /** In order of `seq`; empty where nothing is wrong. */
  readonly faults: readonly AuditFault[];
  /** Whether it stopped judging, since there was too much at fault. */
  readonly isCut: boolean;
}

/** Judging ends after so many faults and gaps: who reads them has read enough, and time and memory are bounded. */
const FAULTS_MAX = 100;

/** A jump forwards in the numbers, at which entries are missing or come later. */
interface Jump {
  /** The number that was expected, and the one that came. */
  readonly from: number;
  readonly came: number;
  isComeLater: boolean;
}

/** Numbers that have not come yet. */
interface Gap {
  readonly from: number;
  readonly to: number;
  /** The hash of the entry before `from`, and the one that the entry after `to` has of `to`; `null` if unknown. */
  readonly before: string | null;
  readonly after: string;
  readonly jump: Jump;
}

/** Entries whose predecessor has another hash than they say, one behind the other. */
interface Broken {
  readonly from: number;
  readonly to: number;
}

interface Watched {
  readonly checkpoint: Checkpoint;
  /** The root of as many lines; `null` while there are fewer. */
  root: Buffer | null;
}

/** Judges a log that is added line by line. Memory grows with the number of entries by their ids alone. */
export class AuditVerifier {
  readonly #tree = AuditFrontier.empty();
  readonly #watched: readonly Watched[];
  readonly #faults: AuditFault[] = [];
  readonly #ids = new Map<string, number>();
  readonly #jumps: Jump[] = [];
  #gaps: readonly Gap[] = [];
  #log: string | null = null;
  #firstAtMs: number | null = null;
  #lastAtMs: number | null = null;
  #isCut = false;

  /** The number after the highest that came. */
  #next = 0;
  /** The hash of the entry before `#next`, and of the one before that. */
  #head = NO_ENTRY_BEFORE;
  #headBefore: string | null = null;
  /** The hash of another entry with the number before `#next`. */
  #rival: string | null = null;
  /** Whether the entry before `#next` is named in a fault: that its hash does not fit goes without saying. */
  #isHeadNamed = false;
  /** Lines just before this one that were named and have no number. */
  #skipped = 0;
  #broken: Broken | null = null;

  constructor({ checkpoints = [] }: { readonly checkpoints?: readonly Checkpoint[] }) {
    this.#watched = checkpoints
      .toSorted((one, other) => one.size - other.size)
      .map((checkpoint) => ({ checkpoint, root: null }));
    this.#lookAtSize();
  }

  /** Adds the next line, without its end. */
  add(text: string): void {
    const hash = leafHash(text);
    this.#tree.add(hash);
    this.#lookAtSize();
    if (this.#isCut) return;
    try {
      this.#judge(parseEntry(text), hash.toString('hex'));
    } catch (error) {
      if (!isHoldfastError(error) || error.code !== 'HF_RECORD_MALFORMED') throw error;
      const at = this.#next + this.#skipped;
      this.#skip({
        kind: 'notCanonical',
        seq: at,
        text: `In the place of entry ${at}: ${error.message}`,
      });
    }
    // Each gap is looked at for each entry that comes late.
    this.#isCut = this.#faults.length + this.#jumps.length + this.#gaps.length >= FAULTS_MAX;
  }

  end(): AuditVerdict {
    this.#endBroken(false);
    for (const jump of this.#jumps) if (jump.isComeLater) this.#faults.push(reordered(jump));
    for (const gap of this.#gaps) {
      // What comes later was not looked at any more.
      if (!this.#isCut || !gap.jump.isComeLater) this.#faults.push(removed(gap, this.#isCut));
    }
    this.#compare();
    return {
      log: this.#log,
      entries: this.#tree.size,
      root: this.#tree.root(),
      firstAtMs: this.#firstAtMs,
      lastAtMs: this.#lastAtMs,
      faults: this.#faults.toSorted((one, other) => one.seq - other.seq),
      isCut: this.#isCut,
    };
  }

  #lookAtSize(): void {
    for (const watched of this.#watched) {
      if (watched.checkpoint.size === this.#tree.size) watched.root = this.#tree.root();
    }
  }

  #judge(entry: AuditEntry, hash: string): void {
    const { seq, prev, at, log } = entry;
    const faultsBefore = this.#faults.length;
    this.#log ??= log;
    this.#firstAtMs ??= at;
    this.#lastAtMs = at;
    const fits = prev === this.#head || prev === this.#rival;
    // An edited first entry may have named another log.
    if (log !== this.#log && !fits && seq === 1 && this.#next === 1) this.#log = log;
    if (log !== this.#log) this.#takeForeign(entry, hash, fits);
    else if (fits && seq !== this.#next) this.#takeRenumbered(seq, hash);
    else if (seq === this.#next) this.#takeNext(seq, hash, fits);
    else if (seq > this.#next) this.#takeEarly(seq, prev, hash);
    else this.#takeLate(seq, prev, hash);
    if (this.#faults.length === faultsBefore) this.#noteId(entry);
  }

  #takeForeign({ seq, log }: AuditEntry, hash: string, fits: boolean): void {
    const at = this.#next + this.#skipped;
    const fault = {
      kind: 'otherLog',
      seq: at,
      text: `In the place of entry ${at} is one of another log, ${log}.`,
    } as const;
    if (!fits || seq !== this.#next) {
      this.#skip(fault);
      return;
    }
    this.#faults.push(fault);
    this.#endBroken(true);
    this.#take(hash, true);
  }

  /** Takes an entry that follows the one before by its hash, but not by its number. */
  #takeRenumbered(seq: number, hash: string): void {
    const at = this.#next;
    this.#faults.push({
      kind: 'edited',
      seq: at,
      text: `Entry ${at} was edited: it has the number ${seq}.`,
    });
    this.#endBroken(true);
    this.#take(hash, true);
  }

  #takeNext(seq: number, hash: string, fits: boolean): void {
    if (fits) this.#endBroken(true);
    else if (seq === 0) {
      this.#faults.push({
        kind: 'edited',
        seq,
        text: 'Entry 0 was edited: it names an entry before it, and there is none.',
      });
      this.#take(hash, true);
      return;
    } else if (!this.#isHeadNamed) {
      this.#broken = { from: this.#broken?.from ?? seq, to: seq };
    }
    this.#take(hash, false);
  }

  /** Takes an entry before which others are missing. */
  #takeEarly(seq: number, prev: string, hash: string): void {
    this.#endBroken(false);
    // Lines that were named already stand where some of the missing ones were.
    const from = this.#next + this.#skipped;
    if (from < seq) {
      const jump = { from, came: seq, isComeLater: false };
      const before = this.#skipped > 0 ? null : this.#head;
      this.#jumps.push(jump);
      this.#gaps = [...this.#gaps, { from, to: seq - 1, before, after: prev, jump }];
    }
    this.#next = seq;
    this.#take(hash, false);
    this.#headBefore = null;
  }

  /** Takes an entry with a number that is behind already. */
  #takeLate(seq: number, prev: string, hash: string): void {
    this.#skipped = 0;
    const gap = this.#gaps.find(({ from, to }) => from <= seq && seq <= to);
    if (gap === undefined) {
      this.#takeSecond(seq, prev, hash);
      return;
    }
    const { from, to, before, after, jump } = gap;
    jump.isComeLater = true;
    if (seq === from && before !== null && prev !== before && seq > 0) {
      this.#faults.push(edited(seq - 1, seq, true));
    }
    if (seq === to && hash !== after) this.#faults.push(edited(seq, seq, false));
    const left = { from, to: seq - 1, before, after: prev, jump };
    const right = { from: seq + 1, to, before: hash, after, jump };
    const rest = this.#gaps.filter((one) => one !== gap);
    this.#gaps = [...rest, ...[left, right].filter((one) => one.from <= one.to)];
  }

  /** Takes an entry with a number that came before. */
  #takeSecond(seq: number, prev: string, hash: string): void {
    const before = this.#next - 1;
    this.#faults.push({
      kind: 'inserted',
      seq,
      also: before,
      text: `There are two entries ${seq}: another one stands behind entry ${before}.`,
    });
    if (seq !== before) return;
    this.#rival = hash;
    // The first of the two did not fit, and the second does: the first is the one that was added.
    const isFirstAdded = this.#broken?.to === seq && prev === this.#headBefore;
    if (!isFirstAdded) return;
    const { from } = this.#broken ?? { from: seq };
    this.#broken = from < seq ? { from, to: seq - 1 } : null;
    this.#endBroken(true);
  }

  #take(hash: string, isNamed: boolean): void {
    this.#headBefore = this.#head;
    this.#head = hash;
    this.#rival = null;
    this.#isHeadNamed = isNamed;
    this.#next += 1;
    this.#skipped = 0;
  }

  /** Passes over a line that has no number of this log. */
  #skip(fault: AuditFault): void {
    this.#faults.push(fault);
    this.#skipped += 1;
  }

  /** Names what was edited where hashes did not fit, once one fits again, or there is no more to compare. */
  #endBroken(fits: boolean): void {
    const broken = this.#broken;
    this.#broken = null;
    if (broken === null) return;
    this.#faults.push(edited(broken.from - 1, fits ? broken.to - 1 : broken.to, !fits));
  }

  #noteId({ id, seq }: AuditEntry): void {
    // Half the memory of the text.
    const key = Buffer.from(id.replaceAll('-', ''), 'hex').toString('latin1');
    const other = this.#ids.get(key);
    if (other === undefined) {
      this.#ids.set(key, seq);
      return;
    }
    const [first, second] = [Math.min(seq, other), Math.max(seq, other)];
    this.#faults.push({
      kind: 'idTwice',
      seq: first,
      also: second,
      text: `Entries ${first} and ${second} have the same id.`,
    });
  }

  /** Compares the log with the checkpoints, as far as nothing else is wrong with it. */
  #compare(): void {
    const entries = this.#next + this.#skipped;
    let isSameUntil = 0;
    for (const { checkpoint, root } of this.#watched) {
      const { storeId, size } = checkpoint;
      if (this.#log !== null && storeId !== this.#log) {
        const text = `The checkpoint is of the log ${storeId}, and this is the log ${this.#log}.`;
        this.#faults.push({ kind: 'otherLog', seq: 0, text });
        return;
      }
      if (this.#isCut) return;
      if (size > entries) {
        const text = `Cut off at entry ${entries}: the checkpoint has ${size} entries.`;
        this.#faults.push({ kind: 'cutOff', seq: entries, also: size - 1, text });
        return;
      }
      if (this.#faults.some(({ seq }) => seq < size)) continue;
      if (root?.equals(checkpoint.root) !== true) {
        const text = `Entries ${isSameUntil} to ${size - 1} are not those of the checkpoint of ${size} entries: some were edited, and what follows was made to fit.`;
        this.#faults.push({ kind: 'otherThanCheckpoint', seq: isSameUntil, also: size - 1, text });
        return;
      }
      isSameUntil = size;
    }
  }
}

/** The fault of entries from `from` to `to`; which of several is at fault may not be known. */
function edited(from: number, to: number, isOneOf: boolean): AuditFault {
  if (from === to) {
    const text = `Entry ${from} was edited: the entry after it has another hash of it.`;
    return { kind: 'edited', seq: from, text };
  }
  const which =
    isOneOf && to === from + 1
      ? `Entry ${from} or entry ${to}`
      : `Some of the entries ${from} to ${to}`;
  const text = `${which} was edited: their hashes do not fit what the entries after them say.`;
  return { kind: 'edited', seq: from, also: to, text };
}

function reordered({ from, came }: Jump): AuditFault {
  return {
    kind: 'reordered',
    seq: from,
    also: came,
    text: `Entries were put in another order: entry ${came} stands where entry ${from} should be, which comes later.`,
  };
}

function removed({ from, to }: Gap, isCut: boolean): AuditFault {
  const where = isCut ? 'missing here: gone, or further on' : 'missing';
  if (from === to) return { kind: 'removed', seq: from, text: `Entry ${from} is ${where}.` };
  const text = `The entries ${from} to ${to} are ${where}.`;
  return { kind: 'removed', seq: from, also: to, text };
}
