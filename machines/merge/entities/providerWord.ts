/**
 * Provider's statements in billing records (CF-4, CF-7). They win over any device's, with or without a common
 * ancestor. A device's value for a single field is kept beside it as a claim, in `claims`; an item that a device adds
 * to a list is marked `pending`. Both last until the provider has spoken, and a person is asked only if it says
 * something else.
 *
 * @module
 */

import type { Json, JsonObject } from '../../vocabulary/shape.ts';
import type { Check, EntityRules, Finding } from '../declaration/entityRules.ts';
import { type Change, type ChangeNode, compareOrigins } from '../rules/change.ts';
import { type AnyRule, altsOf } from '../rules/rule.ts';
import { type Alternative, alternative, GROUP_MARK, pointerOf } from '../rules/ruling.ts';
import { canonical, compareText, inOrder, isList, isObject, isSame } from '../values/canonical.ts';

/** Field of a record with the claims of devices, by the pointer of the value. */
const CLAIMS = 'claims';
/** Field that marks an item of which the provider has not spoken. */
const PENDING = 'pending';

const SAYS = 'The word of the provider stands';

/**
 * Makes the rule of a value that the provider decides.
 *
 * @param whileSilent what becomes of a device's word while the provider has said nothing else: it changes nothing and
 *   stands among the claims, or it stands
 */
export function provided(rule: AnyRule, whileSilent: 'claimed' | 'stands' = 'claimed'): AnyRule {
  const isClaimed = whileSilent === 'claimed';
  const says = isClaimed
    ? `${SAYS}; what a device says stands beside it as a claim until the provider has spoken.`
    : `${SAYS}; until it has spoken: ${rule.says}`;
  return {
    ...rule,
    says,
    asks: [rule.asks, 'the provider says otherwise than a device'].filter(Boolean).join('; '),
    project: (base, node, ruling) => {
      const sworn = node.own.filter(({ from }) => from.isVerified);
      if (sworn.length === 0 && !isClaimed) return rule.project(base, node, ruling);
      const value = sworn.length === 0 ? base : rule.project(base, { ...node, own: sworn }, ruling);
      const lost = altsOf(node.own.filter(({ from }) => !from.isVerified))
        .filter((alt) => !isSame(alt.value, value))
        .map((alt) => alternative(alt.value, alt.from));
      if (lost.length > 0) ruling.note(rule.kind, 'the provider decides', value, lost);
      return value;
    },
  };
}

/**
 * Makes the rule of items that devices may add: they are marked pending until the provider lists them without the
 * mark.
 *
 * @param item the rule by what becomes of a device's word
 */
export function pendingItem(item: (whileSilent: 'claimed' | 'stands') => AnyRule): AnyRule {
  const { projectInSteps: _, ...known } = item('claimed');
  const own = item('stands');
  return {
    ...known,
    says: 'What a device adds is pending until the provider lists it.',
    note: (base, side, notes) => {
      known.note(base, side, notes);
      if (!notes.from.isVerified || !isObject(side) || !isPending(base)) return;
      // The provider lists it; with the mark it has only kept what a device sent.
      notes.at(PENDING, () => notes.add('set', side[PENDING] === true));
    },
    project: (base, node, ruling) => {
      const isOwn = isPending(base);
      const value = (isOwn ? own : known).project(base, node, ruling);
      if (!isObject(value)) return value;
      const { [PENDING]: mark, ...rest } = value;
      if (isOwn && !isListed(node)) return inOrder({ ...rest, [PENDING]: true });
      return mark === undefined ? value : rest;
    },
  };
}

/** Whether only devices know an item. */
function isPending(base: Json | undefined): boolean {
  return base === undefined || (isObject(base) && base[PENDING] === true);
}

/** Whether the provider lists the item as its own. */
function isListed({ under }: ChangeNode): boolean {
  const marks = under.get(PENDING)?.own ?? [];
  return marks.some(({ from, value }) => from.isVerified && value === false);
}

/** Makes the rule of the mark, which nobody writes. */
export function pendingMark(): AnyRule {
  return {
    kind: 'computed',
    says: 'Set while the provider has not spoken of the item.',
    asks: '',
    note: () => {},
    project: (base) => base,
  };
}

/**
 * Adds claims to the rules of an entity.
 *
 * @param isFact whether the provider answers for what is at a path, as changes have it
 */
