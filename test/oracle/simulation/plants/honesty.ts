/**
 * What health, status, counts and reasons of waits get wrong.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const HONESTY: readonly Plant[] = [];
