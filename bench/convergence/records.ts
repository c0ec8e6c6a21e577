/**
 * The records that the devices of the bench share, and what each device writes in them: a crisis plan of five
 * people, to which every device adds one, and a line.
 *
 * @module
 */

import type { JsonObject } from '../../machines/vocabulary/shape.ts';

export const META_FIELD = 'holdfast';
const CONTACTS = 5;

export function pathOf(record: number): string {
  return `/crisis_plan/plan-${record}`;
}

export function begun(record: number): JsonObject {
  return {
    emergencyContacts: Array.from({ length: CONTACTS }, (_, at) => ({
      id: `c${at}`,
      name: `Contact ${at} of ${record}`,
      phones: [`+49 30 ${1_000_000 + record * CONTACTS + at}`],
      note: 'Knows about it, and may be called at any hour.',
    })),
    copingSteps: [{ id: 's0', text: 'Go for a walk, then look at the photos.' }],
  };
}

/** The record with what this device writes in it. */
export function edited(value: JsonObject, device: number): JsonObject {
  const contacts = value['emergencyContacts'] as readonly JsonObject[];
  const added = {
    id: `d${device}`,
    name: markOf(device),
    phones: [`+49 40 ${2_000_000 + device}`],
  };
  return { ...value, emergencyContacts: [...contacts, added] };
}

/** How many of the devices have their edit in the record. */
export function found(value: JsonObject, devices: number): number {
  const { emergencyContacts } = value as {
    readonly emergencyContacts?: readonly { readonly name: string }[];
  };
  const names = new Set(emergencyContacts?.map(({ name }) => name));
  return Array.from({ length: devices }, (_, device) => markOf(device)).filter((name) =>
    names.has(name),
  ).length;
}

function markOf(device: number): string {
  return `Added on device ${device}`;
}
