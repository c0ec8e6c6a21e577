/**
 * A questionnaire that a person answers: a draft is put together item by item, what was completed is never
 * changed. No answer is invented, averaged, or picked by a clock.
 *
 * @module
 */

import type { Json, JsonObject } from '../../vocabulary/json.ts';
import { canonical, compareText, isObject, isSame } from '../values/canonical.ts';
import { type Alt, compareSworn, type Question, type Rule, type Verdict, whole } from './rule.ts';

/** The fields that belong to one version of a questionnaire. */
export const QUESTIONNAIRE_FIELDS = [
  'instrument',
  'version',
  'status',
  'answers',
  'completedAt',
] as const;

const RANKS: ReadonlyMap<Json | undefined, number> = new Map([
  ['in-progress', 0],
  ['completed', 1],
  ['amended', 2],
  ['entered-in-error', 2],
]);
const ANSWER_MAX = 3;

interface Version {
  readonly alt: Alt;
  readonly value: JsonObject;
  readonly rank: number;
  readonly answers: JsonObject;
}

/** The rule of {@link QUESTIONNAIRE_FIELDS}, taken together. */
export function questionnaire(): Rule {
  return whole(
    {
      kind: 'together',
      says: 'Answers that are not yet completed are put together, each as it was given; where two devices answered an item differently the heavier answer stands for now. What was completed stays as it is: another version is kept beside it.',
      asks: 'an item was answered differently; it was completed twice, or answered after it was completed; an amendment meets "entered in error"; an answer is out of range; the instruments differ',
    },
    (alts, base) => decide(alts, isObject(base) ? base : undefined),
  );
}

