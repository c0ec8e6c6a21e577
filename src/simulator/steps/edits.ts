/**
 * Steps in which people edit records at several devices, based on what their device shows or on nothing, whole or in
 * part, and remove things; and in which devices hear of others' edits.
 *
 * @module
 */

import type { JsonPatchOperation } from '../../../machines/policy/request/jsonPatch.ts';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import type { EditBase, Entity, Tombstone } from '../../../machines/vocabulary/record.ts';
import type { JsonObject } from '../../../machines/vocabulary/shape.ts';
import type { SeededRandom } from '../../virtual/seededRandom.ts';
import { noteSent } from '../oracle/sentKeys.ts';
import type { Device } from '../scene/device.ts';
import { type AnyStepKind, type Scene, stepKind } from '../scene/scene.ts';
import { type Drawn, EDITED, type EditedRecord } from './editedRecords.ts';
import { META_FIELD } from './recordHandlers.ts';
import { deviceAt, send } from './work.ts';

/** Forms in which people hand in an edit. */
const FORMS = ['whole', 'whole', 'patch', 'part', 'part', 'baseless', 'version'] as const;
type Form = (typeof FORMS)[number];

/** Number of records of each kind. */
export const RECORDS_OF_A_KIND = 2;

function recordAt(which: number): EditedRecord {
  return EDITED[which % EDITED.length] ?? EDITED[0];
}

export function entityAt({ entity }: EditedRecord, id: number): Entity {
  return { type: entity, id: `r${id % RECORDS_OF_A_KIND}` };
}

interface DrawnEdit {
  readonly device: number;
  readonly record: number;
  readonly id: number;
  readonly form: Form;
  /** Time that the person writes, on the value that they have seen. */
  readonly writesMs: number;
  readonly isConfirmed: boolean;
}

/** Edits a record as a person does, on the value that their device shows. */
async function edit(scene: Scene, drawn: DrawnEdit, random: SeededRandom): Promise<void> {
  const device = deviceAt(scene, drawn.device);
  const record = recordAt(drawn.record);
  const entity = entityAt(record, drawn.id);
  const known = await device.runtime.entities.get<JsonObject>(entity).catch(() => null);
  if (drawn.writesMs > 0) {
    await new Promise<void>((resolve) => {
      // Edits still being written when everything is healed are sent then: what comes later has no time to end.
      scene.clock.schedule(drawn.writesMs, scene.untilHealed(resolve));
    });
  }
  const number = scene.nextRequest();
  const made = record.draw(random, known?.value ?? {}, `m${number}x`);
  const request = requestOf(record, { entity, made, known: known?.base ?? null, random }, drawn);
  const key = `edit-${number}`;
  const { mark, isRival, replaces, touches } = made;
  const removes = [...made.removes, ...confirmedAway(request)];
  scene.edits.push({ device: device.name, entity, key, mark, isRival, replaces, removes, touches });
  if (known !== null && drawn.form === 'part') {
    const last = scene.records.writes.filter(({ path }) => path === pathOf(entity)).at(-1);
    const meetsNobody = last === undefined || last.version === known.base?.version;
    scene.saw(
      meetsNobody
        ? 'an edit with a field missing that meets nobody'
        : 'an edit with a field missing that meets another',
    );
  }
  send(device, { ...request, idempotencyKey: key });
}

interface Writing {
  readonly entity: Entity;
  readonly made: Drawn;
  readonly known: EditBase<JsonObject> | null;
  readonly random: SeededRandom;
}

function requestOf(
  { type }: EditedRecord,
  { entity, made, known, random }: Writing,
  { form, isConfirmed }: DrawnEdit,
): SyncRequest {
  const by = 'user-1';
  const about = { type, subject: by, entity };
  const removals: readonly Tombstone[] = made.removes.map((path) => ({
    ...{ path, confirmed: true, by, reason: 'asked' },
  }));
  const more = {
    ...(removals.length === 0 ? {} : { removals }),
    ...(isConfirmed
      ? {
          confirm: [
            { path: '/title', by },
            { path: '/note', by },
          ],
        }
      : {}),
  };
  if (known === null || form === 'baseless') return { ...about, payload: made.value, ...more };
  if (form === 'patch' && made.removes.length === 0) {
    return { ...about, base: known, changes: patchOf(known.value, made.value), ...more };
  }
  if (form === 'version') return { ...about, base: known.version, payload: made.value, ...more };
  const payload = form === 'part' ? partOf(known.value, made.value, random) : made.value;
  return { ...about, base: known, payload, ...more };
}

/** Lists confirmed removals: fields that the payload leaves out. */
function confirmedAway({ confirm = [], payload }: SyncRequest): readonly string[] {
  const value = (payload ?? {}) as JsonObject;
  return confirm.map(({ path }) => path).filter((path) => !Object.hasOwn(value, path.slice(1)));
}

