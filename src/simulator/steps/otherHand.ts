/**
 * Steps in which another hand, which has no key, deletes a record of a device's store or puts an earlier copy of it
 * back, between two processes or while one runs (SE-6).
 *
 * @module
 */

import { decodeWork } from '../../../actors/charts/workRecord.ts';
import { decodeCrisisPlan } from '../../../machines/policy/crisis/crisisResources.ts';
import type { MemoryRecord } from '../../../persistence/memory/memoryKept.ts';
import type { MemoryRow } from '../../../persistence/memory/memoryRow.ts';
import type { MemoryTables } from '../../../persistence/memory/memoryTables.ts';
import type { KeptCrisisPlan } from '../../../persistence/port/store.ts';
import { type SeededRandom, seededRandom } from '../../virtual/seededRandom.ts';
import { type Change, nameOf } from '../disk/otherHand.ts';
import { keyOfRow } from '../oracle/sentKeys.ts';
import type { TraceEvents } from '../oracle/trace.ts';
import type { Device } from '../scene/device.ts';
import { type AnyStepKind, type Scene, stepKind } from '../scene/scene.ts';
import { CRISES, PLANNED } from './crises.ts';
import { EDITS } from './edits.ts';
import { give, PERSONS } from './orders.ts';
import { CRISIS_TYPE, deviceAt, send, TYPES } from './work.ts';

const MINUTE_MS = 60_000;
/** A process whose store was touched while it ran ends before anybody reads a count again. */
const ENDS_WITHIN_MS = 10_000;
/** Time from the beginning until the copy is made. */
const COPIED_AFTER_MS = 20_000;
/** Time within which what the copy has open goes on. */
const AFTER_COPY_MS = MINUTE_MS;
/** Time until it is tried again where something else is wrong with the device. */
const AGAIN_AFTER_MS = MINUTE_MS;
/** Time from the next start until somebody in crisis asks for what was touched. */
const ASKED_AFTER_MS = 40_000;

type Touched = TraceEvents['touched'];
type What = Touched['what'];
type How = Touched['how'];

const WHAT: readonly [What, ...What[]] = [
  'work',
  'work',
  'crisis',
  'plan',
  'crisisMode',
  'breaker',
  'record',
];

/** A copy of all that is on a disk. Rows are replaced, never changed, so it is of their names alone. */
interface Copy {
  readonly rows: readonly MemoryRow[];
  readonly plans: ReadonlyMap<string, KeptCrisisPlan>;
  readonly modes: ReadonlyMap<string | null, string>;
  readonly components: ReadonlyMap<string, string>;
  readonly kept: readonly MemoryRecord[];
}

function copyOf(tables: MemoryTables): Copy {
  return {
    rows: tables.all(),
    plans: new Map(tables.crisisPlans),
    modes: new Map(tables.crisisModes),
    components: new Map(tables.components),
    kept: tables.kept.all(),
  };
}

/** A change of a record, and what the judge has to know of it. */
type Found = { readonly change: Change } & Pick<Touched, 'id' | 'key' | 'lane' | 'person'>;

/** Lists the changes that another hand may make to records of a kind. */
function changesOf(what: What, how: How, before: Copy, device: Device): readonly Found[] {
  const { tables } = device.disk.base;
  switch (what) {
    case 'work':
    case 'crisis':
      return rowsToTouch(how, before, device)
        .filter((row) => isOfKind(row, what))
        .map(touchedRow(how));
    case 'plan':
      return PLANNED.flatMap((subject): Found[] => {
        const [was, is] = [before.plans.get(subject), tables.crisisPlans.get(subject)];
        if (how === 'deleted') {
          return is === undefined ? [] : [{ change: { of: 'plan', subject, to: null } }];
        }
        if (was === undefined || was.plan === null || was.plan === is?.plan) return [];
        const [first] = decodeCrisisPlan(was.plan).resources;
        const person = first === undefined ? {} : { person: first.name };
        return [{ change: { of: 'plan', subject, to: was }, ...person }];
      });
    case 'crisisMode':
      if (how === 'deleted') {
        return [...tables.crisisModes.keys()].map((subject) => ({
          change: { of: 'mode', subject, to: null },
        }));
      }
      // Of one whose crisis mode has ended, too.
      return [...before.modes].flatMap(([subject, to]): Found[] =>
        to === tables.crisisModes.get(subject) ? [] : [{ change: { of: 'mode', subject, to } }],
      );
    case 'breaker':
      return [...tables.components].flatMap(([name, is]): Found[] => {
        if (!name.startsWith('breaker:')) return [];
        const was = before.components.get(name);
        if (how === 'deleted') return [{ change: { of: 'component', name, to: null } }];
        return was === undefined || was === is
          ? []
          : [{ change: { of: 'component', name, to: was } }];
      });
    case 'record':
      return before.kept.flatMap((was): Found[] => {
        const is = tables.kept.find(was);
        if (was.room !== 'entity' || is === null) return [];
        const key = { room: was.room, key: was.key };
        if (how === 'deleted') return [{ change: { of: 'kept', key, to: null } }];
        return is.revision === was.revision ? [] : [{ change: { of: 'kept', key, to: was } }];
      });
  }
}

