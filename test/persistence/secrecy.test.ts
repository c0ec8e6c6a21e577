import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../persistence/port/store.ts';
import { temporaryFolder, threadedStore } from './contract/storeUnderTest.ts';
import { accept, idOf, settlement, update } from './contract/writes.ts';

let folder: string;
let remove: () => Promise<void>;
let store: Store;

beforeEach(async () => {
  const made = await temporaryFolder();
  folder = join(made.folder, 'store');
  remove = made.remove;
  store = threadedStore(folder);
  await store.open();
});
afterEach(async () => {
  await store.close();
  await remove();
});

const CANARIES = {
  state: 'canary-in-the-state',
  payload: 'canary-in-the-payload',
  lane: 'canary-in-the-lane',
  idempotencyKey: 'canary-in-the-key',
  route: 'canary-in-the-route',
  component: 'canary-in-a-component-name',
  componentState: 'canary-in-a-component-state',
  subject: 'canary-in-a-subject',
  crisisMode: 'canary-in-a-crisis-mode',
  newPayload: 'canary-in-a-new-payload',
  keptKey: 'canary-in-a-kept-key',
  keptText: 'canary-in-a-kept-text',
};

/** In which files of the folder a text stands, as it is, in UTF-16, in base64 or in hex. */
async function filesWith(text: string): Promise<string[]> {
  const utf8 = Buffer.from(text);
  const forms = [
    utf8,
    Buffer.from(text, 'utf16le'),
    Buffer.from(utf8.toString('base64').slice(0, -4)),
    Buffer.from(utf8.toString('hex')),
  ];
  const found: string[] = [];
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name));
    if (forms.some((form) => bytes.includes(form))) found.push(name);
  }
  return found;
}

test('SE-5 nothing that was given to be kept can be read in any file, open or closed', async () => {
  const { state, payload, lane, idempotencyKey, route, component, componentState } = CANARIES;
  const { newPayload, keptKey, keptText, subject, crisisMode } = CANARIES;
  await store.commit([
    accept(1, { state, payload, lane, idempotencyKey, route, subject }),
    accept(2, { state, payload, lane, route, standing: 'due', dueAtMs: 7 }),
    { kind: 'component', name: component, state: componentState },
    { kind: 'crisisMode', subject, state: crisisMode },
    { kind: 'keep', room: 'entity', key: keptKey, subject, text: keptText },
    { kind: 'keep', room: 'conflict', key: keptKey, text: keptText, isOpen: true },
  ]);
  await store.commit([
    settlement(1, { state, route }),
    update(2, { state, route, payload, newPayload, standing: 'due', dueAtMs: 7 }),
  ]);
  // Rows are found by these, so that the indexes are in use.
  await store.claim({ routes: [route], urgencyMax: 9, nowMs: 9, limit: 9 });
  expect(await readdir(folder)).toEqual(expect.arrayContaining(['data.db-wal', 'data.db-shm']));
  for (const canary of Object.values(CANARIES)) expect(await filesWith(canary)).toEqual([]);
  await store.close();
  for (const canary of Object.values(CANARIES)) expect(await filesWith(canary)).toEqual([]);
});

test('control: the search finds what does stand in a file, also in the WAL', async () => {
  await store.commit([accept(1)]);
  const id = Buffer.from(idOf(1).replaceAll('-', ''), 'hex');
  const wal = await readFile(join(folder, 'data.db-wal'));
  expect(wal.includes(id)).toBe(true);
  expect(await filesWith('CREATE TABLE operation')).toContain('data.db');
});
