/**
 * What an app may ask of crisis plans: keep one, give it back, pin its subject, erase it (CR-3).
 *
 * @module
 */

import {
  type CheckedCrisisPlan,
  type CrisisPlan,
  checkCrisisPlan,
  checkedPlanSubject,
  decodeCrisisPlan,
  encodeCrisisPlan,
} from '../../machines/policy/crisis/crisisResources.ts';
import { requireOption } from '../../machines/vocabulary/optionFields.ts';
import type {
  CrisisPlanStore,
  CrisisPlanWrite,
  WriteResult,
} from '../../persistence/port/store.ts';
import { type PlansAtHand, planUnreadable, readable } from './plansAtHand.ts';

/**
 * The crisis plans of subjects. They are sealed like everything else, outlive operations and restarts,
 * and lead the resources of every answer to a crisis of their subject. Each call may be repeated.
 *
 * Each waits until the store is open, as `sync()` does, and rejects with `HF_OPTION_INVALID` for a
 * subject that is no text of 1 to 256 characters, with why the store can't be opened, or with
 * `HF_STORE_…` or `HF_CLOSED`: then it may hold or not; call again.
 */
export interface CrisisPlans {
  /**
   * Keeps a plan in place of the one before. Once it resolves it is on disk, and the next answer has it.
   *
   * @example
   * await runtime.crisisPlans.put('user-42', {
   *   resources: [{ kind: 'contact', name: 'Sam', phone: '+49 30 1234567' }],
   * });
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID` or `HF_CARD_NUMBER_REFUSED` naming the field,
   * `HF_PAYLOAD_TOO_LARGE` over 64 KiB of JSON.
   */
  put(subject: string, plan: CrisisPlan): Promise<void>;
  /**
   * The plan of a subject with its defaults filled in; `null` where there is none.
   *
   * @throws HoldfastError (rejects) `HF_RECORD_…` where it is there and can't be opened.
   */
  get(subject: string): Promise<CheckedCrisisPlan | null>;
  /**
   * Has the plan of a subject in memory from the moment the store opens, at every start and whatever the disk
   * does then: for the user of a device, or those whom a service looks after now. Their plans may take 8 MiB as
   * JSON, each at least 1 KiB of it. It holds until {@link unpin} or {@link delete}, and also for a plan that is
   * put later.
   *
   * @example
   * await runtime.crisisPlans.pin('user-42');
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID` where those who are pinned take 8 MiB, `HF_RECORD_…` where
   * the plan can't be opened.
   */
  pin(subject: string): Promise<void>;
  /** Has the plan in memory as that of others: a moment after the store was opened, and while there is room. */
  unpin(subject: string): Promise<void>;
  /** Erases all that is kept here of a subject: plan and pin (SE-5). */
  delete(subject: string): Promise<void>;
}

export interface CrisisPlansParts {
  readonly atHand: PlansAtHand;
  readonly find: CrisisPlanStore['crisisPlan'];
  /** Performs writes; resolves once they are durable, with a result for each. */
  readonly commit: (writes: readonly (() => CrisisPlanWrite)[]) => Promise<readonly WriteResult[]>;
  /** Ends as the work ends, or rejects while a disk hangs: the work goes on all the same. */
  readonly whileAnswering: <Result>(work: Promise<Result>) => Promise<Result>;
  /** Resolves once the store is open, rejects with why it can't be. */
  readonly ready: () => Promise<void>;
}

/**
 * Keeps the plan that a record of the app holds. One that names nobody is deleted: whom a person has taken out must be
 * in no answer. A subject that is pinned stays so, for the next plan.
 */
export async function keepPlanOfRecord(
  plans: CrisisPlans,
  atHand: Pick<PlansAtHand, 'isPinned'>,
  subject: string,
  plan: CrisisPlan,
): Promise<void> {
  if (!Array.isArray(plan.resources) || plan.resources.length > 0) {
    await plans.put(subject, plan);
    return;
  }
  const isPinned = atHand.isPinned(checkedPlanSubject(subject));
  await plans.delete(subject);
  if (isPinned) await plans.pin(subject);
}

export function crisisPlans(parts: CrisisPlansParts): CrisisPlans {
  const { atHand, find, commit, whileAnswering, ready } = parts;
  async function keep(subject: string, change: Pick<CrisisPlanWrite, 'plan' | 'isPinned'>) {
    await ready();
    await whileAnswering(written(subject, change));
  }

  /** Ends with the write, also where its caller was sent away: what was taken out must be in no answer from then on. */
  async function written(subject: string, change: Pick<CrisisPlanWrite, 'plan' | 'isPinned'>) {
    const [result] = await commit([() => ({ kind: 'crisisPlan', subject, ...change })]);
    if (result?.kind === 'crisisPlanUnreadable') throw planUnreadable(result.code);
    if (result?.kind === 'crisisPlanKept') atHand.changed(subject, result.kept);
  }
  return {
    async put(given, plan) {
      const subject = checkedPlanSubject(given);
      await keep(subject, { plan: encodeCrisisPlan(checkCrisisPlan(plan)) });
    },
    async get(given) {
      const subject = checkedPlanSubject(given);
      await ready();
      const kept = await find(subject);
      const plan = kept === null ? null : readable(kept).plan;
      return plan === null ? null : decodeCrisisPlan(plan);
    },
    async pin(given) {
      const subject = checkedPlanSubject(given);
      await ready();
      requireOption(
        atHand.hasRoomToPin(subject),
        'subject',
        "can't be pinned: the plans of those who are take 8 MiB, which is the most; unpin one first",
      );
      await keep(subject, { isPinned: true });
    },
    async unpin(given) {
      const subject = checkedPlanSubject(given);
      await keep(subject, { isPinned: false });
    },
    async delete(given) {
      const subject = checkedPlanSubject(given);
      await keep(subject, { plan: null, isPinned: false });
    },
  };
}
