/**
 * Checks both devices and the service as a whole: they change the same records offline, one of them is closed and
 * opened again meanwhile, the service comes back and loses answers, a person decides what no rule can. Then what
 * both hold is compared with what the service holds. Ends with 0 or 1 by itself.
 *
 * Controls, which must make it fail: `--plant ignore-versions` (the service takes whatever comes) and
 * `--plant edit-twice` (the app makes a change a second time).
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKeyFile, type Entity, type JsonObject } from 'holdfast';
import { type Device, openDevice, pathOf } from '../src/device.js';
import { RecordService } from '../src/service.js';

const CONVERGED_MS_MAX = 60_000;

/** Nothing of it outlives this, whatever happens. */
setTimeout(() => process.exit(1), 180_000).unref();
process.once('SIGTERM', () => process.exit(1));

const plant = process.argv[2] === '--plant' ? String(process.argv[3]) : 'nothing';
const failed: string[] = [];
function check(what: string, isSo: boolean): void {
  console.log(isSo ? 'ok  ' : 'NOT ', what);
  if (!isSo) failed.push(what);
}

const PLAN: Entity = { type: 'crisis_plan', id: 'plan-1' };
const DIARY: Entity = { type: 'mood_entry', id: 'monday' };
const VISIT: Entity = { type: 'appointment', id: 'visit-1' };
const RECORDS = [PLAN, DIARY, VISIT];

const BEGUN: readonly [Entity, JsonObject][] = [
  [
    PLAN,
    {
      emergencyContacts: [
        { id: 'c1', name: 'Sam', phones: ['+49 30 1111111'] },
        { id: 'c2', name: 'Robin', phones: ['+49 30 2222222'] },
      ],
      copingSteps: [],
    },
  ],
  [DIARY, { id: 'monday', score: 4, tags: ['tired'], note: 'Slept badly.' }],
  [VISIT, { id: 'visit-1', title: 'Check-up', place: 'not known yet', questions: [] }],
];

type Edit = (value: JsonObject) => JsonObject;
const add =
  (field: string, ...items: readonly unknown[]): Edit =>
  (value) =>
    ({ ...value, [field]: [...(value[field] as unknown[]), ...items] }) as JsonObject;
const put =
  (fields: JsonObject): Edit =>
  (value) => ({ ...value, ...fields });
const without =
  (field: string, id: string): Edit =>
  (value) => {
    const items = value[field] as readonly { readonly id: string }[];
    return { ...value, [field]: items.filter((item) => item.id !== id) } as JsonObject;
  };

/** What the person does on the phone, and what on the tablet, while neither of them is online. */
const ON_PHONE: readonly [Entity, Edit][] = [
  [PLAN, add('emergencyContacts', { id: 'c3', name: 'Mia', phones: ['+49 30 3333333'] })],
  [DIARY, (value) => ({ ...value, note: `Woke up at four.\n${String(value['note'])}` })],
  [DIARY, add('tags', 'alone')],
  [VISIT, put({ place: 'Harbour Street 2' })],
  [VISIT, add('questions', 'Is the dose right?')],
];
const ON_TABLET: readonly [Entity, Edit][] = [
  [PLAN, add('copingSteps', { id: 's1', text: 'Walk to the river' })],
  [DIARY, (value) => ({ ...value, note: `${String(value['note'])}\nA walk helped.`, score: 6 })],
  [VISIT, put({ place: 'by video' })],
  [VISIT, add('questions', 'May I travel?')],
];
/** The person was asked whether Robin is to go, and said yes. */
const REMOVAL = {
  path: '/emergencyContacts/c2',
  confirmed: true,
  by: 'user-1',
  at: Date.now(),
  reason: 'not a friend any more',
};
/** What has to be there in the end, each once. */
const WRITTEN: readonly [Entity, readonly string[]][] = [
  [PLAN, ['Sam', 'Mia', '+49 30 3333333', 'Walk to the river']],
  [DIARY, ['Woke up at four.', 'Slept badly.', 'A walk helped.', 'alone', 'tired']],
  [VISIT, ['Is the dose right?', 'May I travel?']],
];

const folder = await mkdtemp(join(tmpdir(), 'holdfast-two-devices-'));
const service = new RecordService({
  losesAnswers: true,
  ignoresVersions: plant === 'ignore-versions',
});
await service.start();

async function open(name: string): Promise<Device> {
  const file = join(folder, `${name}.key`);
  if (!opened.has(name)) await createKeyFile(file);
  const device = openDevice({
    name,
    store: join(folder, name),
    keyFile: file,
    serviceUrl: service.url,
  });
  opened.set(name, device);
  await device.runtime.ready;
  return device;
}
const opened = new Map<string, Device>();

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endsAt = Date.now() + CONVERGED_MS_MAX;
  while (!(await isSo())) {
    if (Date.now() > endsAt) throw new Error(`It never came to be that ${what}.`);
    await sleep(50);
  }
}

