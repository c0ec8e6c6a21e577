import { describe, expect, test } from 'vitest';
import { decodeEntityRecord, encodeEntityRecord } from '../../../machines/conflict/entityRecord.ts';
import { withRestored } from '../../../machines/conflict/remembered.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { DAY_MS, Device, T0, versionOf } from '../../support/conflict/device.ts';

const mom = { id: 'c1', name: 'Mom', phones: ['+15550100', '+15550109'] };
const ex = { id: 'c2', name: 'Ex', phones: ['+15550101'] };
const PLAN = { emergencyContacts: [mom, ex], note: 'call first' };
const WITHOUT = { ...PLAN, emergencyContacts: [mom] };
const PATH = '/emergencyContacts/c2';
const removal = (path = PATH) => ({ path, confirmed: true, by: 'ana', at: T0 });

function knowing(plan: Json = PLAN): Device {
  const device = new Device('phone', 'crisis_plan');
  device.hears(versionOf('"1"', plan, { vv: { tablet: 1 } }));
  return device;
}

/** What is kept of what was removed, as it is read again. */
function removedAt(device: Device, path = PATH): Json | undefined {
  const record = device.record && decodeEntityRecord(encodeEntityRecord(device.record));
  return record?.tombstones.find(({ tombstone }) => tombstone.path === path)?.removed?.value;
}

describe('what was removed', () => {
  test('CF-5 stays with its removal, on the device that removed it', () => {
    const device = knowing();
    device.puts(WITHOUT, '"2"', { removals: [removal()] });
    expect(removedAt(device)).toEqual(ex);
  });

  test('CF-5 stays on a device that only heard of it, and had the item', () => {
    const device = knowing();
    const meta = { vv: { tablet: 2 }, tombstones: [removal()] };
    device.hears(versionOf('"2"', WITHOUT, meta));
    expect(removedAt(device)).toEqual(ex);
    // What comes later does not have it any more.
    device.hears(versionOf('"3"', { ...WITHOUT, note: '' }, { ...meta, vv: { tablet: 3 } }));
    device.puts({ ...WITHOUT, note: 'later' }, '"4"');
    expect(removedAt(device)).toEqual(ex);
    const stranger = new Device('other', 'crisis_plan');
    stranger.hears(versionOf('"2"', WITHOUT, meta));
    expect(stranger.record?.tombstones).toHaveLength(1);
    expect(removedAt(stranger)).toBeUndefined();
  });

  test.each([
    ['a number of a contact', '/emergencyContacts/c1/phones/+15550109', '+15550109'],
    ['a single value', '/note', 'call first'],
  ])('CF-5 %s is kept as well', (_, path, value) => {
    const device = knowing();
    const after = { emergencyContacts: [{ ...mom, phones: ['+15550100'] }, ex] };
    device.hears(versionOf('"2"', after, { vv: { tablet: 2 }, tombstones: [removal(path)] }));
    expect(removedAt(device, path)).toEqual(value);
    const record = device.record ?? { tombstones: [] };
    expect(JSON.stringify(withRestored(after, record, path))).toContain(value);
  });

  test('CF-5 is put back as it was, also where its list went with it', () => {
    const device = knowing({ emergencyContacts: [ex] });
    const gone = { vv: { tablet: 2 }, tombstones: [removal()] };
    device.hears(versionOf('"2"', { note: 'alone' }, gone));
    const record = device.record ?? { tombstones: [] };
    expect(withRestored({ note: 'alone' }, record, PATH)).toEqual({
      emergencyContacts: [ex],
      note: 'alone',
    });
    expect(withRestored(WITHOUT, record, PATH)).toEqual({
      ...WITHOUT,
      emergencyContacts: [mom, ex],
    });
    expect(withRestored(WITHOUT, record, '/emergencyContacts/c9')).toBeNull();
  });

  test('CF-5 is there again on all devices once it is put back', () => {
    const device = knowing();
    device.puts(WITHOUT, '"2"', { removals: [removal()] });
    const [held] = device.record?.tombstones ?? [];
    const back = withRestored(WITHOUT, device.record ?? { tombstones: [] }, PATH);
    const merged = device.puts(back, '"3"', { base: { version: '"2"', value: WITHOUT } });
    expect(merged.payload).toEqual(PLAN);
    expect(merged.meta.tombstones ?? []).toEqual([]);
    const tablet = new Device('tablet', 'crisis_plan');
    tablet.hears(versionOf('"2"', WITHOUT, { vv: { phone: 1 }, tombstones: [removal()] }));
    tablet.hears({ version: '"3"', value: merged.payload, meta: merged.meta });
    expect([held?.removed?.value, tablet.record?.tombstones]).toEqual([ex, []]);
  });

  test('CF-5 SE-5 goes once its removal is remembered no more', () => {
    const device = knowing();
    device.puts(WITHOUT, '"2"', { removals: [removal()] });
    device.nowMs += 399 * DAY_MS;
    device.puts({ ...WITHOUT, note: 'a' }, '"3"');
    expect(removedAt(device)).toEqual(ex);
    device.nowMs += 500 * DAY_MS;
    device.hears(versionOf('"9"', { ...WITHOUT, note: 'b' }, { vv: { tablet: 9, phone: 2 } }));
    expect(encodeEntityRecord(device.record ?? nothing())).not.toContain('Ex');
  });

  test('CF-8 thousands of them are found by looking through their list once', () => {
    const entries = Array.from({ length: 3_000 }, (_, at) => ({ id: `e${at}`, score: at }));
    const device = new Device('phone', 'mood_log');
    device.hears(versionOf('"1"', { entries }, { vv: { tablet: 1 } }));
    const removals = entries.map(({ id }) => removal(`/entries/${id}`));
    device.puts({ entries: [] }, '"2"', { removals });
    expect(removedAt(device, '/entries/e2999')).toEqual(entries[2_999]);
  });
});

function nothing(): never {
  throw new Error('Nothing is known.');
}
