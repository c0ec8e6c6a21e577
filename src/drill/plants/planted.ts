/**
 * Plants defects in the product's own parts, in the process under drill and nowhere else: that process alone
 * loads this file, and is told which one by the message that starts it. No option, variable or file reaches it
 * (test/src/drill/plants.test.ts). A part is changed for all runtimes of the process, before the first
 * one is made.
 *
 * @module
 */

import dns from 'node:dns';
import { CrisisResponder } from '../../../actors/crisis/crisisResponder.ts';
import { PlansAtHand } from '../../../actors/crisis/plansAtHand.ts';
import { StepDesk } from '../../../actors/escalation/stepDesk.ts';
import { FactStream } from '../../../actors/facts/factStream.ts';
import { GivenAttempt } from '../../../actors/operation/givenAttempt.ts';
import type { Handler } from '../../../actors/operation/handler.ts';
import { systemClock, systemRandom } from '../../../actors/platform/systemClock.ts';
import { Handlers } from '../../../actors/work/handlers.ts';
import { OperationPool } from '../../../actors/work/operationPool.ts';
import type { CrisisContext } from '../../../machines/crisis/crisisContext.ts';
import type {
  AcknowledgementFacts,
  StepFailedFacts,
} from '../../../machines/crisis/crisisEvents.ts';
import { crisisMachine } from '../../../machines/crisis/crisisMachine.ts';
import { CrisisResources } from '../../../machines/policy/crisis/crisisResources.ts';
import { CrisisMessages } from '../../../machines/policy/crisis/crisisWords.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { HostAddresses } from '../../http/hostAddresses.ts';
import { SpareDescriptors } from '../../http/spareDescriptors.ts';
import { pause } from '../measure/figures.ts';

/** One in so many is struck. */
const ONE_IN = 10;
const LATE_MS = 2_000;
const YEAR_MS = 31_536_000_000;

/** Calls of which one in {@link ONE_IN} is struck. */
function oneIn(many = ONE_IN): () => boolean {
  let calls = 0;
  return () => {
    calls += 1;
    return calls % many === 0;
  };
}

/** Puts another method in the place of one of a class; it is given the one that was there. */
function replace<Part extends object, Name extends keyof Part>(
  part: { readonly prototype: Part },
  name: Name,
  by: (
    before: Part[Name],
  ) => Part[Name] extends (...args: infer Args) => infer Result
    ? (this: Part, ...args: Args) => Result
    : never,
): void {
  Object.defineProperty(part.prototype, name, { value: by(part.prototype[name]) });
}

/** The stream of facts, as far as it is listened to here. */
interface Emitting {
  readonly emit: (this: unknown, ...told: readonly unknown[]) => void;
}

/** Deliveries of crises for which this is so end as done, and never go out. */
function losing(isStruck: (handler: Handler) => boolean): void {
  replace(
    Handlers,
    'set',
    (set) =>
      function setLosing(type, handler) {
        const { run } = handler;
        set.call(this, type, {
          ...handler,
          run: (attempt) =>
            attempt.priority === 'crisis' && isStruck(handler)
              ? Promise.resolve(null)
              : run(attempt),
        });
      },
  );
}

/** What goes out under another idempotency key than the operation has. */
function sendUnder(keyOf: (before: string, id: string) => string): void {
  const key = Object.getOwnPropertyDescriptor(GivenAttempt.prototype, 'idempotencyKey');
  Object.defineProperty(GivenAttempt.prototype, 'idempotencyKey', {
    get(this: GivenAttempt) {
      return keyOf(String(key?.get?.call(this)), this.operationId);
    },
  });
}

/** The time a slice takes on a slow device: a fast one gets through a burst before anybody notices. */
const SLOW_SLICE_MS = 25;

/** Work that gives way to others goes on at once instead: before any timer, socket or message. */
function givesWayToNobody(): void {
  const value = (go: () => void): void => {
    queueMicrotask(() => {
      const until = systemClock.monotonic() + SLOW_SLICE_MS;
      let turns = 0;
      while (systemClock.monotonic() < until) turns += 1;
      if (turns >= 0) go();
    });
  };
  Object.defineProperty(systemClock, 'defer', { value });
}

/** An action of the chart of crises that assigns: what it is given, and what comes of it. */
type Assignment<Params> = (
  given: { readonly context: CrisisContext },
  params: Params,
) => Partial<CrisisContext>;

/** Puts another in the place of an action of the chart of crises. */
function assigning<Params>(
  name: string,
  by: (
    before: Assignment<Params>,
    ...given: Parameters<Assignment<Params>>
  ) => Partial<CrisisContext>,
): void {
  const actions = crisisMachine.implementations.actions as unknown as Readonly<
    Record<string, { assignment: Assignment<Params> } | undefined>
  >;
  const action = actions[name];
  if (action === undefined) throw new HoldfastError('HF_INTERNAL', `No chart has ${name}.`);
  const { assignment } = action;
  action.assignment = (given, params) => by(assignment, given, params);
}

/** A desk is asked to tell its step, and does where this is so. */
function asked(mayTell: (desk: StepDesk<unknown>) => boolean): void {
  replace(
    StepDesk,
    'want',
    (want) =>
      function wantOrNot(...given) {
        if (mayTell(this)) want.apply(this, given);
      },
  );
}

