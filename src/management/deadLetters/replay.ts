/**
 * Management call: runs one dead letter again.
 *
 * @module
 */

import { operationId } from '../../../actors/platform/operationId.ts';
import type { DeadLetterRecord } from '../../../actors/port.ts';
import type { SyncOperationContext } from '../../../machines/operation/syncOperationMachine.ts';
import { parseBody } from '../../../machines/policy/request/requestBody.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Json } from '../../../machines/vocabulary/json.ts';
import type { OptionRules } from '../../../machines/vocabulary/optionRules.ts';
import { storeCall } from '../call/managementCall.ts';
import { ofOperation } from '../call/overrides.ts';
import { BY_PERSON, ID, type Ordered } from '../call/params.ts';
import type { ManagedStore } from '../call/targets.ts';
import { notDeadLettered } from './letters.ts';

export interface ReplayOptions {
  /**
   * A payload in place of the one it has. The upstream sees it as another request: it goes out under a
   * new idempotency key. It is checked like one, too.
   */
  readonly payload?: Json | undefined;
  /** Also where an attempt may have been applied: the caller has looked at the upstream. Default false. */
  readonly evenIfApplied?: boolean | undefined;
}

export const REPLAY_RULES = {
  payload: 'anything',
  evenIfApplied: 'boolean',
} as const satisfies OptionRules<ReplayOptions>;

export const replayDeadLetter = storeCall<
  ReplayOptions & Ordered & { readonly id: string },
  undefined
>({
  name: 'deadLetter.replay',
  summary: 'Runs one dead letter again, its attempts anew, with its payload or another.',
  capability: 'operate',
  params: { id: ID, ...REPLAY_RULES, by: BY_PERSON },
  audited: ['id', 'evenIfApplied', 'by'],
  override: ofOperation('deadLetter.replay'),
  async run(store, { id, payload, evenIfApplied }) {
    // Loaded by who runs letters again, and not by who only asks the owner to.
    const { broughtBack } = await import('../../../machines/operation/broughtBack.ts');
    const { deadLetters } = store.records;
    const letter = await deadLetters.find(id);
    if (letter.body === null && payload === undefined) throw payloadErased();
    const atMs = store.clock.now();
    const body = payload === undefined ? null : await editedBody(store, letter, payload);
    const context = broughtBack(letter.context, {
      atMs,
      idempotencyKey: payload === undefined ? null : operationId(store.clock, store.random),
      isRepeatApproved: evenIfApplied === true,
    });
    if (context === null) throw keptBecause(letter.context, atMs);
    const [isReplayed] = await deadLetters.replay([{ letter, context, body }]);
    if (isReplayed !== true) throw notDeadLettered();
  },
});

/** Checks an edited payload as if it came with a new request (CF-7, OP-9). */
async function editedBody(
  store: ManagedStore,
  { context, body }: DeadLetterRecord,
  payload: Json,
): Promise<string> {
  const { base, removals } = body === null ? {} : parseBody(body);
  const { type, subject, tier, entity } = context;
  // Of an edit the entity belongs to what is checked.
  const about = entity === null ? { type, subject, tier } : { type, subject, tier, entity };
  const { body: checked } = await store.checkRequest({ ...about, payload, base, removals });
  return checked;
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
