/**
 * Every scenario of the drill, in the order in which they are run.
 *
 * @module
 */

import { diskFull, diskStalled } from './disks.ts';
import { acknowledged, chainAway, chainHangs } from './escalation.ts';
import {
  backup,
  crisisMode,
  factBatches,
  idle,
  inFlight,
  observers,
  pages,
  queued,
} from './load.ts';
import { hostileMerge } from './merges.ts';
import { hangingLookUps } from './names.ts';
import { clockSet, garbage, loopBlocked, noDescriptor } from './process.ts';
import { anothersKey, largeJson, spellings } from './requests.ts';
import type { Scenario } from './scenario.ts';
import { handlerLate, keyMissing, recovery, storeCorrupt } from './starts.ts';
import { breakerByItself, breakersOpen, offline, refusing, stalled } from './upstreams.ts';

/** How many crises come in a scenario that says nothing else. */
export const CRISES = { full: 6_000, short: 200 };

export const SCENARIOS: readonly Scenario[] = [
  idle,
  inFlight,
  queued,
  breakersOpen,
  breakerByItself,
  offline,
  stalled,
  refusing,
  hangingLookUps,
  chainAway,
  chainHangs,
  acknowledged,
  noDescriptor,
  diskStalled,
  diskFull,
  storeCorrupt,
  keyMissing,
  recovery,
  handlerLate,
  backup,
  observers,
  pages,
  factBatches,
  crisisMode,
  hostileMerge,
  anothersKey,
  spellings,
  largeJson,
  garbage,
  clockSet,
  loopBlocked,
];
