/**
 * What an answer to a crisis has to hold, looked at by the drill itself: the built-in lines, those of the app,
 * the person's own plan, in their order, and what serves the region first.
 *
 * @module
 */

import type { CrisisAnswer, CrisisResource } from '../../../actors/port.ts';
import { HELP_LINES } from '../../crisis/helpLines.ts';

/** What can be wrong with an answer, a bit each, and how the report says it. */
export const ANSWER_FLAWS = {
  builtIn: { bit: 1, says: 'answered without every built-in help line' },
  app: { bit: 2, says: 'answered without the resources of the app' },
  plan: { bit: 4, says: "answered without the person's own plan, which was in memory" },
  order: { bit: 8, says: 'answered with its resources in the wrong order' },
  words: { bit: 16, says: 'answered without words for the person' },
} as const;

/** What the app of the drill has configured. */
export const APP_RESOURCES: readonly CrisisResource[] = [
  { kind: 'helpLine', name: 'The line of the drill', regions: ['*'], phone: '+49 30 7654321' },
  { kind: 'contact', name: 'The clinic of the drill', regions: ['DE'], phone: '+49 30 7654322' },
];
/** What every plan of the drill begins with. */
export const PLAN_RESOURCES = [
  { name: 'Breathe, then look at the photos' },
  { kind: 'contact', name: 'Sam', phone: '+49 30 1234567' },
] as const;

/** The parts of an answer that are checked. */
export type CheckedAnswer = Pick<CrisisAnswer, 'resources' | 'plan' | 'message'>;

/** The person who asked, and what the answer must hold. */
export interface Asked {
  /** Such as `DE` or `US-CA`; left out where it is not said. */
  readonly region: string | undefined;
  /** Their plan is pinned, so that it is in memory for as long as the store was open once. */
  readonly isPinned: boolean;
  /** The store may not be open, so that there is no plan of anybody. */
  readonly mayLackStore: boolean;
}

const FROM = ['plan', 'app', 'builtIn'];

/** The bits of {@link ANSWER_FLAWS} that an answer has; 0 where it holds what it has to. */
export function flawsOf(answer: CheckedAnswer, asked: Asked): number {
  const { resources, message } = answer;
  const { builtIn, app, plan: planFlaw, order, words } = ANSWER_FLAWS;
  const has = (from: string, names: readonly { readonly name: string }[]): boolean => {
    const there = resources.filter((one) => one.from === from);
    return (
      there.length >= names.length &&
      names.every(({ name }) => there.some((one) => one.name === name && one.from === from))
    );
  };
  return (
    (has('builtIn', HELP_LINES) ? 0 : builtIn.bit) |
    (has('app', APP_RESOURCES) ? 0 : app.bit) |
    (isPlanRight(answer, asked) ? 0 : planFlaw.bit) |
    (isInOrder(resources, asked.region) ? 0 : order.bit) |
    (message.text.trim() === '' ? words.bit : 0)
  );
}

function isPlanRight({ resources, plan }: CheckedAnswer, asked: Asked): boolean {
  if (plan === 'included') {
    return PLAN_RESOURCES.every(
      ({ name }, at) => resources[at]?.from === 'plan' && resources[at].name === name,
    );
  }
  if (plan === 'storeNotOpen') return asked.mayLackStore;
  // Of anybody else it is on disk, which may be slow.
  return plan === 'notReadInTime' && !asked.isPinned;
}

/** First the plan, then the app, then what is built in; of the last two what serves the region first. */
function isInOrder(resources: CheckedAnswer['resources'], region: string | undefined): boolean {
  const country = region?.slice(0, 2);
  let last = 0;
  for (const { from, regions } of resources) {
    const isNear = country !== undefined && from !== 'plan';
    const near = regions.includes(country ?? '') ? 0 : regions.includes('*') ? 1 : 2;
    const rank = FROM.indexOf(from) * 3 + (isNear ? near : 0);
    if (rank < last) return false;
    last = rank;
  }
  return true;
}
