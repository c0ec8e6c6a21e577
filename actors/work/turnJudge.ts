/**
 * What is asked of an operation at its turn: what failed it last is judged, for by then it is known what
 * that lay in (RT-1), and the rate of its subject and its tier has to have a token (PF-5).
 *
 * @module
 */

import type { RetryPoliciesOf } from '../../machines/operation/attemptVerdict.ts';
import type { SyncOperationContext } from '../../machines/operation/syncOperationMachine.ts';
import {
  isToBeJudged,
  type Judgement,
  judge,
  NOTHING_TO_JUDGE,
} from '../../machines/operation/turn.ts';
import type {
  RateAsker,
  RateLimits,
  RateReservation,
} from '../../machines/policy/flow/rateLimits.ts';
import type { FailureRuns } from '../../machines/policy/retry/failureRuns.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { ofClass } from '../../machines/vocabulary/urgency.ts';
import type { FlowControl, Permit } from '../operation/flowControl.ts';
import type { Resident } from '../operation/resident.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';

/** What is asked for it beside the flow control. */
export interface TurnJudgeParts {
  readonly retry: RetryPoliciesOf;
  readonly runs: FailureRuns;
}

const NO_EXCUSE = {
  ...{ wasOutage: false, isDoubted: false, isUnanswered: false },
  ...{ haveOthersFailed: false, isDisproved: false },
} as const;

/** What becomes of an operation that has its turn at `flow`, by what failed it last. */
export function judgeTurn(
  { retry, runs }: TurnJudgeParts,
  context: SyncOperationContext,
  flow: FlowControl,
): Judgement {
  if (!isToBeJudged(context)) return NOTHING_TO_JUDGE;
  const { id, type, failedAtMs } = context;
  const { upstream, upMs } = flow;
  const { giveUpAfterMs } = ofClass(retry(upstream, type), context);
  const known = { up: { upstream, upMs }, giveUpAfterMs };
  // Only for how long it was tried is it judged.
  if (failedAtMs === undefined) return judge(context, { ...known, ...NO_EXCUSE });
  const wasOutage = flow.wasOutage(failedAtMs);
  if (flow.isSwitchedOff) return judge(context, { ...known, ...NO_EXCUSE, wasOutage });
  return judge(context, {
    ...known,
    wasOutage: wasOutage || runs.wasLongRun(upstream, failedAtMs),
    isDoubted: flow.isDoubted || runs.isDoubted(upstream, failedAtMs),
    isUnanswered: runs.isUnanswered(upstream, failedAtMs),
    haveOthersFailed: runs.haveOthersFailed(upstream, id, failedAtMs),
    isDisproved: runs.isDisproved(upstream, failedAtMs),
  });
}

/** Takes the tokens of its rates; where there are none, or its subject is held, answers when to come again. */
export function takeRate(
  steady: Pick<SteadyClock, 'now'>,
  { subject, tier, like, rate }: SyncOperationContext,
  urgency: number,
  flow: FlowControl,
): RateReservation | null {
  const heldUntilMs = flow.subjectDueAtMs(subject);
  if (heldUntilMs !== null) {
    if (rate !== undefined) flow.rates?.withdraw({ subject, tier, like, urgency }, rate);
    return { owner: 'subject', dueAtMs: Math.ceil(heldUntilMs), timesAsked: 1 };
  }
  const { rates } = flow;
  if (rates === null) return null;
  return rates.ask({ subject, tier, like, urgency }, rate ?? null, steady.now());
}

/** Withdraws the reservation of an operation that has ended without the turn that its rates promised it. */
export function leaveRate(
  flow: FlowControl | undefined,
  { subject, tier, like, rate }: SyncOperationContext,
  urgency: number,
): void {
  if (rate !== undefined) flow?.rates?.withdraw({ subject, tier, like, urgency }, rate);
}

/** Gives back the tokens that an operation took with its permit, if it has one: its call does not begin. */
export function giveBackRate(clock: Clock, { actor, urgency, permit }: Resident): void {
  const rates = permit?.flow.rates ?? null;
  if (permit === null || rates === null) return;
  const { subject, tier, like }: Omit<RateAsker, 'urgency'> = actor.getSnapshot().context;
  const heldMs = clock.monotonic() - permit.beganAtMs;
  rates.giveBack({ subject, tier, like, urgency }, heldMs);
}

/** Asks for a permit by way of the rates: a request that arrives now has no reservation, and gets none. */
export function enterByRate(
  limits: RateLimits,
  steady: Pick<SteadyClock, 'now'>,
  { subject, tier, like, urgency }: RateAsker,
  enter: () => Permit | null,
): Permit | null {
  const asker = { subject, tier, like, urgency };
  const reservation = limits.ask(asker, null, steady.now());
  if (reservation !== null) {
    limits.withdraw(asker, reservation);
    return null;
  }
  const permit = enter();
  if (permit === null) limits.giveBack(asker, 0);
  return permit;
}
