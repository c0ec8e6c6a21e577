/**
 * The calls about dead letters, made on a store that this process runs on or that is at rest.
 *
 * @module
 */

import { newerRecordIn } from '../../actors/charts/snapshots.ts';
import { operationId } from '../../actors/platform/operationId.ts';
import { deadLetterContext, replayWrite } from '../../actors/recovery/replay.ts';
import type { ServiceAccess } from '../../actors/recovery/serviceAccess.ts';
import { broughtBack } from '../../machines/operation/broughtBack.ts';
import {
  type ReplayFacts,
  type SyncOperationContext,
  syncOperationMachine,
} from '../../machines/operation/syncOperationMachine.ts';
import { checkRequest } from '../../machines/policy/request/request.ts';
import { parseBody } from '../../machines/policy/request/requestBody.ts';
import { HoldfastError, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Json } from '../../machines/vocabulary/json.ts';
import { checkId } from '../../machines/vocabulary/optionFields.ts';
import type {
  PurgeWrite,
  SetAsideWrite,
  StoredOperation,
  WriteResult,
} from '../../persistence/port/store.ts';
import type {
  DeadLetterBatch,
  DeadLetterFilter,
  DeadLetterPageQuery,
  ReplayOptions,
} from './deadLetterChecks.ts';
import { checkBatch, checkFilter, checkPage, checkReplay } from './deadLetterChecks.ts';
import type {
  DeadLetter,
  DeadLetterBatchResult,
  DeadLetterCalls,
  DeadLetterDetails,
  DeadLetterPage,
} from './deadLetters.ts';

/** Rows looked at in one call. */
const PAGE_ROWS = 256;

export function deadLetterCalls(access: ServiceAccess): DeadLetterCalls {
  return new Calls(access);
}

class Calls implements DeadLetterCalls {
  readonly #access: ServiceAccess;

  constructor(access: ServiceAccess) {
    this.#access = access;
  }

  async page(query: DeadLetterPageQuery): Promise<DeadLetterPage> {
    const { filter, order, fromSeq } = checkPage(query);
    const { matching, nextSeq } = await this.#rows(filter, order, fromSeq);
    return { letters: matching.map(({ context }) => letterOf(context)), nextSeq };
  }

  async show(id: string): Promise<DeadLetterDetails> {
    const { row, context } = await this.#find(id);
    return {
      ...letterOf(context),
      subject: context.subject,
      entity: context.entity,
      history: context.history,
      hasPayload: row.payload !== null,
    };
  }

  async replay(id: string, options: ReplayOptions = {}): Promise<void> {
    const { payload, evenIfApplied } = checkReplay(options);
    const { row, context } = await this.#find(id);
    const { clock, random } = this.#access;
    if (row.payload === null && payload === undefined) throw payloadErased();
    const facts: ReplayFacts = {
      atMs: clock.now(),
      idempotencyKey: payload === undefined ? null : operationId(clock, random),
      isRepeatApproved: evenIfApplied === true,
    };
    const body = payload === undefined ? null : this.#editedBody(row, context, payload);
    const back = broughtBack(context, facts);
    if (back === null) throw keptBecause(context, facts.atMs);
    const [result] = await this.#replayRows([{ row, context: back, payload: body }]);
    if (result?.kind !== 'replayed') throw notDeadLettered();
  }

  async purge(id: string): Promise<void> {
    const { row } = await this.#find(id);
    const [result] = await this.#purgeRows([row]);
    if (result?.kind !== 'purged') throw notDeadLettered();
  }

  async batch(batch: DeadLetterBatch): Promise<DeadLetterBatchResult> {
    const { action, filter, fromSeq, dryRun, evenIfApplied } = checkBatch(batch);
    const { matching, nextSeq } = await this.#rows(filter, 'oldest', fromSeq);
    const facts: ReplayFacts = {
      atMs: this.#access.clock.now(),
      idempotencyKey: null,
      isRepeatApproved: evenIfApplied,
    };
    const going =
      action === 'purge'
        ? matching
        : matching.flatMap(({ row, context }) => {
            const back = broughtBack(context, facts);
            return back === null ? [] : [{ row, context: back }];
          });
    const counts = {
      matched: matching.length,
      expired: matching.length - going.length,
      nextSeq,
    };
    if (dryRun) return { ...counts, done: going.length, changed: 0 };
    const results =
      action === 'purge'
        ? await this.#purgeRows(going.map(({ row }) => row))
        : await this.#replayRows(going.map((one) => ({ ...one, payload: null })));
    const changed = results.filter(({ kind }) => kind === 'missing').length;
    return { ...counts, done: going.length - changed, changed };
  }

