/**
 * Two devices that edit a record of some entity apart, told from the first version to what a person decides: what each
 * function of machines/conflict gives on the way.
 *
 * @module
 */

import fc from 'fast-check';
import { afterLaterEdit, joined, laterEditOf } from '../../../machines/conflict/askedOnce.ts';
import {
  askedAgain,
  carriedConflict,
  holdsWords,
} from '../../../machines/conflict/carriedConflict.ts';
import { closedBetween, withQuestions } from '../../../machines/conflict/carriedQuestions.ts';
import { removalsOf } from '../../../machines/conflict/compareEdit.ts';
import {
  type ConflictChoice,
  type ConflictRecord,
  decodeConflict,
  encodeConflict,
  isOpen,
  standingValue,
} from '../../../machines/conflict/conflictRecord.ts';
import { carriedOut, decided, refused, undone } from '../../../machines/conflict/decision.ts';
import { currentOfBase, isOfNothing, madeOn } from '../../../machines/conflict/editBase.ts';
import {
  decodeEntityRecord,
  type EntityRecord,
  encodeEntityRecord,
} from '../../../machines/conflict/entityRecord.ts';
import { missingFrom, pointersIn } from '../../../machines/conflict/items.ts';
import { decidedBody, type EditMerged, notMerged } from '../../../machines/conflict/mergeEdit.ts';
import { withRestored } from '../../../machines/conflict/remembered.ts';
import { standingOfSent } from '../../../machines/conflict/sentEdit.ts';
import { baseAfter, isAllMentioned } from '../../../machines/conflict/unmentioned.ts';
import { entityRulesOf } from '../../../machines/merge/entities/rulesOf.ts';
import { isObject } from '../../../machines/merge/values/canonical.ts';
import { baseOf } from '../../../machines/policy/request/editRequest.ts';
import { atOnce } from '../../../machines/vocabulary/pieces.ts';
import type { Confirmation, Current } from '../../../machines/vocabulary/record.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { RECORDS } from '../merge/arbitraries.ts';
import { ABOUT, DAY_MS, Device } from './device.ts';
import { without } from './dropping.ts';

/** How two devices meet; numbers choose among what there is, modulo how many that are. */
export interface Encounter {
  readonly began: Json;
  readonly ours: Json;
  readonly theirs: Json;
  readonly later: Json;
  /** Which keys of ours are left out; nothing for none. */
  readonly drops: readonly boolean[];
  readonly base: 'value' | 'version' | 'none' | 'unknown' | 'waiting' | 'nothing';
  readonly heard: 'before' | 'after' | 'never' | 'gone';
  readonly removes: readonly number[];
  readonly confirms: readonly number[];
  readonly isConfirmed: boolean;
  readonly isDecision: boolean;
  readonly isVerified: boolean;
  readonly carriesMeta: boolean;
  readonly daysOfSilence: number;
  readonly metaBytesMax: number | null;
  readonly picks: readonly number[];
}

export function encounters(type: string): fc.Arbitrary<Encounter> {
  const record = (RECORDS[type] ?? fc.constant({})) as fc.Arbitrary<Json>;
  const few = fc.array(fc.nat(7), { maxLength: 2 });
  return fc.record({
    ...{ began: record, ours: record, theirs: record, later: record },
    drops: fc.oneof(fc.constant([]), fc.array(fc.boolean(), { minLength: 8, maxLength: 8 })),
    base: fc.constantFrom('value', 'value', 'version', 'none', 'unknown', 'waiting', 'nothing'),
    heard: fc.constantFrom('before', 'after', 'after', 'never', 'gone'),
    ...{ removes: few, confirms: few },
    isConfirmed: fc.boolean(),
    isDecision: fc.nat(5).map((one) => one === 0),
    isVerified: fc.boolean(),
    carriesMeta: fc.boolean(),
    daysOfSilence: fc.constantFrom(0, 0, 1, 450),
    metaBytesMax: fc.constantFrom(null, null, 700, 2_000),
    picks: fc.array(fc.nat(7), { minLength: 4, maxLength: 4 }),
  }) as fc.Arbitrary<Encounter>;
}