/** Picks the fields that an older app sends: each changed one, and now and then another. */
function partOf(before: JsonObject, value: JsonObject, random: SeededRandom): JsonObject {
  return Object.fromEntries(
    Object.entries(value).filter(([name, now]) => !isSame(before[name], now) || random.chance(0.3)),
  );
}

function patchOf(before: JsonObject, value: JsonObject): readonly JsonPatchOperation[] {
  return Object.entries(value)
    .filter(([name, now]) => !isSame(before[name], now))
    .map(([name, now]) => ({
      op: Object.hasOwn(before, name) ? 'replace' : 'add',
      path: `/${name}`,
      value: now,
    }));
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Lets a device hear of a present or past version of the upstream; resolves with whether it took notice. */
export async function hear(
  scene: Scene,
  device: Device,
  entity: Entity,
  version: number | 'last',
): Promise<boolean> {
  const writes = scene.records.writes.filter(({ path }) => path === pathOf(entity));
  const one = writes.at(version === 'last' ? -1 : Math.floor(version * writes.length));
  if (one === undefined) return false;
  const { [META_FIELD]: meta, ...value } = one.value as JsonObject;
  const change = { entity, subject: 'user-1', value, version: one.version, meta };
  return await device.runtime.remoteChange(change).then(
    () => true,
    () => false,
  );
}

/** Path of a record at the upstream. */
export function pathOf({ type, id }: Entity): string {
  return `/v1/${type}/${id}`;
}

export const EDITS: readonly AnyStepKind[] = [
  stepKind({
    kind: 'edit.made',
    counts: 'work',
    weight: 6,
    draw: (random) => ({
      device: random.below(16),
      record: random.below(EDITED.length),
      id: random.below(RECORDS_OF_A_KIND),
      form: random.pick<Form>([...FORMS]),
      writesMs: random.chance(0.3) ? 0 : random.below(1_200_000),
      isConfirmed: random.chance(0.1),
    }),
    take: (scene, drawn, random) => void edit(scene, drawn, random),
    says: ({ device, record, id, form }) =>
      `somebody at device ${device} edits ${recordAt(record).entity} r${id} (${form})`,
  }),
  stepKind({
    kind: 'edit.heard',
    counts: 'other',
    weight: 6,
    draw: (random) => ({
      device: random.below(16),
      record: random.below(EDITED.length),
      id: random.below(RECORDS_OF_A_KIND),
      version: random.chance(0.6) ? ('last' as const) : random.next(),
    }),
    take: (scene, { device, record, id, version }) => {
      void hear(scene, deviceAt(scene, device), entityAt(recordAt(record), id), version);
    },
    says: ({ device, record, id, version }) =>
      `device ${device} hears of ${recordAt(record).entity} r${id}${version === 'last' ? '' : ', of an older version'}`,
  }),
  stepKind({
    kind: 'edit.restored',
    counts: 'other',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      record: random.pick([0, 3]),
      id: random.below(RECORDS_OF_A_KIND),
    }),
    take: (scene, { device: at, record: which, id }) =>
      void restore(scene, deviceAt(scene, at), recordAt(which), id),
    says: ({ device, record, id }) =>
      `somebody at device ${device} wants back what was removed from ${recordAt(record).entity} r${id}`,
  }),
  stepKind({
    kind: 'edit.forgotten',
    counts: 'other',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      record: random.below(EDITED.length),
      id: random.below(RECORDS_OF_A_KIND),
    }),
    take: (scene, { device: at, record, id }) => {
      const { name, runtime } = deviceAt(scene, at);
      const entity = entityAt(recordAt(record), id);
      // The process may die before anybody hears whether it has forgotten the record.
      scene.forgotten.add(`${name} ${pathOf(entity)}`);
      runtime.entities.forget(entity).catch(() => undefined);
    },
    says: ({ device, record, id }) =>
      `device ${device} is to forget ${recordAt(record).entity} r${id}`,
  }),
];

/** Restores the last removal, as a person does: it may come back, though somebody removed it. */
async function restore(
  scene: Scene,
  device: Device,
  record: EditedRecord,
  id: number,
): Promise<void> {
  const entity = entityAt(record, id);
  const { entities } = device.runtime;
  const removed = await entities.removed(entity).catch(() => []);
  const path = removed.at(-1)?.path;
  if (path === undefined) return;
  scene.restored.add(`${pathOf(entity)}${path}`);
  const key = `edit-${scene.nextRequest()}`;
  noteSent({ type: record.type, subject: 'user-1', idempotencyKey: key });
  await entities
    .restore(entity, path, { type: record.type, idempotencyKey: key })
    .catch(() => undefined);
}
