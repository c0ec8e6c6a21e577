/**
 * Questionnaire that a person answers: drafts are merged item by item; a completed version never changes. No answer
 * is invented, averaged, or chosen by a clock.
 *
 * @module
 */

import type { Json, JsonObject } from '../../vocabulary/shape.ts';
import { canonical, compareText, isObject, isSame } from '../values/canonical.ts';
import { compareOrigins } from './change.ts';
import { type Alt, type Question, type Rule, type Verdict, whole } from './rule.ts';

/** Fields of one version of a questionnaire. */
export const QUESTIONNAIRE_FIELDS = [
  'instrument',
  'version',
  'status',
  'answers',
  'completedAt',
] as const;

const RANKS: ReadonlyMap<Json | undefined, number> = new Map([
  ['in-progress', 0],
  ['draft', 0],
  ['completed', 1],
  ['amended', 2],
  ['entered-in-error', 2],
]);
const ANSWER_MAX = 3;
const ANSWERS_MAX = 1_000;

interface Version {
  readonly alt: Alt;
  readonly value: JsonObject;
  readonly rank: number;
  readonly answers: JsonObject;
}

/**
 * Makes the rule of {@link QUESTIONNAIRE_FIELDS}, taken together.
 *
 * @param isRanged Whether the answers of an instrument are numbers from 0 to 3; of another any answer is taken.
 */
export function questionnaire(isRanged: (instrument: Json) => boolean): Rule {
  return whole(
    {
      kind: 'together',
      says: 'Answers that are not yet completed are put together, each as it was given; where two devices answered an item differently the heavier answer stands for now. What was completed stays as it is: another version is kept beside it.',
      asks: 'an item was answered differently; it was completed twice, or answered after it was completed; an amendment meets "entered in error"; an answer is out of range; the instruments differ',
      isGuarded: true,
    },
    (alts, base) => decide(alts, isObject(base) ? base : undefined, isRanged),
  );
}

function decide(
  alts: readonly Alt[],
  base: JsonObject | undefined,
  isRanged: (instrument: Json) => boolean,
): Verdict {
  if (alts.length === 0) return { value: base };
  const asks: Question[] = [];
  const all = alts.flatMap((alt): readonly Version[] => {
    const { value } = alt;
    if (!isObject(value)) return [];
    const given = value['answers'];
    if (given !== undefined && !isObject(given)) return [];
    // No questionnaire has this many, and each is checked in every version.
    if (given !== undefined && Object.keys(given).length > ANSWERS_MAX) return [];
    const answers = given ?? {};
    return [{ alt, value, rank: RANKS.get(value['status'] ?? 'in-progress') ?? -1, answers }];
  });
  const isOfKind = (value: JsonObject): boolean =>
    ['instrument', 'version'].every((name) => {
      const expected = base?.[name] ?? firstSaid(all, name);
      return value[name] === undefined || isSame(value[name], expected);
    });
  const known = all.filter(({ value, rank }) => rank >= 0 && isOfKind(value));
  const strange = alts.filter((alt) => known.every((version) => version.alt !== alt));
  const instrument = base?.['instrument'] ?? firstSaid(all, 'instrument');
  const isAnyTaken = instrument !== undefined && !isRanged(instrument);
  const onlyWord = base === undefined && known.length === 0 ? earliestOf(strange) : undefined;
  if (strange.some(({ value }) => onlyWord === undefined || !isSame(value, onlyWord.value))) {
    asks.push({ reason: 'another instrument, or nothing that is known', alternatives: strange });
  }

  // No version says anything that is known: what is there are somebody's words, which must not vanish.
  if (onlyWord !== undefined) return { value: onlyWord.value, asks };
  const baseRank = base === undefined ? 0 : (RANKS.get(base['status'] ?? 'in-progress') ?? 0);
  const isDraft = baseRank === 0 && known.every(({ rank }) => rank === 0);
  const verdict = baseRank > 0 ? ofCompleted(base ?? {}, baseRank) : ofDraft();
  const kept = verdict.value;
  const lost = isDraft
    ? alts.filter(({ value }) => isApart(value, kept))
    : alts.filter(({ value }) => !isSame(value, kept));
  return { value: kept, lost, reason: 'another version stands', asks };

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

  /** Asks about answers that came to a version that was completed without them. */
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
      const sound = given.filter((version) => isTaken(version.answers[item]));
      askOfItem(
        'out of range',
        item,
        given.filter((version) => !sound.includes(version)),
      );
      const values = [...new Set(sound.map((version) => version.answers[item] ?? null))];
      if (values.length > 1) askOfItem('answered differently', item, sound);
      const heaviest = values.toSorted(
        (one, other) =>
          weight(other) - weight(one) || compareText(canonical(one), canonical(other)),
      )[0];
      if (heaviest !== undefined) answers[item] = heaviest;
    }
    const ordered = Object.entries(answers).toSorted(([one], [other]) => compareText(one, other));
    const hasAnswers = ordered.length > 0 || known.some(({ value }) => isObject(value['answers']));
    return {
      ...(hasAnswers ? { answers: Object.fromEntries(ordered) } : {}),
      ...keep('completedAt'),
      ...keep('instrument'),
      ...keep('status'),
      ...keep('version'),
    };
  }

  function isTaken(answer: Json | undefined): boolean {
    return isAnyTaken || isSound(answer);
  }

  function keep(name: string): JsonObject {
    const value = base?.[name] ?? firstSaid(known, name);
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

  /** Returns the version without answers that the questionnaire does not have. */
  function withSoundAnswers(value: JsonObject): Verdict {
    const given = isObject(value['answers']) ? value['answers'] : {};
    const before = base !== undefined && isObject(base['answers']) ? base['answers'] : {};
    const entries = Object.entries(given);
    const sound = entries.filter(
      ([item, answer]) => isTaken(answer) || isSame(answer, before[item]),
    );
    if (sound.length === entries.length) return { value };
    asks.push({ reason: 'out of range', alternatives: [{ value, from: null }] });
    return { value: { ...value, answers: Object.fromEntries(sound) } };
  }
}

/** Chooses the version that asks for more care, independent of clocks. */
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

/** Returns the earliest version's value of a field. */
function firstSaid(versions: readonly Version[], name: string): Json | undefined {
  const saying = versions.filter(({ value }) => value[name] !== undefined && value[name] !== null);
  const first = earliestOf(saying.map(({ alt }) => alt))?.value;
  return isObject(first) ? first[name] : undefined;
}

function earliestOf(alts: readonly Alt[]): Alt | undefined {
  return alts.toSorted(
    (one, other) =>
      compareOrigins(one.from, other.from) ||
      compareText(canonical(one.value), canonical(other.value)),
  )[0];
}

/** Whether a draft has something beside its answers that the merged one lacks. */
function isApart(draft: Json, kept: Json | undefined): boolean {
  if (!isObject(draft) || !isObject(kept)) return true;
  return Object.keys(draft).some((name) => name !== 'answers' && !isSame(draft[name], kept[name]));
}

/** Whether an answer is valid for questionnaires with ranged answers; null withdraws one. */
function isSound(answer: Json | undefined): boolean {
  if (answer === null) return true;
  return (
    typeof answer === 'number' && Number.isInteger(answer) && answer >= 0 && answer <= ANSWER_MAX
  );
}

function weight(answer: Json | undefined): number {
  return typeof answer === 'number' ? answer : -1;
}
