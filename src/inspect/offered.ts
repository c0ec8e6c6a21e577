/**
 * How a call of the registry is offered to the inspector's page: with which of its parameters, and what of its
 * answer leaves for a browser.
 *
 * @module
 */

import type { AnswerShape } from '../../inspector/server/answerShape.ts';
import type { InspectorCall } from '../../inspector/server/inspectorCall.ts';
import type { ManagementCall } from '../management/call/managementCall.ts';

/**
 * Offers a call that changes nothing.
 *
 * @param params those by which nobody finds out about a person
 */
export function look<Params extends object, Result>(
  call: ManagementCall<Params, Result>,
  params: readonly (keyof Params & string)[],
  answer: AnswerShape<Awaited<Result>>,
): InspectorCall {
  return { name: call.name, kind: 'look', params, answer };
}

/** Offers an order, where orders are taken. What needs `export` is never offered, not as an order either. */
export function order<Params extends object, Result>(
  call: ManagementCall<Params, Result>,
  params: readonly (keyof Params & string)[],
  answer: AnswerShape<Awaited<Result>> | 'nothing',
): InspectorCall {
  return { name: call.name, kind: 'order', params, answer };
}