/** What comes of it, step by step. */
export function storyOf(type: string, how: Encounter): readonly unknown[] {
  const story: unknown[] = [];
  /** What a step gives, or the words of what it throws. */
  const tell = <Given>(step: () => Given): Given | null => {
    try {
      const given = step();
      story.push(given);
      return given;
    } catch (error) {
      story.push(error instanceof Error ? error.message : 'threw');
      return null;
    }
  };
  const rules = entityRulesOf(type);
  const phone = new Device('phone', rules);
  const tablet = new Device('tablet', rules);
  if (how.metaBytesMax !== null) phone.metaBytesMax = how.metaBytesMax;
  const read = (version: string, { payload, meta }: { payload: Json; meta: Current['meta'] }) => ({
    ...{ version, value: payload },
    ...(how.carriesMeta && meta !== undefined ? { meta } : {}),
    ...(how.isVerified ? { isVerified: true as const, asOfMs: phone.nowMs } : {}),
  });
  const puts = (device: Device, value: Json, version: string) =>
    tell(() => device.puts(value, version, { base: device.base }));

  const began = puts(tablet, how.began, '"1"');
  if (began === null) return story;
  tell(() => phone.hears(read('"1"', began)));
  const shown = phone.base;
  const first = phone.edit(how.later, { id: 'op-1', base: shown });
  if (how.base === 'waiting') tell(() => phone.sent(first, phone.toSend(first), '"2"'));
  if (how.base === 'waiting') tell(() => tablet.hears(read('"2"', phone.toSend(first))));

  tablet.nowMs += 60_000;
  phone.nowMs += 30_000;
  const pointers = [...pointersIn(rules, phone.record?.current?.value ?? null)];
  const pathsOf = (numbers: readonly number[]) =>
    pointers.length === 0 ? [] : numbers.map((one) => pointers[one % pointers.length] ?? '');
  const removals = pathsOf(how.removes).map((path) => ({
    ...{ path, at: phone.nowMs },
    ...(how.isConfirmed ? { confirmed: true, by: 'ann' } : {}),
  }));
  const confirm = pathsOf(how.confirms).map((path): Confirmation => ({ path, by: 'ann' }));
  const base = {
    value: shown,
    version: baseOf(shown).version ?? null,
    none: undefined,
    unknown: '"9"',
    waiting: phone.baseOf(first),
    nothing: { version: null, value: null },
  }[how.base];
  const given = phone.edit(
    how.drops.length === 0 ? how.ours : without({ record: how.ours, draws: how.drops }),
    {
      id: 'op-2',
      removals,
      ...(base === undefined || base === null ? {} : { base }),
      ...(how.isDecision ? { isDecision: true } : {}),
    },
  );
  const edit = { ...given, body: { ...given.body, confirm } };

  const theirs = puts(tablet, how.theirs, '"3"');
  phone.nowMs += how.daysOfSilence * DAY_MS;
  const news = theirs === null ? null : read('"3"', theirs);
  if (how.heard === 'before') tell(() => phone.hears(news));
  const comparison = phone.comparison(edit);
  const compared = tell(() => phone.compare(edit));
  if (how.heard === 'after') tell(() => phone.hears(news));
  if (how.heard === 'gone') tell(() => phone.hears(null));
  const current = how.heard === 'gone' ? null : (news ?? phone.record?.current ?? null);
  tell(() => notMerged({ ...comparison, current }));
  const made = tell(() => phone.merge(edit, current));
  const its = baseOf(base);
  const before = phone.record;
  const value = current?.value ?? null;
  tell(() => [
    ...[isOfNothing(its), currentOfBase(its), baseAfter('op-2', edit.body)],
    ...[removalsOf(comparison, value), before === null ? null : madeOn(before, edit.body.base)],
    ...[missingFrom(rules, how.began, how.theirs), isAllMentioned(how.began, how.ours)],
  ]);
  const sent = compared?.kind === 'clear' ? compared.merged : undefined;
  for (const isOutcomeUnknown of [true, false]) {
    tell(() =>
      standingOfSent({ ...{ sent, current, record: before, device: 'phone' }, isOutcomeUnknown }),
    );
  }
  if (made?.isMerged === true) goOn({ how, phone, tablet, edit, made, before, current, tell });
  return story;
}

type Told = <Given>(step: () => Given) => Given | null;

