/**
 * Management calls about conflicts, and how a runtime offers them: list, show, resolve, undo (CF-6).
 *
 * @module
 */

import type { AnswerShape } from '../../inspector/server/answerShape.ts';
import {
  CONFLICT_STATES,
  type ConflictChoice,
  type ConflictRecord,
  type ConflictRecordState,
  isOpen,
  standingValue,
} from '../../machines/conflict/conflictRecord.ts';
import type { ConflictDecision } from '../../machines/conflict/decision.ts';
import {
  checkFields,
  isObject,
  type OptionRule,
  type OptionRules,
  requireOption,
} from '../../machines/vocabulary/optionFields.ts';
import { CONFLICT_REASONS, type ConflictReason } from '../../machines/vocabulary/record.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { Person } from '../../machines/vocabulary/subject.ts';
import {
  aboutOf,
  type Conflict,
  type ConflictAbout,
  type ConflictDetails,
  type ConflictOutcome,
  conflictOf,
  detailsOf,
  outcomeOf,
} from './conflict.ts';
import { type Caller, DECIDER, type ManagedStore, storeCall } from './managementCall.ts';

const CONFLICT_FIELDS = {
  id: 'plain',
  state: 'plain',
  entityType: 'plain',
  type: 'plain',
  reason: 'plain',
  openedAtMs: 'plain',
  questions: 'plain',
  isHeld: 'plain',
  operationId: 'plain',
  isToBeCarriedOut: 'plain',
} as const;

const CONFLICT_SHOWN = { fields: CONFLICT_FIELDS } as const satisfies AnswerShape<Conflict>;

/**
 * A conflict with its sides, without the names of devices, which may be those of their users, and with the roles of
 * those who decided.
 */
const ABOUT_SHOWN = {
  fields: {
    ...CONFLICT_FIELDS,
    sides: { each: { fields: { atMs: 'plain', isOurs: 'plain' } } },
    decisions: {
      each: {
        fields: {
          kind: 'plain',
          by: { fields: { role: 'plain' } },
          atMs: 'plain',
          isCarriedOut: 'plain',
          operationId: 'plain',
          refusedFor: 'plain',
        },
      },
    },
  },
} as const satisfies AnswerShape<ConflictAbout>;

const OUTCOME_SHOWN = {
  fields: {
    id: 'plain',
    state: 'plain',
    isHeld: 'plain',
    isToBeCarriedOut: 'plain',
    operationId: 'plain',
  },
} as const satisfies AnswerShape<ConflictOutcome>;

/** A decision: an answer to each question, or the whole record at once. */
export interface ConflictResolution {
  /** The person, as your app has authenticated them: an id of your own, and their role. Kept with the conflict. */
  readonly by: Person;
  /**
   * The answers, by the id of each question, its path, or its number, from 1: `{ take: 2 }` for its second
   * alternative, `{ take: 0 }` for the present value, or `{ value }` for one of their own. Every question needs an
   * answer.
   */
  readonly choices?: Readonly<Record<string, ConflictChoice>> | undefined;
  /** The whole record, in place of choices. */
  readonly value?: Json | undefined;
  /** The number of a side, from 1, whose values answer every question. */
  readonly side?: number | undefined;
}

