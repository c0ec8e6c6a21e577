/** Work that was under way when `conflicts` was switched on: after an update of the app, at its next start. */

import { describe, expect, onTestFinished, test } from 'vitest';
import type { Json, JsonObject } from '../../machines/vocabulary/shape.ts';
import { rawKey } from '../../persistence/sealing/keySource.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import { httpHandler } from '../../src/http/httpHandler.ts';
import type { Operation } from '../../src/operation.ts';
import type { Runtime } from '../../src/runtime.ts';
import { type RecordServer, startRecordServer } from '../../src/testing/recordServer.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

const contact = (id: string) => ({ id, name: id, phones: ['+49 30 1111111'] });
const SHOWN = { emergencyContacts: [contact('c1')] };
const WITH_SAM = { emergencyContacts: [contact('c1'), contact('sam')] };
const WITH_MIA = { emergencyContacts: [contact('c1'), contact('mia')] };
const BOTH = ['c1', 'mia', 'sam'];

type Fetch = typeof globalThis.fetch;

/** The upstream answers nothing, and nothing was sent; or its answer is lost, before or after it was applied. */
const DOWN: Fetch = () =>
  Promise.reject(
    new TypeError('fetch failed', {
      cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
    }),
  );
const lost = (): Error =>
  new TypeError('fetch failed', {
    cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
  });
const LOST_BEFORE: Fetch = () => Promise.reject(lost());
const LOST_AFTER: Fetch = async (...given) => {
  await globalThis.fetch(...given);
  throw lost();
};

/** The app before its update, and after it, over one store. */
async function updated(before: {
  readonly entityType?: string;
  readonly fetch: Fetch;
  readonly ifMatchBase: boolean;
  readonly keepsIfMatchBase?: boolean;
  readonly base?: (version: string) => Json | undefined;
  /** Where it stands when the update comes. */
  readonly state: string;
  /** What is done between: another device writes. */
  readonly meanwhile: (server: RecordServer) => void;
}): Promise<{
  server: RecordServer;
  runtime: Runtime;
  edit: Operation;
  broken: readonly string[];
}> {
  const { entityType = 'crisis_plan', base = (version) => version } = before;
  const server = await startRecordServer({ lifeMs: 60_000 });
  onTestFinished(async () => {
    await server.close();
  });
  const store = tempFolder();
  const at = (fetch: Fetch, ifMatchBase: boolean, conflicts?: true) => {
    const path = 'plans/{entity.id}';
    const made = { baseUrl: server.url, method: 'PUT', path, ifMatchBase, fetch } as const;
    return createRuntime({
      ...{ store, key: rawKey(Buffer.alloc(32, 7)), device: 'phone' },
      upstreams: { records: { attemptTimeoutMs: 5_000 } },
      policies: {
        tiers: {
          premium: { retry: { initialDelayMs: 40, delayMsMax: 60 }, responseDeadlineMs: 30_000 },
        },
      },
      // The file may open slowly on a busy machine.

      handlers: {
        'plans.put': {
          upstream: 'records',
          run: httpHandler(conflicts === true ? { ...made, metaField: 'holdfast' } : made),
          ...(conflicts === true ? { conflicts } : {}),
        },
      },
    });
  };
  const version = server.put('/plans/p1', SHOWN);
  if (before.state === 'conflicted') before.meanwhile(server);
  const old = at(before.fetch, before.ifMatchBase);
  const known = base(version);
  const { id } = await old.sync({
    ...{ type: 'plans.put', subject: 'user-42', tier: 'premium', payload: WITH_SAM },
    entity: { type: entityType, id: 'p1' },
    ...(known === undefined ? {} : { base: known }),
  });
  await expect
    .poll(async () => {
      const { state, attempt, failure } = await old.operations.get(id).view();
      return failure !== null && attempt >= 1 ? state : null;
    })
    .toBe(before.state);
  await old.close({ deadlineMs: 0 });
  if (before.state !== 'conflicted') before.meanwhile(server);
  // What the app did before its update.
  const broken = server.broken();
  const runtime = at(globalThis.fetch, before.keepsIfMatchBase === true, true);
  onTestFinished(async () => {
    await runtime.close({ deadlineMs: 0 });
  });
  await runtime.ready;
  return { server, runtime, edit: runtime.operations.get(id), broken };
}

