/**
 * Handlers of edits: they write records over HTTP with a condition, and read the present ones.
 *
 * @module
 */

import type { Handler, Run } from '../../../actors/port.ts';
import { httpHandlerOver } from '../../http/httpHandler.ts';
import type { Network } from '../../http/send.ts';
import { EDITED } from './editedRecords.ts';

/** Field of a record in which devices tell each other what they know. */
export const META_FIELD = 'holdfast';

/** Builds the handlers of all types that edit records. `traced` runs one and tells the judge of it. */
export function recordHandlers(
  network: Network,
  baseUrl: string,
  traced: (run: Run) => Run,
): readonly (readonly [string, Pick<Handler, 'run' | 'conflicts'>])[] {
  const path = '{entity.type}/{entity.id}';
  const sent: Run = httpHandlerOver(network, {
    baseUrl,
    path,
    method: 'PUT',
    metaField: META_FIELD,
  });
  const run = traced(sent);
  const { fetchCurrent } = sent;
  return EDITED.map(({ type, asCrisisPlan }) => [
    type,
    { run, conflicts: { fetchCurrent, ...(asCrisisPlan === null ? {} : { asCrisisPlan }) } },
  ]);
}
