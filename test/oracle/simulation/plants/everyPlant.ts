/**
 * Every planted bug, by the part of the simulator that has to find it.
 *
 * @module
 */

import { AUDIT } from './audit.ts';
import { CALLS } from './calls.ts';
import { CLIENTS } from './clients.ts';
import { CORE } from './core.ts';
import { CRISES } from './crises.ts';
import { DISK } from './disk.ts';
import { EDITS } from './edits.ts';
import { HONESTY } from './honesty.ts';
import { NETWORK } from './network.ts';
import { OPTIONS } from './options.ts';
import { OTHER_HAND } from './otherHand.ts';
import type { Plant } from './plant.ts';
import { PROCESSES } from './processes.ts';

export const EVERY_PLANT: readonly Plant[] = [
  ...CORE,
  ...PROCESSES,
  ...DISK,
  ...CRISES,
  ...AUDIT,
  ...NETWORK,
  ...CLIENTS,
  ...CALLS,
  ...OPTIONS,
  ...EDITS,
  ...HONESTY,
  ...OTHER_HAND,
];
