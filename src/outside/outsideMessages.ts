/**
 * The messages between the main thread and the thread that serves crises to outside callers.
 *
 * @module
 */

import type { FoundPlan, PlansInMemory, SpillLine } from '../../actors/port.ts';
import type { CrisisResource, HelpLine } from '../../machines/policy/crisis/crisisResource.ts';
import type { CrisisWords } from '../../machines/policy/crisis/crisisWords.ts';
import type { PlainError } from '../../machines/vocabulary/errors.ts';
import type { CheckedOutside, OutsideCaller } from './outsideOptions.ts';

/** What the thread is started with. */
export interface OutsideThreadData {
  readonly at: CheckedOutside;
  /** Of the app, before the built-in ones. */
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
  /** Over it crises are kept that the main thread does not take in time. */
  | { readonly kind: 'line'; readonly line: SpillLine }
  /** Its delivery is on its way. */
  | { readonly kind: 'taken'; readonly id: string }
  /** The plan of its subject, which was asked for. */
  | { readonly kind: 'plan'; readonly id: string; readonly plan: FoundPlan }
  /** It is on disk. */
  | { readonly kind: 'recorded'; readonly id: string }
  /** Its upstream has it. */
  | { readonly kind: 'delivered'; readonly id: string }
  | { readonly kind: 'pong' }
  /** Comes last. */
  | { readonly kind: 'close' };

export type FromOutside =
  /** Callers are answered at this address now: the path of a socket, or a URL. */
  | { readonly kind: 'listening'; readonly way: Way; readonly address: string }
  /** They are not, for now; it is tried again. */
  | { readonly kind: 'troubled'; readonly way: Way; readonly error: PlainError }
  | HandedOver
  /** What it could not have kept, of which the caller was told that it is in memory. */
  | { readonly kind: 'notKept'; readonly error: PlainError }
  | { readonly kind: 'lineLost' }
  /** To be answered at once: so long as it is not, the loop is blocked. */
  | { readonly kind: 'ping' }
  /** With one token so many different subjects were asked for within ten minutes. */
  | { readonly kind: 'manySubjects'; readonly caller: OutsideCaller; readonly subjects: number }
  /** The loop has run again after so long, in milliseconds; so many were answered meanwhile. */
  | { readonly kind: 'wasBlocked'; readonly forMs: number; readonly answered: number };

/** A crisis that was answered, to be taken as if the app had called `crisis()`. */
export interface HandedOver {
  readonly kind: 'crisis';
  /** Of its operation: its caller knows it already. */
  readonly id: string;
  readonly request: unknown;
  /** Whether the answer waits for the plan of its subject. */
  readonly wantsPlan: boolean;
  /** From its arrival to its answer or, where it waits for the plan, till now, in milliseconds. */
  readonly elapsedMs: number;
}

/** How outside callers ask. */
export type Way = 'socket' | 'http';