function decide(alts: readonly Alt[], base: JsonObject | undefined): Verdict {
  if (alts.length === 0) return { value: base };
  const asks: Question[] = [];
  const all = alts.flatMap((alt): readonly Version[] => {
    const { value } = alt;
    if (!isObject(value)) return [];
    const answers = isObject(value['answers']) ? value['answers'] : {};
    return [{ alt, value, rank: RANKS.get(value['status'] ?? 'in-progress') ?? -1, answers }];
  });
  const earlier = earliest(all)?.value;
  const isOfKind = (value: JsonObject): boolean =>
    ['instrument', 'version'].every((name) => {
      const expected = base?.[name] ?? earlier?.[name];
      return value[name] === undefined || isSame(value[name], expected);
    });
  const known = all.filter(({ value, rank }) => rank >= 0 && isOfKind(value));
  const strange = all.filter((version) => !known.includes(version));
  ask('another instrument or an unknown status', strange);

  const baseRank = base === undefined ? 0 : (RANKS.get(base['status'] ?? 'in-progress') ?? 0);
  const verdict = baseRank > 0 ? ofCompleted(base ?? {}, baseRank) : ofDraft();
  return { ...verdict, asks };

  function ask(reason: string, versions: readonly Version[], beside?: JsonObject): void {
    if (versions.length === 0) return;
    const ours = beside === undefined ? [] : [{ value: beside, from: null }];
    asks.push({ reason, alternatives: [...ours, ...versions.map(({ alt }) => alt)] });
  }

  function ofDraft(): Verdict {
    const top = Math.max(0, ...known.map(({ rank }) => rank));
    if (top === 0) return { value: putTogether() };
    const finished = known.filter(({ rank }) => rank > 0);
    const first = choose(finished.filter(({ rank }) => rank === top));
    if (first === undefined) return { value: base };
    if (finished.some(({ answers, value }) => differs(answers, first) || differsIn(value, first))) {
      ask('completed more than once', finished);
    }
    askOfLate(
      first.value,
      known.filter(({ rank }) => rank === 0),
    );
    return withSoundAnswers(first.value);
  }

  function ofCompleted(before: JsonObject, rank: number): Verdict {
    const further = known.filter((version) => version.rank > rank);
    const again = known.filter((version) => version.rank === rank);
    const isAmended = before['status'] === 'amended';
    const amended = isAmended ? again.filter(({ value }) => value['status'] === 'amended') : [];
    const candidates = [...further, ...amended];
    const first = choose(candidates);
    if (first !== undefined && candidates.some((one) => !isSame(one.value, first.value))) {
      ask('changed twice after it was completed', candidates);
    }
    ask(
      'what was completed stays',
      again.filter((one) => !amended.includes(one)),
      before,
    );
    askOfLate(
      first?.value ?? before,
      known.filter((version) => version.rank < rank),
    );
    return first === undefined ? { value: before } : withSoundAnswers(first.value);
  }

  /** Asks of answers that came to a version that was completed without them. */
  function askOfLate(standing: JsonObject, late: readonly Version[]): void {
    const answers = isObject(standing['answers']) ? standing['answers'] : {};
    ask(
      'answered after it was completed',
      late.filter((one) =>
        Object.entries(one.answers).some(([item, answer]) => !isSame(answers[item], answer)),
      ),
    );
  }

  function putTogether(): JsonObject {
    const before = base === undefined || !isObject(base['answers']) ? {} : base['answers'];
    const answers: Record<string, Json> = { ...before };
    const items = [...new Set(known.flatMap((version) => Object.keys(version.answers)))];
    for (const item of items.toSorted(compareText)) {
      const given = known.filter(
        (version) =>
          version.answers[item] !== undefined && !isSame(version.answers[item], before[item]),
      );
      const sound = given.filter((version) => isSound(version.answers[item]));
      askOfItem(
        'out of range',
        item,
        given.filter((version) => !sound.includes(version)),
      );
      const values = [...new Set(sound.map((version) => version.answers[item] ?? null))];
      if (values.length > 1) askOfItem('answered differently', item, sound);
      const heaviest = values.toSorted((one, other) => weight(other) - weight(one))[0];
      if (heaviest !== undefined) answers[item] = heaviest;
    }
    const rest = earliest(known)?.value ?? {};
    const ordered = Object.entries(answers).toSorted(([one], [other]) => compareText(one, other));
    const hasAnswers = ordered.length > 0 || known.some(({ value }) => isObject(value['answers']));
    return {
      ...(hasAnswers ? { answers: Object.fromEntries(ordered) } : {}),
      ...keep('completedAt', rest),
      ...keep('instrument', rest),
      ...keep('status', rest),
      ...keep('version', rest),
    };
  }

  function keep(name: string, rest: JsonObject): JsonObject {
    const value = base?.[name] ?? rest[name];
    return value === undefined ? {} : { [name]: value };
  }

  function askOfItem(reason: string, item: string, versions: readonly Version[]): void {
    if (versions.length === 0) return;
    const alternatives = versions.map(({ alt, answers }) => ({
      ...alt,
      value: answers[item] ?? null,
    }));
    asks.push({ reason, alternatives, below: ['answers', item] });
  }

  /** The version without answers that the questionnaire does not have. */
  function withSoundAnswers(value: JsonObject): Verdict {
    const given = isObject(value['answers']) ? value['answers'] : {};
    const before = base !== undefined && isObject(base['answers']) ? base['answers'] : {};
    const entries = Object.entries(given);
    const sound = entries.filter(
      ([item, answer]) => isSound(answer) || isSame(answer, before[item]),
    );
    if (sound.length === entries.length) return { value };
    asks.push({ reason: 'out of range', alternatives: [{ value, from: null }] });
    return { value: { ...value, answers: Object.fromEntries(sound) } };
  }
}

/** Of several the one that asks for more care, and which no clock picks. */
function choose(versions: readonly Version[]): Version | undefined {
  const care = ({ answers }: Version) =>
    Object.values(answers).reduce<number>((sum, answer) => sum + weight(answer), 0);
  const isAmended = ({ value }: Version) => Number(value['status'] === 'amended');
  return versions.toSorted(
    (one, other) =>
      isAmended(other) - isAmended(one) ||
      care(other) - care(one) ||
      compareText(canonical(one.value), canonical(other.value)),
  )[0];
}

function differs(answers: JsonObject, { answers: others }: Version): boolean {
  return !isSame(answers, others);
}

function differsIn(value: JsonObject, { value: other }: Version): boolean {
  return value['status'] !== other['status'];
}

function earliest(versions: readonly Version[]): Version | undefined {
  return versions.toSorted(
    (one, other) =>
      compareSworn(one.alt.from, other.alt.from) ||
      compareText(canonical(one.value), canonical(other.value)),
  )[0];
}

/** An answer that the questionnaires have; null takes one back. */
function isSound(answer: Json | undefined): boolean {
  if (answer === null) return true;
  return (
    typeof answer === 'number' && Number.isInteger(answer) && answer >= 0 && answer <= ANSWER_MAX
  );
}

function weight(answer: Json | undefined): number {
  return typeof answer === 'number' ? answer : -1;
}
