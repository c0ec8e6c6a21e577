/**
 * The work of a recorded process, and the file in which it writes down what it hears.
 *
 * @module
 */

import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { type KeySource, rawKey } from '../../../persistence/sealing/keySource.ts';
import type { RuntimeOptions } from '../../../src/options.ts';
import type { CrisisRequest } from '../../../src/runtime.ts';
import { noteCrisis } from '../../../src/simulator/oracle/sentKeys.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import type { ChildEvent, Sabotage } from '../../support/process/childRuntimeMessages.ts';
import type { LedgerRequest, LedgerTask } from '../../support/process/ledgerServer.ts';
import { isRefused, planned } from '../restart/restartPlan.ts';

/** Setup of a recorded process, as JSON in its first argument. */
export interface RecordedSetup {
  readonly folder: string;
  /** File in which it writes what it hears and does. */
  readonly acknowledgements: string;
  readonly url: string;
  readonly work: CrashWork;
  /** Whether the folder holds a copy of another store. */
  readonly isCopy: boolean;
  /**
   * False where everything is asked of the writer. A reader keeps the index of the WAL alive while the writer drops its
   * connection, and what a failed sync has left in the WAL is then not read again.
   */
  readonly hasReader: boolean;
  /** Keys of the plan that an earlier life has accepted, and ids whose end it has not told. */
  readonly accepted: readonly string[];
  readonly unreported: readonly string[];
  /** Defects planted between the runtime and its store. */
  readonly sabotage: Sabotage | null;
  readonly lifeMs: number;
}

/** Work of every kind, the same for the same seed. */
export interface CrashWork {
  readonly seed: number;
  readonly operations: number;
  readonly crises: number;
  /** Number of this life of the store; each life has crises of its own. */
  readonly life: number;
}

/** A line of the acknowledgement file, written the moment it is known. */
export type Acknowledgement =
  | ChildEvent
  /** The process called the handler: from here on the effect may happen. */
  | {
      readonly event: 'attempting';
      readonly key: string;
      readonly number: number;
      readonly attempt: number;
      readonly atMs: number;
    }
  /** The upstream said that the effect is made. */
  | { readonly event: 'applied'; readonly key: string; readonly number: number }
  /** A worker of `recordedStore.ts` heard that its round is on disk. */
  | { readonly event: 'stored'; readonly worker: number; readonly round: number }
  /** The attempt ended in another way. */
  | { readonly event: 'unanswered'; readonly key: string; readonly attempt: number };

export const KEY: KeySource = rawKey(new Uint8Array(32).fill(7));
export const UPSTREAM = 'ledger';
export const TYPE = 'ledger.put';
export const IN_FLIGHT_MAX = 16;
const CRISIS_NUMBERS_FROM = 1_000_000;
const NOTE_CHARACTERS_MAX = 3_000;

/** Options under which only retries react to failures, which the ledger makes here. */
export const OPTIONS: Pick<RuntimeOptions, 'upstreams' | 'policies'> = {
  upstreams: { [UPSTREAM]: {} },
  // A machine that is busy with other tests stalls, which is not under test.
  policies: {
    tiers: {
      premium: { retry: { initialDelayMs: 20, delayMsMax: 200 }, responseDeadlineMs: 60_000 },
      basic: { retry: { initialDelayMs: 20, delayMsMax: 200 }, responseDeadlineMs: 60_000 },
      trial: { retry: { initialDelayMs: 20, delayMsMax: 200 }, responseDeadlineMs: 60_000 },
    },
  },
};

/** Builds the requests, with payloads from small to larger than a page. */
export function requestsOf({ seed, operations }: CrashWork): readonly SyncRequest[] {
  const random = seededRandom(seed);
  return planned(operations, random).map((request) => {
    const note = random.chance(0.5) ? '' : 'x'.repeat(random.below(NOTE_CHARACTERS_MAX));
    return { ...request, payload: { ...(request.payload as object), note } };
  });
}

/** Lists the requests that the upstream got, as far as the process said: it counts them by their keys. */
export function attemptsOf(said: readonly Acknowledgement[]): readonly LedgerRequest[] {
  return said.filter((event) => event.event === 'attempting');
}

/** Notes which keys of the work, and of crises of earlier lives, stand for those that go out. */
export function noteKeys(work: CrashWork): void {
  requestsOf(work);
  for (let life = 0; life <= work.life; life += 1) crisesOf({ ...work, life });
}

export function crisesOf({ crises, life }: CrashWork): readonly CrisisRequest[] {
  return Array.from({ length: crises }, (_, index) => {
    const request = {
      type: TYPE,
      subject: 'subject-1',
      idempotencyKey: `crisis-${life}-${index}`,
      payload: { number: CRISIS_NUMBERS_FROM + life * 1_000 + index },
    };
    return noteCrisis(request, Date.now());
  });
}

/** Picks operations that the caller withdraws once they are accepted; they may be done all the same. */
export function isWithdrawn(number: number): boolean {
  return number % 23 === 22;
}

/** Picks operations that the caller hands in as one bulk; it hands in the others one by one. */
export function isInBulk(number: number): boolean {
  return number % 4 === 3;
}

/** Picks operations that the caller hands in twice under one key. */
export function isAskedTwice(number: number): boolean {
  return number % 17 === 16;
}

/** Lists the endings that the operation of a key may come to. */
export function endingsOf(key: string): readonly string[] {
  const number = Number(/^key-(\d+)$/.exec(key)?.[1]);
  const ending = isRefused(number) ? 'deadLettered' : 'completed';
  return isWithdrawn(number) ? [ending, 'cancelled'] : [ending];
}

/** Tells whether the upstream makes the effect at this attempt. */
export function isAppliedAt(task: LedgerTask, attempt: number): boolean {
  return task.isRefused !== true && attempt > (task.busyUpTo ?? 0);
}
