/**
 * Offers a call of the registry to the inspector's page, with some of its parameters and some fields of its
 * answer.
 *
 * @module
 */

import type { AnswerShape } from '../../inspector/server/answerShape.ts';
import type { InspectorCall } from '../../inspector/server/inspectorCall.ts';
import type { ManagementCall } from '../management/call/managementCall.ts';

/**
 * Offers a call that changes nothing.
 *
 * @param params parameters by which nobody can search for a person
 */
export function look<Params extends object, Result>(
  call: ManagementCall<Params, Result>,
  params: readonly (keyof Params & string)[],
  answer: AnswerShape<Awaited<Result>>,
): InspectorCall {
  return { name: call.name, kind: 'look', params, answer };
}

/** Offers an order, for servers that accept orders. A call that needs `export` is never offered. */
export function order<Params extends object, Result>(
  call: ManagementCall<Params, Result>,
  params: readonly (keyof Params & string)[],
  answer: AnswerShape<Awaited<Result>> | 'nothing',
): InspectorCall {
  return { name: call.name, kind: 'order', params, answer };
}
