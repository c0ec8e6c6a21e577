/**
 * Shows a feed in the inspector of Stately. Loaded on first use.
 *
 * @module
 */

import type { FeedSource } from '../../inspector/protocol.ts';
import { showOnTarget, showOverSocket } from '../../inspector/stately/statelyInspector.ts';
import { machines } from '../../machines/index.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { checkFields, requireOption } from '../../machines/vocabulary/optionFields.ts';
import type { OptionRules } from '../../machines/vocabulary/optionRules.ts';
import type { StatelyInspector, StatelyInspectorOptions } from './statelyOptions.ts';

/** The port of Stately's own server, on this machine alone. */
const URL_DEFAULT = 'ws://127.0.0.1:8080';

const RULES: OptionRules<StatelyInspectorOptions> = {
  url: 'text',
  leavesThisMachine: 'boolean',
  inspector: 'object',
};

/** @throws HoldfastError (rejects) `HF_OPTION_INVALID`, `HF_INSPECTOR_UNAVAILABLE`. */
export async function openStately(
  parts: {
    readonly source: FeedSource;
    readonly clock: Clock;
    readonly onError: (error: unknown) => void;
  },
  options: StatelyInspectorOptions,
): Promise<StatelyInspector> {
  checkFields(options, RULES, '');
  const { url, leavesThisMachine = false, inspector } = options;
  requireOption(
    url === undefined || inspector === undefined,
    'url',
    'must be left out where inspector is given: frames go to one of the two',
  );
  const all = { ...parts, machines };
  const close =
    inspector === undefined
      ? await showOverSocket(all, { url: url ?? URL_DEFAULT, leavesThisMachine })
      : await showOnTarget(all, inspector);
  return { close };
}
