/**
 * The work on one conflict, as its chart orders it: what the upstream holds is read and put together with the edit, both
 * are kept, and the edit goes on with what came of it (CF-6, CF-8). It holds nothing that would be missed: whatever ends
 * it, it is begun again from what is on disk, and comes to the same.
 *
 * @module
 */

import { type EventObject, fromCallback } from 'xstate';
import {
  type ConflictEvent,
  type ConflictSnapshot,
  conflictDue,
  conflictMachine,
  conflictOrders,
} from '../../machines/conflict/conflictMachine.ts';
import { REFUSALS_MAX } from '../../machines/conflict/conflictSetup.ts';
import {
  type Failure,
  failureOf,
  permanentFailure,
} from '../../machines/policy/retry/classifyFailure.ts';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { ConflictReason, Current } from '../../machines/vocabulary/record.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import { ChartActor } from '../charts/chartActor.ts';
import type { RestingEdit } from './backlog.ts';
import type { DeskTools } from './deskParts.ts';
import { Encounter, type Made } from './encounter.ts';
import { fetchCurrent } from './fetchCurrent.ts';

/** The pause before the upstream is asked: longer from round to round, so that devices do not meet again. */
const PAUSE_MS_MIN = 25;
const PAUSE_MS_MAX = 2_000;
/** After a read that failed, and its repeats. */
const READ_AGAIN_MS = 5_000;
/** So often it is read before others have their turn; it is looked at again a little later. */
const READS_MAX = 3;

function tagsNeverMatch(): Error {
  return permanentFailure(
    'The upstream twice refused the version that it had just given: its versions never match what it compares them with. See that it compares the validator it sends (a weak tag never matches where RFC 9110 is kept to the letter, and a proxy may change a tag), or give versions of your own with condition and fetchCurrent.',
  );
}

/** How it ended for those who count what is under way. */
type Ended = 'over' | 'stale';

export class ConflictWork {
  readonly #tools: DeskTools;
  readonly #edit: RestingEdit;
  readonly #onDone: (ended: Ended) => void;
  readonly #stopped = new AbortController();
  #chart: ChartActor<typeof conflictMachine> | null = null;
  #current: Current | null = null;
  #made: Made | null = null;
  #failure: Failure | null = null;
  #isOver = false;

  /** @param onDone told once; `stale`: something has happened to the edit meanwhile, and it may rest again */
  constructor(tools: DeskTools, edit: RestingEdit, onDone: (ended: Ended) => void) {
    this.#tools = tools;
    this.#edit = edit;
    this.#onDone = onDone;
  }

