/**
 * The chain of people who are told of a crisis that is not delivered, as an app configures it (CR-5): what
 * can be set for a step, what is set where nothing is, and what is refused.
 *
 * @module
 */

import type { EscalationNotice, EscalationStep } from '../../actors/port.ts';
import type { RetryPolicy } from '../../machines/policy/retry/retryPolicy.ts';
import { checkFields, requireOption } from '../../machines/vocabulary/optionFields.ts';
import { count, type OptionRules, spanMs } from '../../machines/vocabulary/optionRules.ts';
import { checkWebhook, type Webhook, webhookNotifier } from './webhook.ts';

export type { Webhook } from './webhook.ts';

/** How often a step is called, and how long it waits between its calls. */
export interface EscalationRetry {
  /** Calls in all. Default 3. */
  readonly attemptsMax?: number | undefined;
  /** The wait after the first call that failed, in milliseconds; as much again at most is added by chance. Default 1 s. */
  readonly initialDelayMs?: number | undefined;
  /** The longest wait before chance, in milliseconds. Default 10 s. */
  readonly delayMsMax?: number | undefined;
  /** By how much each wait is longer than the one before. Default 2. */
  readonly multiplier?: number | undefined;
}

/**
 * A step of the chain: a callback or a webhook.
 *
 * @example
 * const escalation: EscalationStepOptions[] = [
 *   { name: 'on-call', webhook: { url: 'https://pager.example/alarm', secret }, acknowledgeWithinMs: 120_000 },
 *   { name: 'clinician', notify: async ({ operationId, subject }, { signal }) => callClinician(subject, signal) },
 * ];
 */
export interface EscalationStepOptions {
  /** Who is told: letters, digits, `-` and `_`. A step is known by it, so each has its own and keeps it. */
  readonly name: string;
  /**
   * Tells it; may be asynchronous. It was told once what this returns has resolved; a call that throws is made again. It may be
   * called twice for one crisis where the process was killed: `notice.idempotencyKey` is the same then.
   */
  readonly notify?:
    | ((notice: EscalationNotice, how: { readonly signal: AbortSignal }) => unknown)
    | undefined;
  /** In place of `notify`: where the notice is sent, as JSON, by POST. */
  readonly webhook?: Webhook | undefined;
  /** How long a call may take, in milliseconds. Default 10 s. */
  readonly timeoutMs?: number | undefined;
  /** How long a person who was told has to take the crisis on, before the next step is told. Default 5 min. */
  readonly acknowledgeWithinMs?: number | undefined;
  readonly retry?: EscalationRetry | undefined;
}

/** A chain has no more steps than are kept of one crisis. */
const STEPS_MAX = 20;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
/** An hour: who is told later was not told. */
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
