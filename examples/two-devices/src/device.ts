/**
 * What one device holds: its own store, and all that holdfast has to know of the app.
 *
 * @module
 */

import {
  createRuntime,
  type Entity,
  httpHandler,
  type Json,
  type JsonObject,
  keyFile,
} from 'holdfast';
import { both, defineEntity, firstStays, latest, set, type Tombstone } from 'holdfast/merge';
import type { CrisisPlan } from 'holdfast/schemas';

/** A record of the app's own; of a crisis plan and a diary holdfast knows the rules already. */
export interface Appointment {
  readonly id: string;
  readonly title: string;
  /** Where devices differ, a person is asked. */
  readonly place: string;
  readonly questions: readonly string[];
}

const appointment = defineEntity<Appointment>()({
  type: 'appointment',
  fields: { id: firstStays(), title: latest(), place: both(), questions: set() },
  // It waits for the person: nobody is sent to the wrong place meanwhile.
  whileInReview: 'waits',
});

export interface Settings {
  readonly name: string;
  readonly store: string;
  readonly keyFile: string;
  readonly serviceUrl: string;
}

const SUBJECT = 'user-1';

export function pathOf({ type, id }: Entity): string {
  return `/${type}/${id}`;
}

export function openDevice({ name, store, keyFile: file, serviceUrl }: Settings) {
  const run = httpHandler({
    baseUrl: serviceUrl,
    path: '{entity.type}/{entity.id}',
    method: 'PUT',
    // What holdfast has to tell other devices travels in this field of the record.
    metaField: 'holdfast',
  });
  const runtime = createRuntime({
    device: name,
    store,
    key: keyFile(file),
    entities: [appointment],
    upstreams: { records: {} },
    handlers: {
      'records.put': { upstream: 'records', run, conflicts: true },
      'plans.put': { upstream: 'records', run, conflicts: { asCrisisPlan } },
    },
  });

  return {
    name,
    runtime,
    /** What to show of a record: the service's version as it was last seen, with the changes that wait. */
    async read(entity: Entity): Promise<JsonObject | null> {
      const known = await runtime.entities.get(entity);
      const value: unknown = known?.value ?? null;
      return value as JsonObject | null;
    },
    /** Changes a record; on disk once this resolves, at the service as soon as it can be reached. */
    async change(
      entity: Entity,
      edit: (value: JsonObject) => JsonObject,
      removals: readonly Tombstone[] = [],
    ) {
      const known = await runtime.entities.get(entity);
      return await runtime.sync({
        type: entity.type === 'crisis_plan' ? 'plans.put' : 'records.put',
        subject: SUBJECT,
        entity,
        payload: edit((known?.value ?? {}) as JsonObject),
        ...(known === null ? {} : { base: { ...known.base } }),
        removals,
      });
    },
    /** Asks the service what there is, as an app does when it is opened, or told by a push message. */
    async pull(entity: Entity): Promise<void> {
      const answer = await fetch(`${serviceUrl}${pathOf(entity)}`);
      if (!answer.ok) return;
      const { holdfast: meta, ...value } = (await answer.json()) as JsonObject;
      const version = answer.headers.get('etag');
      await runtime.remoteChange({ entity, subject: SUBJECT, value, version, meta });
    },
  };
}

export type Device = ReturnType<typeof openDevice>;

/** The plan as it is shown in a crisis. */
function asCrisisPlan(value: Json): CrisisPlan | null {
  const { emergencyContacts } = value as { emergencyContacts?: readonly Contact[] };
  const resources = (emergencyContacts ?? []).flatMap(({ name, phones }) =>
    phones.map((phone) => ({ kind: 'contact' as const, name, phone })),
  );
  // Without anybody in it there is no plan any more.
  return { resources };
}

interface Contact {
  readonly name: string;
  readonly phones: readonly string[];
}
