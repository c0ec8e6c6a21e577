/**
 * Crisis modes in their table, a row for each person for whom it is on and one for everybody. Where a row is missing,
 * does not open, or is not the last one written, for whom it is on is in doubt, and that is told (CR-6).
 *
 * @module
 */

import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type {
  CrisisModesAtOpen,
  CrisisModesWrite,
  CrisisModeWrite,
  KeptCrisisMode,
  WriteResult,
} from '../../port/store.ts';
import type { CrisisModeRow } from '../seals/rowSeals.ts';
import { missing, stale, type Tables } from './tables.ts';
import { isDamage } from './unreadableRows.ts';

const KEPT: WriteResult = { kind: 'crisisModesKept' };
const FIRST_REVISION = 1;

/** Crisis modes at the opening of the store. A damaged page of the table does not keep the store from opening. */
export function crisisModesAtOpen(tables: Tables): CrisisModesAtOpen {
  const { statements, seals, set, onNotice, path } = tables;
  const kept: KeptCrisisMode[] = [];
  let isInDoubt = false;
  const doubt = (error: HoldfastError): void => {
    isInDoubt = true;
    onNotice(error);
  };
  try {
    let found = 0;
    for (const row of statements.crisisModes.all() as CrisisModeRow[]) {
      if (set.has('crisisMode', row.subject)) found += 1;
      try {
        kept.push(seals.openCrisisMode(row));
        if (!set.holds('crisisMode', row.subject, row.state)) {
          doubt(stale(path, 'A record of crisis mode'));
        }
      } catch (error) {
        doubt(notOpened(path, error));
      }
    }
    const gone = set.count('crisisMode') - found;
    if (gone > 0) {
      doubt(
        missing(
          path,
          gone === 1 ? 'A record of crisis mode is' : `${gone} records of crisis mode are`,
        ),
      );
    }
    if (set.hasLost('crisisMode')) {
      doubt(missing(path, 'A part of the set of records, of those of crisis mode, is'));
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    doubt(notOpened(path, error));
  }
  return { kept, isInDoubt };
}

/** See {@link CrisisModeWrite}. */
export function keepCrisisMode(tables: Tables, { subject, state }: CrisisModeWrite): WriteResult {
  const { statements, mutations, seals } = tables;
  const tag = seals.crisisModeTag(subject);
  if (state === null) {
    mutations.deleteCrisisMode(tag);
    return KEPT;
  }
  const before = (statements.crisisModeRevision.get(tag) as number | undefined) ?? 0;
  // A number out of range was edited in the file.
  const revision = Number.isSafeInteger(before + 1) ? before + 1 : FIRST_REVISION;
  const row = { subject: tag, revision, key_id: seals.keyId };
  mutations.keepCrisisMode({ ...row, state: seals.sealCrisisMode(row, subject, state) });
  return KEPT;
}

/** See {@link CrisisModesWrite}. */
export function keepAllCrisisModes(tables: Tables, { all }: CrisisModesWrite): WriteResult {
  tables.mutations.deleteCrisisModes();
  for (const mode of all) keepCrisisMode(tables, { kind: 'crisisMode', ...mode });
  return KEPT;
}

/** The error for a row that does not open. @throws what is no fault of the file */
function notOpened(path: string, error: unknown): HoldfastError {
  // Any other failure here means a column that no row of ours can hold.
  const isOfAColumn = error instanceof TypeError || error instanceof RangeError;
  if (!isOfAColumn && !isHoldfastError(error) && !isDamage(error)) throw error;
  const isOfTheRecord = isHoldfastError(error) && error.code !== 'HF_INTERNAL';
  const code = isOfTheRecord
    ? error.code
    : isDamage(error)
      ? 'HF_STORE_CORRUPT'
      : 'HF_RECORD_TAMPERED';
  return new HoldfastError(
    code,
    `A record of crisis mode in the store at ${path} can't be opened (${code}): for whom it is on, nobody knows. Find out who writes to the file; see holdfast doctor --deep.`,
    { path, cause: error, withStack: false },
  );
}