/** The conflicts of a runtime. */
export interface Conflicts {
  /**
   * Lists the conflicts that match, the newest first; without a filter, those that wait for a person. Reads a page at
   * a time.
   *
   * @example
   * for await (const { id, entityType, questions, isHeld } of runtime.conflicts.list()) {
   *   console.log(id, entityType, questions, isHeld);
   * }
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID`, `HF_STORE_…`, `HF_CLOSED`.
   */
  list(filter?: ConflictFilter): AsyncIterable<Conflict>;
  /**
   * One conflict with all that a decision needs: both sides, the value in use meanwhile, and each question with its
   * alternatives. It may hold health data: show it only to those whom your app allows, and log nothing of it.
   *
   * @example
   * const { value, asked } = await runtime.conflicts.show(id);
   * for (const { number, path, says, alternatives } of asked) console.log(number, path, says, alternatives.length);
   *
   * @throws HoldfastError (rejects) `HF_CONFLICT_UNKNOWN`; `HF_RECORD_…` where it can't be opened.
   */
  show(id: string): Promise<ConflictDetails>;
  /**
   * One conflict without the values of the record: its subject, who wrote and when, and who decided.
   *
   * @example
   * const { subject, entity, decisions } = await runtime.conflicts.about(id);
   *
   * @throws HoldfastError (rejects) as {@link show}.
   */
  about(id: string): Promise<ConflictAbout>;
  /**
   * Shows what the record would be after a decision, without deciding.
   *
   * @example
   * const { before, after } = await runtime.conflicts.preview(id, {
   *   by: { id: 'staff-7', role: 'clinician' },
   *   choices: { 1: { take: 2 }, 2: { take: 0 } },
   * });
   *
   * @throws HoldfastError (rejects) as {@link resolve}.
   */
  preview(id: string, resolution: ConflictResolution): Promise<ConflictPreview>;
  /**
   * Decides a conflict. Resolves once the decision is on disk. An edit that waits for it goes on with the decision;
   * one that was already sent is followed by another edit. Who decided, when, and the value before are kept with the
   * conflict.
   *
   * @example
   * await runtime.conflicts.resolve(id, {
   *   by: { id: 'staff-7', role: 'clinician' },
   *   choices: { '/emergencyContacts/c1/name': { take: 1 }, 2: { take: 0 } },
   * });
   *
   * @throws HoldfastError (rejects) `HF_CONFLICT_UNKNOWN`; `HF_CONFLICT_RESOLVED` where it is decided;
   * `HF_OPTION_INVALID` for a question without an answer, or an answer that there is not; for values of their own
   * what `sync()` throws for a payload; `HF_STORE_…`, `HF_CLOSED`: it may hold or not, look again.
   */
  resolve(id: string, resolution: ConflictResolution): Promise<ConflictOutcome>;
  /**
   * Takes a decision back. If it was sent, another edit restores the value before; if not, the conflict is open
   * again. Nothing that was written is erased.
   *
   * @example
   * await runtime.conflicts.undo(id, { by: { id: 'staff-7', role: 'clinician' } });
   *
   * @throws HoldfastError (rejects) `HF_CONFLICT_UNKNOWN`, `HF_CONFLICT_OPEN` where nobody has decided,
   * `HF_CONFLICT_RESOLVED` where that is undone, `HF_STORE_…`, `HF_CLOSED`.
   */
  undo(id: string, how: { readonly by: Person }): Promise<ConflictOutcome>;
}

/** Conflicts through the calls of `caller`. */
export function conflicts(caller: Caller): Conflicts {
  return {
    async *list(filter = {}) {
      checkFields(filter, CONFLICT_FILTER_RULES, 'filter');
      for (let fromSeq: number | undefined; ; ) {
        const page = await caller.call(pageOfConflicts, { filter, order: 'newest', fromSeq });
        yield* page.conflicts;
        if (page.nextSeq === null) return;
        fromSeq = page.nextSeq;
      }
    },
    show: (id) => caller.call(showConflict, { id }),
    about: (id) => caller.call(aboutConflict, { id }),
    async preview(id, resolution) {
      requireOption(isObject(resolution), 'resolution', 'must be an object');
      return await caller.call(previewConflict, { ...resolution, id });
    },
    async resolve(id, resolution) {
      requireOption(isObject(resolution), 'resolution', 'must be an object');
      return await caller.call(resolveConflict, { ...resolution, id });
    },
    undo: (id, how) => caller.call(undoConflict, { ...how, id }),
  };
}

/** The id of a conflict. Ids come from outside, so anything but text is refused here. */
const CONFLICT_ID = {
  required: {
    rule: 'must be the id of a conflict, a text',
    matches: (value) => typeof value === 'string',
  },
} as const satisfies OptionRule;