/** No change waits on this device, but for those that a person is asked of, as long as nobody has answered. */
async function hasSent({ name, runtime }: Device, isAnswered = false): Promise<void> {
  await until(`${name} had sent everything`, async () => {
    const known = await Promise.all(RECORDS.map((entity) => runtime.entities.get(entity)));
    return known.every(
      (one) => one !== null && (one.waiting === 0 || (one.inReview && !isAnswered)),
    );
  });
}

async function begin(phone: Device, tablet: Device): Promise<void> {
  for (const [entity, value] of BEGUN) await phone.change(entity, () => value);
  await hasSent(phone);
  for (const entity of RECORDS) await tablet.pull(entity);
  const same = await Promise.all(BEGUN.map(([entity]) => tablet.read(entity)));
  check(
    'what the phone wrote is on the tablet',
    same.every((value) => value !== null),
  );
}

async function editOffline(phone: Device, tablet: Device): Promise<Device> {
  for (const [entity, edit] of ON_PHONE) await phone.change(entity, edit);
  if (plant === 'edit-twice') await phone.change(...(ON_PHONE[1] as [Entity, Edit]));
  await tablet.change(PLAN, without('emergencyContacts', 'c2'), [REMOVAL]);
  for (const [entity, edit] of ON_TABLET) await tablet.change(entity, edit);
  const shown = await tablet.read(DIARY);
  check('offline, each shows its own changes at once', String(shown?.['note']).endsWith('helped.'));

  await tablet.runtime.close();
  const again = await open('tablet');
  const waiting = (await again.runtime.entities.get(DIARY))?.waiting;
  check(
    `closed and opened again, the tablet has them still: ${waiting} of the diary`,
    waiting === 1,
  );
  const { plan, resources } = await again.runtime.crisis({ subject: 'user-1' });
  const isOwn = plan === 'included' && resources.some(({ name }) => name === 'Sam');
  check('and the plan is there in a crisis', isOwn);
  return again;
}

/** Whichever device is online first has its change taken; the other one asks. */
async function decide({ runtime }: Device): Promise<number> {
  const { conflicts } = runtime;
  let decided = 0;
  for await (const { id } of conflicts.list()) {
    const { asked } = await conflicts.show(id);
    for (const { path, alternatives } of asked) {
      const answers = alternatives.map(({ value }) => String(value)).toSorted();
      check(`a person is asked of ${path}: ${answers.join(', or ')}?`, answers.length === 2);
      const choices = { [path]: { value: 'by video' } };
      await conflicts.resolve(id, { by: { id: 'user-1', role: 'user' }, choices });
      console.log('     by video, says the person');
      decided += 1;
    }
  }
  return decided;
}

/** Each sees what the others sent, and sends what came of it, until there is nothing new. */
async function settle(devices: readonly Device[], isAnswered = false): Promise<void> {
  for (const device of devices) await hasSent(device, isAnswered);
  for (const device of devices) for (const entity of RECORDS) await device.pull(entity);
  for (const device of devices) await hasSent(device, isAnswered);
}

async function compare(devices: readonly Device[]): Promise<void> {
  for (const entity of RECORDS) {
    const { holdfast: _meta, ...there } = JSON.parse(service.body(pathOf(entity)) ?? '{}');
    const wanted = inOrder(there);
    for (const device of devices) {
      const held = inOrder(await device.read(entity));
      check(
        `the ${device.name} holds ${pathOf(entity)} as the service does, byte for byte`,
        held === wanted,
      );
    }
  }
  for (const [entity, texts] of WRITTEN) {
    const there = service.body(pathOf(entity)) ?? '';
    const counts = texts.map((text) => there.split(JSON.stringify(text).slice(1, -1)).length - 1);
    const lost = texts.filter((_, at) => counts[at] === 0);
    const doubled = texts.filter((_, at) => (counts[at] ?? 0) > 1);
    check(`of ${pathOf(entity)} lost: ${lost.join('; ') || 'nothing'}`, lost.length === 0);
    check(`and doubled: ${doubled.join('; ') || 'nothing'}`, doubled.length === 0);
  }
  const { holdfast: _meta, ...plan } = JSON.parse(service.body(pathOf(PLAN)) ?? '{}');
  check('whom the person removed is gone', !JSON.stringify(plan).includes('Robin'));
  const visit = JSON.parse(service.body(pathOf(VISIT)) ?? '{}');
  check('what the person decided stands', visit.place === 'by video');
}

function inOrder(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

try {
  const phone = await open('phone');
  let tablet = await open('tablet');
  await begin(phone, tablet);
  await service.stop();
  tablet = await editOffline(phone, tablet);
  await service.start();
  await hasSent(phone);
  await settle([tablet, phone]);
  const decided = (await decide(tablet)) + (await decide(phone));
  check('a person was asked once', decided === 1);
  await settle([tablet, phone], true);
  await compare([phone, tablet]);
  for (const { runtime } of [phone, tablet]) await runtime.close();
} catch (error) {
  failed.push(String(error));
} finally {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
}
console.log(
  failed.length === 0
    ? 'Both devices and the service hold the same; nothing was lost and nothing doubled.'
    : `FAILED:\n  ${failed.join('\n  ')}`,
);
process.exit(failed.length === 0 ? 0 : 1);
