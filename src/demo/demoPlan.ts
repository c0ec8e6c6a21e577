/**
 * The work of the demo, the same for the same seed: what both its processes know without telling
 * each other.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { PRIORITIES, type Priority, TIERS, type Tier } from '../../machines/vocabulary/urgency.ts';

const TYPES = ['payments.push', 'subscriptions.change', 'assessments.save'] as const;
/** The upstream refuses requests of this type for good. */
const REFUSED_TYPE = 'payments.refused';
/** One in so many is refused for good, so that the dead letters are seen to work. */
const REFUSED_EVERY = 250;
/** Operations for each entity, on average. */
const OPERATIONS_PER_ENTITY = 6;
/** Shares of the priorities below crisis, in the order of {@link PRIORITIES}. */
const PRIORITY_SHARES = [0, 0.1, 0.7, 0.2] as const;

/** Every type the demo has a handler for. */
export const CRISIS_TYPE = 'crisis.report';
export const DEMO_TYPES: readonly string[] = [...TYPES, REFUSED_TYPE, CRISIS_TYPE];

export interface DemoPlan {
  readonly seed: number;
  readonly operations: number;
}

/** The request of operation `index`, from 0. */
export function demoRequest(
  plan: DemoPlan,
  index: number,
): SyncRequest & { readonly idempotencyKey: string } {
  const draw = (what: string): number => share(`${plan.seed}|${index}|${what}`);
  const entities = Math.ceil(plan.operations / OPERATIONS_PER_ENTITY);
  const entity = Math.floor(draw('entity') * entities);
  const isRefused = index % REFUSED_EVERY === REFUSED_EVERY - 1;
  return {
    type: isRefused ? REFUSED_TYPE : (TYPES[index % TYPES.length] ?? TYPES[0]),
    subject: `subject-${entity % 40}`,
    entity: { type: 'record', id: `record-${entity}` },
    tier: demoTier(index),
    priority: priorityFor(draw('priority')),
    payload: { index, note: 'A record of the demo.', amount: Math.floor(draw('amount') * 10_000) },
    idempotencyKey: `demo-${plan.seed}-${index}`,
  };
}

/** The tier of operation `index`. */
export function demoTier(index: number): Tier {
  return TIERS[index % TIERS.length] ?? 'trial';
}

function priorityFor(draw: number): Priority {
  let left = draw;
  for (const [rank, priority] of PRIORITIES.entries()) {
    left -= PRIORITY_SHARES[rank] ?? 0;
    if (left < 0) return priority;
  }
  return 'normal';
}

/** A number in [0, 1) that depends on the text alone. */
function share(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
