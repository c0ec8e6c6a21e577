/**
 * Schema of an entry of a mood diary.
 *
 * @module
 */

import type { PayloadSchema } from '../../machines/policy/request/payloadSchema.ts';
import { fields, instant, listOf, optional, schemaOf, text, whole } from './shapes.ts';

/** An entry of a mood diary. */
export interface MoodEntry {
  readonly id: string;
  /** Mood from 0 (as bad as can be) to 10 (as good as can be). */
  readonly score: number;
  /** Time of the mood, in milliseconds since 1970. */
  readonly at?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly note?: string | undefined;
}

const shape = fields({
  id: text(256),
  score: whole(0, 10),
  at: optional(instant),
  tags: optional(listOf(text(100), { max: 50 })),
  note: optional(text(20_000)),
});

/**
 * An entry of a mood diary.
 *
 * @example
 * const log = defineHandler()({ upstream: 'records', schema: moodEntry, run: httpHandler({ baseUrl }) });
 */
export const moodEntry: PayloadSchema<MoodEntry> = schemaOf(shape, (entry) => entry);
