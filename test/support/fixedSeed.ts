/**
 * Gives every property test the same seed, so that two measurements of the same code are equal.
 *
 * @module
 */

import { configureGlobal } from 'fast-check';

configureGlobal({ seed: 1 });
