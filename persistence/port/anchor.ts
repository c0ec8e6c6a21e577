/**
 * The anchor of a store: a small record of its last commit, kept where nobody who can write the store's folder can write
 * (SE-6). All files of the folder put back together agree with each other; but they are behind their anchor.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';

/** A commit, by its number and by what it left. */
export interface CommittedRoot {
  /** Grows with each commit that changes a record. */
  readonly epoch: number;
  /** The authentication tag of the root of the set of records. */
  readonly tag: Uint8Array;
}

export interface AnchorStore {
  /** The record of the last commit, to be kept elsewhere. It holds numbers and a fingerprint under the key of the store. */
  anchorRecord(): Promise<string>;
  /** Compares the store, as it was when its history was last known to be whole, with what was found; `null` for nothing. */
  compareAnchor(query: { readonly found: string | null }): Promise<AnchorVerdict>;
}

/** How a store stands to what was found where its anchor is kept. */
export interface AnchorVerdict {
  readonly standing: AnchorStanding;
  /** The number of the commit in the record; `null` where there is none of this store. */
  readonly epoch: number | null;
  /** By how many commits the store is ahead of it, or behind it. */
  readonly commits: number;
  /** The store says that an anchor is kept. */
  readonly isKept: boolean;
}

/**
 * - `agrees`: the record is of the last commit.
 * - `ahead`: of an earlier one, as it is after a kill.
 * - `behind`: of a later one, or of another history: the folder was put back from a copy.
 * - `absent`: there is none, and there was none before.
 * - `missing`: there is none, and there was one.
 * - `forged`: no key of this store made it.
 * - `ofAnother`: it is the record of another store.
 */
export type AnchorStanding =
  | 'agrees'
  | 'ahead'
  | 'behind'
  | 'absent'
  | 'missing'
  | 'forged'
  | 'ofAnother';

/** State of the anchor in the mark of its store. */
export interface AnchorMark {
  /** An anchor was kept. */
  readonly isKept: boolean;
  /**
   * The commit from which on the store was not compared; `null` once it was. An owner notes it with its first commit, so
   * that no later commit hides that the store was behind.
   */
  readonly since: CommittedRoot | null;
}

export const NO_ANCHOR: AnchorMark = { isKept: false, since: null };

/** Says that the store was compared with its anchor; where one `isKept`, also that. */
export interface AnchoredWrite {
  readonly kind: 'anchored';
  readonly isKept: boolean;
}

/** Applies a write to the mark: a store that has an anchor has it from then on. */
export function anchored({ isKept }: AnchorMark, write: AnchoredWrite): AnchorMark {
  return { isKept: isKept || write.isKept, since: null };
}

const FORMAT = 'holdfast anchor 1';
/** Far longer than a record; what is longer is none. */
const RECORD_LENGTH_MAX = 1_024;

/** Makes the fingerprint of a text under the key of the store. */
type Sign = (text: string) => Uint8Array;

/** The record of a commit: one line of text. */
export function anchorRecord(storeId: string, { epoch, tag }: CommittedRoot, sign: Sign): string {
  const text = `${FORMAT} ${storeId} ${epoch} ${base64(tag)}`;
  return `${text} ${base64(sign(text))}\n`;
}

/** Compares a store with what was found. `root` is its last commit, which counts where it has not been left uncompared. */
export function anchorVerdict(
  found: string | null,
  {
    storeId,
    mark,
    root,
    sign,
  }: {
    readonly storeId: string;
    readonly mark: AnchorMark;
    readonly root: CommittedRoot;
    readonly sign: Sign;
  },
): AnchorVerdict {
  const { isKept } = mark;
  const stands = (standing: AnchorStanding): AnchorVerdict => ({
    ...{ standing, epoch: null, commits: 0, isKept },
  });
  if (found === null) return stands(isKept ? 'missing' : 'absent');
  const [text = '', fingerprint = ''] = splitLast(found.slice(0, RECORD_LENGTH_MAX).trim());
  const [itsStore = '', number = '', tag = ''] = text.slice(FORMAT.length + 1).split(' ');
  const isOne = text.startsWith(`${FORMAT} `) && /^[0-9a-f]{32}$/.test(itsStore);
  if (isOne && itsStore !== storeId) return stands('ofAnother');
  if (!isOne || base64(sign(text)) !== fingerprint) return stands('forged');
  const epoch = Number(number);
  const own = mark.since ?? root;
  const isSame = own.epoch === epoch && base64(own.tag) === tag;
  if (isSame) return { standing: 'agrees', epoch, commits: 0, isKept };
  const isBehind = own.epoch <= epoch;
  return {
    standing: isBehind ? 'behind' : 'ahead',
    ...{ epoch, commits: Math.abs(own.epoch - epoch), isKept },
  };
}

function splitLast(line: string): readonly string[] {
  const at = line.lastIndexOf(' ');
  return at < 0 ? [] : [line.slice(0, at), line.slice(at + 1)];
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** The error that tells a person what was found in place of an anchor; `null` where all is as it should be. */
export function anchorError({ standing, commits }: AnchorVerdict): HoldfastError | null {
  const see = 'See docs/how-to/find-out-what-is-missing.md.';
  switch (standing) {
    case 'behind':
      return new HoldfastError(
        'HF_STORE_ROLLED_BACK',
        `The store is behind its anchor${commits === 0 ? ', which knows another last commit' : ` by ${commits} commits`}: its folder was put back from an earlier copy, or another copy of it has run. What waits in it may have been done. Nothing of it runs until it is released. ${see}`,
        { withStack: false },
      );
    case 'missing':
      return new HoldfastError(
        'HF_ANCHOR_MISSING',
        `The anchor of the store is gone: whether its folder was put back can't be told this time. Its work runs, and a new anchor is kept. ${see}`,
        { withStack: false },
      );
    case 'forged':
    case 'ofAnother':
      return new HoldfastError(
        'HF_ANCHOR_REFUSED',
        `What is kept in the place of the anchor ${standing === 'forged' ? 'is none that this store has made' : 'is the anchor of another store'}: whether the folder was put back can't be told. Work runs, and the place is left as it is. Find out who wrote it, take it away, and start again. ${see}`,
        { withStack: false },
      );
    case 'agrees':
    case 'ahead':
    case 'absent':
      return null;
  }
}
