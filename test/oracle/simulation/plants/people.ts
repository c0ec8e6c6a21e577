/**
 * What orders of people, edits and crises get wrong.
 *
 * @module
 */

import type { Plant } from './plant.ts';

export const PEOPLE: readonly Plant[] = [];
