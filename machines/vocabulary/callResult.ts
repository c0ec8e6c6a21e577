/**
 * How a call counts for its upstream.
 *
 * @module
 */

/**
 * What an ended call says about the health of its upstream. `ignored` says nothing: cancelled by the
 * caller, refused on our side, or a mistake in the request.
 */
export type CallResult = 'success' | 'failure' | 'ignored';
