/**
 * Canaries in every input of real operations, searched in every byte that the inspector's server sends: over all
 * calls, orders and the feed.
 *
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import type { CallAnswer, FeedMessage, FeedSource } from '../../../inspector/protocol.ts';
import type { InspectorCall } from '../../../inspector/server/inspectorCall.ts';
import {
  type InspectorServer,
  startInspectorServer,
} from '../../../inspector/server/inspectorServer.ts';
import { INSPECTOR_CALLS } from '../../../src/inspect/startInspector.ts';
import { MANAGEMENT_CALLS } from '../../../src/management/managementCalls.ts';
import { askAt, bearer, feedRequest, tokenIn } from '../../support/inspector/servedInspector.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';
import { CANARY, type CanaryScene, canaryScene, STAFF } from './canaryScene.ts';

/** Every byte that a page of this server gets. */
class Page {
  readonly port: number;
  readonly session: string;
  readonly answers = new Map<string, string[]>();
  feed = '';

  private constructor(port: number, session: string) {
    this.port = port;
    this.session = session;
    const socket = connect(port, '127.0.0.1');
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      this.feed += chunk;
    });
    socket.on('error', () => undefined);
    socket.write(feedRequest(`127.0.0.1:${port}`, session));
  }

  static async open(server: InspectorServer): Promise<Page> {
    const port = Number(new URL(server.url).port);
    const { text } = await askAt(port, {
      ...{ method: 'POST', path: '/session', headers: bearer(tokenIn(server.link)) },
    });
    return new Page(port, (JSON.parse(text) as { readonly session: string }).session);
  }

  async call(name: string, params: object): Promise<CallAnswer> {
    const { text, headers } = await askAt(this.port, {
      ...{ method: 'POST', path: '/call', headers: bearer(this.session) },
      body: JSON.stringify({ name, params }),
    });
    this.answers.set(name, [...(this.answers.get(name) ?? []), text, JSON.stringify(headers)]);
    return JSON.parse(text) as CallAnswer;
  }

  get bytes(): string {
    return [this.feed, ...[...this.answers.values()].flat()].join('\n');
  }
}

async function served(
  source: FeedSource,
  calls: readonly InspectorCall[],
): Promise<InspectorServer> {
  const assets = join(tempFolder(), 'page');
  mkdirSync(assets);
  writeFileSync(join(assets, 'index.html'), 'page');
  const server = await startInspectorServer({
    ...{ source, assets, port: 0, canOperate: true, calls, clock: systemClock },
    onError: () => undefined,
  });
  onTestFinished(() => server.close());
  return server;
}

/** What to look at, and which orders to give; each is made as it stands here. */
function looks({ ids }: CanaryScene): readonly (readonly [string, object])[] {
  const of = (name: string, list: readonly string[]): readonly (readonly [string, object])[] =>
    list.map((id) => [name, { id }]);
  return [
    ['operation.list', {}],
    ['operation.count', {}],
    ['operation.count', { type: 'well.put' }],
    ...of('operation.show', [...ids.operations, ...ids.crises, 'no such id']),
    ['deadLetter.page', { filter: {}, order: 'newest' }],
    ...of('deadLetter.show', [...ids.deadLetters, ...ids.operations]),
    ['conflict.page', { filter: { all: true }, order: 'oldest' }],
    ...of('conflict.about', [...ids.conflicts, 'no such id']),
    ['quarantine.page', { fromSeq: 0 }],
    ['quarantine.show', { id: ids.operations[0] }],
    ['crisis.list', {}],
    ...of('crisis.show', [...ids.crises, ...ids.operations]),
    ['crisisMode.list', {}],
  ];
}

function orders({ ids }: CanaryScene): readonly (readonly [string, object])[] {
  const [crisis] = ids.crises;
  const [conflict] = ids.conflicts;
  const [letter, other] = ids.deadLetters;
  // Of an order to a breaker these are told: it says what others wait for.
  const said = { by: 'staff-7', reason: 'maintenance' };
  return [
    ['crisis.acknowledge', { id: crisis, by: STAFF, note: 'canary-note' }],
    ['crisis.release', { id: crisis, by: STAFF, note: 'canary-note' }],
    ['crisis.callOff', { id: crisis, by: STAFF, reason: 'canary-reason' }],
    ['conflict.resolve', { id: conflict, by: STAFF, side: 1 }],
    ['conflict.undo', { id: conflict, by: STAFF }],
    ['operation.retry', { id: ids.operations.at(-1), by: STAFF }],
    ['operation.cancel', { id: ids.operations.at(-1), by: STAFF }],
    ['deadLetter.replay', { id: letter, by: STAFF }],
    ['deadLetter.replayBatch', { filter: {}, dryRun: true, by: STAFF }],
    ['deadLetter.purge', { id: other, by: STAFF }],
    ['deadLetter.purgeBatch', { filter: {}, dryRun: true }],
    ['quarantine.retry', { id: letter, by: STAFF }],
    ['quarantine.purge', { id: letter, by: STAFF }],
    ['breaker.forceOpen', { upstream: 'payments', ...said }],
    ['breaker.disable', { upstream: 'payments', ...said }],
    ['breaker.observe', { upstream: 'payments', ...said }],
    ['breaker.release', { upstream: 'payments', by: 'staff-7' }],
    ['crisisMode.enter', { by: STAFF, reason: 'canary-reason', forMs: 60_000 }],
    ['crisisMode.leave', { by: { id: 'canary-other', role: 'clinician' } }],
    ['store.release', { by: STAFF }],
  ];
}

