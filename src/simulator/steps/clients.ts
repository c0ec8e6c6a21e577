/**
 * Steps in the processes of a device beside the owner of its store: clients, candidates, pages.
 *
 * @module
 */

import type { OperationView } from '../../../actors/port.ts';
import type { SyncRequest } from '../../../machines/policy/request/request.ts';
import { isHoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { BulkResult } from '../../bulk.ts';
import type { Operation } from '../../operation.ts';
import type { ClientProcess } from '../clients/clientProcess.ts';
import { reported } from '../oracle/diskRow.ts';
import { noteCrisis, noteSent } from '../oracle/sentKeys.ts';
import type { Device } from '../scene/device.ts';
import { type AnyStepKind, type Scene, stepKind } from '../scene/scene.ts';
import { crisisTypeAt, deviceAt, refused, TYPES } from './work.ts';

/** Time within which a client finds an owner that is within reach. */
const CONNECTED_WITHIN_MS = 10_000;
/** More lines than an owner accepts. */
const CROWD = 140;

/** Acts on the client of this number; the numbers of a plan wrap around. */
function withClient(
  scene: Scene,
  { device: at, client: number }: { readonly device: number; readonly client: number },
  act: (device: Device, client: ClientProcess) => void,
): void {
  const device = deviceAt(scene, at);
  const client = device.clients.at(number);
  // A client that stands still acts once it goes on.
  client?.vessel.life.whenAwake(() => {
    act(device, client);
  });
}

/** Watches an operation for a client. */
function watch(
  device: Device,
  client: ClientProcess,
  { id, outcome }: Pick<Operation, 'id' | 'outcome'>,
): void {
  client.awaited.add(id);
  client.follow(outcome, {
    came: (made) => {
      client.awaited.delete(id);
      device.tell({ event: 'ended', id, outcome: reported(made) });
    },
    failed: () => {
      client.awaited.delete(id);
    },
  });
}

/** Keeps clients from their owner until `end`, which is called when the time is over or all is healed. */
function hinder(scene: Scene, { clients }: Device, forMs: number, end: () => void): void {
  const over = clients.hinder();
  const both = scene.untilHealed(() => {
    end();
    over();
  });
  scene.clock.schedule(forMs, both);
}

/** Picks the id of an accepted operation; `which` is its place among all, from 0 to 1. */
function idAt(device: Device, which: number): string | undefined {
  const ids = [...device.accepted];
  return ids[Math.floor(which * ids.length)];
}

function askInCrisis(
  scene: Scene,
  {
    subject,
    ...of
  }: { readonly device: number; readonly client: number; readonly subject: string },
): void {
  withClient(scene, of, (device, client) => {
    const { clock } = scene;
    const startedAtMs = clock.monotonic();
    const key = `crisis-${scene.nextRequest()}`;
    const request = { type: crisisTypeAt(device, TYPES[0]), subject, idempotencyKey: key };
    scene.saw(device.isOwned ? 'a crisis by a client' : 'a crisis while nobody owns the store');
    const crisis = noteCrisis(request, device.clock.now());
    client.call(key, (at) => at.crisis(crisis), {
      came: ({ operationId: id, durable, delivery }) => {
        if (id === null) return;
        const hasSlept = device.clock.hasSleptSince(startedAtMs);
        const waitedMs = hasSlept ? 0 : clock.monotonic() - startedAtMs;
        device.tell({ event: 'answered', key, id, waitedMs, client: client.name });
        client.unbounded(`${key} on disk`, () => durable, {
          came: () => {
            device.tell({ event: 'accepted', key, id, client: client.name });
          },
          failed: (error) => {
            refused(device, key, error);
          },
        });
        watch(device, client, { id, outcome: delivery });
      },
    });
  });
}

const WORK_OF_CLIENTS: readonly AnyStepKind[] = [
  stepKind({
    kind: 'client.request',
    counts: 'work',
    isElsewhere: true,
    weight: 10,
    draw: (random) => ({
      device: random.below(16),
      client: random.below(16),
      type: random.pick([...TYPES]),
      subject: `user-${random.below(5)}`,
      tier: random.pick(['premium', 'basic', 'trial'] as const),
      priority: random.pick(['high', 'normal', 'low'] as const),
      entity: random.chance(0.5) ? random.below(4) : null,
    }),
    take: (scene, { device: at, client: number, entity, ...rest }) => {
      withClient(scene, { device: at, client: number }, (device, client) => {
        const key = `key-${scene.nextRequest()}`;
        const request: SyncRequest = {
          ...{ ...rest, idempotencyKey: key },
          ...(entity === null ? {} : { entity: { type: 'account', id: `a${entity}` } }),
        };
        scene.saw(client.isOwner ? 'a request by a client that owns' : 'a request by a client');
        client.call(key, (of) => of.sync(noteSent(request)), {
          came: (operation) => {
            device.tell({ event: 'accepted', key, id: operation.id, client: client.name });
            watch(device, client, operation);
          },
          failed: (error) => {
            refused(device, key, error);
          },
        });
      });
    },
    says: ({ client, type, subject, tier, priority, entity }) =>
      `${subject} asks client ${client} for ${type} (${tier}, ${priority}${entity === null ? '' : `, account a${entity}`})`,
  }),
  stepKind({
    kind: 'client.bulk',
    counts: 'work',
    isElsewhere: true,
    weight: 0.3,
    draw: (random) => ({
      device: random.below(16),
      client: random.below(16),
      type: random.pick([...TYPES]),
      count: 2 + random.below(30),
    }),
    take: (scene, { type, count, ...of }) => {
      withClient(scene, of, (device, client) => {
        const requests = Array.from({ length: count }, (_, at) =>
          noteSent({
            ...{ type, tier: 'basic' as const, subject: `user-${at % 5}` },
            idempotencyKey: `key-${scene.nextRequest()}`,
          }),
        );
        scene.saw('requests in bulk by a client');
        const onResult = (result: BulkResult): void => {
          const key = requests[result.index]?.idempotencyKey ?? '';
          if (result.status === 'refused') refused(device, key, result.error);
          else device.tell({ event: 'accepted', key, id: result.id, client: client.name });
        };
        client.unbounded(`${count} in bulk`, (at) => at.syncAll(requests, { onResult }));
      });
    },
    says: ({ client, type, count }) => `client ${client} is given ${count} of ${type} at once`,
  }),
  stepKind({
    kind: 'client.crisis',
    counts: 'work',
    isElsewhere: true,
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      client: random.below(16),
      subject: `user-${random.below(5)}`,
    }),
    take: askInCrisis,
    says: ({ client, subject }) => `${subject} is in crisis, at client ${client}`,
  }),
];

