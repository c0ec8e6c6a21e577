/**
 * The drill of the chain: people have to be told while the upstream stays away, though what tells them fails as
 * well, and are asked again when they have taken somebody on and nothing comes of it.
 *
 * @module
 */

import type { EscalationStepOptions } from '../../crisis/escalationOptions.ts';
import type { Runtime } from '../../runtime.ts';
import { becomes, fastClock, pause } from '../measure/figures.ts';
import { crisisOf, subjectOf } from '../stage/crises.ts';
import type { Stage } from '../stage/stage.ts';
import type { Scenario } from './scenario.ts';

const STEPS = ['on-call', 'clinician', 'emergency-desk'];
/** So soon each step makes way to the next. */
const ACKNOWLEDGE_WITHIN_MS = 2_000;
/** So long a call may take: even on a busy machine it is a second of real time. */
const TIMEOUT_MS = 30_000;
/** Within this a step is told once its channel is well, and where it may have been heard. */
const TOLD_WITHIN_MS = 60_000;
const TOLD_AGAIN_WITHIN_MS = 300_000;
/** So long a crisis may be undelivered here, and so long it takes from then on until each step was called. */
const ESCALATE_AFTER_MS = 10_000;
const THROUGH_MS = 60_000;
/** So few that each is told of by themselves. */
const PEOPLE = 12;
const STAFF = { id: 'staff-7', role: 'clinician' };
/** So long the first step has, where it is to be the one that takes on everybody. */
const TIME_TO_ACT_MS = 150_000;
/** How long somebody takes a person on. */
const TAKEN_ON_MS = 120_000;
/** A little more than is promised: what is not told by then never will be, as far as the drill knows. */
const MARGIN = 1.2;

/** Waits until each step has failed of everybody, or for longer than that takes. */
async function untilAllFailed(
  runtime: Runtime,
  pace: number,
  stream: () => Promise<void>,
): Promise<void> {
  const failed = new Map<string, Set<string>>();
  const stop = runtime.subscribe((fact) => {
    if (fact.kind !== 'crisis.stepFailed') return;
    const of = failed.get(fact.step) ?? new Set();
    failed.set(fact.step, of.add(fact.operationId));
  });
  await stream();
  const [last = ''] = STEPS.toReversed();
  await pause(THROUGH_MS / pace);
  await becomes(() => (failed.get(last)?.size ?? 0) >= PEOPLE, (2 * THROUGH_MS) / pace, 100);
  stop();
}

/** Crises of few people, so that a notice goes out for each. */
function crisisOfFew(number: number): ReturnType<typeof crisisOf> {
  return { ...crisisOf(number), subject: subjectOf(number % PEOPLE) };
}

const FEW = Array.from({ length: PEOPLE }, (_, number) => subjectOf(number));

/** Waits until this step was told of all of them, or for longer than it may take; tells whether it was. */
async function untilTold(
  stage: Stage,
  step: string,
  of: { readonly subjects: readonly string[]; readonly fromMs: number; readonly withinMs: number },
): Promise<boolean> {
  const { subjects, fromMs, withinMs } = of;
  return await becomes(
    async () => {
      const notices = await stage.upstream.notices();
      const told = new Set(
        notices
          .filter((one) => one.step === step && one.atMs >= fromMs)
          .flatMap((one) => one.subjects),
      );
      return subjects.every((subject) => told.has(subject));
    },
    withinMs * MARGIN,
    100,
  );
}

async function openWithChain(
  stage: Stage,
  pace: number,
  acknowledgeWithinMs = ACKNOWLEDGE_WITHIN_MS,
): Promise<Runtime> {
  const { pagerUrl } = stage.order.upstream;
  const escalation = STEPS.map(
    (name): EscalationStepOptions => ({
      ...{ name, acknowledgeWithinMs, timeoutMs: TIMEOUT_MS },
      webhook: { url: `${pagerUrl}/${name}` },
    }),
  );
  const crisis = { escalation, escalateAfterMs: ESCALATE_AFTER_MS };
  return await stage.openWell({ clock: fastClock(pace), crisis });
}

