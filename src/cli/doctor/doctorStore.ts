/**
 * The checks of `holdfast doctor` that look into the store, at rest or in use.
 *
 * @module
 */

import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { AnchorSource } from '../../../actors/port.ts';
import { openAtRest } from '../../../persistence/openStore.ts';
import type { KeySource } from '../../../persistence/sealing/keySource.ts';
import {
  checkStore,
  describeStore,
  installedSqlite,
  checkKeyring as openWithKey,
} from '../../../persistence/upkeep/checkData.ts';
import { type DataSizes, measureStore } from '../../../persistence/upkeep/measureData.ts';
import type { UpkeepOptions } from '../../../persistence/upkeep/progress.ts';
import { anchorAtRest, type RestingAnchor } from '../../management/atRest.ts';
import type { HealthStatus } from '../../views/health.ts';
import { countOf } from '../kit/table.ts';
import { type CheckResult, fail, fromError, ok, sizeText, warn } from './doctorFindings.ts';

const LISTED_MAX = 5;
/** The free space from which compacting is worth while. */
const HOLES_BYTES_WARN = 64 * 1_024 * 1_024;

/** Checks the native part, without which no store can be opened. */
export function checkSqlite(): CheckResult {
  try {
    return ok('sqlite', `version ${installedSqlite()}, by better-sqlite3`);
  } catch (error) {
    return fromError('sqlite', error);
  }
}

/** Checks the file by its own description, which needs neither the key nor the lock. */
export function checkFormat(folder: string): CheckResult[] {
  try {
    const data = describeStore(folder);
    const { schemaVersion, schemaVersionUsed, sqliteVersion, journalMode, bytes, freeBytes } = data;
    const schema = `schema version ${schemaVersion}, SQLite ${sqliteVersion}, journal ${journalMode}`;
    const isOlder = schemaVersion < schemaVersionUsed;
    const holes = `${sizeText(bytes)}, ${sizeText(freeBytes)} of it free`;
    const isHollow = freeBytes > HOLES_BYTES_WARN && freeBytes > bytes / 2;
    return [
      isOlder
        ? warn(
            'format',
            `${schema}; the next start, or holdfast migrate, makes it version ${schemaVersionUsed}`,
          )
        : ok('format', schema),
      isHollow ? warn('size', `${holes}; holdfast compact gives it back`) : ok('size', holes),
    ];
  } catch (error) {
    return [fromError('format', error)];
  }
}

