/**
 * The conflict desk, on the parts of a running engine.
 *
 * @module
 */

import type { EntityRules } from '../../machines/merge/declaration/entityRules.ts';
import { entityRulesOf } from '../../machines/merge/entities/rulesOf.ts';
import { exemptionsAmong } from '../operation/handler.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import type { OperationPool } from '../work/operationPool.ts';
import { ConflictDesk } from './conflictDesk.ts';
import type { DeskParts } from './deskParts.ts';

/** What an app says of the records that its edits change. */
export interface RecordOptions {
  /** The name of this store in vectors and reviews; `null` for its id. */
  readonly device: string | null;
  /** The app's own rules of records, before those that holdfast has. */
  readonly entities: readonly EntityRules[];
  /** The largest payload, in bytes of JSON. */
  readonly payloadBytesMax: number;
}

/** A merged record may be so many times as large as a payload. */
const RECORD_FACTOR = 4;

type Given = 'store' | 'clock' | 'random' | 'facts' | 'system' | 'retentionMs' | 'onError';
type Made = 'journal' | 'steady' | 'timers' | 'retry';

/** @param core what is made after the desk, or known once the store is open */
export function deskOf(
  given: RecordOptions & Pick<DeskParts, Given>,
  made: Pick<DeskParts, Made>,
  core: {
    readonly pool: OperationPool;
    readonly upstreams: Upstreams;
    readonly storeId: string;
    readonly keepPlan: DeskParts['keepPlan'];
    readonly whenRunning: DeskParts['ready'];
  },
): ConflictDesk {
  const { device, entities, payloadBytesMax } = given;
  const ownRules = new Map(entities.map((rules) => [rules.type, rules]));
  return new ConflictDesk({
    ...{ ...given, ...made },
    keepPlan: (subject, plan) => core.keepPlan(subject, plan),
    ready: () => core.whenRunning(),
    // What several have put in is more than each of them may.
    recordBytesMax: RECORD_FACTOR * payloadBytesMax,
    pool: () => core.pool,
    call: (upstream, run, options) => core.upstreams.call(upstream, run, options),
    device: () => nameInVectors(device, core.storeId),
    rulesOf: (type) => ownRules.get(type) ?? entityRulesOf(type),
    exemptionsOf: (type) => exemptionsAmong(core.pool.registered.byType)(type),
  });
}

const ID_DIGITS = 8;

/**
 * The name of a store in vectors and reviews. An app that gives each of its devices the same one must not have two of
 * them count as one: what the first has written would be taken for the work of the second.
 */
function nameInVectors(device: string | null, storeId: string): string {
  return device === null ? storeId : `${device}.${storeId.slice(0, ID_DIGITS)}`;
}
