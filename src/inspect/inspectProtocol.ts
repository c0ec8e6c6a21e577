/**
 * The protocol between the owner of a store and a viewer in another process: a connection to the control
 * socket that is upgraded, on which the owner sends `FeedMessage[]`, one JSON array a line, and reads nothing.
 *
 * @module
 */

import { INSPECTOR_PROTOCOL } from '../../inspector/protocol.ts';

/** The path of a request for a line. */
export const INSPECT_PATH = '/v1/inspect';
/** The name and version of the protocol, for `Upgrade`. */
export const INSPECT_PROTOCOL = `holdfast-inspect/${INSPECTOR_PROTOCOL}`;

/** The owner sends something this often, if only a heartbeat. */
export const HEARTBEAT_MS = 1_000;
