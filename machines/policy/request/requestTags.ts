/**
 * The tags of a request: short texts of the app by which its operations are found again (OP-12).
 *
 * @module
 */

import { invalidField as invalid } from './requestBody.ts';

/** How many a request may have. Each is an entry of an index. */
export const TAGS_MAX = 8;
const TAG_LENGTH_MAX = 64;

/**
 * @param text checks one text that is at most so long; throws as {@link checkTags} does
 * @throws HoldfastError `HF_REQUEST_INVALID` naming the tag by its place.
 */
export function checkTags(
  value: unknown,
  text: (value: unknown, field: string, lengthMax: number) => string,
): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalid('tags', 'must be a list of texts');
  if (value.length > TAGS_MAX) throw invalid('tags', `must be at most ${TAGS_MAX}`);
  const tags = value.map((tag, at) => text(tag, `tags[${at}]`, TAG_LENGTH_MAX));
  const repeated = tags.findIndex((tag, at) => tags.indexOf(tag) !== at);
  if (repeated !== -1) throw invalid(`tags[${repeated}]`, 'is there already');
  return tags;
}
