/**
 * The messages between the main thread and the thread that serves crises to outside callers.
 *
 * @module
 */

import type { FoundPlan, PlansInMemory, SpillLine } from '../../actors/port.ts';
import type { CrisisResource, HelpLine } from '../../machines/policy/crisis/crisisResources.ts';
import type { CrisisWords } from '../../machines/policy/crisis/crisisWords.ts';
import type { PlainError } from '../../machines/vocabulary/errors.ts';
import type { CheckedOutside, OutsideCaller } from './outsideOptions.ts';

/** The data that the thread is started with. */
export interface OutsideThreadData {
  readonly at: CheckedOutside;
  /** The app's resources, which come before the built-in ones. */
  readonly resources: readonly CrisisResource[];
  readonly words: readonly CrisisWords[];
  readonly helpLines: readonly HelpLine[];
  /** How long an answer may wait for a plan that is not in memory here, in milliseconds. */
  readonly planWithinMs: number;
  /** The largest payload, in bytes of JSON. */
  readonly payloadBytesMax: number;
  /** The type of a crisis that names none. */
  readonly type: string;
}

/** The types that have a handler, each with the card data that it exempts. */
export type HandlerTypes = ReadonlyMap<string, readonly string[] | undefined>;

export type ToOutside =
  | { readonly kind: 'plans'; readonly plans: PlansInMemory }
  | { readonly kind: 'handlers'; readonly handlers: HandlerTypes }
  /** The line to the writer, for crises that the main thread does not take in time. */
  | { readonly kind: 'line'; readonly line: SpillLine }
  /** The app has taken it, and its delivery is under way. */
  | { readonly kind: 'taken'; readonly id: string }
  /** The plan of its subject, in answer to `wantsPlan`. */
  | { readonly kind: 'plan'; readonly id: string; readonly plan: FoundPlan }
  /** The crisis is on disk. */
  | { readonly kind: 'recorded'; readonly id: string }
  /** The upstream has the crisis. */
  | { readonly kind: 'delivered'; readonly id: string }
  | { readonly kind: 'pong' }
  /** The last message: the thread ends. */
  | { readonly kind: 'close' };

export type FromOutside =
  /** Callers are now answered at this address, the path of a socket or a URL. */
  | { readonly kind: 'listening'; readonly way: Way; readonly address: string }
  /** Callers can't be answered for now; it is tried again. */
  | { readonly kind: 'troubled'; readonly way: Way; readonly error: PlainError }
  | HandedOver
  /** A crisis could not be kept on disk; its caller knows that it is in memory alone. */
  | { readonly kind: 'notKept'; readonly error: PlainError }
  | { readonly kind: 'lineLost' }
  /** A ping: the loop is blocked until it is answered. */
  | { readonly kind: 'ping' }
  /** A token was used for many different subjects within ten minutes. */
  | { readonly kind: 'manySubjects'; readonly caller: OutsideCaller; readonly subjects: number }
  /** The loop runs again; how long it was blocked, in milliseconds, and how many crises were answered meanwhile. */
  | { readonly kind: 'wasBlocked'; readonly forMs: number; readonly answered: number };

/** A crisis that was answered, to be taken as if the app had called `crisis()`. */
export interface HandedOver {
  readonly kind: 'crisis';
  /** The id of its operation, which its caller knows already. */
  readonly id: string;
  readonly request: unknown;
  /** Whether the answer waits for the plan of its subject. */
  readonly wantsPlan: boolean;
  /** The time from its arrival to its answer or, where it waits for the plan, till now, in milliseconds. */
  readonly elapsedMs: number;
}

/** The two ways in which outside callers ask. */
export type Way = 'socket' | 'http';
