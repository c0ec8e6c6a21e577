/**
 * What the HTTP handler and upstreams get wrong.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const NETWORK: readonly Plant[] = [];
