/**
 * What the demo of conflicts asks of the process of its upstream.
 *
 * @module
 */

import type { Json } from '../../../machines/vocabulary/json.ts';
import type { Device } from './conflictStory.ts';

export interface RecordsSettings {
  /** A planted defect: whatever a write was made on, it is taken. */
  readonly ignoresVersions: boolean;
}

export type RecordsOrder =
  /** Cuts a device off, or lets it reach everybody again. */
  | { readonly kind: 'connect'; readonly device: Device; readonly isOnline: boolean }
  /** Of its writes a device hears nothing from now on, though they are made; or it does again. */
  | { readonly kind: 'keepAnswers'; readonly device: Device; readonly isOn: boolean }
  | { readonly kind: 'witness' };

/** Where a device reaches the records, and who hears of crises. */
export interface Ways {
  readonly url: string;
  readonly careTeamUrl: string;
}

/** What the upstream did and has. */
export interface Witness {
  /** The value of each record, by its path, without what devices tell each other in it. */
  readonly records: Readonly<Record<string, Json>>;
  /** Writes that were applied more than once under one key. */
  readonly appliedTwice: number;
  /** Writes that were laid over a version which their device had not seen. */
  readonly laidOver: number;
  /** Answers to writes that were kept back. */
  readonly kept: number;
}

export type RecordsMessage =
  | { readonly kind: 'ready'; readonly ways: Readonly<Record<Device, Ways>> }
  | { readonly kind: 'answer'; readonly order: number; readonly value: Witness | null };
