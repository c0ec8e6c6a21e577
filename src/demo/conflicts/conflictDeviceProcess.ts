/**
 * A device of the demo of conflicts as a process of its own, there to be killed. All that it knows of before is in
 * its store.
 *
 * @module
 */

import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { CrisisPlan } from '../../../machines/policy/crisis/crisisResources.ts';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { HoldfastError, isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Entity } from '../../../machines/vocabulary/record.ts';
import type { Json, JsonObject } from '../../../machines/vocabulary/shape.ts';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { createOutput, errorText, reportOnce } from '../../cli/kit/output.ts';
import { createRuntime } from '../../createRuntime.ts';
import { httpHandler } from '../../http/httpHandler.ts';
import type { Runtime } from '../../runtime.ts';
import type {
  CrisisReport,
  DeviceSettings,
  Happening,
  Message,
  Order,
  Question,
  Shown,
} from './conflictMessages.ts';
import {
  edited,
  META_FIELD,
  PLAN,
  pathOf,
  RECORDS,
  type StoryStep,
  SUBJECT,
  UNKNOWN_TO,
} from './conflictStory.ts';

const TYPE = 'records.put';
/** Crisis plans have a type of their own: what they say is shown in a crisis. */
const PLAN_TYPE = 'plans.put';
const CRISIS_TYPE = 'crisis.report';
const CRISIS_EVERY_MS = 40;
const REPORT_EVERY_MS = 50;

const report = reportOnce(createOutput({ json: false }));
let runtime: Runtime | null = null;
let url = '';
let crises: CrisisReport[] = [];
/** Whether an answer to a crisis must have the person's plan by now. */
let isPlanDue = false;

function tell(message: Message): void {
  process.send?.(message);
}

async function start(settings: DeviceSettings): Promise<null> {
  url = settings.url;
  const path = '{entity.type}/{entity.id}';
  const run = httpHandler({ baseUrl: url, path, method: 'PUT', metaField: META_FIELD });
  const made = createRuntime({
    device: settings.device,
    store: settings.storeFolder,
    key: keyFile(settings.keyFile),
    // Quicker than the default, as its stalls are shorter than real ones.
    upstreams: { records: { attemptTimeoutMs: 2_000 }, careTeam: { attemptTimeoutMs: 2_000 } },
    onError: (error) => {
      // The demo itself tells what a person is asked.
      if (!isHoldfastError(error) || error.code !== 'HF_CONFLICT') report(error);
    },
    handlers: {
      [TYPE]: { upstream: 'records', run, conflicts: true },
      [PLAN_TYPE]: { upstream: 'records', run, conflicts: { asCrisisPlan } },
      [CRISIS_TYPE]: { upstream: 'careTeam', run: httpHandler({ baseUrl: settings.careTeamUrl }) },
    },
  });
  runtime = made;
  tellOfConflicts(made);
  tellOfCrises();
  askForHelp(made);
  await made.ready;
  await made.crisisPlans.pin(SUBJECT);
  await lookForPlan(made);
  return null;
}

function tellOfConflicts(made: Runtime): void {
  for (const what of ['detected', 'merged', 'awaitsReview', 'resolved'] as const) {
    made.subscribe(`conflict.${what}`, ({ entityType }) => {
      const happening: Happening = { what, entityType };
      tell({ kind: 'happened', happening });
    });
  }
}

/** One crisis after another, each measured from its call to its answer. */
function askForHelp(made: Runtime): void {
  const isDue = isPlanDue;
  void made
    .crisis({ type: CRISIS_TYPE, subject: SUBJECT, payload: { said: 'A crisis of the demo.' } })
    .then(({ elapsedMs, plan }) => {
      crises.push({ elapsedMs, isWithPlan: isDue ? plan === 'included' : null });
    });
  systemClock.schedule(CRISIS_EVERY_MS, () => {
    if (runtime !== null) askForHelp(made);
  });
}

function tellOfCrises(): void {
  if (crises.length > 0) tell({ kind: 'crises', crises });
  crises = [];
  systemClock.schedule(REPORT_EVERY_MS, tellOfCrises);
}

