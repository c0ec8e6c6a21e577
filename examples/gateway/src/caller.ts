/**
 * Who calls, and under which key. The header `x-user` stands in for your authentication.
 *
 * @module
 */

import type { FastifyRequest } from 'fastify';

/** A request that this gateway refuses by itself. */
export class Refusal extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super(message);
  }
}

export function callerOf(request: FastifyRequest): string {
  const user = request.headers['x-user'];
  if (typeof user !== 'string' || user === '') throw new Refusal(401, 'Who are you? Send x-user.');
  return user;
}

/**
 * The client's key, which makes a request that is sent again find the first. It is a key of this caller alone:
 * two of them may choose the same.
 */
export function keyOf(request: FastifyRequest): string {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || key === '' || key.length > 100) {
    throw new Refusal(400, 'Send an Idempotency-Key of your own, of up to 100 characters.');
  }
  return `${callerOf(request)}:${key}`;
}

const ENTITY_TAG = /^(?:W\/)?"[\u0021\u0023-\u007e]*"$/;

/** The version that a change was made on. */
export function baseOf(request: FastifyRequest): string {
  const tag = request.headers['if-match'];
  if (tag === undefined) throw new Refusal(428, 'Send If-Match: the ETag that you have changed.');
  if (!ENTITY_TAG.test(tag)) throw new Refusal(400, 'If-Match has to be one entity tag.');
  return tag;
}
