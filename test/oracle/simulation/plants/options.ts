/**
 * What options and policies get wrong.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const OPTIONS: readonly Plant[] = [];
