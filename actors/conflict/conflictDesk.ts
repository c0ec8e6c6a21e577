/**
 * The desk at which edits of merged records are looked after, beside the queue: each is compared with what is known of
 * its record before it is sent, what the upstream refuses as another version is read, merged and sent again, and what
 * became of a record is kept (CF-1, CF-6, CF-8). Nothing else waits for it, crises least of all.
 *
 * @module
 */

import { laterEditOf, waitingEditOf } from '../../machines/conflict/askedOnce.ts';
import { searchForCards } from '../../machines/conflict/cards.ts';
import { compareEdit } from '../../machines/conflict/compareEdit.ts';
import { conflictIdOf } from '../../machines/conflict/conflictRecord.ts';
import { lookThroughEdit } from '../../machines/conflict/editBase.ts';
import { lookThrough } from '../../machines/conflict/items.ts';
import { afterSent, type SentEdit } from '../../machines/conflict/recordNews.ts';
import type { Onlooker } from '../../machines/conflict/remembered.ts';
import { recordMetaFrom } from '../../machines/merge/clock/recordMeta.ts';
import { entityKey } from '../../machines/operation/keys.ts';
import type { Ending } from '../../machines/operation/syncOperationMachine.ts';
import { baseOf } from '../../machines/policy/request/editRequest.ts';
import {
  type MergedBody,
  parseBody,
  withMerged,
} from '../../machines/policy/request/requestBody.ts';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import { type Pieces, Work } from '../../machines/vocabulary/pieces.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { faultPoint } from '../../persistence/port/faultPoints.ts';
import type { WorkContext } from '../charts/chartOfWork.ts';
import { type KeptRecords, keptRecords } from '../journal/keptRecords.ts';
import { isEditBy } from '../operation/acceptance.ts';
import type { Handler, TakenRecord } from '../operation/handler.ts';
import { giveBody, type Resident } from '../operation/resident.ts';
import { Slices } from '../platform/slices.ts';
import type { Edits } from '../work/edits.ts';
import { Backlog, type RestingEdit } from './backlog.ts';
import { CarriedConflicts, withQuestionsHere } from './carriedConflicts.ts';
import { ConflictKeeper } from './conflictKeeper.ts';
import { ConflictWork } from './conflictWork.ts';
import type { DeskParts, DeskTools } from './deskParts.ts';
import { EntityRecords } from './entityRecords.ts';
import { EntityViews } from './entityViews.ts';
import { MergeGuard } from './mergeGuard.ts';
import {
  comparisonOf,
  followQuestions,
  keepConflict,
  type Met,
  onlookerOf,
  silentMaxMsOf,
} from './merging.ts';
import { AskedRecords } from './openConflicts.ts';
import { HeldForRules, rulesWantedFor } from './outdatedEdits.ts';
import { RestingEdits } from './restingEdits.ts';
import { keepWaitingPlans, ShownPlans } from './shownPlans.ts';

// Compares an edit with what is known of its record, at its turn (CF-1). What its predecessor became, and what was
// heard of the record while it waited, is merged in here, so that it is not refused for that first.

/** The result of a comparison, for the edit. */
interface ComparedEdit {
  readonly event: 'edit.compared' | 'conflict.found';
  /** The body to send; `null` if it is not known yet. */
  readonly body: string | null;
}

/** Somebody has to be asked first: the upstream, or a person. */
const NOT_YET: ComparedEdit = { event: 'conflict.found', body: null };
/** There is nothing to compare. */
const AS_GIVEN: ComparedEdit = { event: 'edit.compared', body: null };

