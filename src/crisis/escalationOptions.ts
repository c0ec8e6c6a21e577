/**
 * Chain of people who are notified of an undelivered crisis, as an app configures it (CR-5): its options, defaults
 * and checks.
 *
 * @module
 */

import type { EscalationNotice, EscalationStep } from '../../actors/port.ts';
import type { RetryPolicy } from '../../machines/policy/retry/retryPolicy.ts';
import { checkFields, requireOption } from '../../machines/vocabulary/optionFields.ts';
import { count, type OptionRules, spanMs } from '../../machines/vocabulary/optionRules.ts';
import { checkWebhook, type Webhook, webhookNotifier } from './webhook.ts';

export type { Webhook } from './webhook.ts';

/** Number of calls of a step, and the waits between them. */
export interface EscalationRetry {
  /** Number of calls in all. Default 3. */
  readonly attemptsMax?: number | undefined;
  /** Wait after the first failed call, in milliseconds; up to as much again is added at random. Default 1 s. */
  readonly initialDelayMs?: number | undefined;
  /** Longest wait, before that addition, in milliseconds. Default 10 s. */
  readonly delayMsMax?: number | undefined;
  /** Factor by which each wait is longer than the one before. Default 2. */
  readonly multiplier?: number | undefined;
}

/**
 * Step of the chain: a callback or a webhook.
 *
 * @example
 * const escalation: EscalationStepOptions[] = [
 *   { name: 'on-call', webhook: { url: 'https://pager.example/alarm', secret }, acknowledgeWithinMs: 120_000 },
 *   { name: 'clinician', notify: async ({ operationId, subject }, { signal }) => callClinician(subject, signal) },
 * ];
 */
export interface EscalationStepOptions {
  /** Name of the step: letters, digits, `-` and `_`. It identifies the step, so it is unique and must not change. */
  readonly name: string;
  /**
   * Notifies a person; may be asynchronous. They count as notified once what it returns has resolved; a call that
   * throws is repeated. After a kill of the process it may be called twice for one crisis, with the same
   * `notice.idempotencyKey`.
   */
  readonly notify?:
    | ((notice: EscalationNotice, how: { readonly signal: AbortSignal }) => unknown)
    | undefined;
  /** Webhook in place of `notify`: the notice is sent there as JSON, by POST. */
  readonly webhook?: Webhook | undefined;
  /** Time limit of a call, in milliseconds. Default 10 s. */
  readonly timeoutMs?: number | undefined;
  /** Time for a notified person to take the crisis on, before the next step is notified. Default 5 min. */
  readonly acknowledgeWithinMs?: number | undefined;
  readonly retry?: EscalationRetry | undefined;
}

/** Limit on steps; no more are kept of one crisis. */
const STEPS_MAX = 20;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
/** Limit of one hour on each wait: later is too late. */
const LONGEST_MS = 3_600_000;

const RETRY_RULES: OptionRules<EscalationRetry> = {
  attemptsMax: count(1, 20),
  initialDelayMs: { min: 0, max: LONGEST_MS, whole: true },
  delayMsMax: { min: 0, max: LONGEST_MS, whole: true },
  multiplier: { min: 1, max: 100, whole: false },
};

const STEP_RULES: OptionRules<EscalationStepOptions> = {
  name: {
    required: {
      matches: (name) => typeof name === 'string' && NAME.test(name),
      rule: 'must be a name of letters, digits, - and _, such as on-call',
    },
  },
  notify: 'function',
  webhook: 'object',
  timeoutMs: { min: 1, max: LONGEST_MS, whole: true },
  acknowledgeWithinMs: spanMs(),
  retry: { fields: RETRY_RULES },
};

/** @throws HoldfastError `HF_OPTION_INVALID` naming the field. */
export function escalationChain(
  steps: readonly EscalationStepOptions[],
): readonly EscalationStep[] {
  const field = 'crisis.escalation';
  requireOption(steps.length <= STEPS_MAX, field, `must have at most ${STEPS_MAX} steps`);
  const names = new Set<string>();
  return steps.map((given, index) => {
    const path = `${field}[${index}]`;
    checkFields(given, STEP_RULES, path);
    requireOption(
      !names.has(given.name),
      `${path}.name`,
      'is the name of an earlier step: give each its own, such as on-call-again',
    );
    names.add(given.name);
    return stepOf(given, path);
  });
}

function stepOf(given: EscalationStepOptions, path: string): EscalationStep {
  const { name, notify, webhook } = given;
  requireOption(
    (notify === undefined) !== (webhook === undefined),
    path,
    'must have either notify or webhook',
  );
  const initialDelayMs = given.retry?.initialDelayMs ?? 1_000;
  const delayMsMax = given.retry?.delayMsMax ?? Math.max(10_000, initialDelayMs);
  requireOption(
    delayMsMax >= initialDelayMs,
    `${path}.retry.delayMsMax`,
    'must not be below initialDelayMs',
  );
  const retry: RetryPolicy = {
    attemptsMax: given.retry?.attemptsMax ?? 3,
    initialDelayMs,
    delayMsMax,
    multiplier: given.retry?.multiplier ?? 2,
    strategy: 'additiveJitter',
    thenEveryMs: null,
    giveUpAfterMs: null,
  };
  return {
    name,
    timeoutMs: given.timeoutMs ?? 10_000,
    acknowledgeWithinMs: given.acknowledgeWithinMs ?? 300_000,
    retry,
    notify: notify ?? webhookNotifier(checkWebhook(webhook, `${path}.webhook`)),
  };
}
