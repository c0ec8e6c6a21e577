/**
 * The digest by which a repeated request is told from another one with the same key (OP-8).
 *
 * @module
 */

import { hash } from 'node:crypto';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';

/**
 * A digest (SHA-256) of what makes two requests the same piece of work (OP-8). Tier, priority and
 * expiry are not part of it: they change how the work is done, not what it is.
 */
export function fingerprintOf(request: CheckedRequest): string {
  const { body, entity, method, path } = request;
  const text = JSON.stringify([entity?.type, entity?.id, method, path, body]);
  return hash('sha256', text, 'base64url');
}
