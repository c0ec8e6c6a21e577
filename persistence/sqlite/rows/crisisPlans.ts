/**
 * The crisis plans of subjects in their table. One that can't be opened blocks nothing: it is reported, and the
 * subject's next plan replaces it.
 *
 * @module
 */

import { type HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Query } from '../../port/questions.ts';
import type {
  CrisisPlanPage,
  CrisisPlansAtOpen,
  CrisisPlanWrite,
  KeptCrisisPlan,
  UnreadableCrisisPlan,
  WriteResult,
} from '../../port/store.ts';
import type { CrisisPlanRow } from '../seals/rowSeals.ts';
import { stale, type Tables, tellOnce } from './tables.ts';
import { isDamage } from './unreadableRows.ts';

const FIRST_REVISION = 1;
const PINNED = 1;

/** See {@link Store.crisisPlan}. */
export function crisisPlan(
  tables: Tables,
  subject: string,
): KeptCrisisPlan | UnreadableCrisisPlan | null {
  const { statements, seals } = tables;
  const tag = seals.crisisPlanTag(subject);
  const row = statements.crisisPlan.get(tag) as CrisisPlanRow | undefined;
  if (row !== undefined) return opened(tables, row);
  return tables.set.mayHave('crisisPlan', tag) ? MISSING : null;
}

/** Number of plans that the set holds and the table has not. */
export function missingPlans({ statements, set }: Pick<Tables, 'statements' | 'set'>): number {
  const subjects = statements.crisisPlanSubjects.all() as Uint8Array[];
  return set.count('crisisPlan') - subjects.filter((tag) => set.has('crisisPlan', tag)).length;
}

/** See {@link Store.crisisPlanPage}. */
export function crisisPlanPage(
  tables: Tables,
  { after, limit }: Query<'crisisPlanPage'>,
): CrisisPlanPage {
  const rows = tables.statements.crisisPlanPage.all(after, limit) as (CrisisPlanRow & {
    readonly place: number;
  })[];
  const found = rows.map((row) => opened(tables, row));
  const kept = found.filter((plan): plan is KeptCrisisPlan => !isUnreadable(plan));
  const next = rows.length < limit ? null : (rows.at(-1)?.place ?? null);
  const missing = next === null ? missingPlans(tables) + tables.set.lostNodes : 0;
  return { kept, unreadable: found.length - kept.length + missing, next };
}

/** Crisis plans at the opening of the store. A damaged page of the table does not keep the store from opening. */
export function crisisPlansAtOpen(tables: Tables): CrisisPlansAtOpen {
  try {
    const rows = tables.statements.pinnedCrisisPlans.all() as CrisisPlanRow[];
    const found = rows.map((row) => opened(tables, row));
    return {
      pinned: found.filter((plan): plan is KeptCrisisPlan => !isUnreadable(plan)),
      unreadable: found.filter(isUnreadable).map(({ unreadable }) => unreadable),
      isEmpty: rows.length === 0 && hasNone(tables),
    };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { pinned: [], unreadable: ['HF_STORE_CORRUPT'], isEmpty: false };
  }
}

/** True where there is no plan, and none is missing. */
function hasNone({ statements, set }: Tables): boolean {
  return (
    statements.anyCrisisPlan.get() === undefined && set.count('crisisPlan') + set.lostNodes === 0
  );
}

/** Keeps what the write gives; see {@link CrisisPlanWrite}. */
export function keepCrisisPlan(tables: Tables, write: CrisisPlanWrite): WriteResult {
  const { statements, mutations, seals } = tables;
  const tag = seals.crisisPlanTag(write.subject);
  const row = statements.crisisPlan.get(tag) as CrisisPlanRow | undefined;
  const before = planBefore(tables, tag, row);
  if (isUnreadable(before) && write.plan === undefined) {
    return { kind: 'crisisPlanUnreadable', code: before.unreadable };
  }
  // The only column taken from a row that does not open; at worst it keeps a plan in memory.
  const wasPinned = isUnreadable(before) ? row?.pinned === PINNED : before.isPinned;
  const kept: KeptCrisisPlan = {
    subject: write.subject,
    plan: write.plan === undefined && !isUnreadable(before) ? before.plan : (write.plan ?? null),
    isPinned: write.isPinned ?? wasPinned,
  };
  if (kept.plan === null && !kept.isPinned) {
    mutations.deleteCrisisPlan(tag);
    return { kind: 'crisisPlanKept', kept: null };
  }
  const columns = {
    subject: tag,
    revision: revisionAfter(row),
    key_id: seals.keyId,
    pinned: kept.isPinned ? PINNED : 0,
  };
  const state = seals.sealCrisisPlan(columns, kept.subject, kept.plan);
  mutations.keepCrisisPlan({ ...columns, state });
  return { kind: 'crisisPlanKept', kept };
}

/** The plan that a write may take over: of an earlier copy it takes nothing. */
function planBefore(
  tables: Tables,
  tag: Uint8Array,
  row: CrisisPlanRow | undefined,
): typeof NOTHING | KeptCrisisPlan | UnreadableCrisisPlan {
  const { set } = tables;
  if (row === undefined) return set.has('crisisPlan', tag) ? MISSING : NOTHING;
  return set.holds('crisisPlan', tag, row.state) ? opened(tables, row) : STALE;
}

const STALE: UnreadableCrisisPlan = { unreadable: 'HF_RECORD_STALE' };
const MISSING: UnreadableCrisisPlan = { unreadable: 'HF_RECORD_MISSING' };
const NOTHING = { plan: null, isPinned: false } as const;

/** A plan that the set does not hold is shown, marked and told: better an earlier plan than none. */
function opened(tables: Tables, row: CrisisPlanRow): KeptCrisisPlan | UnreadableCrisisPlan {
  const { seals, set, path } = tables;
  try {
    const sealed = seals.openCrisisPlan(row);
    const kept = { ...sealed, isPinned: row.pinned === PINNED };
    if (set.holds('crisisPlan', row.subject, row.state)) return kept;
    const tag = Buffer.from(row.subject).toString('hex');
    tellOnce(tables, `plan ${tag}`, stale(path, 'A crisis plan'));
    return { ...kept, isEarlier: true };
  } catch (error) {
    if (isHoldfastError(error)) return { unreadable: codeOf(error) };
    // Any other failure here means a column that no row of ours can hold.
    if (error instanceof TypeError || error instanceof RangeError) {
      return { unreadable: 'HF_RECORD_TAMPERED' };
    }
    throw error;
  }
}

/** The error code of a plan; a column of the wrong kind counts as a seal that does not open. */
function codeOf({ code }: HoldfastError): string {
  return code === 'HF_INTERNAL' ? 'HF_RECORD_TAMPERED' : code;
}

function isUnreadable(
  plan: Pick<KeptCrisisPlan, 'plan' | 'isPinned'> | UnreadableCrisisPlan,
): plan is UnreadableCrisisPlan {
  return 'unreadable' in plan;
}

/** The next revision; a number out of range was edited in the file, and starts again. */
function revisionAfter(row: CrisisPlanRow | undefined): number {
  const next = (row?.revision ?? 0) + 1;
  return Number.isSafeInteger(next) ? next : FIRST_REVISION;
}
