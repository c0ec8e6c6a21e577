/**
 * Checks where frames may be sent: to this machine, unless the app lets them leave it.
 *
 * @module
 */

import { requireOption } from '../../machines/vocabulary/optionFields.ts';

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])$/;

/**
 * Checks the address of a WebSocket.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` for an invalid address, and for one of another machine unless
 * `leavesThisMachine` is true.
 */
export function checkStatelyUrl(url: string, leavesThisMachine: boolean): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const isSocket = parsed?.protocol === 'ws:' || parsed?.protocol === 'wss:';
  requireOption(
    parsed !== null && isSocket && parsed.username === '' && parsed.password === '',
    'url',
    'must be the address of a WebSocket, such as ws://127.0.0.1:8080, without a name and password',
  );
  requireOption(
    leavesThisMachine || LOOPBACK.test(parsed.hostname),
    'url',
    'leads to another machine: names of charts, states, events, upstreams and ids of operations would leave this one. In code, leavesThisMachine: true allows it',
  );
  return parsed;
}
