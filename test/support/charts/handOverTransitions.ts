/**
 * Set up for every file of tests: what it saw of charts is handed to the report of the run when it ends.
 *
 * @module
 */

import { afterAll } from 'vitest';
import { handOverTransitions } from './transitionCoverage.ts';

afterAll(handOverTransitions);