/** The answer to one question: one of its alternatives, or a value of the person's own. */
const CHOICE = {
  rule: 'must be { take: n }, the number of an alternative or 0 for the present value, or { value }',
  matches: (value: unknown) => {
    if (!isObject(value)) return false;
    const given = value as { readonly take?: unknown; readonly value?: unknown };
    const names = Object.keys(given);
    return names.length === 1 && (Number.isInteger(given.take) || given.value !== undefined);
  },
} as const satisfies OptionRule;

const DECISION_RULES = {
  by: DECIDER,
  choices: {
    entries: CHOICE,
    named: { rule: 'must be the id, path or number of a question', matches: () => true },
  },
  value: 'anything',
  side: {
    rule: 'must be the number of a side, from 1',
    matches: (value) => Number.isInteger(value),
  },
} as const satisfies OptionRules<ConflictDecision>;

/** A filter for conflicts. A field that is left out restricts nothing, except `all`. */
export interface ConflictFilter {
  /**
   * Whether resolved ones are listed too. Default false: only those that wait for a person, or whose decision is not
   * carried out yet.
   */
  readonly all?: boolean | undefined;
  /** The kind of the record. */
  readonly entityType?: string | undefined;
  /** The type of the edit. */
  readonly type?: string | undefined;
  /** The state, over or not. */
  readonly state?: ConflictRecordState | undefined;
  readonly reason?: ConflictReason | undefined;
  /** The operation that met the conflict. */
  readonly operationId?: string | undefined;
}

const CONFLICT_FILTER_RULES = {
  all: 'boolean',
  entityType: 'text',
  type: 'text',
  state: { oneOf: CONFLICT_STATES },
  reason: { oneOf: CONFLICT_REASONS },
  operationId: 'text',
} as const satisfies OptionRules<ConflictFilter>;

/** Whether the filter includes resolved conflicts. */
function wantsAll({ all, state }: ConflictFilter): boolean {
  return all === true || state !== undefined;
}

function matches(record: ConflictRecord, filter: ConflictFilter): boolean {
  const { entityType, type, state, reason, operationId } = filter;
  return (
    (wantsAll(filter) || isOpen(record)) &&
    (entityType === undefined || record.entity.type === entityType) &&
    (type === undefined || record.type === type) &&
    (state === undefined || record.state === state) &&
    (reason === undefined || record.reason === reason) &&
    (operationId === undefined || record.operationId === operationId)
  );
}

/**
 * Checks card data and size in the given values and in the record that results. The sides were checked on arrival.
 *
 * @throws HoldfastError (rejects) what `sync()` throws for a payload, and what `conflicts.preview` throws.
 */
async function checkOwnValues(
  store: ManagedStore,
  id: string,
  decision: ConflictDecision,
): Promise<void> {
  const { value, choices = {} } = decision;
  const own = Object.values(choices).flatMap((choice) => ('value' in choice ? [choice.value] : []));
  const given = value === undefined ? own : [value, ...own];
  if (given.length === 0) return;
  const record = await store.records.conflicts.preview(id, decision);
  const { type, subject, entity } = record;
  for (const one of [...given, standingValue(record)]) {
    // An answer may be text or a list, but an edit has to be a record.
    const isRecord = typeof one === 'object' && one !== null && !Array.isArray(one);
    const payload = isRecord ? one : { value: one };
    await store.checkRequest({ type, subject, entity, tier: 'basic', payload });
  }
}

/** The records read in one call. */
const PAGE_ROWS = 100;

interface ConflictPageQuery {
  readonly filter: ConflictFilter;
  readonly order: 'newest' | 'oldest';
  /** `nextSeq` of the page before; left out for the first. */
  readonly fromSeq?: number | undefined;
}

interface ConflictPage {
  readonly conflicts: readonly Conflict[];
  /** How many more conflicts can't be opened or read. */
  readonly unreadable: number;
  /** Where the next page begins; `null` after the last. A page may be empty and not the last. */
  readonly nextSeq: number | null;
}

