/**
 * A program of a user, in TypeScript: what the package's types are judged by. It is compiled and never run.
 *
 * @module
 */

export const USER_PROGRAM = `
import {
  createRuntime,
  defineHandler,
  type Fact,
  httpHandler,
  type InspectionEvent,
  keyFile,
  type OperationActor,
  type OperationActorSnapshot,
  type Runtime,
  type RuntimeOptions,
} from 'holdfast';
import { connect } from 'holdfast/connect';
import { type Phq9, phq9 } from 'holdfast/schemas';
import { createTestBed } from 'holdfast/testing';

interface Mood { score: number }
const mood = defineHandler<Mood, { id: string }>()({
  upstream: 'payments',
  run: ({ payload }) => ({ id: String(payload.score) }),
});
const assess = defineHandler()({
  upstream: 'payments',
  schema: phq9,
  run: ({ payload }) => ({ flagged: payload.riskFlag }),
});
const upstreams = { payments: {} };
const both = { 'mood.put': mood, 'assessments.put': assess };
const typed = createRuntime({ store: ':memory:', upstreams, handlers: both });
const score: Mood = { score: 3 };
const put = await typed.sync({ type: 'mood.put', subject: 'user-42', tier: 'basic', payload: score });
const stored = await put.outcome;
if (stored.status === 'completed') stored.response?.id.trim();
declare const filledIn: Phq9;
await typed.sync({ type: 'assessments.put', subject: 'user-42', tier: 'basic', payload: filledIn });
// @ts-expect-error: no such type
await typed.sync({ type: 'mood.pull', subject: 'user-42', tier: 'basic', payload: score });
const any: Runtime = typed;
void any;
const handlers: NonNullable<RuntimeOptions['handlers']> = {
  'payments.push': { upstream: 'payments', run: httpHandler({ baseUrl: 'http://localhost' }) },
};
const frames: InspectionEvent[] = [];
const runtime = createRuntime({
  store: './sync-store',
  key: keyFile('/elsewhere/holdfast.key'),
  upstreams: { payments: {} },
  handlers,
  inspect: (frame) => frames.push(frame),
});
runtime.subscribe((fact: Fact) => fact.kind === 'operation.accepted');
const operation = await runtime.sync({ type: 'payments.push', subject: 'user-42', tier: 'premium' });
const actor: OperationActor = operation.actor;
const states: OperationActorSnapshot['value'][] = [];
const subscription = actor.subscribe((snapshot) => states.push(snapshot.value));
actor.subscribe({ next: ({ context }) => context.attempt + 1, complete: () => undefined });
subscription.unsubscribe();
const attempt: number | undefined = actor.getSnapshot()?.context.attempt;
const bed = createTestBed({ seed: 7 });
const inTest = bed.start({ upstreams, handlers: both });
const same: typeof typed = inTest.runtime;
await same.sync({ type: 'mood.put', subject: 'user-42', tier: 'basic', payload: score });
// @ts-expect-error: no such type on a test bed either
await inTest.runtime.sync({ type: 'mood.pull', subject: 'user-42', tier: 'basic', payload: score });
const client = await connect<typeof typed>({ store: './sync-store' });
await client.sync({ type: 'mood.put', subject: 'user-42', tier: 'basic', payload: score });
// @ts-expect-error: no such type at a client either
await client.sync({ type: 'mood.pull', subject: 'user-42', tier: 'basic', payload: score });
const key = keyFile('/elsewhere/holdfast.key');
const mayOwn = await connect({ store: './sync-store', key, upstreams, handlers: both });
await mayOwn.sync({ type: 'mood.put', subject: 'user-42', tier: 'basic', payload: score });
// @ts-expect-error: nor where it may own the store
await mayOwn.sync({ type: 'mood.pull', subject: 'user-42', tier: 'basic', payload: score });
const tested: Runtime = bed.start({ handlers }).runtime;
void tested;
const outcome = await operation.outcome;
if (outcome.status === 'completed') outcome.response satisfies unknown;
export const seen: readonly unknown[] = [attempt, frames, states];
`;
