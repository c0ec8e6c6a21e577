/**
 * What kills, restarts, stops and clocks get wrong.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const PROCESSES: readonly Plant[] = [];
