import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import type { JsonObject } from '../../machines/vocabulary/shape.ts';
import { rawKey } from '../../persistence/sealing/keySource.ts';
import { createRuntime } from '../../src/createRuntime.ts';
import { httpHandler } from '../../src/http/httpHandler.ts';
import type { RuntimeOptions } from '../../src/options.ts';
import type { Runtime } from '../../src/runtime.ts';
import { type RecordServer, startRecordServer } from '../../src/testing/recordServer.ts';
import { tempFolder } from '../support/store/tempFolder.ts';

/** In the payload, the base, the record, its tags, its device and what was removed, on either side. */
const CANARY = 'canary';
const PATH = '/preferences/canary-entity';
const EDIT = {
  type: 'preferences.put',
  subject: 'canary-subject',
  tier: 'premium',
  entity: { type: 'preferences', id: 'canary-entity' },
} as const;

/** The tags that the server's become on their way, and back. */
const taggedFetch: typeof fetch = async (url, init) => {
  const headers = new Headers(init?.headers);
  const condition = headers.get('if-match');
  if (condition !== null) headers.set('if-match', condition.replace(`${CANARY}-tag-`, ''));
  const response = await fetch(url, { ...init, headers });
  const told = new Headers(response.headers);
  const tag = told.get('etag');
  if (tag !== null) told.set('etag', tag.replace('"r', `"${CANARY}-tag-r`));
  const text = await response.text();
  return new Response(text === '' ? null : text, { status: response.status, headers: told });
};

function runtimeAt(server: RecordServer, seen: unknown[], options: Partial<RuntimeOptions>) {
  const note = (value: unknown): number => seen.push(value);
  const run = httpHandler({
    ...{ baseUrl: server.url, method: 'PUT', path: '{entity.type}/{entity.id}' },
    ...{ metaField: 'holdfast', fetch: taggedFetch },
  });
  const runtime = createRuntime({
    store: ':memory:',
    device: 'canary-device',
    upstreams: { records: {} },
    handlers: { 'preferences.put': { upstream: 'records', run, conflicts: true } },
    policies: { tiers: { premium: { retry: { initialDelayMs: 5, delayMsMax: 20 } } } },
    logger: (...line) => {
      note(line);
    },
    inspect: note,
    onError: note,
    ...options,
  });
  runtime.subscribe(note);
  onTestFinished(async () => {
    await runtime.close({ deadlineMs: 0 });
  });
  return runtime;
}

/** A record, an edit of it, somebody who is faster, one that a person is asked of, and one that nobody takes. */
async function everyEdit(runtime: Runtime, server: RecordServer, seen: unknown[]): Promise<void> {
  const first = { theme: 'canary-a', crisisAlerts: true };
  const removals = [
    { path: '/canary-item', confirmed: true, by: 'canary-by', reason: 'canary-why' },
  ];
  const send = async (payload: JsonObject, base?: JsonObject): Promise<void> => {
    const given = base === undefined ? {} : { base };
    const operation = await runtime.sync({ ...EDIT, payload, removals, ...given });
    operation.subscribe((view) => seen.push(view));
    const { status, error } = await operation.outcome;
    seen.push(status, error, await operation.view());
  };
  await send(first);
  server.put(PATH, { ...Object(server.get(PATH)?.value), theme: 'canary-theirs' });
  const version = `"${CANARY}-tag-r1"`;
  await send({ ...first, theme: 'canary-mine' }, { version, value: first });
  seen.push(runtime.getHealthStatus());
  // A payload that can't go out is refused, and told of.
  await send({ ...first, holdfast: 'canary' });
}

/** In which files of a folder the canary stands, as it is, in UTF-16, in base64 or in hex. */
async function filesWithCanary(folder: string): Promise<readonly string[]> {
  const utf8 = Buffer.from(CANARY);
  const forms = [
    utf8,
    Buffer.from(CANARY, 'utf16le'),
    Buffer.from(utf8.toString('base64')),
    Buffer.from(utf8.toString('hex')),
  ];
  const found: string[] = [];
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name)).catch(() => Buffer.alloc(0));
    if (forms.some((form) => bytes.includes(form))) found.push(name);
  }
  return found;
}

function leaks(seen: readonly unknown[]): readonly string[] {
  const options = { depth: Number.POSITIVE_INFINITY, showHidden: true, maxArrayLength: null };
  return seen.map((value) => inspect(value, options)).filter((text) => text.includes(CANARY));
}

test('SE-5 AC-2 CF-6 nothing of a record, its version and what travels with it stands in the clear', async () => {
  const server = await startRecordServer({ lifeMs: 30_000 });
  onTestFinished(async () => {
    await server.close();
  });
  const folder = tempFolder();
  const key = rawKey(new Uint8Array(32).fill(7));
  const seen: unknown[] = [];
  const runtime = runtimeAt(server, seen, { store: folder, key });
  await runtime.ready;
  await everyEdit(runtime, server, seen);
  expect(JSON.stringify(server.writes)).toContain('canary-device');
  expect(server.counts.unmet412).toBeGreaterThan(0);
  expect(await filesWithCanary(folder)).toEqual([]);
  await runtime.close();
  expect(await filesWithCanary(folder)).toEqual([]);
  expect(seen.length).toBeGreaterThan(20);
  // The view of an operation names whom and what it is about, for who may ask for it; nothing else does.
  const about = /'canary-(?:subject|entity)'/g;
  expect(
    leaks(seen)
      .map((text) => text.replaceAll(about, "''"))
      .filter((text) => text.includes(CANARY)),
  ).toEqual([]);
});

test('SE-5 control: the search finds what a log, an error or a file says of a record', async () => {
  const folder = tempFolder();

  await writeFile(join(folder, 'data.db'), `tag: "${CANARY}-tag-r1"`);
  expect(await filesWithCanary(folder)).toEqual(['data.db']);
  expect(leaks([{ level: 'info' }, new Error('"canary-tag-r1" is not the version.')])).toHaveLength(
    1,
  );
});
