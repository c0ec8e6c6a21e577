/**
 * Compares all records once everything is healed: every device hears of each, and all have to show the same, with
 * nothing lost.
 *
 * @module
 */

import type { ConflictRecord } from '../../machines/conflict/conflictRecord.ts';
import { cleanJson } from '../../machines/merge/values/cleanJson.ts';
import type { Json, JsonObject } from '../../machines/vocabulary/shape.ts';
import type { ConflictDetails } from '../management/conflict.ts';
import { believedIn, judgeRecords, pointersIn } from './promises/records.ts';
import type { Device } from './scene/device.ts';
import type { Scene } from './scene/scene.ts';
import { EDITED } from './steps/editedRecords.ts';
import { entityAt, hear, pathOf, RECORDS_OF_A_KIND } from './steps/edits.ts';
import { META_FIELD } from './steps/recordHandlers.ts';

const ANSWERED_WITHIN_MS = 60_000;

/**
 * Names each broken promise about records.
 *
 * @param isPretended - tells whether the upstream claimed to have done the work of this key, and did not
 */
export async function recordsApart(
  scene: Scene,
  isPretended: (key: string) => boolean,
): Promise<readonly string[]> {
  const { devices, records, edits, restored, forgotten } = scene;
  // What a device knew of a record may be gone, or be of before: it merges by what it has.
  const touched = new Set(devices.flatMap(({ touchedRecords }) => [...touchedRecords]));
  const entities = EDITED.flatMap((record) =>
    Array.from({ length: RECORDS_OF_A_KIND }, (_, id) => entityAt(record, id)),
  ).filter((entity) => !touched.has(pathOf(entity)));
  // A device that takes no record of this size goes on showing what it knows.
  const heard = new Set<string>();
  for (const device of devices) {
    for (const entity of entities) {
      const hasHeard = await answered(
        scene,
        device,
        `that it heard of ${pathOf(entity)}`,
        hear(scene, device, entity, 'last'),
      );
      if (hasHeard === true) heard.add(`${device.name} ${pathOf(entity)}`);
    }
  }
  const endings = new Map<string, string>();
  /** Lanes whose edit the device wrongly believes taken, by the name of the device. */
  const believed = new Map<string, ReadonlySet<string>>();
  const conflictTexts: string[] = [];
  const decidedAway = new Set<string>();
  for (const device of devices) {
    const rows = await device.rows();
    for (const { key, outcome } of rows) endings.set(key, outcome?.status ?? 'open');
    believed.set(device.name, believedIn(rows, isPretended));
    const shown = (await answered(scene, device, 'the conflicts', conflictsOf(device))) ?? [];
    const conflicts = [...shown, ...device.disk.conflictsGone.values()];
    conflictTexts.push(JSON.stringify(conflicts));
    for (const pointer of conflicts.flatMap(takenOut)) decidedAway.add(pointer);
  }
  const atRest = [];
  for (const entity of entities) {
    const path = pathOf(entity);
    const writes = records.writes.filter((write) => write.path === path);
    const shown = new Map<string, JsonObject | null>();
    for (const device of devices) {
      const { name, runtime } = device;
      const asked = runtime.entities.get<JsonObject>(entity);
      const view = await answered(scene, device, `what ${path} is`, asked);
      // A device shows an edit that its options let wait on, and the upstream does not have it.
      const isBelieved = believed.get(name)?.has(`${entity.type}/${entity.id}`) === true;
      const isComparable = view?.waiting === 0 && !isBelieved && heard.has(`${name} ${path}`);
      shown.set(name, isComparable ? clean(view.value) : null);
    }
    const values = writes.map(({ value }) => {
      const { [META_FIELD]: _, ...own } = value as JsonObject;
      return clean(own);
    });
    atRest.push({ path, values, shown });
  }
  const endingOf = (key: string): string | null =>
    isPretended(key) ? 'pretended' : (endings.get(key) ?? null);
  const forgetful = new Set(
    devices.flatMap(({ name, wasRestored }) => (wasRestored ? [name] : [])),
  );
  const kept = conflictTexts.join();
  const gone = { decidedAway, forgetful, forgotten };
  return judgeRecords(atRest, { edits, endingOf, restored, kept, ...gone });
}

/**
 * Returns the answer to a person; `null` where it takes too long though everything is healed. It is told as unheard,
 * unless the process that was asked has died: nobody answers for it.
 */
export async function answered<Value>(
  { clock }: Pick<Scene, 'clock'>,
  device: Device,
  what: string,
  asked: Promise<Value>,
): Promise<Value | null> {
  const { process } = device;
  let isAnswered = false;
  const late = new Promise<null>((resolve) => {
    clock.schedule(ANSWERED_WITHIN_MS, () => {
      if (!isAnswered && !process.isDead()) device.tellUnheard('a person', what);
      resolve(null);
    });
  });
  const answer = await clock.run(Promise.race([asked, late]));
  isAnswered = true;
  return answer;
}

function clean(value: Json): JsonObject {
  return (cleanJson(value) ?? {}) as JsonObject;
}

/** Lists every conflict of a device, decided or not. */
async function conflictsOf({ runtime }: Device): Promise<readonly ConflictDetails[]> {
  const shown: ConflictDetails[] = [];
  for await (const { id } of runtime.conflicts.list({ all: true })) {
    shown.push(await runtime.conflicts.show(id));
  }
  return shown;
}

/** Lists what a person saw and removed by a decision, for instance by choosing a side without it. */
function takenOut({
  entity,
  decisions,
}: Pick<ConflictDetails | ConflictRecord, 'entity' | 'decisions'>): readonly string[] {
  return decisions.flatMap(({ before, after }) => {
    const left = new Set(pointersIn(clean(after)));
    return pointersIn(clean(before))
      .filter((pointer) => !left.has(pointer))
      .map((pointer) => `${pathOf(entity)}${pointer}`);
  });
}
