import { describe, expect, test } from 'vitest';
import { CrisisResources } from '../../../machines/policy/crisis/crisisResources.ts';
import { CrisisMessages } from '../../../machines/policy/crisis/crisisWords.ts';
import { HELP_LINES } from '../../../src/crisis/helpLines.ts';
import {
  ANSWER_FLAWS,
  APP_RESOURCES,
  type CheckedAnswer,
  flawsOf,
  PLAN_RESOURCES,
} from '../../../src/drill/stage/answerCheck.ts';

const { builtIn, app, plan, order, words } = ANSWER_FLAWS;
const message = new CrisisMessages([]).of('notReached', undefined, 'DE');
const PINNED = { region: 'DE', isPinned: true, mayLackStore: false };
const UNPINNED = { ...PINNED, isPinned: false };

/** What the product answers with, of a person in Germany. */
function answer(status: CheckedAnswer['plan'] = 'included'): CheckedAnswer {
  const own = PLAN_RESOURCES.map((one) => ({
    ...{ kind: 'plan' as const, regions: ['*'], ...one, from: 'plan' as const },
  }));
  const all = new CrisisResources(APP_RESOURCES, HELP_LINES);
  return { resources: all.after(status === 'included' ? own : [], 'DE'), plan: status, message };
}

function without(from: string, at = 0): CheckedAnswer {
  const { resources, plan: status } = answer();
  const one = resources.filter((resource) => resource.from === from)[at];
  return { resources: resources.filter((resource) => resource !== one), plan: status, message };
}

describe('what the drill looks for in an answer', () => {
  test('CR-3 one that holds all of it has no flaw', () => {
    expect(flawsOf(answer(), PINNED)).toBe(0);
    expect(flawsOf(answer('notReadInTime'), UNPINNED)).toBe(0);
    expect(flawsOf(answer('storeNotOpen'), { ...PINNED, mayLackStore: true })).toBe(0);
  });

  test('CR-3 control: one help line, one of the app, or the plan that is missing is seen', () => {
    expect(flawsOf({ resources: [], plan: 'included', message }, PINNED)).toBe(
      builtIn.bit | app.bit | plan.bit,
    );
    expect(flawsOf(without('builtIn', 3), PINNED)).toBe(builtIn.bit);
    expect(flawsOf(without('app'), PINNED)).toBe(app.bit);
    expect(flawsOf(without('plan'), PINNED)).toBe(plan.bit);
    const wordless = { ...answer(), message: { ...message, text: ' ' } };
    expect(flawsOf(wordless, PINNED)).toBe(words.bit);
  });

  test('CR-3 control: a plan that is in memory must be there; one on disk may be late, and never none', () => {
    expect(flawsOf(answer('notReadInTime'), PINNED)).toBe(plan.bit);
    expect(flawsOf(answer('storeNotOpen'), PINNED)).toBe(plan.bit);
    expect(flawsOf(answer('none'), UNPINNED)).toBe(plan.bit);
    expect(flawsOf(answer('noSubject'), UNPINNED)).toBe(plan.bit);
  });

  test('CR-3 control: what serves the region comes first within the app and the built-in ones', () => {
    expect(flawsOf(answer(), { ...PINNED, region: 'GB' })).toBe(order.bit);
    const { resources } = answer();
    expect(flawsOf({ resources: resources.toReversed(), plan: 'included', message }, PINNED)).toBe(
      plan.bit | order.bit,
    );
  });
});