/** Watched from before the first operation on, with every call made, before and after every order. */
async function lookedThrough(
  calls: readonly InspectorCall[] = INSPECTOR_CALLS,
  told: (source: FeedSource) => FeedSource = (source) => source,
): Promise<{
  readonly scene: CanaryScene;
  readonly page: Page;
  readonly failed: readonly string[];
}> {
  const pages: Page[] = [];
  const scene = await canaryScene(async (source) => {
    const page = await Page.open(await served(told(source), calls));
    pages.push(page);
    await expect.poll(() => page.feed.includes('"kind":"overview"')).toBe(true);
  });
  const [page] = pages;
  if (page === undefined) throw new Error('Nothing was served.');
  const failed: string[] = [];
  const make = async (name: string, params: object): Promise<void> => {
    const answer = await page.call(name, params);
    if (!answer.ok) failed.push(`${name} ${answer.error.code}`);
  };
  for (const [name, params] of looks(scene)) await make(name, params);
  for (const [name, params] of orders(scene)) await make(name, params);
  for (const [name, params] of looks(scene)) await make(name, params);
  const serial = page.feed.split('"kind":"overview"').length;
  await expect
    .poll(() => page.feed.split('"kind":"overview"').length, { timeout: 10_000 })
    .toBeGreaterThan(serial + 1);
  return { scene, page, failed };
}

function places(bytes: string): readonly string[] {
  return [...bytes.matchAll(/.{0,60}canary.{0,30}/gi)].map(([text]) => text);
}

describe('AC-2 SE-5 canaries in every input, searched in every byte', () => {
  test('AC-2 SE-5: none leaves by the feed, a look or an order', async () => {
    const { scene, page, failed } = await lookedThrough();
    expect(places(page.bytes)).toEqual([]);
    for (const form of ['base64', 'base64url', 'hex', 'utf16le'] as const) {
      const hidden = Buffer.from(CANARY).toString(form).replaceAll('=', '');
      expect(page.bytes.includes(hidden), form).toBe(false);
    }
    // All was there to be seen: each call that is offered was made, and each kind of message came.
    expect([...page.answers.keys()].toSorted()).toEqual(
      INSPECTOR_CALLS.map(({ name }) => name).toSorted(),
    );
    for (const id of Object.values(scene.ids).flat()) expect(page.bytes.includes(id)).toBe(true);
    const kinds: readonly FeedMessage['kind'][] = [
      'hello',
      'actors',
      'ended',
      'steps',
      'news',
      'overview',
    ];
    for (const kind of kinds) expect(page.feed.includes(`"kind":"${kind}"`), kind).toBe(true);
    for (const news of [
      'attempt.failed',
      'handler.threw',
      'conflict.awaitsReview',
      'crisis.escalated',
      'crisisMode.changed',
      'override.made',
    ]) {
      expect(page.feed.includes(news), news).toBe(true);
    }
    // Who holds a breaker and why is what others have to know.
    expect(page.feed).toContain('"by":"staff-7","reason":"maintenance"');
    expect(scene.ids.deadLetters).toHaveLength(4);
    expect(new Set(failed)).toEqual(
      new Set([
        'operation.show HF_OPERATION_UNKNOWN',
        'deadLetter.show HF_NOT_DEAD_LETTERED',
        'conflict.about HF_CONFLICT_UNKNOWN',
        'quarantine.show HF_NOT_QUARANTINED',
        'quarantine.retry HF_NOT_QUARANTINED',
        'quarantine.purge HF_NOT_QUARANTINED',
        'crisis.show HF_CRISIS_OVER',
        // Nobody was told of it: that takes two persons.
        'crisis.callOff HF_SECOND_PERSON_NEEDED',
        // What was purged.
        'deadLetter.show HF_OPERATION_UNKNOWN',
        'crisis.show HF_OPERATION_UNKNOWN',
      ]),
    );
  });

  test('AC-2 SE-5 control: with a field more in one shape, the same search finds it', async () => {
    const leaking = INSPECTOR_CALLS.map((call) =>
      call.name !== 'operation.show'
        ? call
        : { ...call, answer: { fields: { id: 'plain', subject: 'plain' } } as const },
    );
    const { page } = await lookedThrough(leaking);
    expect(places(page.bytes).join('\n')).toContain('canary-subject');
  });

  test('AC-2 SE-5 control: with a message more on the feed, too', async () => {
    const { page } = await lookedThrough(INSPECTOR_CALLS, (source) => ({
      call: source.call,
      watch: (listener) => {
        const unwatch = source.watch(listener);
        listener([{ kind: 'away', reason: 'canary-message', atMs: 1 }]);
        return unwatch;
      },
    }));
    expect(places(page.bytes).join('\n')).toContain('canary-message');
  });
});

describe('AC-2 what is offered', () => {
  const capabilityOf = new Map(MANAGEMENT_CALLS.map(({ name, capability }) => [name, capability]));

  test('AC-2: nothing that needs export; looks change nothing, and orders are orders', () => {
    for (const { name, kind } of INSPECTOR_CALLS) {
      const capability = capabilityOf.get(name);
      const kinds = kind === 'look' ? ['view', 'viewSubjects'] : ['operate', 'destroy'];
      expect(kinds, name).toContain(capability);
    }
  });

  test('AC-2: no parameter by which a person is found, or a value is given', () => {
    const params = new Set(INSPECTOR_CALLS.flatMap((call) => call.params));
    for (const name of [
      'subject',
      'entity',
      'tag',
      'payload',
      'value',
      'choices',
      'layers',
      'path',
    ]) {
      expect(params.has(name), name).toBe(false);
    }
  });
});
