/**
 * What the store and the files beside it get wrong.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const DISK: readonly Plant[] = [];
