/**
 * Erases what is known of a record, for a person who is to be forgotten (SE-5): only while nobody needs it.
 *
 * @module
 */

import { holdsWords } from '../../machines/conflict/carriedConflict.ts';
import { decodeConflict } from '../../machines/conflict/conflictRecord.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import type { Entity } from '../../machines/vocabulary/entity.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Kept } from '../../persistence/port/store.ts';
import type { DeskTools } from './deskParts.ts';

/** Conflicts looked at between two requests of others. */
const FORGOTTEN_PAGE_ROWS = 32;

/**
 * Resolves once it is on disk with whether there was anything.
 *
 * @throws HoldfastError `HF_ENTITY_IN_USE`: nothing was erased; `HF_STORE_…`, `HF_CLOSED`.
 */
export async function forgetEntity(tools: DeskTools, entity: Entity): Promise<boolean> {
  const { records, conflicts, facts, clock } = tools;
  let wasKnown = await records.forget(entity, async () => {
    await demandFree(tools, entity);
  });
  for await (const { key, revision, isOpen, text } of conflictsOf(tools, entity)) {
    const isNeeded = isOpen && isAskedHere(text);
    if (isNeeded || !(await conflicts.erase(key, revision))) continue;
    wasKnown = true;
    const conflict = isOpen ? decodeConflict(text) : null;
    if (conflict === null) continue;
    const { operationId, type, openedAtMs } = conflict;
    const about = { conflictId: key, operationId, type, upstream: null, entityType: entity.type };
    facts.emit('conflict.resolved', about, null, Math.max(0, clock.now() - openedAtMs));
  }
  return wasKnown;
}

async function demandFree(tools: DeskTools, entity: Entity): Promise<void> {
  const lane = entityKey(entity) ?? '';
  const [waiting] = await tools.store.lane({ lane, afterSeq: 0, limit: 1 });
  if (waiting !== undefined) {
    throw inUse(
      `Operations of this entity wait, the first of them is ${waiting.id}. Let them end, or cancel them, then forget it.`,
    );
  }
  for await (const { isOpen, text } of conflictsOf(tools, entity, true)) {
    if (isOpen && isAskedHere(text)) {
      throw inUse(
        'A person is asked about a conflict of this entity. Decide it (holdfast conflicts list), then forget it.',
      );
    }
  }
}

/** Whether it is asked by this store, or it holds words of it: what another device asks can be forgotten here. */
function isAskedHere(text: string): boolean {
  const conflict = decodeConflict(text);
  return conflict === null || holdsWords(conflict);
}

/** The conflicts of an entity that can be read. */
async function* conflictsOf(
  { store }: DeskTools,
  entity: Entity,
  isOpen?: true,
): AsyncGenerator<Kept> {
  const key = entityKey(entity);
  for (let fromSeq: number | null = 0; fromSeq !== null; ) {
    const page = await store.keptPage({
      ...{ room: 'conflict', order: 'oldest', limit: FORGOTTEN_PAGE_ROWS, fromSeq },
      ...(isOpen === true ? { isOpen } : {}),
    });
    for (const row of page.rows) {
      if ('text' in row && entityKey(decodeConflict(row.text)?.entity ?? null) === key) yield row;
    }
    fromSeq = page.nextSeq;
  }
}

function inUse(message: string): HoldfastError {
  return new HoldfastError('HF_ENTITY_IN_USE', message, { retry: 'later', withStack: false });
}
