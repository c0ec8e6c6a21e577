/**
 * Crisis plan (CF-5). The person it is about has the last word. A merge loses nothing of it, and the plan is usable
 * at once, whatever questions are open.
 *
 * @module
 */

import type { Json, JsonObject } from '../../vocabulary/shape.ts';
import { declareEntity, type Finding } from '../declaration/entityRules.ts';
import { anything } from '../rules/anything.ts';
import { type Change, compareOrigins } from '../rules/change.ts';
import { fields } from '../rules/fields.ts';
import { list, set } from '../rules/list.ts';
import { alternative, pointerOf } from '../rules/ruling.ts';
import { both, firstStays, latest } from '../rules/single.ts';
import { canonical, isList, isObject } from '../values/canonical.ts';

/** Lists of people who can be reached. */
const CONTACT_LISTS = ['emergencyContacts', 'professionals', 'contacts'] as const;
/** Lists of lines. */
const STEP_LISTS = [
  'warningSigns',
  'copingStrategies',
  'copingSteps',
  'distractions',
  'safeSurroundings',
  'meansSafety',
] as const;
/** Fields by which a contact can be reached. */
const REACHED_BY = ['phones', 'phone', 'sms', 'text', 'chat', 'email', 'url'] as const;

const words = both();
/** Rule of other fields: nothing of them is lost. */
const rest = anything(words);

const phones = set({ id: dialled, keepsOne: canBeDialled, asksOfReplaced: true });

const contact = fields({
  fields: { id: firstStays(), name: words, phones, order: latest() },
  other: rest,
});

/** Whether an item comes with the app, as a national line does. */
function isSystem(item: Json): boolean {
  if (!isObject(item)) return false;
  return item['system'] === true || item['source'] === 'system' || item['kind'] === 'system';
}

const contacts = list({ id: 'id', item: contact, removing: 'confirmed', isFixed: isSystem });
const step = anything(words);
const steps = list({ id: 'id', item: step, removing: 'confirmed', isFixed: isSystem });

export const crisisPlan = declareEntity({
  type: 'crisis_plan',
  title: 'Crisis plan',
  authority: 'the person it is about; a clinician for what they signed together',
  whileInReview: 'goesOut',
  fields: {
    ...Object.fromEntries(CONTACT_LISTS.map((name) => [name, contacts])),
    ...Object.fromEntries(STEP_LISTS.map((name) => [name, steps])),
    reasonsForLiving: words,
    note: words,
  },
  other: rest,
  checks: [
    { says: 'Somebody can be reached.', find: withoutContacts },
    { says: 'Something can be done.', find: withoutSteps },
    { says: 'Each contact can be reached.', find: unreachable },
    { says: 'Nobody is in it twice.', find: twins },
  ],
});

/** Returns a number as dialled, which identifies whom it reaches; another text as it is. */
function dialled(phone: Json): string {
  const digits = typeof phone === 'string' ? phone.replaceAll(/[^\d+]/g, '') : '';
  return digits === '' ? canonical(phone) : digits;
}

function canBeDialled(phone: Json): boolean {
  const parts = typeof phone === 'object' && phone !== null ? Object.values(phone) : [phone];
  return parts.some(
    (part) => typeof part === 'number' || (typeof part === 'string' && /\d/.test(part)),
  );
}

/** Finds that nobody can be reached any more: it is so at once, and a person is asked as well. */
function withoutContacts(
  plan: JsonObject,
  changes: readonly Change[],
  base: JsonObject | undefined,
): readonly Finding[] {
  return emptied(CONTACT_LISTS, plan, changes, base, 'no contact is left');
}

function withoutSteps(
  plan: JsonObject,
  changes: readonly Change[],
  base: JsonObject | undefined,
): readonly Finding[] {
  return emptied(STEP_LISTS, plan, changes, base, 'nothing to do is left');
}

/** Returns the lists that lost the last of what a plan needs, with their content and who removed it. */
function emptied(
  names: readonly string[],
  plan: JsonObject,
  changes: readonly Change[],
  base: JsonObject | undefined,
  reason: string,
): readonly Finding[] {
  const holds = (record: JsonObject | undefined, name: string) => {
    const items = record?.[name];
    return isList(items) && items.length > 0;
  };
  if (names.some((name) => holds(plan, name))) return [];
  return names
    .filter((name) => holds(base, name))
    .map((name) => {
      const missing = changes.filter(({ kind, path }) => kind === 'missing' && path[0] === name);
      const by = missing.flatMap(({ removal }) => (removal === null ? [] : [removal.by]));
      const remover =
        missing
          .map(({ from }) => from)
          .toSorted(compareOrigins)
          .at(-1) ?? null;
      const alternatives = [alternative(base?.[name] ?? null, null), alternative([], remover)];
      return { path: `/${name}`, reason, alternatives, removedBy: [...new Set(by)] };
    });
}

function contactsOf(
  plan: JsonObject,
): readonly { readonly path: string; readonly contact: JsonObject }[] {
  return CONTACT_LISTS.flatMap((name) => {
    const all = plan[name];
    return (isList(all) ? all : []).flatMap((one) =>
      isObject(one) ? [{ path: `/${name}/${idOf(one)}`, contact: one }] : [],
    );
  });
}

function idOf({ id }: JsonObject): string {
  return typeof id === 'string' || typeof id === 'number' ? String(id) : '-';
}

function unreachable(
  plan: JsonObject,
  changes: readonly Change[],
  base: JsonObject | undefined,
): readonly Finding[] {
  const isGiven = (value: Json | undefined): boolean =>
    isList(value) ? value.some(isGiven) : typeof value === 'string' && value.trim() !== '';
  const isReached = (one: JsonObject) => REACHED_BY.some((field) => isGiven(one[field]));
  const before = new Map(contactsOf(base ?? {}).map((one) => [one.path, one.contact]));
  return contactsOf(plan)
    .filter((one) => !isReached(one.contact))
    .flatMap(({ path, contact: now }) => {
      const missing = changes.filter(
        (change) => change.removal !== null && pointerOf(change.path).startsWith(`${path}/`),
      );
      // The rule of numbers has asked about the last number.
      if (missing.some((change) => change.path.length > 3 && change.path[2] === 'phones'))
        return [];
      const known = before.get(path);
      const was = known !== undefined && isReached(known) ? [alternative(known, null)] : [];
      return {
        path,
        reason: 'there is no way to reach this contact',
        alternatives: [...was, alternative(now, null)],
        removedBy: missing.flatMap(({ removal }) => removal?.by ?? []),
      };
    });
}

/** Finds contacts with the same name and number under two identities: a hint; nothing is joined. */
function twins(plan: JsonObject): readonly Finding[] {
  const seen = new Map<string, JsonObject>();
  return contactsOf(plan).flatMap((one) => {
    const { name = null, phones: numbers } = one.contact;
    for (const phone of isList(numbers) ? numbers : []) {
      const key = canonical([name, dialled(phone)]);
      const other = seen.get(key);
      if (other !== undefined && other !== one.contact) {
        const alternatives = [alternative(other, null), alternative(one.contact, null)];
        return [{ path: one.path, reason: 'the same person may be in it twice', alternatives }];
      }
      seen.set(key, one.contact);
    }
    return [];
  });
}
