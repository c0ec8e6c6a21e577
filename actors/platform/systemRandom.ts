/**
 * The `Random` port over Node's cryptographic random numbers.
 *
 * @module
 */

import { randomUUID } from 'node:crypto';
import type { Random } from '../../machines/vocabulary/random.ts';

/** Real chance. */
export const systemRandom: Random = {
  next: () => Math.random(),
  uuid: () => randomUUID(),
};
