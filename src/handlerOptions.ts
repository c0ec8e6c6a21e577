/**
 * Options of a handler, checked where it is given.
 *
 * @module
 */

import { type ConflictOptions, conflictRulesOf, type Handler } from '../actors/port.ts';
import { isTypeName } from '../machines/policy/request/request.ts';
import {
  checkFields,
  count,
  type MatchRule,
  milliseconds,
  type OptionRule,
  type OptionRules,
  requireOption,
} from '../machines/vocabulary/optionFields.ts';

/** End of a sentence about an invalid name of a type. */
export const TYPE_RULE =
  'it must be words of letters, digits, - and _ joined by dots, each beginning with a letter and the first with a lower-case one, such as payments.push';
const EXEMPT_PATH =
  /^(?:(?:payload|base|removals|response)(?:\.[^.]+)*|entity(?:\.(?:type|id))?|subject|idempotencyKey|path)$/;

const HANDLER_TYPE: MatchRule = {
  matches: isTypeName,
  rule: `is no type that a request can name: ${TYPE_RULE}`,
};

/** Rules of the `conflicts` of a handler. */
export const CONFLICT_RULES: OptionRules<ConflictOptions> = {
  fetchCurrent: 'function',
  roundsMax: count(1, 1_000),
  isAuthority: 'boolean',
  silentMaxMs: milliseconds(1),
  metaBytesMax: count(4_096, 65_536),
  asCrisisPlan: 'function',
};

const HANDLER_RULES: OptionRules<Handler> = {
  upstream: { required: 'text' },
  run: { required: 'function' },
  schema: {
    matches: (schema) => typeof Object(Object(schema)['~standard']).validate === 'function',
    rule: 'must be a Standard Schema, as zod, valibot and arktype make them',
  },
  // Its fields are checked below.
  conflicts: {
    matches: (given) =>
      given === true || (typeof given === 'object' && given !== null && !Array.isArray(given)),
    rule: `must be true, or an object of ${Object.keys(CONFLICT_RULES).join(', ')}`,
  },
  key: { oneOf: ['derived', 'asGiven'] },
  honoursIdempotencyKey: 'boolean',
  keyLifetimeMs: 'span',
  strictOrder: 'boolean',
  attemptTimeoutMs: milliseconds(1),
  cardDataExempt: {
    each: {
      matches: (path) => typeof path === 'string' && EXEMPT_PATH.test(path),
      rule: 'must be a path such as payload.orderId, base.orderId, response.orderId, entity.id, subject, idempotencyKey or path',
    },
  },
};

/** Rule of all handlers, by type. */
export const HANDLERS_RULE: OptionRule = {
  entries: { fields: HANDLER_RULES },
  named: HANDLER_TYPE,
};

/** @throws HoldfastError `HF_OPTION_INVALID` naming the field. */
export function checkHandler(type: string, handler: Handler, upstreams: ReadonlySet<string>): void {
  requireOption(HANDLER_TYPE.matches(type), `handlers.${type}`, HANDLER_TYPE.rule);
  checkFields(handler, HANDLER_RULES, `handlers.${type}`);
  checkPartsOf(type, handler, upstreams);
}

/**
 * Checks what the rules of single fields can't: that the upstream exists, and that conflicts can be read.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field.
 */
export function checkPartsOf(type: string, handler: Handler, upstreams: ReadonlySet<string>): void {
  const { upstream, conflicts } = handler;
  if (!upstreams.has(upstream)) {
    // Made only for an error: it names all upstreams, and each may have a handler.
    const rule = `must be one of the upstreams: ${[...upstreams].join(', ')}`;
    requireOption(false, `handlers.${type}.upstream`, rule);
  }
  if (conflicts === undefined) return;
  const field = `handlers.${type}.conflicts`;
  if (conflicts !== true) checkFields(conflicts, CONFLICT_RULES, field);
  requireOption(
    conflictRulesOf(handler) !== null,
    conflicts === true ? field : `${field}.fetchCurrent`,
    'needs a function that reads the record at the upstream: conflicts: { fetchCurrent: async (attempt) => ({ version, value }) }; run has none of its own, as that of httpHandler has',
  );
}