const ORDERS_OF_CLIENTS: readonly AnyStepKind[] = [
  stepKind({
    kind: 'client.order',
    counts: 'order',
    isElsewhere: true,
    weight: 0.5,
    draw: (random) => ({
      device: random.below(16),
      client: random.below(16),
      which: random.next(),
      what: random.pick(['cancel', 'retryNow'] as const),
    }),
    take: (scene, { which, what, ...of }) => {
      withClient(scene, of, (device, client) => {
        const id = idAt(device, which);
        if (id === undefined) return;
        device.tell({ event: 'asked', id, what });
        client.call(`${what} of ${id}`, async (at) => await at.operations.get(id)[what]());
      });
    },
    says: ({ client, what }) => `a person asks client ${client} for ${what}`,
  }),
];

const LOOKS_OF_CLIENTS: readonly AnyStepKind[] = [
  stepKind({
    kind: 'client.look',
    counts: 'other',
    weight: 4,
    draw: (random) => ({
      device: random.below(16),
      client: random.below(16),
      which: random.next(),
    }),
    take: (scene, { which, ...of }) => {
      withClient(scene, of, (device, client) => {
        const [askedAtMs, askedAtTrueMs] = [device.clock.monotonic(), scene.clock.monotonic()];
        client.call('health', (at) => at.health(), {
          failed: (error) => {
            const { reachableSinceMs: sinceMs } = device.clients;
            const isGone = isHoldfastError(error) && error.code === 'HF_OWNER_GONE';
            const wasThere = sinceMs !== null && sinceMs + CONNECTED_WITHIN_MS < askedAtMs;
            const hasSlept = device.clock.hasSleptSince(askedAtTrueMs - CONNECTED_WITHIN_MS);
            if (!isGone || !wasThere || hasSlept || client.ownerWithinMs < CONNECTED_WITHIN_MS)
              return;
            device.tell({ event: 'turnedAway', client: client.name, what: 'health' });
          },
        });
        client.call('a record', (at) => at.entities.get({ type: 'account', id: 'a1' }));
        const id = idAt(device, which);
        if (id !== undefined) client.call(`a look at ${id}`, (at) => at.operations.get(id).view());
      });
    },
    says: ({ client }) => `client ${client} looks at health, a record and an operation`,
  }),
  stepKind({
    kind: 'client.listens',
    counts: 'other',
    weight: 4,
    draw: (random) => ({
      device: random.below(16),
      client: random.below(16),
      which: random.next(),
      doesThrow: random.chance(0.5),
      forMs: random.chance(0.7) ? null : 1_000 + random.below(1_800_000),
    }),
    take: (scene, { which, doesThrow, forMs, ...of }) => {
      withClient(scene, of, (device, client) => {
        const id = idAt(device, which);
        if (id === undefined) return;
        const operation = client.client.operations.get(id);
        const told = ({ settledAtMs }: OperationView): void => {
          scene.saw('a client was told of a change');
          // A client that watches to the end must hear of the end.
          if (forMs === null) client.watched.set(id, settledAtMs !== null);
          if (doesThrow) throw new Error('A listener that throws.');
        };
        const leave = operation.subscribe(told);
        if (forMs !== null) scene.clock.schedule(forMs, scene.untilHealed(leave));
        client.call(`a look at ${id}`, () => operation.view(), {
          came: ({ settledAtMs }) => {
            const isUnknown = forMs === null && !client.watched.has(id);
            if (isUnknown) client.watched.set(id, settledAtMs !== null);
          },
        });
      });
    },
    says: ({ client, doesThrow, forMs }) =>
      `client ${client} watches an operation ${forMs === null ? 'to its end' : `for ${forMs} ms`}${doesThrow ? ', with a listener that throws' : ''}`,
  }),
  stepKind({
    kind: 'listener.throws',
    counts: 'other',
    weight: 2,
    draw: (random) => ({ device: random.below(16), forMs: 1_000 + random.below(3_600_000) }),
    take: (scene, { device: at, forMs }) => {
      const leave = deviceAt(scene, at).runtime.subscribe((): void => {
        scene.saw('a listener of the runtime threw');
        throw new Error('A listener that throws.');
      });
      scene.clock.schedule(forMs, scene.untilHealed(leave));
    },
    says: ({ device, forMs }) =>
      `a listener at device ${device} throws at every fact for ${forMs} ms`,
  }),
  stepKind({
    kind: 'page.opened',
    counts: 'other',
    weight: 4,
    draw: (random) => ({
      device: random.below(16),
      // Some people leave it open: each look meanwhile compares it with health.
      forMs: random.pick([10_000, 60_000, 300_000, 1_200_000]),
    }),
    take: (scene, { device: at, forMs }) => {
      const { clients } = deviceAt(scene, at);
      const page = clients.openPage();
      scene.saw('a page was opened');
      const close = scene.untilHealed(() => {
        clients.closePage(page);
      });
      scene.clock.schedule(forMs, close);
    },
    says: ({ device, forMs }) => `a person looks at the page of device ${device} for ${forMs} ms`,
  }),
];

