/**
 * What the inspector's page may ask of a process: the calls of the registry that say what of them is shown.
 *
 * @module
 */

import type { InspectorCall } from '../../inspector/server/inspectorCall.ts';
import { MANAGEMENT_CALLS } from '../management/managementCalls.ts';

/** All that a page may ask for. What needs `export` stays where it is, whatever it declares. */
export const INSPECTOR_CALLS: readonly InspectorCall[] = MANAGEMENT_CALLS.flatMap(
  ({ name, override, capability, shown }) =>
    shown === undefined || capability === 'export'
      ? []
      : [{ name, kind: override === null ? 'look' : 'order', ...shown }],
);
