/**
 * The programs around examples of the reference that need more than the common frame, by heading. Comments in
 * the source hold none of that: an editor would show it.
 *
 * @module
 */

const LETTERS = `
let wasMended = false;
const runtime = createRuntime({
  store: ':memory:',
  upstreams: { payments: {} },
  handlers: { 'payments.push': { upstream: 'payments', run: () => { if (!wasMended) throw permanentFailure('No such account.'); return null; } } },
});
const { id, outcome } = await runtime.sync({ type: 'payments.push', subject: 'user-42', tier: 'premium', payload: {} });
await outcome;
wasMended = true;
//…
await runtime.close({ deadlineMs: 0 });
`;
const OPEN_CRISIS = `
const runtime = createRuntime({ store: ':memory:' });
await runtime.ready;
const answer = await runtime.crisis({ subject: 'user-42' });
answer.delivery.catch(() => undefined);
await answer.durable;
const id = answer.operationId ?? '';
//…
await runtime.close({ deadlineMs: 0 });
`;
const OPEN_CONFLICT = `
const plan = (name: string, phone: string) => ({ id: 'p1', emergencyContacts: [{ id: 'c1', name, phone }] });
const held = { version: '"2"', value: plan('Sam B.', '+49 30 7654321') };
const runtime = createRuntime({
  store: ':memory:',
  handlers: {
    'plans.put': {
      upstream: 'default',
      run: ({ condition }) => {
        const isMet = condition !== undefined && 'version' in condition && condition.version === held.version;
        if (!isMet) throw conflictFailure('The plan is another.', { status: 412 });
        return null;
      },
      conflicts: { fetchCurrent: () => held },
    },
  },
});
const base = { version: '"1"', value: plan('Sam', '+49 30 1234567') };
const payload = plan('Samuel', '+49 30 1111111');
const edit = { type: 'plans.put', subject: 'user-42', tier: 'premium', entity: { type: 'crisis_plan', id: 'p1' } } as const;
const sent = await runtime.sync({ ...edit, base, payload });
await sent.outcome;
let id = '';
for await (const conflict of runtime.conflicts.list()) id = conflict.id;
//…
await runtime.close({ deadlineMs: 0 });
`;
const DECIDED = OPEN_CONFLICT.replace(
  '//…',
  `await runtime.conflicts.resolve(id, {
  by: { id: 'staff-7', role: 'clinician' },
  choices: { 1: { take: 1 }, 2: { take: 2 } },
});
//…`,
);
const IN_A_FOLDER = `
const { mkdtempSync } = await import('node:fs');
process.chdir(mkdtempSync('example-'));
await createKeyFile('./example.key');
const runtime = createRuntime({ store: './store', key: keyFile('./example.key') });
await runtime.ready;
//…
await runtime.close();
process.chdir('..');
`;

/** Names that an example takes for granted, by heading. */
export const REFERENCE_NAMES: Readonly<Record<string, string>> = {
  defineHandler:
    'const charge = async (_amountCents: number, token: string, _key: string) => ({ receipt: token });',
  'Operation.wait': 'const reply = (status: number, _body?: unknown): number => status;',
  'Runtime.subscribe': 'const page = (..._said: unknown[]): void => undefined;',
  'Runtime.on': 'const page = (..._said: unknown[]): void => undefined;',
  createTestBed: `
const upstreams = { payments: {} };
const handlers = { 'payments.push': { upstream: 'payments', run: () => null } };
`,
  VirtualClock: "const handlers = { 'payments.push': { upstream: 'default', run: () => null } };",
  'VirtualClock.freezeWhile': `
import { startMisbehavingUpstream } from 'holdfast/testing';
const clock = new VirtualClock();
const upstream = await startMisbehavingUpstream();
`,
  defineEntity: `
const base = null;
const sides = [{ value: { title: 'mine' }, meta: { actor: 'phone', hlc: { ms: 1, c: 0 } } }];
`,
  'Entities.get': 'interface Plan { note?: string }',
  'Entities.subscribe': 'interface Plan { note?: string }',
  'Entities.list': 'interface Plan { note?: string }',
  mergeEntity: 'const [base, mine, theirs] = [null, {}, {}];',
  startRecordServer: "import assert from 'node:assert/strict';",
  startMisbehavingUpstream: `
import assert from 'node:assert/strict';
const keys: string[] = [];
`,
};

const ON_A_CLOCK = `
const clock = new VirtualClock();
const shop = misbehavingHandler({ clock });
const { ledger } = shop;
const runtime = createRuntime({
  store: ':memory:',
  clock,
  handlers: { 'orders.push': { upstream: 'default', run: shop.run } },
});
let operation = await clock.run(runtime.sync({ type: 'orders.push', subject: 'user-42', tier: 'basic', payload: {} }));
for (let number = 1; number < 12; number += 1) {
  operation = await clock.run(runtime.sync({ type: 'orders.push', subject: 'user-42', tier: 'basic', payload: { number } }));
}
//…
await clock.run(runtime.close());
`;

