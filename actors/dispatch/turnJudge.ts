/**
 * Judges at its turn what failed an operation last: by then it is known what that lay in (RT-1).
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
import type { FailureRuns } from '../../machines/policy/retry/failureRuns.ts';
import { retryClassOf } from '../../machines/vocabulary/urgency.ts';
import type { FlowControl } from '../flow/flowControl.ts';

/** What is asked for it beside the flow control. */
export interface TurnJudgeParts {
  readonly retry: RetryPoliciesOf;
  readonly runs: FailureRuns;
}

/** What becomes of an operation that has its turn at `flow`, by what failed it last. */
export function judgeTurn(
  { retry, runs }: TurnJudgeParts,
  context: SyncOperationContext,
  flow: FlowControl,
): Judgement {
  if (!isToBeJudged(context)) return NOTHING_TO_JUDGE;
  const { id, type, priority, tier, failedAtMs } = context;
  const { upstream, upMs, isDoubted } = flow;
  return judge(context, {
    wasOutage: failedAtMs !== undefined && flow.wasOutage(failedAtMs),
    isDoubted,
    haveOthersFailed: failedAtMs !== undefined && runs.haveOthersFailed(upstream, id, failedAtMs),
    up: { upstream, upMs },
    giveUpAfterMs: retry(upstream, type)[retryClassOf(priority, tier)].giveUpAfterMs,
  });
}
