/**
 * An edit that has met another version of its record, with all that is asked of it and told to it while that is worked
 * on (CF-6).
 *
 * @module
 */

import { searchForCards, withoutCards } from '../../machines/conflict/cards.ts';
import { compareEdit } from '../../machines/conflict/compareEdit.ts';
import type { ConflictInput } from '../../machines/conflict/conflictMachine.ts';
import { conflictIdOf } from '../../machines/conflict/conflictRecord.ts';
import { type Comparison, lookThroughEdit } from '../../machines/conflict/editBase.ts';
import type { EntityRecord } from '../../machines/conflict/entityRecord.ts';
import type { EditMerged, EditNotMerged } from '../../machines/conflict/mergeEdit.ts';
import { afterRemote } from '../../machines/conflict/recordNews.ts';
import type { Onlooker } from '../../machines/conflict/remembered.ts';
import {
  type SentQuestion,
  type SentStanding,
  standingOfSent,
} from '../../machines/conflict/sentEdit.ts';
import { conflictPending } from '../../machines/operation/attemptVerdict.ts';
import { baseOf } from '../../machines/policy/request/editRequest.ts';
import {
  parseBody,
  type RequestBody,
  withMerged,
} from '../../machines/policy/request/requestBody.ts';
import type { Failure } from '../../machines/policy/retry/classifyFailure.ts';
import { mayBeAtWork } from '../../machines/policy/retry/crashPolicy.ts';
import { Work } from '../../machines/vocabulary/pieces.ts';
import type {
  ConflictReason,
  Current,
  Entity,
  RecordMeta,
} from '../../machines/vocabulary/record.ts';
import { type ConflictRules, conflictRulesOf, type Handler } from '../operation/handler.ts';
import { Slices } from '../platform/slices.ts';
import { withQuestionsHere } from './carriedConflicts.ts';
import type { DeskTools } from './deskParts.ts';
import { aboutOf, comparisonOf, keepConflict, type Met, onlookerOf } from './merging.ts';
import { rulesWantedFor } from './outdatedEdits.ts';
import type { ConflictEnd, ConflictedEdit } from './restingEdits.ts';
import { makesPlans } from './shownPlans.ts';

function areSame(one: RecordMeta['asks'] = [], other: RecordMeta['asks'] = []): boolean {
  const ids = new Set(other.map(({ id }) => id));
  return one.length === other.length && one.every(({ id }) => ids.has(id));
}

/** What was made of both sides. */
export type Made = EditMerged | EditNotMerged;

/** An edit that somebody handles here. */
type HandledEdit = ConflictedEdit & { readonly handler: Handler };

export class Encounter {
  readonly edit: HandledEdit;
  readonly rules: ConflictRules;
  readonly #tools: DeskTools;
  readonly #entity: Entity;
  readonly #body: RequestBody;
  readonly #conflictId: string;
  #record: EntityRecord | null;
  #standing: SentStanding | null = null;
  /** The upstream holds another version than the app says that it made the edit on. */
  #isElsewhere = false;

  private constructor(
    tools: DeskTools,
    its: {
      readonly edit: HandledEdit;
      readonly entity: Entity;
      readonly rules: ConflictRules;
      readonly record: EntityRecord | null;
    },
  ) {
    this.#tools = tools;
    this.edit = its.edit;
    this.rules = its.rules;
    this.#entity = its.entity;
    this.#record = its.record;
    this.#body = parseBody(its.edit.body);
    this.#conflictId = conflictIdOf(its.edit.context);
  }

  /** What is to be worked on; `null` where nothing is: it has moved on, or a person is asked. */
  static async read(tools: DeskTools, id: string): Promise<Encounter | null> {
    const edit = await tools.resting.read(id);
    if (edit === null || edit.handler === null) return null;
    const { handler } = edit;
    const { entity } = edit.context;
    const rules = conflictRulesOf(handler);
    if (entity === null || rules === null) return null;
    if (edit.context.isEdit !== true) {
      // It comes again, and is compared like any: it was accepted when its handler merged nothing.
      const atMs = tools.clock.now();
      await tools.resting.tell(id, edit.revision, () => ({
        event: { type: 'handler.merges', atMs },
      }));
      return null;
    }
    if (await tools.conflicts.isAsked(conflictIdOf(edit.context), id)) return null;
    const record = await tools.records.read(entity);
    return new Encounter(tools, { edit: { ...edit, handler }, entity, rules, record });
  }

  /** How often the edit was merged before. */
  get round(): number {
    return this.edit.context.round ?? 0;
  }

