/**
 * By what rules edits of a handler are merged, with every default filled in (CF-6).
 *
 * @module
 */

import { META_BYTES_MAX } from '../../machines/merge/clock/carriedMeta.ts';
import type { CrisisPlan } from '../../machines/policy/crisis/crisisPlan.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import type { ConflictOptions, Fetch, Handler } from './handler.ts';

/** Its `conflicts`, with every default filled in. */
export interface ConflictRules {
  readonly fetchCurrent: Fetch;
  readonly roundsMax: number;
  readonly isAuthority: boolean;
  readonly silentMaxMs: number;
  readonly metaBytesMax: number;
  readonly asCrisisPlan: ((value: Json) => CrisisPlan | null) | null;
}

const ROUNDS_MAX = 16;
export const SILENT_MAX_MS = 400 * 86_400_000;

/** By what edits of a handler are merged; `null` for one whose operations are no edits, or that can't read a record. */
export function conflictRulesOf({ conflicts, run }: Handler): ConflictRules | null {
  if (conflicts === undefined) return null;
  const options: ConflictOptions = conflicts === true ? {} : conflicts;
  const fetchCurrent = options.fetchCurrent ?? run.fetchCurrent;
  if (fetchCurrent === undefined) return null;
  return {
    fetchCurrent,
    roundsMax: options.roundsMax ?? ROUNDS_MAX,
    isAuthority: options.isAuthority ?? false,
    silentMaxMs: options.silentMaxMs ?? SILENT_MAX_MS,
    metaBytesMax: options.metaBytesMax ?? META_BYTES_MAX,
    asCrisisPlan: options.asCrisisPlan ?? null,
  };
}