const STATELY = `
const { WebSocketServer } = await import('ws');
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
await new Promise<void>((listening) => server.once('listening', () => listening()));
const url = \`ws://127.0.0.1:\${(server.address() as { readonly port: number }).port}\`;
const runtime = createRuntime({ store: ':memory:' });
await runtime.ready;
//…
await runtime.close();
server.close();
`;

export const REFERENCE_FRAMES: Readonly<Record<string, string>> = {
  'DeadLetters.list': LETTERS,
  'DeadLetters.show': LETTERS,
  'DeadLetters.answer': LETTERS,
  'DeadLetters.replay': LETTERS,
  'DeadLetters.replayAll': LETTERS,
  'DeadLetters.purge': LETTERS,
  'DeadLetters.purgeAll': LETTERS,
  'Conflicts.show': OPEN_CONFLICT,
  'Conflicts.about': OPEN_CONFLICT,
  'Conflicts.preview': OPEN_CONFLICT,
  'Conflicts.resolve': OPEN_CONFLICT,
  'Conflicts.undo': DECIDED,
  'Crises.acknowledge': OPEN_CRISIS,
  'Crises.callOff': OPEN_CRISIS,
  'Crises.release': OPEN_CRISIS,
  'Runtime.backup': IN_A_FOLDER,
  connect: `
const { mkdtempSync } = await import('node:fs');
process.chdir(mkdtempSync('connect-'));
const path = './example.key';
await createKeyFile(path);
const [store, subject, payload, upstreams] = ['./store', 'user-42', {}, {}];
const handlers = { 'payments.push': { upstream: 'default', run: () => null } };
const runtime = createRuntime({ store, key: keyFile(path), handlers });
await runtime.ready;
//…
await client.close();
await runtime.close();
process.chdir('..');
`,
  'Inspectable.statelyInspector': STATELY,
  'Runtime.statelyInspector': STATELY,
  'CrisisMode.leave': `
const runtime = createRuntime({ store: ':memory:' });
await runtime.crisisMode.enter({ subject: 'user-42', by: { id: 'staff-7', role: 'clinician' } });
//…
await runtime.close();
`,
  'Runtime.executeResilientSync': `
const runtime = createRuntime({ store: ':memory:', upstreams: { clinic: {} } });
await runtime.ready;
const request = { signal: new AbortController().signal };
const save = async (payload: { score: number }, _how: object) => ({ saved: payload.score });
const tellTheUser = (): void => undefined;
//…
await runtime.close({ deadlineMs: 0 });
`,
  'VirtualClock.advanceUntil': ON_A_CLOCK,
  'VirtualClock.run': ON_A_CLOCK,
  'UpstreamLedger.broken': `
import assert from 'node:assert/strict';
const clock = new VirtualClock();
const upstream = misbehavingHandler({ clock });
const runtime = createRuntime({
  store: ':memory:',
  clock,
  handlers: { 'orders.push': { upstream: 'default', run: upstream.run } },
});
for (const idempotencyKey of ['order-1', 'order-2']) {
  const { outcome } = await clock.run(runtime.sync({ type: 'orders.push', subject: 'user-42', tier: 'basic', idempotencyKey, payload: {} }));
  await clock.run(outcome);
}
//…
await clock.run(runtime.close());
`,
  EscalationStepOptions: `
const secret = 'a secret of 32 characters or more';
const callClinician = async (_subject: string | null, _signal: AbortSignal): Promise<void> => undefined;
//…
const runtime = createRuntime({ store: ':memory:', crisis: { escalation } });
await runtime.close();
`,
  OperationActor: `
import type { OperationActor, OperationActorSnapshot } from 'holdfast';
const runtime = createRuntime({ store: ':memory:', handlers: { 'notes.put': { upstream: 'default', run: () => null } } });
const operation = await runtime.sync({ type: 'notes.put', subject: 'user-42', tier: 'basic', payload: {} });
// What @xstate/react has.
const useSelector = <Value>(actor: OperationActor | undefined, select: (snapshot: OperationActorSnapshot | undefined) => Value): Value =>
  select(actor?.getSnapshot());
// What React has.
const useSyncExternalStore = <Value>(subscribe: (changed: () => void) => () => void, get: () => Value): Value => {
  subscribe(() => undefined)();
  return get();
};
//…
await runtime.close();
`,
  InspectionObserver: `
import type { InspectionEvent } from 'holdfast';
// What @statelyai/inspect has in a browser.
const createBrowserInspector = () => ({ inspect: { next: (_event: InspectionEvent) => undefined } });
//…
await runtime.close();
`,
};
