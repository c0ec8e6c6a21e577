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
 *
 * @param scope what a repeat must have in common besides
 */
export function fingerprintOf(
  { body, entity, method, path }: Pick<CheckedRequest, 'body' | 'entity' | 'method' | 'path'>,
  scope: readonly string[] = [],
): string {
  return digestOf(JSON.stringify([entity?.type, entity?.id, method, path, body, ...scope]));
}

/** SHA-256 of a text, as base64url. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'base64url');
}