  begin(): void {
    this.#do(async () => {
      const met = await Encounter.read(this.#tools, this.#edit.id);
      // What is known of it already needs no read.
      if (met === null || this.#isOver || (await met.isHeldForRules())) {
        this.#end('over');
        return;
      }
      this.#chart = this.#chartOf(met);
      this.#chart.start();
    });
  }

  /** What it comes to is of no use to anybody any more. */
  stop(): void {
    this.#end('over');
  }

  #chartOf(met: Encounter): ChartActor<typeof conflictMachine> {
    const { system, steady, timers, random, onError } = this.#tools;
    const atMs = steady.now();
    // A copy of it that lags behind may show what is over for some seconds.
    const pauseMs =
      met.sentAsRead >= REFUSALS_MAX
        ? READ_AGAIN_MS
        : random.next() * Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** met.round);
    return new ChartActor({
      system,
      id: `conflict:${met.edit.id}`,
      input: { ...met.input(atMs), fetchAtMs: atMs + pauseMs },
      due: { of: conflictDue, steady, after: timers.after.bind(timers) },
      machine: conflictMachine.provide({
        actors: {
          fetch: fromCallback<EventObject, { readonly id: string }>(({ sendBack }) => {
            this.#do(async () => {
              sendBack(await this.#fetch(met));
            });
          }),
          merge: fromCallback<EventObject, { readonly id: string }>(({ sendBack }) => {
            this.#do(async () => {
              sendBack(await this.#merge(met));
            });
          }),
        },
      }),
      onChange: (snapshot, event) => {
        this.#changed(met, snapshot, event);
      },
      onFailed: (error) => {
        onError(error);
        this.#end('over');
      },
    });
  }

  #changed(met: Encounter, snapshot: ConflictSnapshot, event: ConflictEvent | undefined): void {
    const { context, status } = snapshot;
    if (status === 'done') {
      this.#resolved(met, snapshot);
      return;
    }
    if (event?.type === 'fetch.failed' && context.fetches >= READS_MAX) {
      this.#end('over');
      return;
    }
    switch (conflictOrders(snapshot)) {
      case 'rebase':
        this.#do(() => this.#rebase(met, context.asks));
        break;
      case 'askPerson':
        this.#do(() => this.#ask(met, context.asks));
        break;
      case null:
        break;
    }
  }

  async #fetch(met: Encounter): Promise<ConflictEvent> {
    const { context, body, handler } = met.edit;
    faultPoint('conflict.beforeFetch');
    const fetched = await fetchCurrent(this.#tools, {
      ...{ context, body, upstream: handler.upstream, rules: met.rules },
      signal: this.#stopped.signal,
    });
    faultPoint('conflict.afterFetch');
    const atMs = this.#tools.steady.now();
    switch (fetched.kind) {
      case 'current': {
        this.#current = fetched.current;
        const standing = await met.heard(fetched.current);
        faultPoint('conflict.afterHeard');
        const retryAtMs = atMs + READ_AGAIN_MS;
        return { type: 'current.fetched', standing, atMs, retryAtMs };
      }
      case 'unreadable':
        return { type: 'current.unreadable', atMs };
      case 'refused':
        this.#failure = fetched.failure;
        return { type: 'fetch.refused', atMs };
      case 'failed':
        return { type: 'fetch.failed', atMs, retryAtMs: atMs + READ_AGAIN_MS };
      default:
        return fetched satisfies never;
    }
  }

  async #merge(met: Encounter): Promise<ConflictEvent> {
    if (await met.isHeldForRules()) return { type: 'rules.newer', atMs: this.#tools.steady.now() };
    const made = await met.merge(this.#current);
    this.#made = made;
    const atMs = this.#tools.steady.now();
    if (!made.isMerged) return { type: 'merge.failed', atMs };
    const { review, isToWait, isNothingLeft } = made;
    const questions = review.length;
    return { type: 'edit.merged', atMs, questions, isToWait, isNothingLeft, isSound: true };
  }

  /** Both sides are kept, then the edit goes on with the body that was made, which its row is written with. */
  async #rebase(met: Encounter, asks: ConflictReason | null): Promise<void> {
    const made = this.#made;
    if (made?.isMerged !== true) return;
    faultPoint('conflict.beforeKeep');
    await met.keep(made, this.#current, asks, false);
    faultPoint('conflict.afterKeep');
    if (await met.goOnWith(made)) {
      faultPoint('conflict.afterTell');
      await this.#tools.journal.written();
      this.#chart?.send({ type: 'journal.committed', atMs: this.#tools.steady.now() });
    } else this.#end('stale');
  }

  async #ask(met: Encounter, asks: ConflictReason | null): Promise<void> {
    await met.keep(this.#made, this.#current, asks, true);
    this.#end('over');
  }

  /** Nothing of it is to be sent; what the rules did not take of it is kept first. */
  async #arrived(met: Encounter, asks: ConflictReason | null): Promise<void> {
    const made = this.#made;
    if (made?.isMerged === true) await met.keep(made, this.#current, asks, false);
    await this.#tell(met.applied(this.#current));
  }

  #resolved(met: Encounter, { context: { outcome, asks } }: ConflictSnapshot): void {
    switch (outcome) {
      case 'pending':
        this.#do(() => this.#tell(met.pending()));
        break;
      case 'applied':
        this.#do(() => this.#arrived(met, asks));
        break;
      case 'refused':
        this.#do(() => this.#tell(met.refused(this.#failure)));
        break;
      case 'neverMatches':
        this.#do(() => this.#tell(met.refused(failureOf(tagsNeverMatch()))));
        break;
      case 'merged':
      case 'decided':
      case 'left':
      case null:
        this.#end('over');
        break;
      default:
        outcome satisfies never;
    }
  }

  async #tell(telling: Promise<boolean>): Promise<void> {
    this.#end((await telling) ? 'over' : 'stale');
  }

  /** What fails here is begun again a little later, from what is on disk. */
  #do(act: () => Promise<void>): void {
    const { onError, journal } = this.#tools;
    act().catch((error: unknown) => {
      const isStopped = isHoldfastError(error) && error.code === 'HF_CLOSED';
      if (!this.#isOver && !isStopped && journal.failure === null) onError(error);
      this.#end('over');
    });
  }

  #end(ended: Ended): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopped.abort();
    this.#chart?.stop();
    this.#onDone(ended);
  }
}
