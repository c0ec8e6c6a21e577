/**
 * Conflict rules: each notes what a side changed at its place, and reads the value from all changes there (CF-3).
 *
 * @module
 */

import type { Pieces } from '../../vocabulary/pieces.ts';
import type { Json } from '../../vocabulary/shape.ts';
import { canonical, compareText, isSame } from '../values/canonical.ts';
import { askOfEmptied, type Guard, isLessThan, laidOver } from './absence.ts';
import {
  type Change,
  type ChangeNode,
  type ChangeNotes,
  compareOrigins,
  type Origin,
} from './change.ts';
import { alternative, type Ruling } from './ruling.ts';

/** Kinds of rules. */
export type RuleKind =
  | 'latest wins'
  | 'server decides'
  | 'both are kept'
  | 'ask'
  | 'strictest wins'
  | 'furthest wins'
  | 'largest wins'
  | 'first stays'
  | 'counter'
  | 'text by lines'
  | 'set'
  | 'list'
  | 'fields'
  | 'together'
  | 'provider snapshot'
  | 'computed'
  | 'own rule';

/** Rule for values of `Value`. Make one with the functions of this folder. */
export interface Rule<Value = never> extends Guard {
  readonly kind: RuleKind;
  /** Description of the rule that somebody who does not program can approve. */
  readonly says: string;
  /** Condition under which a person is asked; empty for never. */
  readonly asks: string;
  /** Rules of the parts, for the page that is generated from them. */
  readonly parts?: readonly (readonly [name: string, rule: AnyRule])[];
  /** @internal The rule of each entry of a map, whose own words say it all. */
  readonly each?: AnyRule;
  /** @internal Takes down what the side changed. A side without a value changed nothing. */
  readonly note: (base: Json | undefined, side: Json | undefined, notes: ChangeNotes) => void;
  /** @internal What the place holds after these changes. */
  readonly project: (base: Json | undefined, node: ChangeNode, ruling: Ruling) => Json | undefined;
  /** @internal The same in steps, where much may be inside: others may have their turn between two. */
  readonly projectInSteps?: (
    base: Json | undefined,
    node: ChangeNode,
    ruling: Ruling,
  ) => Steps<Json | undefined>;
  /** @internal It adds up what sides did, or something in it does: two that say the same have done it twice. */
  readonly isSum?: boolean;
  /** @internal Only carries the type. */
  readonly accepts?: Value;
}

/** Work between whose steps other work may run, with its result. */
export type Steps<Result> = Pieces<Result>;

/** Rule for any values. */
export type AnyRule = Rule<unknown>;

/** Returns the value of a place after changes, in steps if its rule has some. */
export function* projected(
  { project, projectInSteps }: AnyRule,
  base: Json | undefined,
  node: ChangeNode,
  ruling: Ruling,
): Steps<Json | undefined> {
  if (ruling.work.isDue(1 + node.own.length)) yield;
  if (projectInSteps === undefined) return project(base, node, ruling);
  return yield* projectInSteps(base, node, ruling);
}

/** Value that sides have put at a place, with its authors. */
export interface Alt<Value = Json> {
  readonly value: Value;
  /** Latest author of it. */
  readonly from: Origin;
  /** Verified author with the latest statement; or `null`. */
  readonly sworn: Origin | null;
}

/** Decision of a rule for a single value. */
export interface Verdict {
  readonly value: Json | undefined;
  /** Reason why values were not taken. */
  readonly reason?: string;
  /** Values that were not taken. */
  readonly lost?: readonly Alt[];
  /** Questions for a person, each with its alternatives. */
  readonly asks?: readonly Question[];
}

export interface Question {
  readonly reason: string;
  readonly alternatives: readonly (Alt | { readonly value: Json; readonly from: null })[];
  /** Place below that of the rule. */
  readonly below?: readonly string[];
}

export type Decide = (alts: readonly Alt[], base: Json | undefined) => Verdict;

/** Argument of {@link whole}. */
export type WholeRule = Pick<Rule, 'kind' | 'says' | 'asks' | 'isGuarded' | 'mayGo'>;

