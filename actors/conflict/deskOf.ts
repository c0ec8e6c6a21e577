/**
 * The conflict desk and the review of conflicts, on the parts of a running engine.
 *
 * @module
 */

import type { EntityRules } from '../../machines/merge/declaration/entityRules.ts';
import { entityRulesOf } from '../../machines/merge/entities/rulesOf.ts';
import type { Ending } from '../../machines/operation/syncOperationMachine.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import type { Store, StoredOperation } from '../../persistence/port/store.ts';
import { decodeWork } from '../charts/workRecord.ts';
import type { AuditNotes } from '../journal/auditTrail.ts';
import type { Acceptance } from '../operation/acceptance.ts';
import { exemptionsAmong } from '../operation/handler.ts';
import type { TimerService } from '../platform/timerService.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import type { OperationPool } from '../work/operationPool.ts';
import { carryingOut } from './carryingOut.ts';
import { ConflictDesk } from './conflictDesk.ts';
import type { ConflictOrders } from './conflictOrders.ts';
import { ConflictReview, type ConflictReviewParts } from './conflictReview.ts';
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
type Made = 'journal' | 'notes' | 'steady' | 'timers' | 'retry';

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

/** How long an edit that carries out a decision may take to be durable; after that it is tried again. */
const DECISION_WITHIN_MS = 10_000;

/**
 * The review by which decisions of people about conflicts reach the operations of `core`.
 *
 * @param engine by which an edit that carries one out is accepted
 * @param keep writes decisions
 */
export function reviewOf(
  given: Pick<RecordOptions, 'entities'> &
    Pick<ConflictReviewParts, 'clock' | 'random' | 'facts' | 'retentionMs'> & {
      readonly store: Store;
    },
  core: {
    readonly timers: TimerService;
    readonly notes: AuditNotes;
    readonly pool: OperationPool;
    readonly desk: ConflictDesk;
  },
  engine: {
    whenRunning(): Promise<void>;
    accept(request: CheckedRequest, how: { readonly withinMs: number }): Promise<Acceptance>;
  },
  keep: ConflictOrders['keep'],
): ConflictReview {
  const { store, clock, random, facts, retentionMs, entities } = given;
  const { timers, notes, pool, desk } = core;
  const ownRules = new Map(entities.map((rules) => [rules.type, rules]));
  return new ConflictReview({
    ...{
      store,
      clock,
      random,
      facts,
      notes,
      timers,
      retentionMs,
      ready: () => engine.whenRunning(),
    },
    orders: carryingOut({
      tools: desk.tools,
      accept: (request) => engine.accept(request, { withinMs: DECISION_WITHIN_MS }),
      keep,
    }),
    asked: desk.tools.asked,
    rulesOf: (type) => ownRules.get(type),
    endingOf: async (id) => {
      const row = await store.find(id);
      if (row === null) return 'purged';
      // One that can't be read waits as it is.
      return row.standing === 'quarantined' ? null : endingIn(row);
    },
    upstreamOf: (type) => pool.registered.byType.get(type)?.upstream,
  });
}

function endingIn(row: StoredOperation): Ending | null {
  try {
    return decodeWork(row).snapshot.context.ending;
  } catch {
    return null;
  }
}
