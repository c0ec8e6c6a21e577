/**
 * Carries out what people have decided about conflicts, on a running engine: see {@link ConflictOrders}.
 *
 * @module
 */

import { decidedBody } from '../../machines/conflict/mergeEdit.ts';
import { type CheckedRequest, checkRequest } from '../../machines/policy/request/request.ts';
import { asDecision, parseBody, withMerged } from '../../machines/policy/request/requestBody.ts';
import type { Pieces } from '../../machines/vocabulary/pieces.ts';
import { demandDurable } from '../operation/acceptance.ts';
import { Slices } from '../platform/slices.ts';
import { withQuestionsHere } from './carriedConflicts.ts';
import type { ConflictOrders, DecidedEdit } from './conflictOrders.ts';
import type { DeskTools } from './deskParts.ts';
import { comparisonOf } from './merging.ts';

export interface CarryingOutParts {
  readonly tools: DeskTools;
  /** Accepts a request; resolves with its operation once that is durable. */
  readonly accept: (request: CheckedRequest) => Promise<{ readonly id: string }>;
  readonly keep: ConflictOrders['keep'];
}

/** Times that a decision is told again to an edit to which something has happened meanwhile. */
const TRIES_MAX = 4;

export function carryingOut({ tools, accept, keep }: CarryingOutParts): ConflictOrders {
  const { resting, records, clock, journal } = tools;

  /** False where it took no notice; `null` where it does not wait for a decision. */
  async function tell(operationId: string, decided: DecidedEdit): Promise<boolean | null> {
    const edit = await resting.read(operationId);
    if (edit === null || edit.context.entity === null) return null;
    const { context, revision } = edit;
    const record = await records.read(edit.context.entity);
    const round = (context.round ?? 0) + 1;
    const body = parseBody(edit.body);
    const comparison = comparisonOf(tools, { context, body, record, round });
    const { value, version, absent, ancestor, holds } = decided;
    if (value === null && absent === true) {
      // The upstream has it no more, and that is how it is to be: there is nothing to send.
      return await resting.tell(operationId, revision, () => ({
        event: { type: 'conflict.applied', atMs: clock.now() },
      }));
    }
    // What comes to the upstream later is compared with what the person has seen of it.
    const made = decidedBody(comparison, { value, version, absent, ancestor, holds });
    const merged = await withQuestionsHere(tools, edit.context.entity, made, body.decides);
    return await resting.tell(operationId, revision, () => ({
      event: { type: 'conflict.merged', atMs: clock.now(), round, isOutcomeKnown: true },
      body: withMerged(edit.body, merged),
    }));
  }

  return {
    keep,
    async decide(operationId, decided) {
      let isTold: boolean | null = false;
      for (let tries = 0; tries < TRIES_MAX && isTold === false; tries += 1) {
        isTold = await tell(operationId, decided);
      }
      await demandDurable(journal);
      return isTold === true;
    },
    async edit({ id: conflictId, type, subject, entity }, { value, base, key }) {
      const { exemptionsOf } = tools;
      const searches: Pieces<void>[] = [];
      const request = checkRequest(
        { type, subject, entity, payload: value, base, idempotencyKey: key },
        {
          ...{ payloadBytesMax: Number.MAX_SAFE_INTEGER, exemptionsOf },
          searchesLater: (search) => searches.push(search),
        },
      );
      for (const search of searches) await Slices.of(clock).pieces(search);
      const { id } = await accept({ ...request, body: asDecision(request.body, conflictId) });
      return id;
    },
  };
}
