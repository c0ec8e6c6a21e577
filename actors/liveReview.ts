/**
 * The review of conflicts, on the parts of a running engine.
 *
 * @module
 */

import { ConflictReview, noOrders } from './conflict/conflictReview.ts';
import type { EngineCore } from './engine.ts';
import type { LocalEngineParts } from './localEngine.ts';
import type { ServiceAccess } from './recovery/serviceAccess.ts';

/** What people decide of conflicts reaches the operations of `core`. */
export function liveReview(
  { store, clock, facts, retentionMs, entities }: LocalEngineParts,
  { timers, pool }: EngineCore,
  access: ServiceAccess,
  ready: () => Promise<void>,
): ConflictReview {
  const ownRules = new Map(entities.map((rules) => [rules.type, rules]));
  return new ConflictReview({
    ...{ store, clock, facts, timers, retentionMs, ready },
    orders: noOrders((writes) => access.commit(writes.map((write) => () => write))),
    rulesOf: (type) => ownRules.get(type),
    upstreamOf: (type) => pool.registered.byType.get(type)?.upstream,
  });
}