/** Measures what takes the room in the file; a finding where that fails. */
export async function measureRoom(
  folder: string,
  isDeep: boolean,
  options: UpkeepOptions,
): Promise<DataSizes | CheckResult> {
  try {
    return await measureStore(folder, isDeep, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    return fromError('places', error);
  }
}

/**
 * Opens the store as its owner, so it also tells whether somebody else owns it. Opening demands a
 * sound version of SQLite, WAL, and a sync with every commit, and reads back that they took.
 */
export async function checkAtRest(
  folder: string,
  key: KeySource,
  anchor: AnchorSource | undefined,
): Promise<CheckResult[]> {
  try {
    const { store, info } = await openAtRest({ folder, key });
    try {
      const { settled, deadLettered, inHand, due, held, quarantined } = await store.counts();
      const counts =
        `${settled} settled, ${countOf(deadLettered, 'dead letter')}, ${inHand + due + held} to do, ` +
        `${quarantined} quarantined`;
      const records = await store.quarantine({ afterSeq: 0, limit: LISTED_MAX });
      return [
        ok('store', `at rest; the key opens it, commits are synced in full; ${counts}`),
        ...checkHold(info.hold),
        ...(await checkAnchor(anchorAtRest(store, anchor, systemClock), anchor !== undefined)),
        ...checkQuarantined(quarantined, records),
      ];
    } finally {
      await store.close();
    }
  } catch (error) {
    return [fromError('store', error)];
  }
}

/** Checks the keyring on disk. The owner has its own in memory, but the next process needs this one. */
export async function checkKeyring(folder: string, key: KeySource): Promise<CheckResult> {
  try {
    await openWithKey(folder, key);
    return ok('keyring', 'the key opens it');
  } catch (error) {
    return fromError('keyring', error);
  }
}

/** Checks the health that the owner of the store reports. */
export function checkInUse(owner: HealthStatus, isAnchorNamed: boolean): CheckResult[] {
  const reasons = owner.reasons.length > 0 ? `: ${owner.reasons.join('; ')}` : '';
  const detail =
    `in use by a running process that is ${owner.overall} (score ${owner.score}${reasons}), ` +
    `${countOf(owner.operations.quarantined, 'record')} quarantined`;
  return [
    owner.overall === 'healthy' ? ok('store', detail) : warn('store', detail),
    ...checkHold(owner.hold),
    ...checkAnchorInUse(owner.anchor, isAnchorNamed),
  ];
}

/** Compares a store at rest with its anchor (SE-6); says so where it has one that was not named. */
async function checkAnchor(
  compared: Promise<RestingAnchor>,
  isNamed: boolean,
): Promise<CheckResult[]> {
  try {
    const { verdict, error } = await compared;
    if (!isNamed) {
      const { isKept } = verdict;
      return isKept ? [ok('anchor', 'one is kept; --anchor compares the store with it')] : [];
    }
    if (error !== null) {
      const told = `${error.message} (${error.code})`;
      return [verdict.standing === 'behind' ? fail('anchor', told) : warn('anchor', told)];
    }
    if (verdict.standing === 'absent') {
      return [ok('anchor', 'none is kept there yet; a start that is given the place begins one')];
    }
    const before = `${countOf(verdict.commits, 'commit')} before the last, as after a kill`;
    return [
      ok(
        'anchor',
        `the store is not behind it: it has ${verdict.commits === 0 ? 'the last commit' : `the one ${before}`}`,
      ),
    ];
  } catch (error) {
    return [fromError('anchor', error)];
  }
}

/** Says how a running process stands to the anchor that it keeps. */
function checkAnchorInUse(anchor: HealthStatus['anchor'], isNamed: boolean): CheckResult[] {
  if (anchor === null) {
    if (!isNamed) return [];
    return [warn('anchor', 'the running process keeps none; give it the place at its next start')];
  }
  const { state, keptAtMs, code } = anchor;
  const kept = keptAtMs === null ? '' : `, written last at ${new Date(keptAtMs).toISOString()}`;
  const detail = `the running process says: ${state}${code === null ? '' : ` (${code})`}${kept}`;
  return [state === 'kept' && code === null ? ok('anchor', detail) : warn('anchor', detail)];
}

function checkHold(hold: HealthStatus['hold']): CheckResult[] {
  if (hold === null) return [];
  const since = hold.sinceAtMs === null ? '' : ` since ${new Date(hold.sinceAtMs).toISOString()}`;
  return [
    warn(
      'hold',
      `held${since} (${hold.reason}): nothing but crises runs; see what waits with holdfast ` +
        'operations, then holdfast release',
    ),
  ];
}

function checkQuarantined(
  count: number,
  records: readonly { readonly id: string; readonly code: string | null }[],
): CheckResult[] {
  if (count === 0) return [];
  const listed = records.map(({ id, code }) => `${id} (${code})`).join(', ');
  return [
    warn(
      'aside',
      `${countOf(count, 'record')} can't be read: ${listed}${count > records.length ? ', …' : ''}; see holdfast ` +
        'quarantine list, and a backup',
    ),
  ];
}

/** Reads every page and opens every record, also while the store is in use. */
export async function checkDeep(
  folder: string,
  key: KeySource,
  options: UpkeepOptions,
): Promise<CheckResult[]> {
  try {
    const check = await checkStore(folder, key, options);
    const { faults, recordsOpened, unreadableCount, unreadable } = check;
    const listed = unreadable
      .slice(0, LISTED_MAX)
      .map(
        ({ id, code }) =>
          `${id ?? 'a component, a crisis plan, an entity or a conflict'} (${code})`,
      );
    return [
      faults.length === 0
        ? ok('pages', 'tables and indexes are sound')
        : fail('pages', `${faults.slice(0, LISTED_MAX).join('; ')}: restore a backup`),
      unreadableCount === 0
        ? ok('records', `${recordsOpened} opened`)
        : fail(
            'records',
            `${unreadableCount} can't be opened: ${listed.join(', ')}: restore a backup`,
          ),
    ];
  } catch (error) {
    options.signal?.throwIfAborted();
    return [fromError('pages', error)];
  }
}
