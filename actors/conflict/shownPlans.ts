/**
 * Keeps crisis plans that are records of the app as the app shows them: with what was changed on this device and has
 * not been sent, and with what was heard from others (CR-3, CF-5). So whom somebody has taken out offline is in no
 * answer any more, and a device that only reads has the plan.
 *
 * @module
 */

import { entityKey } from '../../machines/operation/keys.ts';
import type { CrisisPlan } from '../../machines/policy/crisis/crisisResources.ts';
import type { Entity } from '../../machines/vocabulary/record.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { StoredOperation } from '../../persistence/port/store.ts';
import { operationChart, type WorkContext } from '../charts/chartOfWork.ts';
import { decodeWork } from '../charts/workRecord.ts';
import { isEditBy } from '../operation/acceptance.ts';
import { conflictRulesOf, type Handler } from '../operation/handler.ts';
import type { Handlers } from '../work/handlers.ts';
import type { DeskTools } from './deskParts.ts';

/** The entity that holdfast knows as a crisis plan. */
const CRISIS_PLAN = 'crisis_plan';

/** What it needs of the desk. */
export interface ShownPlansParts {
  readonly pool: () => { readonly registered: Pick<Handlers, 'byType'> };
  readonly keepPlan: (subject: string, plan: CrisisPlan) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Gives the value of a record as it is shown; `null` for none. */
export type ShownValue = (entity: Entity) => Promise<Json>;

/** Plan that a record is: whose, and what makes it one. */
interface PlanRecord {
  readonly entity: Entity;
  readonly subject: string;
  readonly handlers: readonly Handler[];
}

export class ShownPlans {
  readonly #parts: ShownPlansParts;
  readonly #shown: ShownValue;
  /** By record: what is being kept, and what is to be kept after it. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Promise<void>>();

  constructor(parts: ShownPlansParts, shown: ShownValue) {
    this.#parts = parts;
    this.#shown = shown;
  }

  /** An edit of the record by this handler was accepted, or has arrived. Resolves once the plan is on disk. */
  async changed(entity: Entity, subject: string, handler: Handler): Promise<void> {
    if (makesPlans(handler)) await this.#keep({ entity, subject, handlers: [handler] });
  }

  /** A record was heard of from elsewhere: by which handler it would be edited here, it does not say. */
  async heard(entity: Entity, subject: string): Promise<void> {
    if (entity.type !== CRISIS_PLAN) return;
    const handlers = [...this.#parts.pool().registered.byType.values()].filter(makesPlans);
    if (handlers.length > 0) await this.#keep({ entity, subject, handlers });
  }

  /** One after the other, so that an older one is never laid over a later one; of those that wait one does for all. */
  async #keep(plan: PlanRecord): Promise<void> {
    const key = entityKey(plan.entity) ?? '';
    const next = this.#next.get(key);
    if (next !== undefined) {
      await next;
      return;
    }
    const before = this.#busy.get(key) ?? Promise.resolve();
    const keeping = before.then(async () => {
      this.#next.delete(key);
      await this.#put(plan);
    });
    this.#next.set(key, keeping);
    this.#busy.set(key, keeping);
    await keeping;
    if (this.#busy.get(key) === keeping) this.#busy.delete(key);
  }

  async #put({ entity, subject, handlers }: PlanRecord): Promise<void> {
    const { keepPlan, onError } = this.#parts;
    try {
      const value = await this.#shown(entity);
      if (value === null) return;
      for (const handler of handlers) {
        const plan = conflictRulesOf(handler)?.asCrisisPlan?.(value) ?? null;
        if (plan === null) continue;
        await keepPlan(subject, plan);
        return;
      }
    } catch (error) {
      // The plan from before stays; the record goes on.
      onError(error);
    }
  }
}

/** Whether records that are edited by it are crisis plans. */
export function makesPlans(handler: Handler): boolean {
  return (conflictRulesOf(handler)?.asCrisisPlan ?? null) !== null;
}

// Keeps the crisis plans of edits that wait, after a start (CR-3, PS-2). A plan is kept right behind the acceptance of
// its edit; where the process died in between, the one from before would answer until the edit has arrived.

/** Rows looked at between two requests of others. */
const PAGE_ROWS = 32;
/** The number of newest rows that are read: the plans of earlier ones were kept before the process died. */
const ROWS_MAX = 1_024;

/** Resolves once the plans are on disk, or it is stopped. Rejects where the store can't be read. */
export async function keepWaitingPlans(tools: DeskTools, isStopped: () => boolean): Promise<void> {
  const { store, pool, plans } = tools;
  const { registered } = pool();
  if (![...registered.byType.values()].some(makesPlans)) return;
  const done = new Set<string>();
  let fromSeq: number | null = Number.MAX_SAFE_INTEGER;
  for (let rows = 0; fromSeq !== null && rows < ROWS_MAX && !isStopped(); rows += PAGE_ROWS) {
    const page = await store.search({
      standings: ['inHand', 'due', 'held'],
      order: 'newest',
      fromSeq,
      limit: PAGE_ROWS,
    });
    for (const row of page.rows) {
      const context = contextOf(row);
      const handler = context === null ? null : registered.of(context);
      if (context === null || handler === null || !isEditBy(handler, context)) continue;
      const { entity, subject } = context;
      const key = entityKey(entity);
      if (entity === null || key === null) continue;
      // One does for all edits of a record: what is shown has all of them.
      if (done.has(key)) continue;
      done.add(key);
      await plans.changed(entity, subject, handler);
    }
    fromSeq = page.nextSeq;
  }
}

/** The context in a row of work; `null` for a crisis, and for a row that can't be read. */
export function contextOf(row: StoredOperation): WorkContext | null {
  try {
    const { chart, snapshot } = decodeWork(row);
    return chart === operationChart ? snapshot.context : null;
  } catch {
    // The check of the store finds it.
    return null;
  }
}