/** Rows that wait, to be deleted; or that waited then, and have gone on. */
function rowsToTouch(how: How, before: Copy, { disk }: Device): readonly MemoryRow[] {
  const { tables } = disk.base;
  const isOpen = ({ standing, id }: MemoryRow): boolean =>
    (standing === 'inHand' || standing === 'due' || standing === 'held') && !disk.damaged.has(id);
  if (how === 'deleted') return tables.all().filter(isOpen);
  return before.rows.filter(isOpen).filter(({ id, seq, revision }) => {
    const is = tables.byId(id);
    return is?.seq === seq && is.revision !== revision && is.standing !== 'quarantined';
  });
}

/** Edits are left out: what became of them is also in what is kept of their record. */
function isOfKind(row: MemoryRow, what: What): boolean {
  const { priority, isEdit } = decodeWork(row).snapshot.context;
  return what === 'crisis' ? priority === 'crisis' : priority !== 'crisis' && isEdit !== true;
}

function touchedRow(how: How): (row: MemoryRow) => Found {
  return (row) => {
    const { id, seq } = row;
    const { idempotencyKey, entity } = decodeWork(row).snapshot.context;
    const lane = entity === null ? null : `${entity.type}/${entity.id}`;
    const change: Change = { of: 'operation', id, seq, to: how === 'deleted' ? null : row };
    return { change, id, key: keyOfRow(id, idempotencyKey), lane };
  };
}

interface Drawn {
  readonly device: number;
  readonly what: What;
  readonly how: How;
  readonly isAtRest: boolean;
  /** Place of the record among those of its kind, from 0 to 1. */
  readonly which: number;
  readonly afterMs: number;
}

/** Touches a record, unless there is none or the disk has another trouble; tells whether it did. */
function touch(device: Device, drawn: Drawn, before: Copy): boolean {
  const { what, how, which } = drawn;
  const { disk } = device;
  const all = changesOf(what, how, before, device).filter(
    ({ change }) => !disk.hand.isTouched(nameOf(change)),
  );
  const found = all[Math.floor(which * all.length)];
  if (found === undefined) return false;
  const { change, ...about } = found;
  disk.change(change, true);
  if (change.of === 'kept') device.touchedRecords.add(`/v1/${change.key.key.replace('\0', '/')}`);
  const { number: process } = device.process;
  device.tell({ event: 'touched', what, how, name: nameOf(change), process, ...about });
  return true;
}

/** Has something written that can be touched: once before the copy, and once after it. */
function prepare(
  scene: Scene,
  device: Device,
  drawn: Drawn,
  isCopied: boolean,
  random: SeededRandom,
): void {
  const { device: at, what, which, how, afterMs } = drawn;
  const [by] = PERSONS;
  switch (what) {
    case 'work':
      device.whenAsked(() => {
        sendLater(scene, device, how === 'deleted' ? 2 * afterMs : AFTER_COPY_MS);
      });
      break;
    case 'crisis':
      if (!isCopied) raiseUnheard(scene, drawn, random);
      break;
    case 'plan': {
      const subject = PLANNED[which < 0.5 ? 0 : 1];
      kindOf('work.plan').take(scene, { device: at, subject } as never, random);
      break;
    }
    case 'crisisMode':
      device.whenAsked(() => {
        // The same person as before: what was kept then is an earlier copy.
        const subject = `user-${Math.floor(which * 6)}`;
        void give(device, 'crisisMode.enter', { subject, by, forMs: 240 * MINUTE_MS });
      });
      break;
    case 'breaker':
      device.whenAsked(() => {
        const upstream = scene.setup.upstreams[0]?.name;
        const call = isCopied ? 'breaker.release' : 'breaker.observe';
        void give(device, call, { upstream, by: by.id });
      });
      break;
    case 'record':
      device.whenAsked(() => {
        const edited = {
          device: at,
          record: 0,
          id: 0,
          form: 'whole',
          writesMs: 0,
          isConfirmed: false,
        };
        kindOf('edit.made').take(scene, edited as never, random);
      });
  }
}

