/**
 * What those who turn facts into alerts are given.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { FactTaps } from './factStream.ts';

export interface AlertParts {
  readonly facts: FactTaps;
  readonly clock: Clock;
  /** Told of what a person has to know. */
  readonly onAlert: (error: unknown) => void;
}
