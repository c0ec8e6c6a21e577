/**
 * Loads the rules of the entities that holdfast knows, where they are needed and not before: an import of the package
 * has not read them yet.
 *
 * @module
 */

import { areEntitiesKnown } from '../../machines/merge/entities/rulesOf.ts';

export async function loadEntities(): Promise<void> {
  if (!areEntitiesKnown()) await import('../../machines/merge/entities/entities.ts');
}
