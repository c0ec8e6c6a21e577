/**
 * How one who watches from another process and the owner of a store come together: a connection to the control
 * socket that is upgraded, on which the owner says `FeedMessage[]`, one JSON array a line, and hears nothing.
 *
 * @module
 */

import { INSPECTOR_PROTOCOL } from '../../inspector/protocol.ts';

/** Where the control socket is asked for a line. */
export const INSPECT_PATH = '/v1/inspect';
/** The name and version of what is said on it, as `Upgrade` has it. */
export const INSPECT_PROTOCOL = `holdfast-inspect/${INSPECTOR_PROTOCOL}`;

/** The owner says something this often, if only that it is there. */
export const HEARTBEAT_MS = 1_000;
