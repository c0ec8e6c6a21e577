/**
 * Management call: for whom crisis mode is on, by whom, and until when.
 *
 * @module
 */

import type { CrisisModeState } from '../../../actors/port.ts';
import { runtimeCall } from '../call/managementCall.ts';

export const listCrisisMode = runtimeCall<object, readonly CrisisModeState[]>({
  name: 'crisisMode.list',
  summary: 'For whom crisis mode is on, by whom, why and until when.',
  capability: 'viewSubjects',
  params: {},
  audited: null,
  override: null,
  run: (runtime) => runtime.crisisModes.states,
});