  /** How often in a row it went out on one version that had just been read. */
  get sentAsRead(): number {
    return this.#body.merged?.sentAsRead ?? 0;
  }

  /** What its chart begins with; `atMs` by the steady clock. */
  input(atMs: number): Omit<ConflictInput, 'fetchAtMs'> {
    const { context } = this.edit;
    // Where nothing is known, this store may have forgotten it since the edit was made.
    const heardAtMs = this.#record?.heardAtMs ?? context.acceptedAtMs;
    return {
      conflictId: this.#conflictId,
      operationId: context.id,
      reason: this.#reason,
      round: this.round,
      sentAsRead: this.sentAsRead,
      roundsMax: this.rules.roundsMax,
      isOutcomeUnknown: context.isOutcomeUnknown,
      isKeyInUse: context.failure !== null && mayBeAtWork(context.failure, context),
      isCurrentKnown: false,
      // By the chart's clock, as long ago as it is by the other.
      heardAtMs: atMs - (this.#tools.clock.now() - heardAtMs),
      silentMaxMs: this.rules.silentMaxMs,
      atMs,
    };
  }

  /** Keeps what was heard of the record, and says what that means for the edit. */
  async heard(current: Current | null): Promise<SentStanding> {
    const { records, device, facts } = this.#tools;
    const { context, handler } = this.edit;
    const onlooker = onlookerOf(this.#tools, this.#entity, handler);
    await this.#lookThrough(current);
    await this.#maskCards(current, onlooker);
    const standing = standingOfSent({
      sent: this.#sent,
      current,
      record: this.#record,
      device: device(),
      isOutcomeUnknown: context.isOutcomeUnknown,
    });
    this.#standing = standing;
    const { subject } = context;
    const about = { entity: this.#entity, subject };
    this.#record = await records.update(
      this.#entity,
      onlooker,
      (before) => afterRemote(before, about, current, onlooker, true).record,
    );
    const { version: madeOn } = baseOf(this.#body.base);
    if (madeOn !== undefined) this.#isElsewhere = current?.version !== madeOn;
    if (standing === 'other' && this.#reason === 'conflict')
      facts.emit('conflict.detected', aboutOf(this.#met(current)), this.#reason);
    return standing;
  }

  /** Whether newer rules than those that are here wrote the record: then the edit is held until they are here. */
  async isHeldForRules(): Promise<boolean> {
    const { outdated, rulesOf, plans } = this.#tools;
    const { context, handler } = this.edit;
    const wanted = rulesWantedFor(this.#record, rulesOf(this.#entity.type));
    outdated.release(context.id);
    if (wanted === null) return false;
    outdated.hold(context.id, wanted, makesPlans(handler));
    // In the answers of this process it is in force, as far as its rules go.
    await plans.changed(this.#entity, context.subject, handler);
    return true;
  }

  /** Puts both sides together. */
  async merge(current: Current | null): Promise<Made> {
    const comparison = this.#comparison();
    const { guard, recordBytesMax } = this.#tools;
    const question = { ...comparison, current, bytesMax: recordBytesMax };
    const put = await guard.merge(this.edit.context, question);
    const made = { ...put, ...(await this.#whatIsLeft(put, current)) };
    if (this.edit.context.isCompared === true || !made.isMerged) return made;
    // It was never sent: nothing may stand in its way, now that the record is known.
    await Slices.of(this.#tools.clock).mostly(lookThroughEdit(comparison));
    const compared = compareEdit(comparison);
    if (compared.kind !== 'clear') return made;
    return {
      ...made,
      merged: compared.merged,
      review: [],
      audit: [],
      isHeld: false,
      isNothingLeft: false,
    };
  }

  /**
   * Where the upstream holds all of the record, others have to hear what is asked about it, and what was decided: that
   * travels with a version of its own.
   */
  async #whatIsLeft(made: Made, current: Current | null): Promise<{ isNothingLeft?: false }> {
    const listed = current?.meta;
    if (!made.isMerged || !made.isNothingLeft || listed === undefined) return {};
    const { decides } = this.#body;
    const whole = await withQuestionsHere(this.#tools, this.#entity, made.merged, decides);
    const isKnown = made.review.length === 0 && areSame(whole.meta.asks, listed.asks);
    return isKnown ? {} : { isNothingLeft: false };
  }

  /** Keeps what was made, where it is worth a look; a person is asked where the edit `waits`. */
  async keep(
    made: Made | null,
    current: Current | null,
    reason: ConflictReason | null,
    waits: boolean,
  ): Promise<void> {
    const met = { ...this.#met(current), ...(reason === null ? {} : { reason }) };
    await keepConflict(this.#tools, met, made ?? this.#unread(), waits, this.#comparison());
  }

  /** The edit is sent with the body that was made. */
  async goOnWith({ merged }: EditMerged): Promise<boolean> {
    const whole = await withQuestionsHere(this.#tools, this.#entity, merged, this.#body.decides);
    const isRefusedAgain = this.#standing === 'sameVersion';
    const sent = { ...whole, sentAsRead: isRefusedAgain ? this.sentAsRead + 1 : 1 };
    return await this.#tell({
      event: {
        type: 'conflict.merged',
        atMs: this.#tools.clock.now(),
        round: this.#nextRound,
        // The chart has judged it.
        isOutcomeKnown: true,
      },
      body: withMerged(this.edit.body, sent),
    });
  }

  /** The upstream is at work on it: it is sent again later, as it is. */
  async pending(): Promise<boolean> {
    const { clock, random, retry } = this.#tools;
    const { context, handler } = this.edit;
    const event = conflictPending(context, retry(handler.upstream, context.type), {
      atMs: clock.now(),
      draw: random.next(),
      urgency: this.edit.urgency,
    });
    return await this.#tell({ event });
  }

  /** The upstream holds what it was to make of the record. */
  async applied(current: Current | null): Promise<boolean> {
    const taken =
      current === null
        ? undefined
        : { version: current.version, value: current.value, meta: current.meta };
    return await this.#tell({
      event: { type: 'conflict.applied', atMs: this.#tools.clock.now() },
      taken,
    });
  }

  /** The upstream refuses to have the record read. */
  async refused(failure: Failure | null): Promise<boolean> {
    if (failure === null) return false;
    return await this.#tell({
      event: { type: 'conflict.refused', atMs: this.#tools.clock.now(), failure },
    });
  }

  async #tell(end: ConflictEnd): Promise<boolean> {
    const { id, revision } = this.edit;
    return await this.#tools.resting.tell(id, revision, () => end);
  }

  /** What went out last; `undefined` where nothing did. */
  get #sent(): SentQuestion['sent'] {
    const { isCompared, isOutcomeUnknown } = this.edit.context;
    const { merged, payload, base } = this.#body;
    if (merged !== undefined) return isCompared === true ? merged : undefined;
    // It went out as it was given, before its handler merged records.
    if (!isOutcomeUnknown) return undefined;
    return { payload, version: baseOf(base).version ?? null };
  }

  /** One that was never sent, as its record is read first, is in conflict where that is not what it was made on. */
  get #reason(): ConflictReason {
    const isConflict = this.edit.context.isCompared === true || this.#isElsewhere;
    return isConflict ? 'conflict' : 'predecessor';
  }

  /** What was never sent keeps its key. */
  get #nextRound(): number {
    const { isCompared, isOutcomeUnknown } = this.edit.context;
    return isCompared === true || isOutcomeUnknown ? this.round + 1 : this.round;
  }

  /** A large record is looked through in slices, before it is kept and compared. */
  async #lookThrough(current: Current | null): Promise<void> {
    const steps = lookThroughEdit(this.#comparison(), current);
    await Slices.of(this.#tools.clock).mostly(steps);
  }

  /** Searches the current value for card data in slices, and looks through what is left once that is masked. */
  async #maskCards(current: Current | null, { isExempt }: Onlooker): Promise<void> {
    if (current === null) return;
    const steps = searchForCards(current.value, new Work(), isExempt);
    await Slices.of(this.#tools.clock).mostly(steps);
    const value = withoutCards(current.value, isExempt);
    if (value !== current.value) await this.#lookThrough({ ...current, value });
  }

  #comparison(): Comparison {
    const { context } = this.edit;
    const round = this.#nextRound;
    return comparisonOf(this.#tools, { context, body: this.#body, record: this.#record, round });
  }

  #met(current: Current | null): Met {
    const { context, handler } = this.edit;
    return {
      ...{ conflictId: this.#conflictId, context, handler, reason: this.#reason },
      version: current?.version ?? null,
      atMs: context.sinceAtMs ?? this.#tools.clock.now(),
    };
  }

  /** What the upstream holds is no record: there is only the one side. */
  #unread(): Made {
    const { context } = this.edit;
    const side = {
      who: this.#tools.device(),
      atMs: context.acceptedAtMs,
      isOurs: true,
      value: this.#body.payload,
    };
    return { isMerged: false, because: 'failed', base: null, sides: [side] };
  }
}
