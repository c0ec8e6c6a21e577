/**
 * Rules for the parameters of the calls about crisis mode.
 *
 * @module
 */

/** Anybody may decide for one subject; for everybody, only somebody who has a role there (CR-6). */
export function isForEverybody({ subject }: { readonly subject?: string | undefined }): boolean {
  return subject === undefined;
}
