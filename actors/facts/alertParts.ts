/**
 * What those who turn facts into alerts are given.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { FactKind } from './fact.ts';
import type { FactTaps } from './factStream.ts';

export interface AlertParts {
  readonly facts: FactTaps;
  readonly clock: Clock;
  /** Told of what a person has to know, and of what kind the fact is that it is about. */
  readonly onAlert: OnAlert;
}

export type OnAlert = (error: unknown, kind: FactKind) => void;
