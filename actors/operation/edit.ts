/**
 * Which operations are edits: they change the record of an entity, and are compared with what is known of that
 * before they are sent, and merged where it has changed (CF-1, CF-6).
 *
 * @module
 */

import { passesBy } from '../../machines/policy/crisis/passes.ts';
import type { Entity } from '../../machines/vocabulary/entity.ts';
import type { Priority } from '../../machines/vocabulary/urgency.ts';
import type { Handler } from '../attempt/handler.ts';

/** Work, as far as it decides whether it is an edit. */
interface EditedWork {
  readonly entity: Entity | null;
  readonly priority: Priority;
}

/** Whether work is an edit to this handler. A crisis is compared with nothing, and waits for nothing (CR-4). */
export function isEditBy(handler: Handler | null, work: EditedWork): boolean {
  const { conflicts } = handler ?? {};
  if (conflicts === undefined) return false;
  return work.entity !== null && !passesBy('storage', work);
}
