/**
 * The ids of conflicts.
 *
 * @module
 */

/**
 * The id of the conflict that an edit is in. It has one: what it meets in a later round, or again after a crash, is
 * the same conflict, so that nobody is asked twice.
 */
export function conflictIdOf({ id }: { readonly id: string }): string {
  return `${id}-c1`;
}

/** The id of another conflict of the same edit, for while a decision about the first is being carried out. */
export function nextConflictId(conflictId: string): string {
  return conflictId.replace(/\d+$/, (number) => String(Number(number) + 1));
}
