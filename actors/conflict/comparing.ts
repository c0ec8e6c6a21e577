/**
 * Compares an edit with what is known of its record, at its turn (CF-1). What its predecessor became, and what was
 * heard of the record while it waited, is merged in here, so that it is not refused for that first.
 *
 * @module
 */

import { laterEditOf } from '../../machines/conflict/askedOnce.ts';
import { compareEdit } from '../../machines/conflict/compareEdit.ts';
import { conflictIdOf } from '../../machines/conflict/conflictIds.ts';
import { lookThroughEdit } from '../../machines/conflict/editBase.ts';
import { baseOf } from '../../machines/policy/request/editRequest.ts';
import {
  type MergedBody,
  parseBody,
  withMerged,
} from '../../machines/policy/request/requestBody.ts';
import type { Handler } from '../attempt/handler.ts';
import type { WorkContext } from '../charts/chartOfWork.ts';
import { Slices } from '../time/slices.ts';
import { withQuestionsHere } from './carriedConflicts.ts';
import type { DeskTools } from './deskParts.ts';
import { comparisonOf, followQuestions, keepConflict, type Met, silentMaxMsOf } from './merging.ts';
import { rulesWantedFor } from './outdatedEdits.ts';

/** What comes of it for the edit. */
export interface ComparedEdit {
  readonly event: 'edit.compared' | 'conflict.found';
  /** What it is sent as; `null` where that is not known yet. */
  readonly body: string | null;
}

/** Somebody has to be asked first: the upstream, or a person. */
const NOT_YET: ComparedEdit = { event: 'conflict.found', body: null };
/** There is nothing to compare. */
const AS_GIVEN: ComparedEdit = { event: 'edit.compared', body: null };

export async function compareAtTurn(
  tools: DeskTools,
  edit: {
    readonly context: WorkContext;
    readonly body: string | null;
    readonly handler: Handler | null;
  },
): Promise<ComparedEdit> {
  const { context, body, handler } = edit;
  if (context.entity === null || body === null || handler === null) return AS_GIVEN;
  // It went out when its handler merged nothing, and may be applied: the same again, on what it was made on (OP-3).
  if (context.isOutcomeUnknown) return namesVersion(body) ? AS_GIVEN : NOT_YET;
  const record = await tools.records.read(context.entity);
  tools.outdated.release(context.id);
  if (rulesWantedFor(record, tools.rulesOf(context.entity.type)) !== null) return NOT_YET;
  // What was known may have been forgotten since it was made: what the upstream holds is read first.
  const isOld = tools.clock.now() - context.acceptedAtMs > silentMaxMsOf(tools, handler);
  if (record === null && isOld) return NOT_YET;
  const { entity } = context;
  const parsed = parseBody(body);
  const toSend = async (merged: MergedBody): Promise<ComparedEdit> => {
    const whole = await withQuestionsHere(tools, entity, merged, parsed.decides);
    return { event: 'edit.compared', body: withMerged(body, whole) };
  };
  const comparison = comparisonOf(tools, { context, body: parsed, record });
  // A large record is looked through before, in slices.
  await Slices.of(tools.clock).mostly(lookThroughEdit(comparison));
  const compared = compareEdit(comparison);
  switch (compared.kind) {
    case 'clear':
      await followQuestions(
        tools,
        { context },
        laterEditOf(comparison, context.id, compared.merged.payload),
      );
      return await toSend(compared.merged);
    case 'fetch':
      return NOT_YET;
    case 'merge': {
      const { current } = compared;
      const question = { ...comparison, current, bytesMax: tools.recordBytesMax };
      const made = await tools.guard.merge(context.id, question);
      const met: Met = {
        ...{ conflictId: conflictIdOf(context), context, handler },
        reason: 'predecessor',
        version: current?.version ?? null,
        atMs: tools.clock.now(),
      };
      const waits = !made.isMerged || made.isHeld;
      await keepConflict(tools, met, made, waits, comparison);
      if (waits) return NOT_YET;
      return await toSend(made.merged);
    }
    default:
      return compared satisfies never;
  }
}

function namesVersion(body: string): boolean {
  return typeof baseOf(parseBody(body).base).version === 'string';
}
