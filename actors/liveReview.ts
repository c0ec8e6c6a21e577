/**
 * The review of conflicts, on the parts of a running engine.
 *
 * @module
 */

import type { EntityRules } from '../machines/merge/declaration/entityRules.ts';
import type { Ending } from '../machines/operation/syncOperationMachine.ts';
import type { Store, StoredOperation } from '../persistence/port/store.ts';
import { decodeWork } from './charts/workRecord.ts';
import { carryingOut } from './conflict/carryingOut.ts';
import { ConflictReview, type ConflictReviewParts } from './conflict/conflictReview.ts';
import type { EngineCore } from './engine.ts';
import type { Engine } from './port.ts';
import type { ServiceAccess } from './recovery/serviceAccess.ts';

/** How long an edit that carries out a decision may take to be durable; after that it is tried again. */
const DECISION_WITHIN_MS = 10_000;

export interface LiveReviewParts
  extends Pick<ConflictReviewParts, 'clock' | 'random' | 'facts' | 'retentionMs'> {
  readonly store: Store;
  /** The app's own entities. */
  readonly entities: readonly EntityRules[];
}

/** What people decide of conflicts reaches the operations of `core`. */
export function liveReview(
  { store, clock, random, facts, retentionMs, entities }: LiveReviewParts,
  { timers, pool, desk }: EngineCore,
  access: ServiceAccess,
  engine: Pick<Engine, 'whenRunning' | 'accept'>,
): ConflictReview {
  const ownRules = new Map(entities.map((rules) => [rules.type, rules]));
  const review = new ConflictReview({
    ...{ store, clock, random, facts, timers, retentionMs, ready: () => engine.whenRunning() },
    orders: carryingOut({
      tools: desk.tools,
      accept: (request) => engine.accept(request, { withinMs: DECISION_WITHIN_MS }),
      keep: (writes) => access.commit(writes.map((write) => () => write)),
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
  desk.onDecisionRefused = (conflictId, operationId, ending) => {
    review.reopen(conflictId, operationId, ending);
  };
  return review;
}

function endingIn(row: StoredOperation): Ending | null {
  try {
    return decodeWork(row).snapshot.context.ending;
  } catch {
    return null;
  }
}