/** The merged edit goes out, or a person is asked. */
function goOn(at: {
  readonly how: Encounter;
  readonly phone: Device;
  readonly tablet: Device;
  readonly edit: ReturnType<Device['edit']>;
  readonly made: EditMerged;
  readonly before: EntityRecord | null;
  readonly current: Current | null;
  readonly tell: Told;
}): void {
  const { how, phone, tablet, edit, made, before, current, tell } = at;
  const { rules } = phone;
  const { merged, review, audit, isHeld, mergeId, sides } = made;
  const open: ConflictRecord = {
    ...{ id: 'op-2-c1', state: 'awaitingReview', reason: 'conflict', isHeld, type: 'r.put' },
    ...{ ...ABOUT, operationId: 'op-2', openedAtMs: phone.nowMs, base: made.base },
    ...{ version: current?.version ?? null, sides, value: merged.payload, items: review },
    ...{ audit, mergeId, decisions: [] },
  };
  const asking = tell(() =>
    withQuestions(merged, { device: 'phone', conflicts: [open], decides: undefined }),
  );
  tell(() => phone.sent(edit, asking ?? merged, '"4"'));
  const [record] = [phone.record];
  if (record === null) return;
  const text = encodeEntityRecord(record);
  tell(() => [text, decodeEntityRecord(text)]);
  for (const { tombstone } of record.tombstones.slice(0, 3)) {
    tell(() => withRestored(merged.payload, record, tombstone.path));
  }
  const wasThere = tablet.record;
  const travelled = { version: '"4"', value: merged.payload, meta: (asking ?? merged).meta };
  tell(() => tablet.hears(how.carriesMeta ? travelled : { version: '"4"', value: merged.payload }));
  const there = tablet.record;
  if (there !== null) {
    tell(() => closedBetween(wasThere?.asks ?? [], there.asks));
    const hearer = { device: 'tablet', rules, nowMs: tablet.nowMs };
    for (const question of travelled.meta.asks ?? []) {
      const carried = tell(() => carriedConflict(question, wasThere, there, hearer));
      if (carried !== null) tell(() => [holdsWords(carried.conflict), isOpen(carried.conflict)]);
    }
  }
  const next = phone.edit(how.later, { id: 'op-3', base: phone.base });
  const isSecond = phone.comparison(next);
  const later = tell(() => laterEditOf(isSecond, 'op-3', how.later));
  tell(() => phone.compare(next));
  if (later !== null) {
    tell(() => afterLaterEdit(open, later));
    tell(() =>
      joined(open, { ...open, id: 'op-3-c1', operationId: 'op-3', items: review.slice(1) }, later),
    );
  }
  decide({ how, phone, open, edit, current, before, tell });
}

function decide(at: {
  readonly how: Encounter;
  readonly phone: Device;
  readonly open: ConflictRecord;
  readonly edit: ReturnType<Device['edit']>;
  readonly current: Current | null;
  readonly before: EntityRecord | null;
  readonly tell: Told;
}): void {
  const { how, phone, open, edit, current, tell } = at;
  const { rules } = phone;
  const by = { id: 'staff-7', role: 'clinician' };
  const [pick = 0, kind = 0] = how.picks;
  const choices = Object.fromEntries(
    open.items.map((item, number): [string, ConflictChoice] => {
      const many = item.alternatives.length + (pick === 7 ? 2 : 1);
      const take = (how.picks[number % 4] ?? 0) % many;
      return [[item.id, item.path, String(number + 1)][pick % 3] ?? '', { take }];
    }),
  );
  const [first] = open.items;
  const decision = [
    { choices },
    { choices: { ...choices, ...(first === undefined ? {} : { [first.id]: { value: 'own' } }) } },
    { side: (pick % 3) + 1 },
    { value: how.later },
  ][kind % 4];
  const after = tell(() =>
    atOnce(decided(open, { by, atMs: phone.nowMs, nonce: 'n', ...decision }, rules)),
  );
  if (after === null) return;
  const back = tell(() => undone(after, by, phone.nowMs + 1));
  if (back !== null) tell(() => undone(back, by, phone.nowMs + 2));
  tell(() => refused(after, 'HF_REFUSED'));
  tell(() => [carriedOut(after, 'op-4'), decodeConflict(encodeConflict(after))]);
  const value = standingValue(after);
  const body = tell(() =>
    decidedBody(phone.comparison(edit), { value, version: current?.version ?? null }),
  );
  if (body === null) return;
  tell(() => phone.compare({ ...edit, body: { ...edit.body, merged: body } }));
  tell(() => phone.merge({ ...edit, body: { ...edit.body, merged: body } }, current));
  const record = phone.record;
  const hearer = { device: 'phone', rules, nowMs: phone.nowMs };
  if (record !== null && isObject(value)) tell(() => askedAgain(after, record, hearer));
}