  async #rows(
    filter: DeadLetterFilter,
    order: 'newest' | 'oldest',
    fromSeq: number | undefined,
  ): Promise<{
    readonly matching: readonly { row: StoredOperation; context: SyncOperationContext }[];
    readonly nextSeq: number | null;
  }> {
    const { rows, nextSeq } = await this.#access.store.deadLetters({
      order,
      fromSeq: fromSeq ?? (order === 'newest' ? Number.MAX_SAFE_INTEGER : 0),
      limit: PAGE_ROWS,
      route: filter.upstream,
    });
    const matches = checkFilter(filter);
    const unreadable: StoredOperation[] = [];
    const readable = rows.flatMap((row) => {
      const context = contextIfReadable(row);
      if (context === null) unreadable.push(row);
      return context === null ? [] : [{ row, context }];
    });
    if (unreadable.length > 0) await this.#setAside(unreadable);
    return { matching: readable.filter(({ context }) => matches(context)), nextSeq };
  }

  /** One that can't be read hides no other (PS-3); one that a later version wrote stays where it is. */
  async #setAside(unreadable: readonly StoredOperation[]): Promise<void> {
    const rows = unreadable.filter(
      ({ state }) => newerRecordIn(syncOperationMachine, state) === null,
    );
    if (rows.length === 0) return;
    await this.#access.commit(
      rows.map(
        ({ seq, id, revision }) =>
          (): SetAsideWrite => ({
            kind: 'setAside',
            seq,
            id,
            revision,
            code: 'HF_RECORD_UNSUPPORTED',
          }),
      ),
    );
  }

  async #find(id: string): Promise<{ row: StoredOperation; context: SyncOperationContext }> {
    checkId(id);
    const row = await this.#access.store.find(id);
    if (row === null) throw operationUnknown();
    if (row.standing !== 'deadLettered') throw notDeadLettered();
    return { row, context: deadLetterContext(row) };
  }

  async #replayRows(
    going: readonly {
      readonly row: StoredOperation;
      readonly context: SyncOperationContext;
      readonly payload: string | null;
    }[],
  ): Promise<readonly WriteResult[]> {
    const { store } = this.#access;
    const writes = going.map(({ row, context, payload }) => {
      const place = this.#access.placeOf(context.type);
      return () => replayWrite(row, context, { place, toSeq: store.nextSeq(), payload });
    });
    const results = await this.#access.commit(writes).catch((error: unknown) => {
      // Some of them may be back all the same.
      this.#access.broughtBack(going.map(({ context }) => context));
      throw error;
    });
    const back = going.filter((_, index) => results[index]?.kind === 'replayed');
    if (back.length > 0) this.#access.broughtBack(back.map(({ context }) => context));
    return results;
  }

  async #purgeRows(rows: readonly StoredOperation[]): Promise<readonly WriteResult[]> {
    const results = await this.#access.commit(
      rows.map(
        ({ seq, id, revision }) =>
          (): PurgeWrite => ({ kind: 'purge', seq, id, revision }),
      ),
    );
    for (const result of results) {
      if (result.kind === 'purged' && result.laneNext !== null) {
        this.#access.laneFreed(result.laneNext);
      }
    }
    return results;
  }

  /** Checks an edited payload as if it came with a new request (CF-7, OP-9). */
  #editedBody(row: StoredOperation, context: SyncOperationContext, payload: Json): string {
    const base = row.payload === null ? undefined : parseBody(row.payload).base;
    const { type, subject, tier } = context;
    const request = base === undefined ? { payload } : { payload, base };
    const { payloadBytesMax, exemptionsOf } = this.#access;
    return checkRequest({ type, subject, tier, ...request }, payloadBytesMax, exemptionsOf).body;
  }
}

function letterOf(context: SyncOperationContext): DeadLetter {
  const { failure } = context;
  return {
    id: context.id,
    type: context.type,
    tier: context.tier,
    priority: context.priority,
    code: failure?.code ?? 'HF_INTERNAL',
    message: failure?.message ?? 'It was given up for no recorded reason.',
    attempts: context.isSpent ? context.attempt : context.attempt - 1,
    acceptedAtMs: context.acceptedAtMs,
    deadLetteredAtMs: context.settledAtMs ?? context.acceptedAtMs,
    expiresAtMs: context.expiresAtMs,
    mayBeApplied: context.isOutcomeUnknown,
  };
}

function contextIfReadable(row: StoredOperation): SyncOperationContext | null {
  try {
    return deadLetterContext(row);
  } catch (error) {
    if (isHoldfastError(error)) return null;
    throw error;
  }
}

function operationUnknown(): HoldfastError {
  return new HoldfastError(
    'HF_OPERATION_UNKNOWN',
    'There is no operation of that id in the store; it may have been purged.',
    { field: 'id' },
  );
}

function notDeadLettered(): HoldfastError {
  return new HoldfastError(
    'HF_NOT_DEAD_LETTERED',
    'The operation of that id is no dead letter, or no longer one. Nothing was changed.',
    { field: 'id' },
  );
}

function payloadErased(): HoldfastError {
  return new HoldfastError(
    'HF_PAYLOAD_ERASED',
    'The payload of that dead letter is erased. Replay it with a new payload, or purge it.',
    { field: 'id' },
  );
}

function keptBecause(context: SyncOperationContext, atMs: number): HoldfastError {
  if (context.expiresAtMs !== null && context.expiresAtMs <= atMs) {
    return new HoldfastError(
      'HF_EXPIRED',
      'The time of that dead letter is over. Send it as a new request, or purge it.',
      { field: 'id' },
    );
  }
  return new HoldfastError(
    'HF_MAY_BE_APPLIED',
    'An attempt of that dead letter may have been applied, and a new key would not keep an edited one from being applied beside it. Look at the upstream first; evenIfApplied (--even-if-applied) replays it all the same.',
    { field: 'id' },
  );
}
