/**
 * The ids of conflicts.
 *
 * @module
 */

/** An edit, as far as it says which conflict it is in. */
interface InConflict {
  readonly id: string;
  readonly round?: number | undefined;
  readonly isCompared?: boolean | undefined;
}

/**
 * The id of the conflict that an edit is in: of what it is about, so that one that is met again after a crash is the
 * same. Of one that was never sent it is about the body that it was to have; of one that was refused about the next.
 */
export function conflictIdOf({ id, round = 0, isCompared }: InConflict): string {
  return `${id}-c${isCompared === true ? round + 1 : round}`;
}
