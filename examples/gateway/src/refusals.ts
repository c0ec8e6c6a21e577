/**
 * What the caller is told when something was refused.
 *
 * @module
 */

import type { FastifyReply } from 'fastify';
import { type ErrorCode, isHoldfastError } from 'holdfast';
import { Refusal } from './caller.js';

const STATUSES: Partial<Record<ErrorCode, number>> = {
  HF_REQUEST_INVALID: 400,
  HF_CARD_NUMBER_REFUSED: 400,
  HF_PAYLOAD_TOO_LARGE: 413,
  HF_IDEMPOTENCY_CONFLICT: 409,
  HF_OPERATION_UNKNOWN: 404,
};

/** Answers for an error of whatever origin; `false` where it is none of ours. */
export function answerRefusal(error: unknown, reply: FastifyReply): boolean {
  if (error instanceof Refusal) {
    void reply.code(error.statusCode).send({ error: error.message });
    return true;
  }
  if (!isHoldfastError(error)) return false;
  const { code, retry } = error;
  // Under the same key it is safe to send it again, whether it was stored or not.
  if (retry === 'later') void reply.header('retry-after', '1');
  const status = retry === 'later' ? 503 : (STATUSES[code] ?? 500);
  // What is wrong here, such as where the store is, is for our log. What is wrong with the request, and where in
  // it, is for the caller, who sent it, and for no log.
  const message = status < 500 ? error.message : 'It can not be taken now.';
  const at = status < 500 ? error.at?.join('.') : undefined;
  void reply.code(status).send({ error: message, code, ...(at === undefined ? {} : { at }) });
  return true;
}
