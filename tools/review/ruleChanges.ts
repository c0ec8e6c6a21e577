/**
 * What changed of the rules of a chart: what its guards and actions are, behind names that may have stayed.
 *
 * @module
 */

import type { ChartModel, RuleModel } from '../../inspector/charts/chartData.ts';
import { type ChartChange, listed } from './words.ts';

const KINDS: Readonly<Record<RuleModel['kind'], string>> = {
  guard: 'guard',
  action: 'action',
  delay: 'delay',
  function: 'function',
  given: 'what is handed to',
};

export function ruleChanges(before: ChartModel, after: ChartModel): readonly ChartChange[] {
  // A chart that was written down before rules were has none.
  const [then, now] = [byName(before.rules ?? []), byName(after.rules ?? [])];
  return [...new Set([...now.keys(), ...then.keys()])].flatMap((key) => {
    const [was, is] = [then.get(key) ?? [], now.get(key) ?? []];
    const [old, fresh] = unlike(was, is);
    return [...compared(old, fresh, before, after), ...reworded(was[0], is[0])];
  });
}

/** Rules of one kind and name; of what is handed to a guard there may be several. */
function byName(rules: readonly RuleModel[]): ReadonlyMap<string, readonly RuleModel[]> {
  const named = new Map<string, RuleModel[]>();
  for (const rule of rules) {
    const key = `${rule.kind} ${rule.name}`;
    const known = named.get(key);
    if (known === undefined) named.set(key, [rule]);
    else known.push(rule);
  }
  return named;
}

/** The rules of each side that the other does not have. */
function unlike(
  before: readonly RuleModel[],
  after: readonly RuleModel[],
): readonly [old: readonly RuleModel[], fresh: readonly RuleModel[]] {
  const isIn = (list: readonly RuleModel[]) => (rule: RuleModel) =>
    list.some(({ text, uses }) => text === rule.text && uses.join() === rule.uses.join());
  return [before.filter((rule) => !isIn(after)(rule)), after.filter((rule) => !isIn(before)(rule))];
}

/** What a guard or an action means, where it is said in other words; charts of before that have no `means`. */
function reworded(was: RuleModel | undefined, is: RuleModel | undefined): readonly ChartChange[] {
  if (is === undefined || was?.means === undefined || was.means === is.means) return [];
  const { kind, name, means } = is;
  const sentence = `What ${KINDS[kind]} ${name} means is said in other words.`;
  return [{ about: 'rule', what: 'changed', name, sentence, before: was.means, after: means }];
}

function compared(
  old: readonly RuleModel[],
  fresh: readonly RuleModel[],
  before: ChartModel,
  after: ChartModel,
): readonly ChartChange[] {
  const changes: ChartChange[] = [];
  for (let at = 0; at < Math.max(old.length, fresh.length); at++) {
    const [was, is] = [old[at], fresh[at]];
    const rule = is ?? was;
    if (rule === undefined) continue;
    const model = is === undefined ? before : after;
    const users = rule.kind === 'function' ? usersOf(rule.name, model) : [];
    const what = is === undefined ? 'removed' : was === undefined ? 'added' : 'changed';
    changes.push({
      about: 'rule',
      what,
      name: rule.name,
      sentence: `${sentenceOf(rule, what, users)}${what === 'changed' ? questionOf(rule, users, before) : ''}`,
      ...(was === undefined ? {} : { before: was.text }),
      ...(is === undefined ? {} : { after: is.text }),
    });
  }
  return changes;
}

function sentenceOf(
  { kind, name, means }: RuleModel,
  what: 'added' | 'removed' | 'changed',
  user: readonly RuleModel[],
): string {
  const users = usersText(user);
  const subject = `${KINDS[kind]} ${name}`;
  if (kind === 'given') {
    const verb = { added: 'is new', removed: 'is gone', changed: 'changed' }[what];
    const whole = name === 'context' ? 'What the chart begins with' : upper(subject);
    return `${whole} ${verb}${what === 'changed' ? '' : ' in one place'}.`;
  }
  const meaning = means ? ` ${means}` : '';
  if (what === 'added') return `${upper(subject)} is new${users}.${meaning}`;
  if (what === 'removed') return `${upper(subject)} is gone${users}.${meaning}`;
  return `The rule of ${subject}${users === '' ? '' : `${users},`} changed.${meaning}`;
}

/** Asks about sentences that a rule has left behind, as it may be. */
function questionOf(rule: RuleModel, users: readonly RuleModel[], before: ChartModel): string {
  const then = before.rules ?? [];
  const same = [rule, ...users].filter(
    ({ kind, name, means }) =>
      means !== '' &&
      then.some((was) => was.kind === kind && was.name === name && was.means === means),
  );
  if (same.length === 0) return '';
  if (same[0] === rule) return ' Its sentence did not change: is it still true?';
  const said = same.map(({ kind, name, means }) => `${KINDS[kind]} ${name}: ${means}`);
  return ` Of what it decides in no sentence changed: are they still true? ${said.join(' ')}`;
}

/** The guards and actions that it decides in: directly, or by way of others. */
function usersOf(name: string, model: ChartModel): readonly RuleModel[] {
  const rules = model.rules ?? [];
  const reached = new Set([name]);
  for (let size = 0; size < reached.size; ) {
    size = reached.size;
    for (const rule of rules) {
      if (rule.kind === 'function' && rule.uses.some((use) => reached.has(use)))
        reached.add(rule.name);
    }
  }
  return rules.filter(
    ({ kind, uses }) => kind !== 'function' && uses.some((use) => reached.has(use)),
  );
}

/** `, which decides in guard isEdit and action noteRate`. */
function usersText(rules: readonly RuleModel[]): string {
  const users = rules.map(({ kind, name }) => `${KINDS[kind]} ${name}`);
  const shown = [...new Set(users)];
  if (shown.length === 0) return '';
  const most = shown.length > 6 ? [...shown.slice(0, 5), `${shown.length - 5} others`] : shown;
  return `, which decides in ${listed(most)}`;
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
