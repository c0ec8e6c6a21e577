/**
 * `holdfast demo --stately`: the demo in the inspector of Stately, through kills and takeovers.
 *
 * @module
 */

import { systemClock } from '../../actors/platform/systemClock.ts';
import { systemRandom } from '../../actors/platform/systemRandom.ts';
import { errorText, type Output } from '../cli/kit/output.ts';
import { openStately } from '../inspect/openStately.ts';
import { ownerFeed } from '../inspect/ownerFeed.ts';
import type { StatelyInspector } from '../inspect/statelyOptions.ts';

/**
 * @param url of the WebSocket; left out: none is wanted
 * @throws HoldfastError (rejects) `HF_INSPECTOR_UNAVAILABLE`, `HF_OPTION_INVALID`.
 */
export async function openDemoStately(
  store: string,
  url: string | undefined,
  output: Output,
): Promise<StatelyInspector | null> {
  if (url === undefined) return null;
  const source = ownerFeed({ storeFolder: store, clock: systemClock, random: systemRandom });
  const onError = (error: unknown): void => {
    output.say(errorText(error));
  };
  const stately = await openStately({ source, clock: systemClock, onError }, { url });
  output.say(`Shown in the Stately inspector at ${url}.`);
  return stately;
}
