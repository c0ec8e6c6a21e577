/**
 * Messages between the demo of conflicts and the processes of its devices.
 *
 * @module
 */

import type { Entity } from '../../../machines/vocabulary/record.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import type { Device, StoryStep } from './conflictStory.ts';

/** What a device is started with. */
export interface DeviceSettings {
  readonly device: Device;
  readonly storeFolder: string;
  readonly keyFile: string;
  /** The way of this device to the records, and to who hears of crises. */
  readonly url: string;
  readonly careTeamUrl: string;
}

/** What the demo asks of a device; each is answered once it is done. */
export type Order =
  | { readonly kind: 'start'; readonly settings: DeviceSettings }
  /** Puts a record there that is new; answered once the upstream has it. */
  | { readonly kind: 'begin'; readonly entity: Entity; readonly value: Json }
  /** Makes a step; answered once it is on disk. */
  | { readonly kind: 'change'; readonly step: StoryStep }
  /** Asks the upstream for its version of each record, and takes it. */
  | { readonly kind: 'pull' }
  | { readonly kind: 'show' }
  | { readonly kind: 'questions' }
  | { readonly kind: 'decide'; readonly conflictId: string; readonly value: Json }
  | { readonly kind: 'stop' };

/** A record as a device shows it; in the order of the records of the story. */
export interface Shown {
  readonly value: Json;
  /** Changes of it that the upstream has not taken yet. */
  readonly waiting: number;
  /** A person is asked about it. */
  readonly inReview: boolean;
}

/** What a person is asked. */
export interface Question {
  readonly conflictId: string;
  readonly entityType: string;
  /** Whether the change waits for the answer. */
  readonly isHeld: boolean;
  readonly asked: readonly {
    readonly reason: string;
    readonly alternatives: readonly { readonly value: Json; readonly who: string | null }[];
  }[];
  /** The record as it stands meanwhile. */
  readonly value: Json;
}

/** What each order is answered with. */
export interface Answers {
  readonly start: null;
  readonly begin: null;
  readonly change: null;
  readonly pull: null;
  readonly show: readonly (Shown | null)[];
  readonly questions: readonly Question[];
  readonly decide: null;
  readonly stop: null;
}

/** How a crisis was answered on the device. */
export interface CrisisReport {
  readonly elapsedMs: number;
  /** Whether the person's own plan led the answer; `null` as long as none was kept. */
  readonly isWithPlan: boolean | null;
}

/** What happened on a device by itself, to be told. */
export interface Happening {
  readonly what: 'detected' | 'merged' | 'awaitsReview' | 'resolved';
  readonly entityType: string;
}

/** What a device tells. */
export type Message =
  | { readonly kind: 'answer'; readonly order: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly order: number; readonly text: string }
  | { readonly kind: 'crises'; readonly crises: readonly CrisisReport[] }
  | { readonly kind: 'happened'; readonly happening: Happening };

export interface RecordsSettings {
  /** A planted defect: whatever a write was made on, it is taken. */
  readonly ignoresVersions: boolean;
}

export type RecordsOrder =
  /** Cuts a device off, or lets it reach everybody again. */
  | { readonly kind: 'connect'; readonly device: Device; readonly isOnline: boolean }
  /** Cuts off, or restores, the answers to a device's writes. The upstream still applies them. */
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