const FAULTS_OF_CLIENTS: readonly AnyStepKind[] = [
  stepKind({
    kind: 'client.dies',
    counts: 'fault',
    weight: 2,
    draw: (random) => ({
      device: random.below(16),
      client: random.below(16),
      forMs: random.below(60_000),
    }),
    take: (scene, { forMs, ...of }, random) => {
      withClient(scene, of, (device, client) => {
        if (!client.isOwner) {
          device.clients.kill(client, forMs);
          return;
        }
        scene.saw('the owner was killed, and was one of several that may own');
        void device.killAndBoot();
        askInCrisis(scene, { ...of, client: random.below(16), subject: 'user-1' });
      });
    },
    says: ({ client, forMs }) => `client ${client} is killed, and comes again after ${forMs} ms`,
  }),
  stepKind({
    kind: 'client.stands',
    counts: 'fault',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      client: random.below(16),
      forMs: 100 + random.below(120_000),
    }),
    take: (scene, { forMs, ...of }) => {
      withClient(scene, of, (device, client) => {
        const go = client.vessel.life.halt(scene.clock);
        hinder(scene, device, forMs, go);
      });
    },
    says: ({ client, forMs }) => `client ${client} stands still for ${forMs} ms`,
  }),
  stepKind({
    kind: 'client.cut',
    counts: 'fault',
    weight: 1,
    draw: (random) => ({ device: random.below(16), client: random.below(16) }),
    take: (scene, of) => {
      withClient(scene, of, (_, client) => {
        for (const end of [...client.vessel.ends]) end.cut();
      });
    },
    says: ({ client }) => `the connection of client ${client} is cut`,
  }),
  stepKind({
    kind: 'client.crowd',
    counts: 'fault',
    weight: 0.2,
    draw: (random) => ({ device: random.below(16), forMs: 1_000 + random.below(60_000) }),
    take: (scene, { device: at, forMs }) => {
      const device = deviceAt(scene, at);
      const crowd = Array.from({ length: CROWD }, () => device.clients.visitor());
      for (const visitor of crowd) visitor.call('health', (of) => of.health());
      scene.saw('more clients than an owner takes');
      hinder(scene, device, forMs, () => {
        for (const { vessel } of crowd) vessel.kill();
      });
    },
    says: ({ device, forMs }) => `${CROWD} more clients come to device ${device} for ${forMs} ms`,
  }),
  stepKind({
    kind: 'owner.stands',
    counts: 'fault',
    weight: 1,
    draw: (random) => ({ device: random.below(16), forMs: 100 + random.below(90_000) }),
    take: (scene, { device: at, forMs }, random) => {
      const device = deviceAt(scene, at);
      scene.saw('the owner stood still');
      hinder(scene, device, forMs, device.process.life.halt(scene.clock));
      const of = { device: at, client: random.below(16), subject: 'user-1' };
      if (random.chance(0.5)) askInCrisis(scene, of);
      withClient(scene, of, (_, client) => {
        client.call('health', (asked) => asked.health());
      });
    },
    says: ({ device, forMs }) => `the owner of device ${device} stands still for ${forMs} ms`,
  }),
  stepKind({
    kind: 'lines.slow',
    counts: 'fault',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      delayMs: random.pick([50, 500, 5_000]),
      forMs: 1_000 + random.below(600_000),
    }),
    take: (scene, { device: at, delayMs, forMs }) => {
      const device = deviceAt(scene, at);
      // Delays may overlap, and end in any order.
      const delay = { ms: delayMs };
      device.lineDelays.add(delay);
      hinder(scene, device, forMs, () => {
        device.lineDelays.delete(delay);
      });
    },
    says: ({ device, delayMs, forMs }) =>
      `connections on device ${device} take up to ${delayMs} ms, for ${forMs} ms`,
  }),
];

const RESTARTS_OF_CLIENTS: readonly AnyStepKind[] = [
  stepKind({
    kind: 'client.leaves',
    counts: 'restart',
    weight: 1,
    draw: (random) => ({
      device: random.below(16),
      client: random.below(16),
      deadlineMs: random.pick([0, 1_000, 30_000]),
      forMs: random.below(60_000),
    }),
    take: (scene, { deadlineMs, forMs, ...of }) => {
      withClient(scene, of, (device, client) => {
        if (client.isOwner) scene.saw('the owner left, and was one of several that may own');
        void device.clients.leave(client, deadlineMs, forMs);
      });
    },
    says: ({ client, deadlineMs, forMs }) =>
      `client ${client} closes within ${deadlineMs} ms, and comes again after ${forMs} ms`,
  }),
];

export const CLIENTS: readonly AnyStepKind[] = [
  ...RESTARTS_OF_CLIENTS,
  ...WORK_OF_CLIENTS,
  ...ORDERS_OF_CLIENTS,
  ...LOOKS_OF_CLIENTS,
  ...FAULTS_OF_CLIENTS,
];
