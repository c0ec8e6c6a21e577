/**
 * What an upstream said, beside the response of an operation.
 *
 * @module
 */

import type { Json } from './shape.ts';

/** What an upstream said, as it is kept, sealed, with the operation. */
export interface UpstreamAnswer {
  /** The HTTP status, or what takes its place at an upstream that does not speak HTTP. */
  readonly status?: number | undefined;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The body of a refusal: JSON as a value, anything else as text. */
  readonly body?: Json | undefined;
}

/** What is kept of what an upstream said. */
export interface Said {
  readonly response?: Json | undefined;
  readonly answer?: UpstreamAnswer | undefined;
}

export const NOTHING_SAID: Said = Object.freeze({});

/**
 * What an ended call says about the health of its upstream. `ignored` says nothing: cancelled by the
 * caller, refused on our side, or a mistake in the request.
 */
export type CallResult = 'success' | 'failure' | 'ignored';

/** How good the network is (PF-2). */
export type NetworkGrade = 'excellent' | 'good' | 'poor' | 'offline';