/** Hands in work that starts later. */
function sendLater(scene: Scene, device: Device, afterMs: number): void {
  const idempotencyKey = `key-${scene.nextRequest()}`;
  const startAtMs = device.clock.now() + afterMs;
  send(device, { type: TYPES[0], subject: 'user-4', idempotencyKey, startAtMs });
}

/** Raises a crisis that its upstream does not take until after the copy, or until after it was deleted. */
function raiseUnheard(scene: Scene, { device, how, afterMs }: Drawn, random: SeededRandom): void {
  const forMs = how === 'deleted' ? 2 * afterMs : AFTER_COPY_MS;
  const given = { type: CRISIS_TYPE, trouble: 'fails', forMs, takenOnAfterMs: null };
  const data = { ...given, device, subject: 'user-4', againAfterMs: null, fields: {} };
  kindOf('crisis.unheard').take(scene, data as never, random);
}

function kindOf(name: string): AnyStepKind {
  const found = [...CRISES, ...EDITS].find(({ kind }) => kind === name);
  if (found === undefined) throw new Error(`There is no kind of step ${name}.`);
  return found;
}

/** Has people in crisis get their plans once the next process runs. */
function askLater(scene: Scene, device: Device, { device: at }: Drawn): void {
  for (const subject of PLANNED) {
    scene.clock.schedule(ASKED_AFTER_MS, () => {
      device.whenAsked(() => {
        if (!device.isHealed)
          kindOf('work.crisis').take(scene, { device: at, subject } as never, seededRandom(0));
      });
    });
  }
}

/** Touches a record once the device is well, and starts the process again: before that, or after it. */
function touchAndBoot(scene: Scene, device: Device, drawn: Drawn, before: Copy): void {
  const { disk, clock, isHealed, isOff } = device;
  if (isHealed) return;
  if (isOff || clock.isAsleep || disk.troubles.size > 0 || disk.isBehind) {
    scene.clock.schedule(AGAIN_AFTER_MS, () => {
      touchAndBoot(scene, device, drawn, before);
    });
    return;
  }
  if (drawn.what === 'plan') askLater(scene, device, drawn);
  if (drawn.isAtRest) {
    void device.killAndBoot(() => void touch(device, drawn, before));
    return;
  }
  if (!touch(device, drawn, before)) return;
  const end = scene.untilHealed(() => {
    if (!device.isOff) void device.killAndBoot();
  });
  scene.clock.schedule(Math.ceil(drawn.which * ENDS_WITHIN_MS), end);
}

export const OTHER_HAND: readonly AnyStepKind[] = [
  stepKind({
    kind: 'hand.touches',
    counts: 'hand',
    isOfOwnApp: true,
    weight: 1,
    draw: (random): Drawn & Record<string, string | number | boolean> => {
      const what = random.pick(WHAT);
      const isOfOpening = what === 'crisisMode' || what === 'breaker';
      const isAtRest = random.chance(0.6) || isOfOpening;
      return {
        ...{ device: random.below(16), what, isAtRest },
        how: random.pick(['deleted', 'putBack', 'putBack'] as const),
        which: random.next(),
        afterMs: 2 * MINUTE_MS + random.below(8 * MINUTE_MS),
      };
    },
    take: (scene, drawn, random) => {
      const device = deviceAt(scene, drawn.device);
      prepare(scene, device, drawn, false, random);
      scene.clock.schedule(COPIED_AFTER_MS, () => {
        const before = copyOf(device.disk.base.tables);
        if (!device.isHealed) prepare(scene, device, drawn, true, random);
        scene.clock.schedule(drawn.afterMs, () => {
          touchAndBoot(scene, device, drawn, before);
        });
      });
    },
    says: ({ device, what, how, isAtRest, afterMs }) =>
      `another hand copies the folder of device ${device}, and ${afterMs} ms later ${how === 'deleted' ? 'deletes a record' : 'puts a record back'} (${what}) ${isAtRest ? 'at rest' : 'while a process runs'}`,
  }),
];