/** Makes a rule for a value that is taken whole. Fields that a side does not have are still unknown to it. */
export function whole<Value = never>(
  words: WholeRule,
  decide: (...given: [...Parameters<Decide>, ruling: Ruling]) => Verdict,
  /** Whether a verified side counts in full even where nothing changed. */
  isSworn = false,
): Rule<Value> {
  const { kind, isGuarded = isSworn } = words;
  return {
    ...words,
    isGuarded,
    ...(isSworn ? { mayGo: () => false } : {}),
    note: (base, side, notes) => {
      if (side === undefined && (notes.removed === undefined || isSworn)) return;
      if (base === side && !(isSworn && notes.from.isVerified)) return;
      const said = isSworn ? side : laidOver(base, side, notes, isGuarded);
      if (said === undefined) return;
      if (isSame(base, said) && !(isSworn && notes.from.isVerified)) return;
      notes.add('set', said);
    },
    project: (base, { own, under }, ruling) => {
      const verdict = decide(altsOf(own), base, ruling);
      const { value } = verdict;
      ruleBy(kind, verdict, ruling);
      if (under.size > 0) askOfEmptied(kind, value, under, ruling);
      if (!isSworn && typeof base === 'object' && isLessThan(base, value)) {
        ruling.note(kind, 'replaced', value, [alternative(base, null)]);
      }
      return value;
    },
  };
}

/** Records what a verdict did not take, and its questions. */
export function ruleBy(kind: string, verdict: Verdict, ruling: Ruling): void {
  const { value, lost = [], asks = [], reason = kind } = verdict;
  if (lost.length > 0) {
    const apart = lost.map((alt) => alternative(alt.value, alt.from));
    ruling.note(kind, reason, value, apart);
  }
  for (const question of asks) {
    const below = question.below ?? [];
    ruling.path.push(...below);
    const alternatives = question.alternatives.map((alt) => alternative(alt.value, alt.from));
    ruling.ask(kind, question.reason, alternatives);
    ruling.path.length -= below.length;
  }
}

/** Returns the values that sides have put at a place, each once, the latest first. */
export function altsOf(changes: readonly Change[]): readonly Alt[] {
  const [only] = changes;
  // Most places were changed once.
  if (only === undefined) return [];
  if (changes.length === 1) {
    const { kind, value, from } = only;
    return kind === 'set' ? [{ value, from, sworn: from.isVerified ? from : null }] : [];
  }
  const byValue = new Map<string, Alt>();
  for (const { kind, value, from } of changes) {
    if (kind !== 'set') continue;
    const key = canonical(value);
    const known = byValue.get(key);
    const sworn = from.isVerified ? from : null;
    byValue.set(
      key,
      known === undefined
        ? { value, from, sworn }
        : {
            value,
            from: compareOrigins(from, known.from) > 0 ? from : known.from,
            sworn: laterSworn(sworn, known.sworn),
          },
    );
  }
  return [...byValue.values()].toSorted(compareAlts);
}

/** Compares alternatives, the latest first; at the same time by content. */
function compareAlts(one: Alt, other: Alt): number {
  return (
    compareOrigins(other.from, one.from) ||
    compareText(canonical(one.value), canonical(other.value))
  );
}

/** Returns the one with the later statement. */
export function laterSworn(one: Origin | null, other: Origin | null): Origin | null {
  if (one === null || other === null) return one ?? other;
  return compareSworn(one, other) >= 0 ? one : other;
}

/** Compares statements of authorities, the earliest first. */
export function compareSworn(one: Origin, other: Origin): number {
  return (one.asOfMs ?? -1) - (other.asOfMs ?? -1) || compareOrigins(one, other);
}

/** Returns all but one. */
export function others(alts: readonly Alt[], kept: Alt | undefined): readonly Alt[] {
  return alts.filter((alt) => alt !== kept);
}

const WORDS: Readonly<Record<RuleKind, string>> = {
  'latest wins': 'The latest edit stands.',
  'server decides': 'What the server says stands.',
  'both are kept': 'The latest edit stands for now; all of them are kept and shown.',
  ask: 'When devices differ nothing is changed until a person decides.',
  'strictest wins': 'Of different edits the strictest stands, whichever is later.',
  'furthest wins': 'It goes only forward.',
  'largest wins': 'The largest number stands.',
  'first stays': 'It never changes.',
  counter: 'What each device added, or took away, is added.',
  'text by lines': 'Lines of both are put together.',
  set: 'Items of all devices, without those that a device took out.',
  list: 'Items of all devices; none goes only because a device does not have it.',
  fields: 'Each field by a rule of its own.',
  together: 'Fields that belong together are taken from one side, and never mixed.',
  'provider snapshot': 'What the provider says of the latest moment stands, all of it together.',
  computed: 'It follows from other fields.',
  'own rule': 'A rule of the app.',
};

/** Returns the sentence of a rule; a condition of a record is one already. */
export function ruleInWords(rule: string): string {
  return Object.hasOwn(WORDS, rule) ? WORDS[rule as RuleKind] : rule;
}
