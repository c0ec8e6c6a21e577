/**
 * What clients, owners and the page get wrong.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const CLIENTS: readonly Plant[] = [];
