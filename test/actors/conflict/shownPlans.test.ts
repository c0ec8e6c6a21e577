import { describe, expect, test } from 'vitest';
import type { CrisisPlan } from '../../../machines/policy/crisis/crisisResources.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { armFaultPoint, disarmFaultPoints } from '../../../persistence/port/faultPoints.ts';
import { createWorld } from '../../support/harness/engineHarness.ts';
import { RecordUpstream } from '../../support/harness/recordUpstream.ts';

const ENTITY = { type: 'crisis_plan', id: 'p-1' } as const;
const SUBJECT = 'user-42';
const sam = { id: 'sam', name: 'Sam', phones: ['+49 30 1111111'] };
const robin = { id: 'robin', name: 'Robin', phones: ['+49 30 2222222'] };
const mia = { id: 'mia', name: 'Mia', phones: ['+49 30 3333333'] };
const REMOVAL = { path: '/emergencyContacts/robin', confirmed: true, by: SUBJECT, at: 1 };

function asCrisisPlan(value: Json): CrisisPlan | null {
  const { emergencyContacts = [] } = value as { emergencyContacts?: readonly (typeof sam)[] };
  const resources = emergencyContacts.map(({ name, phones: [phone] }) => ({ name, phone }));
  return { resources };
}

function boot(contacts: readonly (typeof sam)[]) {
  const upstream = new RecordUpstream();
  const begun = { emergencyContacts: contacts };
  upstream.put(ENTITY.id, begun);
  const world = createWorld();
  const start = () =>
    world.boot({
      device: 'phone',
      handlers: {
        'plans.put': upstream.handler({ asCrisisPlan }),
        'crisis.alert': { upstream: 'default', run: () => null },
      },
    });
  const { runtime, errors, kill } = start();
  const base = { version: '"1"', value: begun };
  const edit = (now: readonly (typeof sam)[], removals: (typeof REMOVAL)[] = []) => ({
    type: 'plans.put',
    subject: SUBJECT,
    entity: ENTITY,
    payload: { emergencyContacts: now },
    base,
    removals,
  });
  const named = async (of = runtime): Promise<readonly string[]> => {
    await world.clock.advance(100);
    const { resources } = await world.clock.run(of.crisis({ subject: SUBJECT }));
    return resources.filter(({ from }) => from === 'plan').map(({ name }) => name);
  };
  return { upstream, world, runtime, errors, base, edit, named, start, kill };
}

describe('a crisis plan that is a record', () => {
  test('CR-3 CF-5 answers a crisis on a device that has only heard of it', async () => {
    const { world, runtime, base, named, errors } = boot([sam, robin]);
    const heard = { entity: ENTITY, subject: SUBJECT, ...base };
    await world.clock.run(runtime.remoteChange(heard));
    expect(await named()).toEqual(['Sam', 'Robin']);
    const later = { emergencyContacts: [sam, mia] };
    await world.clock.run(runtime.remoteChange({ ...heard, version: '"2"', value: later }));
    expect(await named()).toEqual(['Sam', 'Mia']);
    expect(errors).toEqual([]);
    await world.clock.run(runtime.close());
  });

  test('CR-3 CF-5 answers it with what was changed offline, before anything is sent', async () => {
    const { upstream, world, runtime, edit, named } = boot([sam, robin]);
    upstream.isDown = true;
    await world.clock.run(runtime.sync(edit([sam, mia], [REMOVAL])));
    expect(await named()).toEqual(['Sam', 'Mia']);
    expect(upstream.writes).toEqual([]);
    await world.clock.run(runtime.close());
  });

  test('CR-3 CF-5 PS-2 so it does where the process died right behind the acceptance', async () => {
    const { upstream, world, runtime, base, edit, named, start, kill } = boot([sam, robin]);
    await world.clock.run(runtime.remoteChange({ entity: ENTITY, subject: SUBJECT, ...base }));
    upstream.isDown = true;
    armFaultPoint('engine.afterAccept', 1, kill);
    void runtime.sync(edit([sam, mia], [REMOVAL]));
    await world.clock.advance(100);
    disarmFaultPoints();
    const next = start();
    expect(await named(next.runtime)).toEqual(['Sam', 'Mia']);
    expect(next.errors).toEqual([]);
    await world.clock.run(next.runtime.close());
  });

  test('CR-3 CF-5 so it does where many were handed in at once', async () => {
    const { upstream, world, runtime, edit, named } = boot([sam]);
    upstream.isDown = true;
    const many = [edit([sam, robin]), { ...edit([sam, robin, mia]), base: '"1"' }];
    await world.clock.run(runtime.syncAll(many));
    expect(await named()).toEqual(['Sam', 'Robin', 'Mia']);
    await world.clock.run(runtime.close());
  });

  test('CR-3 CF-5 answers it with what others have added, once that is merged in', async () => {
    const { upstream, world, runtime, edit, named } = boot([sam]);
    upstream.put(ENTITY.id, { emergencyContacts: [sam, robin] });
    const { outcome } = await world.clock.run(runtime.sync(edit([sam, mia])));
    await world.clock.run(outcome);
    expect((await named()).toSorted()).toEqual(['Mia', 'Robin', 'Sam']);
    await world.clock.run(runtime.close());
  });

  test('CR-3 CF-5 whoever was taken out last is in no answer any more', async () => {
    const { upstream, world, runtime, base, edit, named, errors } = boot([robin]);
    await world.clock.run(runtime.remoteChange({ entity: ENTITY, subject: SUBJECT, ...base }));
    await world.clock.run(runtime.crisisPlans.pin(SUBJECT));
    expect(await named()).toEqual(['Robin']);
    upstream.isDown = true;
    await world.clock.run(runtime.sync(edit([], [REMOVAL])));
    expect(await named()).toEqual([]);
    expect(await world.clock.run(runtime.crisisPlans.get(SUBJECT))).toBeNull();
    // Nobody is left: somebody is asked about that, beside it.
    expect(errors).toMatchObject([{ code: 'HF_CONFLICT' }]);
    await world.clock.run(runtime.close());
  });

  test('CR-3 a record that is no plan, or of which none can be made, leaves the one from before', async () => {
    const { world, runtime, base, named, errors } = boot([sam]);
    const heard = { entity: ENTITY, subject: SUBJECT, ...base };
    await world.clock.run(runtime.remoteChange(heard));
    const other = {
      ...heard,
      entity: { type: 'preferences', id: 'x' },
      value: { emergencyContacts: [mia] },
    };
    await world.clock.run(runtime.remoteChange(other));
    await world.clock.run(
      runtime.remoteChange({ ...heard, version: '"2"', value: { emergencyContacts: 7 } }),
    );
    expect(await named()).toEqual(['Sam']);
    expect(errors).toHaveLength(1);
    await world.clock.run(runtime.close());
  });
});
