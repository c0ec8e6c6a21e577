/**
 * Acceptance without an actor: the row of an operation that waits is written straight away, as its
 * chart would have written it, and the operation comes to life when its turn comes. So thousands can
 * be accepted at the price of their rows (docs/decisions/0025).
 *
 * @module
 */

import type { RetryPoliciesOf } from '../../machines/operation/attemptVerdict.ts';
import { entityKey, storedKeyOf } from '../../machines/operation/keys.ts';
import { routeOf } from '../../machines/operation/position.ts';
import { newOperation } from '../../machines/operation/syncOperationMachine.ts';
import { turnAtAcceptance } from '../../machines/operation/turn.ts';
import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import type { Clock, Random } from '../../machines/vocabulary/clock.ts';
import { NEVER_MS } from '../../machines/vocabulary/standing.ts';
import { builtInOf, urgencyOf } from '../../machines/vocabulary/urgency.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import type { RecordStore } from '../../persistence/port/store.ts';
import { encodeAccepted } from '../charts/operationRecord.ts';
import type { Facts } from '../facts/factStream.ts';
import type { Journal } from '../journal/journal.ts';
import {
  acceptanceUnknown,
  isEditBy,
  notAccepted,
  type PendingAcceptance,
} from '../operation/acceptance.ts';
import { type Handler, keyGivenTo } from '../operation/handler.ts';
import { operationInput } from '../operation/operationInput.ts';
import { operationId } from '../platform/operationId.ts';
import type { SteadyClock } from '../platform/steadyClock.ts';
import { answerDuplicate } from './duplicates.ts';
import type { Edits } from './edits.ts';
import type { OperationPool } from './operationPool.ts';

export interface BulkAcceptorParts {
  readonly store: RecordStore;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly random: Random;
  readonly retry: RetryPoliciesOf;
  readonly facts: Facts;
  readonly pool: OperationPool;
  /** Desk for edits of merged records. */
  readonly edits: Pick<Edits, 'accepted'>;
}

export class BulkAcceptor {
  readonly #parts: BulkAcceptorParts;
  /** Callers whose acceptance the disk has not answered yet. */
  readonly #waiting = new Set<PendingAcceptance>();

  constructor(parts: BulkAcceptorParts) {
    this.#parts = parts;
  }

  /**
   * Accepts a request, and tells once it is durable (OP-2). A crisis waits for nothing: it goes its own way; so
   * does what finds a slot.
   */
  accept(
    request: CheckedRequest,
    handler: Handler,
    pending: PendingAcceptance,
    crisisId?: string,
  ): void {
    const { store, journal, clock, steady, random, retry, facts, pool, edits } = this.#parts;
    if (passesBy('bulk', request)) {
      pool.accept(request, pending, undefined, crisisId);
      return;
    }
    if (journal.failure !== null && !journal.isHanging) {
      pending.reject(notAccepted(journal.failure));
      return;
    }
    const nowMs = clock.now();
    const id = operationId(nowMs, random);
    const urgency = urgencyOf(request.priority, builtInOf(request));
    const route = routeOf(request.type);
    const isEdit = isEditBy(handler, request);
    const permit = pool.permitFor({ id, urgency, route, isEdit }, request, handler, nowMs);
    if (permit !== null) {
      pool.start(request, pending, undefined, id, permit);
      return;
    }
    faultPoint('engine.beforeAccept');
    const context = newOperation(
      operationInput(id, request, retry(handler.upstream, request.type), nowMs, {
        keyGivenTo: keyGivenTo(handler),
        isEdit,
      }),
    );
    const { startAtMs, expiresAtMs } = context;
    const dueAtMs = startAtMs === undefined ? steady.stamp(nowMs) : NEVER_MS;
    const lane = entityKey(context.entity);
    const texts = encodeAccepted(context, turnAtAcceptance(false, false, context), lane);
    this.#waiting.add(pending);
    journal.write({
      build: () => ({
        kind: 'accept',
        seq: store.nextSeq(),
        id,
        urgency,
        standing: 'due',
        dueAtMs,
        route,
        subject: context.subject,
        lane,
        idempotencyKey: storedKeyOf(context),
        expiresAtMs,
        startAtMs,
        tags: context.tags,
        ...texts,
        payload: request.body,
      }),
      onDurable: (result) => {
        if (!this.#waiting.delete(pending)) return;
        if (result.kind === 'duplicate') {
          const { of } = result;
          const { fingerprint } = context;
          answerDuplicate({ journal, facts }, { of, fingerprint }, pending);
          return;
        }
        faultPoint('engine.afterAccept');
        facts.emit('operation.accepted', context, handler.upstream);
        edits.accepted(context, handler);
        pending.resolve({ id, isDuplicate: false });
        const { dispatcher } = pool;
        if (expiresAtMs !== null) dispatcher.noteInstant(expiresAtMs);
        // Behind another in its lane it is woken by that one.
        const isLaneBusy = result.kind === 'accepted' && result.laneBusy;
        if (result.kind === 'accepted' && result.raised !== null) {
          dispatcher.raise(result.raised, route);
        }
        if (isLaneBusy) return;
        if (startAtMs === undefined) dispatcher.noteDue(route, dueAtMs, urgency);
        else dispatcher.noteInstant(startAtMs);
      },
      isPatient: true,
      onFailed: (error) => {
        if (this.#waiting.delete(pending)) pending.reject(notAccepted(error));
      },
    });
  }

  /** Rejects all pending callers with HF_CLOSED: the runtime has stopped. */
  abandon(): void {
    const unknown = acceptanceUnknown();
    for (const pending of this.#waiting) {
      this.#waiting.delete(pending);
      pending.reject(unknown);
    }
  }
}