export const chainAway: Scenario = {
  name: 'chain-away',
  title: 'Upstream away, and the chain for more than a minute',
  means:
    'the port of the upstream is closed, and that of the webhooks of the chain until each step was called in vain; it is opened before that of the upstream',
  wellMeans: 'the port of the upstream is open again',
  seconds: { full: 30, short: 3 },
  crises: { full: 3_000, short: 120 },
  async run(stage) {
    const pace = stage.sized(1, 10);
    const runtime = await openWithChain(stage, pace);
    await stage.upstream.goOffline();
    await stage.upstream.pagerOffline();
    await untilAllFailed(runtime, pace, () => stage.stream(runtime, crisisOfFew));
    const { escalated } = runtime.getHealthStatus().crises;
    stage.saw(escalated > 0, `${escalated} crises had escalated, and nobody was told`);
    await stage.upstream.pagerBack();
    const rule = { subjects: FEW, fromMs: stage.nowMs(), withinMs: TOLD_WITHIN_MS, pace };
    for (const step of STEPS) stage.mustTell({ ...rule, step });
    for (const step of STEPS) {
      await untilTold(stage, step, { ...rule, withinMs: TOLD_WITHIN_MS / pace });
    }
    await stage.upstream.comeBack();
    stage.wellNow();
  },
};

export const chainHangs: Scenario = {
  name: 'chain-hangs',
  title: 'Upstream away, and the chain takes notices and says nothing',
  means:
    'the port of the upstream is closed; the webhooks of the chain take each notice and do not answer, so that it may have been heard; later they answer',
  wellMeans: 'the port of the upstream is open again',
  seconds: { full: 10, short: 3 },
  crises: { full: 1_000, short: 120 },
  async run(stage) {
    const pace = stage.sized(15, 30);
    const runtime = await openWithChain(stage, pace);
    await stage.upstream.goOffline();
    await stage.upstream.pagerHangs();
    await untilAllFailed(runtime, pace, () => stage.stream(runtime, crisisOfFew));
    const calls = await stage.upstream.pagerCalls();
    stage.saw(calls > 0, `${calls} notices were taken and not answered`);
    await stage.upstream.pagerBack();
    const withinMs = TOLD_AGAIN_WITHIN_MS;
    const rule = { subjects: FEW, fromMs: stage.nowMs(), withinMs, pace };
    for (const step of STEPS) stage.mustTell({ ...rule, step });
    for (const step of STEPS) await untilTold(stage, step, { ...rule, withinMs: withinMs / pace });
    await stage.upstream.comeBack();
    stage.wellNow();
  },
};

export const acknowledged: Scenario = {
  name: 'acknowledged',
  title: 'Acknowledgements that lapse',
  means:
    'the port of the upstream is closed; a person takes on everybody as soon as one was told, and does nothing; after two minutes that lapses',
  wellMeans: 'the port of the upstream is open again',
  seconds: { full: 3, short: 2 },
  crises: { full: 500, short: 100 },
  async run(stage) {
    const pace = stage.sized(20, 30);
    const runtime = await openWithChain(stage, pace, TIME_TO_ACT_MS);
    await stage.upstream.goOffline();
    await stage.stream(runtime, crisisOfFew);
    const [first = '', second = ''] = STEPS;
    const rule = { subjects: FEW, withinMs: TOLD_WITHIN_MS, pace };
    const takeOn = async (): Promise<boolean> => {
      // Of the first of them: nobody's acknowledgement lapses before that.
      takenOnMs = stage.nowMs();
      for (const subject of FEW) {
        await runtime.crises.acknowledge({ subject }, { by: STAFF, forMs: TAKEN_ON_MS });
      }
      const { escalated, unacknowledged } = runtime.getHealthStatus().crises;
      return escalated === stage.order.count && unacknowledged === 0;
    };
    let takenOnMs = stage.nowMs();
    await becomes(takeOn, (5 * TOLD_WITHIN_MS) / pace, 200);
    const { unacknowledged, escalated } = runtime.getHealthStatus().crises;
    stage.saw(
      escalated > 0 && unacknowledged === 0,
      `${escalated} crises had escalated, and somebody had taken on all but ${unacknowledged}`,
    );
    const lapsesMs = takenOnMs + TAKEN_ON_MS / pace;
    const lapsed = { ...rule, fromMs: lapsesMs };
    stage.mustTell({ ...lapsed, step: first });
    const waitMs = TAKEN_ON_MS + TIME_TO_ACT_MS + 2 * TOLD_WITHIN_MS;
    const next = { subjects: FEW, fromMs: lapsesMs, withinMs: waitMs / pace };
    const isNextTold = await untilTold(stage, second, next);
    stage.saw(
      isNextTold,
      `after it had lapsed, ${second} was ${isNextTold ? '' : 'not '}told next`,
    );
    await stage.upstream.comeBack();
    stage.wellNow();
  },
};
