/**
 * Rules in sentences, for a person who decides what a rule could not.
 *
 * @module
 */

import type { RuleKind } from './rule.ts';

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