/** The plan as it is shown in a crisis: everybody who can be called, then what to do. */
function asCrisisPlan(value: Json): CrisisPlan | null {
  const { emergencyContacts = [], copingSteps = [] } = value as {
    readonly emergencyContacts?: readonly { readonly name: string; readonly phones: string[] }[];
    readonly copingSteps?: readonly { readonly text: string }[];
  };
  const resources = [
    ...emergencyContacts.flatMap(({ name, phones }) =>
      phones.map((phone) => ({ kind: 'contact' as const, name, phone })),
    ),
    ...copingSteps.map(({ text }) => ({ name: text })),
  ];
  return resources.length === 0 ? null : { resources };
}

async function put(
  made: Runtime,
  entity: Entity,
  more: Partial<Pick<SyncRequest, 'payload' | 'base' | 'removals'>>,
): Promise<void> {
  await made.sync({
    type: entity.type === PLAN.type ? PLAN_TYPE : TYPE,
    subject: SUBJECT,
    entity,
    ...more,
  });
  if (entity.type === PLAN.type) await lookForPlan(made);
}

/** From when on a plan is kept, every crisis is answered with it. */
async function lookForPlan(made: Runtime): Promise<void> {
  isPlanDue = (await made.crisisPlans.get(SUBJECT)) !== null;
}

/** Makes a step on what the device shows. */
async function change(
  made: Runtime,
  { device, entity, edits, removals }: StoryStep,
): Promise<null> {
  const known = await made.entities.get(entity);
  const fields = Object.entries<Json>((known?.value ?? {}) as JsonObject);
  const ofApp = fields.filter(([name]) => !UNKNOWN_TO[device].includes(name));
  const payload = edits.reduce<JsonObject>(edited, Object.fromEntries(ofApp));
  await put(made, entity, {
    payload,
    removals: removals.map((path) => ({
      path,
      confirmed: true,
      by: SUBJECT,
      at: systemClock.now(),
      reason: 'the person said so',
    })),
    ...(known === null ? {} : { base: { ...known.base } }),
  });
  return null;
}

async function pull(made: Runtime): Promise<null> {
  for (const entity of RECORDS) {
    const said = await fetch(`${url}${pathOf(entity)}`);
    if (!said.ok) continue;
    const { [META_FIELD]: meta, ...value } = (await said.json()) as JsonObject;
    const version = said.headers.get('etag');
    await made.remoteChange({ entity, subject: SUBJECT, value, version, meta });
  }
  await lookForPlan(made);
  return null;
}

async function show(made: Runtime): Promise<readonly (Shown | null)[]> {
  return await Promise.all(
    RECORDS.map(async (entity) => {
      const known = await made.entities.get(entity);
      if (known === null) return null;
      const { value, waiting, inReview } = known;
      return { value, waiting, inReview };
    }),
  );
}

async function questions(made: Runtime): Promise<readonly Question[]> {
  const found: Question[] = [];
  for await (const { id } of made.conflicts.list()) {
    const { entityType, isHeld, value, asked } = await made.conflicts.show(id);
    found.push({
      conflictId: id,
      entityType,
      isHeld,
      value,
      asked: asked.map(({ reason, alternatives }) => ({
        reason,
        alternatives: alternatives.map((one) => ({ value: one.value, who: one.who })),
      })),
    });
  }
  return found;
}

async function answer(order: Order): Promise<unknown> {
  if (order.kind === 'start') return await start(order.settings);
  if (runtime === null) throw new HoldfastError('HF_INTERNAL', 'The device is not started.');
  switch (order.kind) {
    case 'begin':
      await put(runtime, order.entity, { payload: order.value });
      return null;
    case 'change':
      return await change(runtime, order.step);
    case 'pull':
      return await pull(runtime);
    case 'show':
      return await show(runtime);
    case 'questions':
      return await questions(runtime);
    case 'decide': {
      const { conflictId, value } = order;
      await runtime.conflicts.resolve(conflictId, { by: { id: SUBJECT, role: 'user' }, value });
      return null;
    }
    case 'stop': {
      const stopping = runtime;
      runtime = null;
      await stopping.close({ deadlineMs: 3_000 });
      return null;
    }
    default:
      return order satisfies never;
  }
}

process.on('message', ({ number, order }: { readonly number: number; readonly order: Order }) => {
  answer(order).then(
    (value) => {
      tell({ kind: 'answer', order: number, value });
      if (order.kind === 'stop') process.disconnect();
    },
    (error: unknown) => {
      tell({ kind: 'failed', order: number, text: errorText(error) });
    },
  );
});
// It must not outlive the demo; and Ctrl-C at the terminal is for the demo to deal with.
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});
