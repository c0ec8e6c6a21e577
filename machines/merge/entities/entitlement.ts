/**
 * Entitlements of a user, from all sources. Only what the server has verified counts. No feature for a crisis depends
 * on them.
 *
 * @module
 */

import type { Json, JsonObject } from '../../vocabulary/shape.ts';
import { declareEntity } from '../declaration/entityRules.ts';
import type { Change } from '../rules/change.ts';
import { computed, map } from '../rules/fields.ts';
import { type Rule, whole } from '../rules/rule.ts';
import { firstStays, serverDecides } from '../rules/single.ts';
import { snapshot } from '../rules/snapshot.ts';
import { canonical, compareText, isList, isObject, isSame } from '../values/canonical.ts';
import { provided, withClaims } from './providerWord.ts';

/** Time for which an answer of the server is valid. */
const GRACE_MS = 3 * 24 * 3_600_000;

const rules = declareEntity({
  type: 'entitlement',
  title: 'Entitlement',
  authority: 'the server, for each source',
  whileInReview: 'waits',
  fields: {
    id: firstStays(),
    sources: map(snapshot({ asOf: asOfMs, prefers: isActive }), { isStrict: true }),
    revokedTransactionIds: revoked(),
    active: follows('Whether any source is active, as the last answer of the server says.'),
    expiresAt: follows('The last end of those that are active; none when one has no end.'),
  },
  other: provided(serverDecides()),
  computes: (value, changes, base) => {
    const { sources } = value;
    if (!isObject(sources) || Object.keys(sources).length === 0) return {};
    const answerMs = answeredAtMs(changes);
    const { active, expiresAt = null } = base ?? {};
    // Without an answer of the server it stays as it was.
    if (answerMs === null && typeof active === 'boolean') return { active, expiresAt };
    return standing(value, answerMs);
  },
});

/** Rules of entitlements: the server vouches for all but the id. */
export const entitlement = withClaims(rules, ([name]) => name !== 'id');

/**
 * Returns whether a merged entitlement is active at a time, and until when: the kept value was judged at the server's
 * last answer, and ages.
 *
 * @param entitled the value of a merge, or of what was kept of one
 * @param nowMs the present, in milliseconds since 1970
 */
export function entitlementAt(
  entitled: unknown,
  nowMs: number,
): { readonly active: boolean; readonly expiresAt: number | null } {
  return standing(isObject(entitled as Json) ? (entitled as JsonObject) : {}, nowMs);
}

/** Judges the sources at a time; with `null` each by its own answer. */
function standing(
  { sources, revokedTransactionIds }: JsonObject,
  atMs: number | null,
): { active: boolean; expiresAt: number | null } {
  const taken = new Set(isList(revokedTransactionIds) ? revokedTransactionIds : []);
  const active = Object.values(isObject(sources) ? sources : {}).filter(
    (source) =>
      isObject(source) && !taken.has(source['transactionId'] ?? '') && isValid(source, atMs),
  );
  const ends = active.map((source) => (isObject(source) ? (source['expiresAt'] ?? null) : null));
  const last = Math.max(...ends.map((end) => (typeof end === 'number' ? end : Number.MAX_VALUE)));
  return {
    active: active.length > 0,
    expiresAt: active.length === 0 || last === Number.MAX_VALUE ? null : last,
  };
}

/** Whether a source is valid: its end is compared with the time of the answer while that is recent. */
function isValid(source: JsonObject, atMs: number | null): boolean {
  if (source['active'] !== true) return false;
  const { expiresAt: endsAtMs } = source;
  if (typeof endsAtMs !== 'number') return true;
  const answerMs = asOfMs(source) ?? atMs;
  const isRecent = answerMs !== null && atMs !== null && atMs - answerMs <= GRACE_MS;
  const momentMs = isRecent || atMs === null ? answerMs : atMs;
  return momentMs === null || endsAtMs > momentMs;
}

/** Returns the time of the server's last answer, as far as these changes know. */
function answeredAtMs(changes: readonly Change[]): number | null {
  const moments = changes
    .filter(({ from }) => from.isVerified)
    .map(({ from }) => from.receivedAtMs ?? from.ms);
  return moments.length === 0 ? null : Math.max(...moments);
}

function asOfMs(source: Json | undefined): number | null {
  const moment = isObject(source) ? source['asOf'] : undefined;
  return typeof moment === 'number' ? moment : null;
}

function isActive(source: Json): boolean {
  return isObject(source) && source['active'] === true;
}

/** Makes the rule of a revocation, which stays. */
function revoked(): Rule {
  return whole(
    {
      kind: 'set',
      says: 'What the server has revoked stays revoked.',
      asks: '',
      isGuarded: true,
      mayGo: () => false,
    },
    (alts, base) => {
      const all = new Map<string, Json>();
      const sworn = alts.filter((alt) => alt.sworn !== null);
      for (const value of [base, ...sworn.map((alt) => alt.value)]) {
        for (const one of isList(value) ? value : []) all.set(canonical(one), one);
      }
      const lost = alts.filter((alt) => alt.sworn === null || !isList(alt.value));
      if (sworn.length === 0) return { value: base, lost, reason: 'not verified' };
      const value = [...all]
        .toSorted(([one], [other]) => compareText(one, other))
        .map(([, one]) => one);
      return { value, lost, reason: 'not verified' };
    },
  );
}

/** Makes the rule of a field that follows from the sources; a device's value is a claim. */
function follows(says: string): Rule {
  return {
    ...computed(says),
    note: (base, side, notes) => {
      const isClaim = side !== undefined && !notes.from.isVerified;
      if (isClaim && !isSame(base, side)) notes.add('set', side);
    },
  };
}