export function withClaims(
  rules: EntityRules,
  isFact: (path: readonly string[]) => boolean,
): EntityRules {
  const { fields, computes, checks } = rules;
  const { projectInSteps: stepsOf } = fields;
  const rule: AnyRule = {
    ...fields,
    parts: [...(fields.parts ?? []), [CLAIMS, CLAIMS_RULE]],
    note: (base, side, notes) => {
      const before = claimsIn(base);
      const { [CLAIMS]: given, ...record } = isObject(side) ? side : {};
      fields.note(base, isObject(side) && given !== undefined ? record : side, notes);
      if (!isObject(side)) return;
      const after = isObject(given) ? given : {};
      notes.at(CLAIMS, () => {
        for (const [pointer, claim] of Object.entries(after)) {
          if (isSame(before[pointer], claim)) continue;
          notes.at(pointer, () => notes.add('set', claim));
        }
        if (!notes.from.isVerified) return;
        // The provider has answered claims that it no longer carries.
        for (const pointer of Object.keys(before)) {
          if (!Object.hasOwn(after, pointer)) notes.at(pointer, () => notes.add('missing', null));
        }
      });
    },
    project: (base, node, ruling) => fields.project(base, withoutAnswered(node), ruling),
    ...(stepsOf === undefined
      ? {}
      : { projectInSteps: (base, node, ruling) => stepsOf(base, withoutAnswered(node), ruling) }),
  };
  const disagreements: Check = {
    says: 'What devices claim is neither otherwise by the word of the provider nor among themselves.',
    find: (value, changes, base) => disagreementsIn(isFact, value, changes, base),
  };
  return {
    ...rules,
    fields: rule,
    computes: (value, changes, base) => {
      const follows = computes(value, changes, base);
      const whole = { ...value, ...follows };
      const before = claimsIn(base);
      const claims = claimsAfter(isFact, whole, changes, base);
      const hasAny = Object.keys(claims).length > 0;
      if (hasAny) return { ...follows, [CLAIMS]: inOrder(claims) };
      const isThere = Object.keys(before).length > 0 || value[CLAIMS] !== undefined;
      return isThere ? { ...follows, [CLAIMS]: {} } : follows;
    },
    checks: [...checks, disagreements],
  };
}

/** Leaves out removals of answered claims, which nobody removed: {@link claimsAfter} leaves the claims out. */
function withoutAnswered(node: ChangeNode): ChangeNode {
  const claims = node.under.get(CLAIMS);
  if (claims === undefined) return node;
  const left = [...claims.under].flatMap(([pointer, { own, under }]) => {
    const set = own.filter(({ kind }) => kind !== 'missing');
    return set.length === 0 && under.size === 0 ? [] : [[pointer, { own: set, under }] as const];
  });
  const rest = { own: claims.own, under: new Map(left) };
  return { own: node.own, under: new Map([...node.under, [CLAIMS, rest]]) };
}

const CLAIMS_RULE: AnyRule = {
  kind: 'computed',
  says: 'What devices claim and the provider has not answered, by its place: the value, and by whom.',
  asks: 'the provider says otherwise than a device',
  note: () => {},
  project: (base) => base,
};

/** Statement about one value. */
interface Said {
  readonly pointer: string;
  readonly value: Json;
  readonly from: Change['from'];
}

function claimsAfter(
  isFact: (path: readonly string[]) => boolean,
  value: JsonObject,
  changes: readonly Change[],
  base: JsonObject | undefined,
): JsonObject {
  const claims = new Map<string, Json>(Object.entries(claimsIn(base)));
  for (const { path, kind, value: claim } of changes.toSorted(byOrigin)) {
    const [name, pointer = ''] = path;
    if (name !== CLAIMS || path.length !== 2) continue;
    if (kind === 'set') claims.set(pointer, claim);
  }
  for (const { path, kind } of changes) {
    if (path[0] === CLAIMS && kind === 'missing') claims.delete(path[1] ?? '');
  }
  for (const { pointer, value: claim, from } of claimedIn(isFact, changes, base)) {
    if (isInPending(value, pointer)) continue;
    const known = claims.get(pointer);
    // The first claimant stays named.
    if (isObject(known) && isSame(known['value'], claim)) continue;
    claims.set(pointer, { value: claim, by: from.actor });
  }
  for (const { pointer } of newsOf(isFact, changes, base)) claims.delete(pointer);
  return Object.fromEntries(
    [...claims].filter(
      ([pointer, claim]) =>
        isObject(claim) && !isSame(claim['value'], standingAt(value, keysOf(pointer))),
    ),
  );
}

function disagreementsIn(
  isFact: (path: readonly string[]) => boolean,
  value: JsonObject,
  changes: readonly Change[],
  base: JsonObject | undefined,
): readonly Finding[] {
  const news = newsOf(isFact, changes, base);
  const spoken = new Set(news.map(({ pointer }) => pointer));
  const answered = changes.flatMap(({ path, kind }) =>
    path[0] === CLAIMS && kind === 'missing' ? [path[1] ?? ''] : [],
  );
  const claimed: readonly Claimed[] = [
    ...[...new Set([...answered, ...spoken])].flatMap((pointer) => {
      const claim = claimsIn(base)[pointer];
      return isObject(claim) ? [{ pointer, claim: alternativeOf(claim) }] : [];
    }),
    ...claimedIn(isFact, changes, base).flatMap(({ pointer, value: claim, from }) =>
      spoken.has(pointer) ? [{ pointer, claim: alternative(claim, from) }] : [],
    ),
  ];
  const asked = claimed.filter(
    ({ pointer, claim }) => !isSame(claim.value, standingAt(value, keysOf(pointer)) ?? null),
  );
  return [
    ...byPointer(asked).map(([path, claims]) => ({
      path,
      reason: 'the provider says otherwise than a device',
      alternatives: [alternative(standingAt(value, keysOf(path)) ?? null, null), ...claims],
    })),
    ...byPointer(rivals(isFact, value, changes, base)).map(([path, alternatives]) => ({
      path,
      reason: 'devices claim different things',
      alternatives,
    })),
  ];
}

