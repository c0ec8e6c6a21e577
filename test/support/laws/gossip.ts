/**
 * L17: devices that tell each other what they wrote, over a network that loses, doubles and reorders, and that
 * crash between any two steps, come to the same.
 *
 * @module
 */

import fc from 'fast-check';
import { mergeEntity } from '../../../machines/merge/mergeEntity.ts';
import type { SideMeta } from '../../../machines/merge/sides.ts';
import { NOW } from '../merge/two.ts';
import { CLOCK, type Law, must } from './law.ts';

interface Side {
  readonly value: unknown;
  readonly meta: SideMeta;
}
/** What a device has: the sides that it knows, in the order in which they came, and its clock. */
interface State {
  readonly sides: ReadonlyMap<string, Side>;
  readonly last: { readonly ms: number; readonly c: number };
}
interface Device {
  readonly name: string;
  /** What is on its disk, and what it knows until it crashes. */
  saved: State;
  known: State;
}

const NAMES = ['A', 'B', 'C'] as const;
const step = (record: fc.Arbitrary<unknown>) =>
  fc.record({
    device: fc.nat(NAMES.length - 1),
    does: fc.constantFrom('edit', 'edit', 'save', 'send', 'send', 'receive', 'receive', 'crash'),
    value: record,
    /** Which message comes, and how the wall clock stands. */
    pick: fc.nat(999),
    copies: fc.constantFrom(0, 1, 1, 2),
  });

const withSide = ({ sides, last }: State, side: Side): State => ({
  sides: new Map([...sides, [JSON.stringify(side.meta.vv), side]]),
  last,
});

export const GOSSIP_LAW: Law = {
  id: 'L17',
  says: 'devices that gossip over a bad network, and crash, come to the same',
  property: ({ rules, record }) =>
    fc.property(record, fc.array(step(record), { maxLength: 14 }), (base, steps) => {
      const empty: State = { sides: new Map(), last: { ms: 0, c: 0 } };
      const devices = NAMES.map((name): Device => ({ name, saved: empty, known: empty }));
      const network: { readonly to: number; readonly side: Side }[] = [];
      for (const { device: at, does, value, pick, copies } of steps) {
        const device = devices[at] as Device;
        if (does === 'edit') device.known = edited(device, value, NOW - 500 + pick);
        if (does === 'save') device.saved = device.known;
        if (does === 'crash') device.known = device.saved;
        if (does === 'send') {
          for (const side of device.saved.sides.values()) {
            for (const to of NAMES.keys()) {
              if (to !== at) for (let one = 0; one < copies; one++) network.push({ to, side });
            }
          }
        }
        if (does === 'receive' && network.length > 0) {
          const [message] = network.splice(pick % network.length, 1);
          const receiver = message === undefined ? undefined : devices[message.to];
          if (message !== undefined && receiver !== undefined) {
            receiver.known = withSide(receiver.known, message.side);
          }
        }
      }
      // The network is well again: each hears what is on the disks of all.
      for (const device of devices) device.known = device.saved;
      for (const device of devices) {
        for (const { saved } of devices) {
          for (const side of saved.sides.values()) device.known = withSide(device.known, side);
        }
      }
      const [first, ...rest] = devices.map(({ known }) =>
        JSON.stringify(mergeEntity(rules, base, [...known.sides.values()], NOW)),
      );
      must(
        rest.every((one) => one === first),
        'devices that know the same do not say the same',
      );
    }) as fc.IRawProperty<unknown>,
};

/** What a device knows after an edit, which has seen all that it knew. */
function edited({ name, known }: Device, value: unknown, wallMs: number): State {
  const seen = [...known.sides.values()].reduce(
    (vv, { meta }) => CLOCK.joinVectors(vv, meta.vv ?? {}),
    {},
  );
  const hlc = CLOCK.nextStamp(known.last, wallMs);
  const meta = { actor: name, hlc, vv: CLOCK.advanceVector(seen, name) };
  return { ...withSide(known, { value, meta }), last: hlc };
}
