/**
 * The access of the commands to the quarantine, and the table of its records.
 *
 * @module
 */

import { type Quarantine, type Quarantined, quarantine } from '../../../management/quarantine.ts';
import type { StoreOptions } from '../../kit/storeOptions.ts';
import { table } from '../../kit/table.ts';
import { withStore } from '../../kit/withStore.ts';

export async function withQuarantine<Result>(
  options: StoreOptions,
  use: (records: Quarantine) => Promise<Result>,
): Promise<Result> {
  return await withStore(options, (caller) => use(quarantine(caller)));
}

export function tableOf(records: readonly Quarantined[]): string {
  return table(
    ['id', 'reason', 'quarantined', 'was', 'opens now', 'written by'],
    records.map(({ id, code, setAsideAtMs, stood, opensNot, snapshot }) => [
      id,
      code,
      setAsideAtMs === null ? '' : new Date(setAsideAtMs).toISOString(),
      stood ?? '',
      opensNot === null ? 'yes' : `no (${opensNot})`,
      snapshot === null ? '' : `${snapshot.machine} ${snapshot.version} ${snapshot.state}`,
    ]),
  );
}
