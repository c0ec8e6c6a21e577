/**
 * What may be seen of a running system from outside: an allow-list (AC-2, SE-5). Everything that leaves
 * of charts and facts is made here, field by field; a field that is not named here stays.
 *
 * @module
 */

import type { AnyStateMachine, AnyTransitionDefinition } from 'xstate';
import type { AboutWork, News, WatchedActor } from '../protocol.ts';
import { type StateShown, statePaths } from './chartDefinition.ts';

/** An actor of a chart, from the tap of the engine. */
export interface TappedActor {
  readonly session: string;
  readonly id: string;
  readonly machine: AnyStateMachine;
  readonly value: StateShown;
  readonly about: AboutWork | null;
}

/** One event that an actor took, from the tap. */
export interface TappedStep {
  readonly session: string;
  readonly id: string;
  readonly machine: AnyStateMachine;
  readonly event: string;
  readonly from: StateShown | null;
  readonly to: StateShown;
  readonly transitions: readonly AnyTransitionDefinition[];
}

/** The observer of the tap. */
export interface TapObserver {
  readonly began: (shown: () => TappedActor) => void;
  readonly stepped: (step: TappedStep) => void;
  readonly ended: (session: string) => void;
}

/** A fact, from its stream. */
export interface TappedFact {
  readonly kind: string;
  readonly atMs: number;
}

/** The fields of a kind of fact that may leave, and what each becomes. */
export interface TellingRule {
  readonly about: string | null;
  readonly actor?: string;
  readonly otherwise?: string;
  readonly reason: string | null;
  readonly details: readonly string[];
}

/** Makes the sentence of a fact, and its mark. */
export type NewsWords = (fact: TappedFact) => Pick<News, 'text' | 'tone'>;

export type TellingRules = Readonly<Record<string, TellingRule>>;

type Plain = string | number | boolean | null;

/** The number of an actor, which XState writes behind `x:`. */
export function actorNumber(session: string): number {
  return Number(session.slice(2));
}

export function projectActor(
  { session, id, machine, value, about }: TappedActor,
  sinceAtMs: number | null,
): WatchedActor {
  return {
    actor: actorNumber(session),
    id,
    machine: machine.id,
    version: machine.version ?? null,
    states: statePaths(value),
    sinceAtMs,
    about: about && {
      type: about.type,
      upstream: about.upstream,
      tier: about.tier,
      priority: about.priority,
      acceptedAtMs: about.acceptedAtMs,
    },
  };
}

/** The news of a fact; `null` where its kind is not listed. */
export function projectFact(
  fact: TappedFact,
  serial: number,
  rules: TellingRules,
  words: NewsWords,
): News | null {
  const rule = Object.hasOwn(rules, fact.kind) ? rules[fact.kind] : undefined;
  if (rule === undefined) return null;
  const field = (name: string | null): Plain => {
    if (name === null) return null;
    return plain((fact as unknown as Readonly<Record<string, unknown>>)[name]);
  };
  const about = field(rule.about);
  const reason = field(rule.reason);
  const details: Record<string, Plain> = {};
  for (const name of rule.details) details[name] = field(name);
  // The sentence is made of a copy that has the listed fields alone.
  const listed: Record<string, unknown> = { kind: fact.kind, atMs: fact.atMs };
  for (const name of [rule.about, rule.reason, ...rule.details]) {
    if (name !== null) listed[name] = (fact as unknown as Record<string, unknown>)[name];
  }
  const { text, tone } = words(listed as unknown as TappedFact);
  return {
    serial,
    atMs: fact.atMs,
    kind: fact.kind,
    id: about === null ? (rule.otherwise ?? null) : `${rule.actor ?? ''}${about}`,
    reason: reason === null ? null : String(reason),
    ...{ text, tone, details },
  };
}

/** Only plain values leave, and lists of words as one text. */
function plain(value: unknown): Plain {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    default:
      return Array.isArray(value) && value.length > 0
        ? value.filter((one) => typeof one === 'string').join(', ')
        : null;
  }
}