function contactsAt(server: RecordServer): readonly string[] {
  const { emergencyContacts } = Object(server.get('/plans/p1')?.value) as JsonObject;
  return (emergencyContacts as unknown as readonly { id: string }[]).map(({ id }) => id).toSorted();
}

const byMia = (server: RecordServer): void => {
  server.put('/plans/p1', WITH_MIA);
};

async function listed(runtime: Runtime): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { state, reason } of runtime.conflicts.list({ all: true })) {
    found.push(`${state} ${reason}`);
  }
  return found;
}

describe('work under way when conflicts is switched on', () => {
  test.each([
    ['without a condition', false, false],
    ['with ifMatchBase before', true, false],
    ['with ifMatchBase kept', true, true],
  ])(
    'CF-6 OP-3 that was tried and surely not applied is merged, %s',
    async (_, ifMatchBase, keepsIfMatchBase) => {
      const { server, edit } = await updated({
        ...{ fetch: DOWN, ifMatchBase, keepsIfMatchBase },
        ...{ state: 'backingOff', meanwhile: byMia },
      });
      expect((await edit.outcome).status).toBe('completed');
      expect(contactsAt(server)).toEqual(BOTH);
      expect(server.broken()).toEqual([]);
    },
  );

  test.each([
    ['by itself', false],
    ['by retryNow()', true],
  ])('CF-6 OP-3 that waits as conflicted is merged %s', async (_, isByPerson) => {
    const { server, edit } = await updated({
      ...{ fetch: globalThis.fetch, ifMatchBase: true },
      ...{ state: 'conflicted', meanwhile: byMia },
    });
    if (isByPerson) await edit.retryNow();
    expect((await edit.outcome).status).toBe('completed');
    expect(contactsAt(server)).toEqual(BOTH);
    expect(server.broken()).toEqual([]);
  });

  const asked = ['awaitingReview outcomeUnknown'];
  test.each<[string, Fetch, boolean, readonly string[]]>([
    ['had not arrived', LOST_BEFORE, true, asked],
    // The upstream's memory of keys tells it.
    ['had arrived', LOST_AFTER, true, []],
    ['had not arrived, and names no version', LOST_BEFORE, false, asked],
    ['had arrived, and names no version', LOST_AFTER, false, asked],
  ])('CF-6 OP-3 in doubt that %s is laid over nobody', async (_, fetch, namesVersion, found) => {
    const { server, runtime, edit, broken } = await updated({
      ...{ fetch, ifMatchBase: namesVersion, state: 'backingOff' },
      base: (version) => (namesVersion ? version : undefined),
      meanwhile: (at) => {
        const { emergencyContacts } = Object(at.get('/plans/p1')?.value) as typeof SHOWN;
        at.put('/plans/p1', { emergencyContacts: [...emergencyContacts, contact('mia')] });
      },
    });
    expect((await edit.outcome).status).toBe('completed');
    expect(contactsAt(server)).toEqual(BOTH);
    expect(server.broken()).toEqual(broken);
    expect(await listed(runtime)).toEqual(found);
  });

  test('CF-6 OP-3 in doubt of what nobody declared waits for a person, with both sides kept', async () => {
    const { server, runtime, edit } = await updated({
      ...{ entityType: 'address_book', fetch: LOST_BEFORE, ifMatchBase: false },
      ...{ state: 'backingOff', meanwhile: byMia },
    });
    await expect.poll(() => listed(runtime)).toEqual(['awaitingReview outcomeUnknown']);
    expect((await edit.view()).state).toBe('conflicted');
    expect(contactsAt(server)).toEqual(['c1', 'mia']);
  });

  test('CF-6 OP-3 in doubt that is what the upstream holds is completed, and nobody is asked', async () => {
    const { server, runtime, edit } = await updated({
      ...{ fetch: LOST_AFTER, ifMatchBase: true, state: 'backingOff' },
      ...{ base: () => undefined, meanwhile: () => undefined },
    });
    expect((await edit.outcome).status).toBe('completed');
    expect(contactsAt(server)).toEqual(['c1', 'sam']);
    expect(server.writes).toHaveLength(2);
    expect(await listed(runtime)).toEqual([]);
  });
});