async function compareAtTurn(
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
      const made = await tools.guard.merge(context, question);
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

/** Most records of which it is counted what did not find room beside them. */
const UNTOLD_MAX = 10_000;

export class ConflictDesk implements Edits {
  /** Records as they are shown. */
  readonly views: EntityViews;
  readonly #tools: DeskTools;
  readonly #kept: KeptRecords;
  readonly #backlog: Backlog;
  readonly #works = new Map<string, ConflictWork>();
  /** Told of an edit that carried out a decision about a conflict and has ended otherwise than completed. */
  onDecisionRefused: (conflictId: string, operationId: string, ending: Ending) => void = () =>
    undefined;
  /** How much did not find room beside a record, in the last edit of each that was taken; of those with any. */
  readonly #untold = new Map<string, number>();
  #isStarted = false;

  constructor(parts: DeskParts) {
    const { store, journal, clock, timers, pool, retentionMs, onError } = parts;
    this.#kept = keptRecords({ store, journal });
    const changed = (key: string | null): void => {
      this.views.changed(key);
    };
    const asked = new AskedRecords(changed);
    const conflicts = new ConflictKeeper({
      kept: this.#kept,
      clock,
      retentionMs,
      asked,
      notes: parts.notes,
    });
    const questions = new CarriedConflicts({
      ...{ conflicts, asked, clock, facts: parts.facts, device: parts.device },
      rulesOf: parts.rulesOf,
      upstreamOf: (type) => pool().registered.byType.get(type)?.upstream ?? null,
    });
    this.#tools = {
      ...parts,
      records: new EntityRecords({ kept: this.#kept, onError, questions, onChanged: changed }),
      conflicts,
      asked,
      outdated: new HeldForRules(),
      followWaiting: async ({ entity }) => {
        if (entity === null || !asked.has(entity)) return;
        const waiting = await this.views.waitingFor(entity);
        const device = parts.device();
        const edits = waiting.map(({ id, context: { acceptedAtMs }, text }) =>
          waitingEditOf({ id, device, acceptedAtMs }, parseBody(text)),
        );
        await this.#tools.conflicts.follow(entity, edits, true);
      },
      guard: new MergeGuard({ kept: this.#kept, journal, clock, retentionMs }),
      resting: new RestingEdits({ store, pool }),
      plans: new ShownPlans(
        parts,
        async (entity) => (await this.views.shown(entity))?.value ?? null,
      ),
    };
    this.views = new EntityViews(this.#tools);
    this.#backlog = new Backlog({
      ...{ store, timers, onError },
      read: (row) => {
        const found = this.#tools.resting.ofRow(row);
        if (found === null || found.handler === null) return null;
        return { id: row.id, seq: row.seq, upstream: found.handler.upstream };
      },
      isAsked: async (row) => {
        const found = this.#tools.resting.ofRow(row);
        if (found === null) return true;
        return await this.#tools.conflicts.isAsked(conflictIdOf(found.context), row.id);
      },
      begin: (edit) => {
        this.#begin(edit);
      },
    });
  }

  /** Conflicts that are worked on now. */
  get atWork(): number {
    return this.#backlog.atWork;
  }

  /** Removals and devices that did not find room beside records, since the start (CF-7). */
  get untold(): number {
    return [...this.#untold.values()].reduce((sum, count) => sum + count, 0);
  }

  get tools(): DeskTools {
    return this.#tools;
  }

  /** The store is open and serves: conflicts that an earlier process left are taken up. */
  start(): void {
    this.#isStarted = true;
    this.#backlog.start();
    this.views.start();
    this.#keepPlans();
  }

  /** A handler of some type is there from now on, whose edits may rest. */
  lookEverywhere(): void {
    this.#backlog.lookEverywhere();
    this.#keepPlans();
  }

  /** Nothing is begun any more; what is under way is left, and taken up at the next start. */
  stop(): void {
    this.#isStarted = false;
    this.#backlog.stop();
    this.views.stop();
    for (const work of [...this.#works.values()]) work.stop();
  }

  /** Rejects what waits for the disk with HF_CLOSED: the engine has stopped. */
  abandon(): void {
    this.#kept.abandon();
  }

  compare(resident: Resident): void {
    const before = resident.actor.getSnapshot();
    this.#compare(resident).catch((error: unknown) => {
      if (resident.actor.getSnapshot() !== before) return;
      const atMs = this.#tools.clock.now();
      const isStoreIll = this.#tools.journal.failure !== null;
      if (!isStoreIll) this.#tools.onError(error);
      // Where the store is well, it is looked at again, beside the queue.
      resident.actor.send({ type: isStoreIll ? 'turn.revoked' : 'conflict.found', atMs });
    });
  }

  accepted({ entity, subject, priority }: WorkContext, handler: Handler | null): void {
    if (entity === null || handler === null || !isEditBy(handler, { entity, priority })) return;
    this.views.changed(entityKey(entity));
    void this.#tools.plans.changed(entity, subject, handler);
    this.#tools.followWaiting({ entity }).catch(this.#tools.onError);
  }

  conflicted(resident: Resident): void {
    this.#changed(resident);
    const handler = this.#tools.resting.ofResident(resident)?.handler ?? null;
    if (handler === null) return;
    const { id, seq } = resident;
    this.#backlog.add({ id, seq, upstream: handler.upstream });
  }

  isToBeRecorded({ handler }: Resident, context: WorkContext): boolean {
    const isTaken = context.ending === 'completed' && context.isCompared === true;
    return isTaken && isEditBy(handler, context);
  }

  record(resident: Resident, goOn: () => void): void {
    this.#record(resident)
      .catch((error: unknown) => {
        // The next edit of the record finds that it has changed, and reads it.
        if (!isHoldfastError(error) || this.#tools.journal.failure === null) {
          this.#tools.onError(error);
        }
      })
      .finally(goOn);
  }

  ended({ id, body }: Resident, { entity, ending, isEdit }: WorkContext): void {
    this.#tools.outdated.release(id);
    this.views.changed(entityKey(entity));
    this.#works.get(id)?.stop();
    if (isEdit !== true || body === null || ending === null || ending === 'completed') return;
    const { decides } = parseBody(body);
    if (decides !== undefined) this.onDecisionRefused(decides, id, ending);
  }

  #changed({ actor }: Resident): void {
    this.views.changed(entityKey(actor.getSnapshot().context.entity));
  }

  #keepPlans(): void {
    if (!this.#isStarted) return;
    void keepWaitingPlans(this.#tools, () => !this.#isStarted).catch((error: unknown) => {
      // The plans from before stay; the edits go on.
      if (this.#isStarted) this.#tools.onError(error);
    });
  }

  async #record({ id, actor, body, taken, handler }: Resident): Promise<void> {
    const { context } = actor.getSnapshot();
    const { entity, subject, acceptedAtMs } = context;
    if (entity === null || body === null || handler === null) return;
    const sent = { id, body: parseBody(body), acceptedAtMs, ...keptOf(taken) };
    faultPoint('conflict.beforeRecord');
    const onlooker = onlookerOf(this.#tools, entity, handler);
    const { payload, merged } = sent.body;
    const values = [merged?.payload ?? payload, payload, taken?.value ?? null];
    // The edit is among those that wait no more: until it is in the record, that is not read.
    await this.#tools.records.update(
      entity,
      onlooker,
      (before) => afterSent(before, { entity, subject }, sent, onlooker),
      () => Slices.of(this.#tools.clock).mostly(lookThroughSent(onlooker, values)),
    );
    faultPoint('conflict.afterRecord');
    const key = entityKey(entity) ?? '';
    const untold = sent.body.merged?.untold ?? 0;
    this.#untold.delete(key);
    if (untold > 0 && this.#untold.size < UNTOLD_MAX) this.#untold.set(key, untold);
    await this.#tools.plans.changed(entity, subject, handler);
  }

  async #compare(resident: Resident): Promise<void> {
    const before = resident.actor.getSnapshot();
    const { handler, body } = resident;
    const { context } = before;
    faultPoint('conflict.beforeCompare');
    const compared = await compareAtTurn(this.#tools, { context, body, handler });
    // It was taken back, has expired, or was stopped: what was found out about it is of no use to anybody.
    if (resident.actor.getSnapshot() !== before) return;
    const { clock } = this.#tools;
    faultPoint('conflict.afterCompare');
    if (compared.body !== null) giveBody(resident, compared.body);
    resident.actor.send({ type: compared.event, atMs: clock.now() });
    this.#changed(resident);
  }

  #begin(edit: RestingEdit): void {
    const work = new ConflictWork(this.#tools, edit, (ended) => {
      if (this.#works.get(edit.id) === work) this.#works.delete(edit.id);
      this.#backlog.done(edit);
      // It may rest again, for another conflict.
      if (ended === 'stale') this.#backlog.add(edit);
    });
    this.#works.set(edit.id, work);
    work.begin();
  }
}

/** What the upstream has said that it holds now, without what it left open. */
function keptOf(taken: TakenRecord | null): Pick<SentEdit, 'kept'> {
  if (taken === null) return {};
  const { version, value, meta } = taken;
  const known = recordMetaFrom(meta);
  return {
    kept: {
      ...{ version, ...(value === undefined ? {} : { value }) },
      ...(known === null ? {} : { meta: known }),
    },
  };
}

/** Pieces that look through the sent value and the one that the upstream holds since, before both are kept. */
function* lookThroughSent(
  { rules, isExempt }: Onlooker,
  values: readonly (Json | null)[],
): Pieces<void> {
  yield* lookThrough(rules, values);
  const work = new Work();
  for (const value of values) yield* searchForCards(value, work, isExempt);
}