interface Claimed {
  readonly pointer: string;
  readonly claim: Alternative;
}

/** Finds differing claims of one value, while the provider says nothing new of it. */
function rivals(
  isFact: (path: readonly string[]) => boolean,
  value: JsonObject,
  changes: readonly Change[],
  base: JsonObject | undefined,
): readonly Claimed[] {
  const spoken = new Set(newsOf(isFact, changes, base).map(({ pointer }) => pointer));
  const claimed = claimedIn(isFact, changes, base).filter(
    ({ pointer }) => !spoken.has(pointer) && !isInPending(value, pointer),
  );
  return claimed.flatMap(({ pointer, value: claim, from }) => {
    const isAlone = claimed.every((one) => one.pointer !== pointer || isSame(one.value, claim));
    return isAlone ? [] : [{ pointer, claim: alternative(claim, from) }];
  });
}

function byPointer(claimed: readonly Claimed[]): readonly (readonly [string, Alternative[]])[] {
  const found = new Map<string, Alternative[]>();
  for (const { pointer, claim } of claimed) {
    const known = found.get(pointer) ?? [];
    if (!known.some(({ value }) => isSame(value, claim.value))) known.push(claim);
    found.set(pointer, known);
  }
  return [...found].toSorted(([one], [other]) => compareText(one, other));
}

/** Returns the provider's new statements. */
function newsOf(...[isFact, changes, base]: Parameters<typeof changedIn>): readonly Said[] {
  return changedIn(isFact, changes, base).filter(({ from }) => from.isVerified);
}

/** Returns the devices' new statements, the earliest first. */
function claimedIn(...[isFact, changes, base]: Parameters<typeof changedIn>): readonly Said[] {
  return changedIn(isFact, changes, base)
    .filter(({ from }) => !from.isVerified)
    .toSorted(
      (one, other) =>
        compareOrigins(one.from, other.from) ||
        compareText(one.pointer, other.pointer) ||
        compareText(canonical(one.value), canonical(other.value)),
    );
}

function changedIn(
  isFact: (path: readonly string[]) => boolean,
  changes: readonly Change[],
  base: JsonObject | undefined,
): readonly Said[] {
  return saidIn(isFact, changes).filter(
    ({ pointer, value }) => base === undefined || !isSame(value, standingAt(base, keysOf(pointer))),
  );
}

/** Returns statements about facts, one for each value of a group. */
function saidIn(
  isFact: (path: readonly string[]) => boolean,
  changes: readonly Change[],
): readonly Said[] {
  return changes.flatMap(({ path, kind, value, from }): readonly Said[] => {
    if (kind !== 'set' || path[0] === CLAIMS || !isFact(path)) return [];
    const place = pointerOf(path);
    if (path.at(-1)?.startsWith(GROUP_MARK) !== true) return [{ pointer: place, value, from }];
    return Object.entries(isObject(value) ? value : {}).map(([name, one]) => ({
      pointer: place + pointerOf([name]),
      value: one,
      from,
    }));
  });
}

function alternativeOf({ value = null, by }: JsonObject): Alternative {
  return { value, actor: typeof by === 'string' ? by : null, atMs: null };
}

function claimsIn(record: Json | undefined): JsonObject {
  const claims = isObject(record) ? record[CLAIMS] : undefined;
  return isObject(claims) ? claims : {};
}

/** Whether a place is in a pending item. */
function isInPending(value: JsonObject, pointer: string): boolean {
  const [list = '', id = '', ...rest] = keysOf(pointer);
  if (rest.length === 0) return false;
  const item = standingAt(value, [list, id]);
  return isObject(item) && item[PENDING] === true;
}

function standingAt(value: Json, keys: readonly string[]): Json | undefined {
  let at: Json | undefined = value;
  for (const key of keys) {
    if (isList(at)) at = at.find((one) => isObject(one) && isIdentity(one['id'], key));
    else at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return at;
}

function isIdentity(id: Json | undefined, key: string): boolean {
  return id === key || (typeof id === 'number' && String(id) === key);
}

function keysOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function byOrigin(one: Change, other: Change): number {
  return compareOrigins(one.from, other.from) || compareText(one.id, other.id);
}