export const pageOfConflicts = storeCall<ConflictPageQuery, ConflictPage>({
  name: 'conflict.page',
  summary: 'A page of the conflicts that match, without subjects and records.',
  capability: 'view',
  params: {
    filter: { required: { fields: CONFLICT_FILTER_RULES } },
    order: { required: { oneOf: ['newest', 'oldest'] } },
    fromSeq: 'sequence',
  },
  override: null,
  shown: {
    params: ['filter', 'order', 'fromSeq'],
    answer: {
      fields: { conflicts: { each: CONFLICT_SHOWN }, unreadable: 'plain', nextSeq: 'plain' },
    },
  },
  async run({ records }, { filter, order, fromSeq }) {
    const page = await records.conflicts.page({
      isOpen: !wantsAll(filter),
      ...{ order, fromSeq, limit: PAGE_ROWS },
    });
    const matching = page.records.filter((record) => matches(record, filter));
    return {
      conflicts: matching.map(conflictOf),
      unreadable: page.unreadable,
      nextSeq: page.nextSeq,
    };
  },
});

export const aboutConflict = storeCall<{ readonly id: string }, ConflictAbout>({
  name: 'conflict.about',
  summary: 'One conflict with its subject, sides and decisions, without values.',
  capability: 'viewSubjects',
  params: { id: CONFLICT_ID },
  override: null,
  shown: { params: ['id'], answer: ABOUT_SHOWN },
  run: async ({ records }, { id }) => aboutOf(await records.conflicts.find(id)),
});

/** A separate call from `conflict.about`, since it shows sealed values, which may be health data. */
export const showConflict = storeCall<{ readonly id: string }, ConflictDetails>({
  name: 'conflict.show',
  summary: 'One conflict with the values of both sides and its questions.',
  capability: 'export',
  params: { id: CONFLICT_ID },
  override: null,
  run: async ({ records }, { id }) => detailsOf(await records.conflicts.find(id)),
});

/** The record now, and after a decision. */
export interface ConflictPreview {
  readonly before: Json;
  readonly after: Json;
}

/** A separate call: it shows the values of the record and changes nothing. */
export const previewConflict = storeCall<
  ConflictDecision & { readonly id: string },
  ConflictPreview
>({
  name: 'conflict.preview',
  summary: 'A record as it would be after a decision; nothing is decided.',
  capability: 'export',
  params: { id: CONFLICT_ID, ...DECISION_RULES },
  override: null,
  async run(store, { id, ...decision }) {
    await checkOwnValues(store, id, decision);
    const record = await store.records.conflicts.preview(id, decision);
    return { before: record.value, after: standingValue(record) };
  },
});

export const resolveConflict = storeCall<
  ConflictDecision & { readonly id: string },
  ConflictOutcome
>({
  name: 'conflict.resolve',
  summary: 'A person decides a conflict: what waits for it goes on.',
  capability: 'operate',
  params: { id: CONFLICT_ID, ...DECISION_RULES },
  // Choices, and the paths that name them, may hold values of the record.
  override: {
    what: 'conflict.resolve',
    about: (_, { operationId }) => ({ operationId, count: 1 }),
  },
  shown: { params: ['id', 'by', 'side'], answer: OUTCOME_SHOWN },
  async run(store, { id, ...decision }) {
    await checkOwnValues(store, id, decision);
    return outcomeOf(await store.records.conflicts.decide(id, decision));
  },
});

export const undoConflict = storeCall<
  { readonly id: string; readonly by: Person },
  ConflictOutcome
>({
  name: 'conflict.undo',
  summary:
    'A person takes a decision back: if it was sent, another edit restores the value before.',
  capability: 'operate',
  params: { id: CONFLICT_ID, by: DECIDER },
  override: {
    what: 'conflict.undo',
    about: (_, { operationId }) => ({ operationId, count: 1 }),
  },
  shown: { params: ['id', 'by'], answer: OUTCOME_SHOWN },
  run: async ({ records }, { id, by }) => outcomeOf(await records.conflicts.undo(id, by)),
});