/** What plants each, by the name of the plant. */
const PLANTED: Readonly<Record<string, () => void>> = {
  empty() {
    replace(CrisisResources, 'after', () => (first) => first);
  },
  'no-plan'() {
    const isStruck = oneIn();
    replace(
      PlansAtHand,
      'find',
      (find) =>
        function planless(subject) {
          return isStruck() ? { status: 'none', resources: [] } : find.call(this, subject);
        },
    );
  },
  wordless() {
    replace(
      CrisisMessages,
      'of',
      (of) =>
        function ofNothing(...given) {
          return { ...of.apply(this, given), text: '' };
        },
    );
  },
  'far-first'() {
    replace(
      CrisisResources,
      'after',
      (after) =>
        function farFirst(first, country) {
          const all = after.call(this, [], country);
          const of = (from: string) => all.filter((one) => one.from === from).toReversed();
          return [...first, ...of('app'), ...of('builtIn')];
        },
    );
  },
  untaken() {
    const isStruck = oneIn();
    const struck = new Set<string>();
    replace(
      CrisisResponder,
      'answer',
      (answer) =>
        async function answerUntaken(request, given) {
          if (!isStruck()) return await answer.call(this, request, given);
          const id = systemRandom.uuid();
          struck.add(id);
          return { ...(await answer.call(this, request, id)), operationId: null };
        },
    );
    replace(
      OperationPool,
      'start',
      (start) =>
        function startUntaken(...given) {
          const [, , , id = ''] = given;
          if (struck.has(id)) throw new HoldfastError('HF_INTERNAL', 'A defect was planted.');
          return start.apply(this, given);
        },
    );
  },
  late() {
    const isStruck = oneIn();
    replace(
      CrisisResponder,
      'answer',
      (answer) =>
        async function late(...given) {
          const answered = await answer.apply(this, given);
          if (isStruck()) await pause(LATE_MS);
          return answered;
        },
    );
  },
  lost() {
    losing(oneIn());
  },
  'lost-half-open'() {
    const halfOpen = new Set<unknown>();
    const { emit } = FactStream.prototype as unknown as Emitting;
    Object.defineProperty(FactStream.prototype, 'emit', {
      value(this: FactStream, kind: string, ...about: readonly unknown[]) {
        const [upstream, , to] = about;
        if (kind === 'breaker.changed' && to === 'halfOpen') halfOpen.add(upstream);
        else if (kind === 'breaker.changed') halfOpen.delete(upstream);
        emit.call(this, kind, ...about);
      },
    });
    losing(({ upstream }) => halfOpen.has(upstream));
  },
  'look-ups'() {
    replace(
      HostAddresses,
      'find',
      () => async (host) =>
        await new Promise((resolve, reject) => {
          dns.lookup(host, { all: true }, (error, addresses) => {
            if (error === null) resolve(addresses);
            else reject(error);
          });
        }),
    );
  },
  'no-spares'() {
    replace(SpareDescriptors, 'hold', () => () => undefined);
  },
  key() {
    const given = new Map<string, string>();
    replace(
      OperationPool,
      'start',
      (start) =>
        function startWithKey(request, pending, closure, id = '') {
          given.set(id, request.idempotencyKey ?? id);
          return start.call(this, request, pending, closure, id);
        },
    );
    sendUnder((before, id) => given.get(id) ?? before);
  },
  spelling() {
    // The caller has put it into its one form already; those that another was made of are not found.
    replace(
      PlansAtHand,
      'find',
      (find) =>
        function findAsItCame(subject) {
          return /^\d+$|[^ -~]/u.test(subject)
            ? { status: 'none', resources: [] }
            : find.call(this, subject);
        },
    );
  },
  'large-at-once': givesWayToNobody,
  unsliced: givesWayToNobody,
  'step-skipped'() {
    // The chain begins with it.
    let first: unknown;
    asked((desk) => {
      first ??= desk;
      return desk !== first;
    });
  },
  'gives-up'() {
    const desks = new Set<StepDesk<unknown>>();
    asked((desk) => {
      desks.add(desk);
      return true;
    });
    assigning<StepFailedFacts>('noteStepFailed', (before, given, facts) => {
      if (facts.step === 'emergency-desk') for (const desk of desks) desk.stop();
      return before(given, facts);
    });
  },
  'heard-enough'() {
    assigning<StepFailedFacts>('noteStepFailed', (before, given, facts) => {
      const change = before(given, facts);
      const { escalation } = change;
      if (escalation === undefined || facts.why !== 'maybeHeard') return change;
      const steps = escalation.steps.map((step) =>
        step.name === facts.step ? { ...step, owedAtMs: null } : step,
      );
      return { escalation: { ...escalation, steps } };
    });
  },
  'never-lapses'() {
    assigning<AcknowledgementFacts>('acknowledge', (before, given, facts) =>
      before(given, { ...facts, untilMs: facts.untilMs + YEAR_MS }),
    );
  },
  doubled() {
    const revived = new Set<string>();
    replace(
      OperationPool,
      'revive',
      (revive) =>
        function reviving(row) {
          revived.add(row.id);
          return revive.call(this, row);
        },
    );
    sendUnder((before, id) => (revived.has(id) ? `${before}-again` : before));
  },
};

/** Plants the defect of this name in this process. */
export function plant(name: string): void {
  const planting = PLANTED[name];
  if (planting === undefined) {
    throw new HoldfastError('HF_INTERNAL', `The drill can't plant ${name}.`);
  }
  planting();
}
