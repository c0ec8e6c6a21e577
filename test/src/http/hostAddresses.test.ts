/**
 * Names are looked up so that one that hangs stops nobody else (CR-2). On virtual time, with a system that answers
 * when the test says so; with real threads that hang: crisisThreads.test.ts.
 *
 * @module
 */

import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { failureOf } from '../../../machines/policy/retry/classifyFailure.ts';
import { HostAddresses } from '../../../src/http/hostAddresses.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

const at = (address: string): readonly LookupAddress[] => [{ address, family: 4 }];
const GOOD = at('192.0.2.1');
const MOVED = at('192.0.2.2');

interface Asked {
  readonly host: string;
  readonly answers: (found: readonly LookupAddress[]) => void;
  readonly fails: (code: string) => void;
}

function setUp(ordinaryMax = 1) {
  const clock = new VirtualClock();
  /** What the system was asked, and is still at. */
  const underWay: Asked[] = [];
  const hostsAsked: string[] = [];
  const addresses = new HostAddresses({
    clock,
    ordinaryMax,
    lookUp: async (host) =>
      await new Promise((resolve, reject) => {
        hostsAsked.push(host);
        const asked: Asked = {
          host,
          answers: (found) => {
            underWay.splice(underWay.indexOf(asked), 1);
            resolve(found);
          },
          fails: (code) => {
            underWay.splice(underWay.indexOf(asked), 1);
            reject(Object.assign(new Error(code), { code, syscall: 'getaddrinfo' }));
          },
        };
        underWay.push(asked);
      }),
  });
  const system = (host: string): Asked =>
    underWay.find((asked) => asked.host === host) ?? expect.unreachable(`${host} is not asked for`);
  const hosts = (): readonly string[] => underWay.map(({ host }) => host);
  return { clock, addresses, system, hosts, hostsAsked };
}

/** What a promise comes to, and when, in milliseconds from now. */
function watched(clock: VirtualClock, promise: Promise<unknown>) {
  const fromMs = clock.monotonic();
  const seen: { found?: unknown; error?: unknown; afterMs?: number } = {};
  promise.then(
    (found) => Object.assign(seen, { found, afterMs: clock.monotonic() - fromMs }),
    (error: unknown) => Object.assign(seen, { error, afterMs: clock.monotonic() - fromMs }),
  );
  return seen;
}

describe('CR-2 look-ups of ordinary work', () => {
  test('are one at a time, and one for each name', async () => {
    const { clock, addresses, system, hosts } = setUp();
    const all = ['a', 'a', 'b', 'b', 'c'].map((host) =>
      watched(clock, addresses.find(host, 'ordinary')),
    );
    expect(hosts()).toEqual(['a']);
    system('a').answers(GOOD);
    await clock.advance(0);
    expect(all.map(({ found }) => found)).toEqual([GOOD, GOOD, undefined, undefined, undefined]);
    expect(hosts()).toEqual(['b']);
    system('b').fails('ENOTFOUND');
    await clock.advance(0);
    expect(all[2]?.error).toMatchObject({ code: 'ENOTFOUND' });
    expect(hosts()).toEqual(['c']);
  });

  test('are as many as the threads of the pool allow', () => {
    const { addresses, hosts } = setUp(3);
    for (const host of ['a', 'b', 'c', 'd']) void addresses.find(host, 'ordinary');
    expect(hosts()).toEqual(['a', 'b', 'c']);
  });

  test('are given up after 5 s, and at once while one hangs; nothing was sent', async () => {
    const { clock, addresses } = setUp();
    const first = watched(clock, addresses.find('a', 'ordinary'));
    await clock.advance(3_000);
    const second = watched(clock, addresses.find('a', 'ordinary'));
    await clock.advance(3_000);
    const third = watched(clock, addresses.find('a', 'ordinary'));
    await clock.advance(1);
    expect([first, second, third].map(({ afterMs }) => afterMs)).toEqual([5_000, 2_000, 0]);
    expect(failureOf(third.error)).toMatchObject({
      failureClass: 'transient',
      code: 'HF_UPSTREAM_UNREACHABLE',
      notApplied: true,
    });
  });

  test('of names that hung wait behind those that did not', async () => {
    const { clock, addresses, system, hosts } = setUp();
    watched(clock, addresses.find('hangs', 'ordinary'));
    await clock.advance(20_000);
    system('hangs').fails('EAI_AGAIN');
    await clock.advance(0);
    for (const host of ['new', 'hangs', 'newer']) watched(clock, addresses.find(host, 'ordinary'));
    expect(hosts()).toEqual(['new']);
    system('new').answers(GOOD);
    await clock.advance(0);
    expect(hosts()).toEqual(['newer']);
    system('newer').answers(GOOD);
    await clock.advance(0);
    expect(hosts()).toEqual(['hangs']);
  });

  test('that waited too long behind another are made all the same, and known the next time', async () => {
    const { clock, addresses, system } = setUp();
    watched(clock, addresses.find('hangs', 'ordinary'));
    const waited = watched(clock, addresses.find('good', 'ordinary'));
    await clock.advance(10_000);
    expect(waited).toMatchObject({ error: { code: 'EAI_AGAIN' }, afterMs: 5_000 });
    system('hangs').fails('EAI_AGAIN');
    await clock.advance(0);
    system('good').answers(GOOD);
    await clock.advance(0);
    watched(clock, addresses.find('hangs', 'ordinary'));
    const again = watched(clock, addresses.find('good', 'ordinary'));
    await clock.advance(1_000);
    expect(again).toEqual({ found: GOOD, afterMs: 1_000 });
  });
});

describe('CR-2 the look-up of a crisis', () => {
  test('waits for none of ordinary work', () => {
    const { addresses, hosts } = setUp();
    void addresses.find('a', 'ordinary');
    void addresses.find('b', 'ordinary');
    void addresses.find('b', 'crisis');
    void addresses.find('c', 'crisis');
    expect(hosts()).toEqual(['a', 'b', 'c']);
  });

  test('gives the last good address after 250 ms, and at once while it is late', async () => {
    const { clock, addresses, system, hostsAsked } = setUp();
    const before = addresses.find('clinic', 'crisis');
    system('clinic').answers(GOOD);
    expect(await before).toEqual(GOOD);
    const late = watched(clock, addresses.find('clinic', 'crisis'));
    await clock.advance(1_000);
    expect(late).toEqual({ found: GOOD, afterMs: 250 });
    const next = watched(clock, addresses.find('clinic', 'crisis'));
    await clock.advance(1);
    expect(next).toEqual({ found: GOOD, afterMs: 0 });
    expect(hostsAsked).toEqual(['clinic', 'clinic']);
    // What the late one says is used from then on.
    system('clinic').answers(MOVED);
    await clock.advance(0);
    const after = watched(clock, addresses.find('clinic', 'crisis'));
    system('clinic').fails('ENOTFOUND');
    await clock.advance(0);
    expect(after).toEqual({ found: MOVED, afterMs: 0 });
  });

  test('of ordinary work it is used where it is late, and not where the look-up fails', async () => {
    const { clock, addresses, system } = setUp();
    const before = addresses.find('shop', 'ordinary');
    system('shop').answers(GOOD);
    await before;
    const late = watched(clock, addresses.find('shop', 'ordinary'));
    await clock.advance(1_000);
    expect(late).toEqual({ found: GOOD, afterMs: 1_000 });
    system('shop').answers(GOOD);
    await clock.advance(0);
    const gone = watched(clock, addresses.find('shop', 'ordinary'));
    system('shop').fails('ENOTFOUND');
    await clock.advance(0);
    expect(gone.error).toMatchObject({ code: 'ENOTFOUND' });
  });

  test('without an address it waits 5 s from when it asks, however long the look-up hangs', async () => {
    const { clock, addresses, system } = setUp();
    watched(clock, addresses.find('clinic', 'ordinary'));
    await clock.advance(20_000);
    const asked = watched(clock, addresses.find('clinic', 'crisis'));
    await clock.advance(4_000);
    system('clinic').answers(GOOD);
    await clock.advance(0);
    expect(asked).toEqual({ found: GOOD, afterMs: 4_000 });
  });

  test('names of this machine have an address without one', async () => {
    const { clock, addresses } = setUp();
    const asked = watched(clock, addresses.find('localhost', 'crisis'));
    await clock.advance(250);
    expect(asked.found).toEqual([
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ]);
  });
});

describe('CR-2 HM-6 hosts of crises', () => {
  test('are looked up ahead, and again after five minutes where something is sent', async () => {
    const { clock, addresses, system, hosts, hostsAsked } = setUp();
    for (const host of ['clinic', 'clinic', '127.0.0.1', '[::1]', 'pager']) addresses.ahead(host);
    expect(hosts()).toEqual(['clinic', 'pager']);
    system('clinic').answers(GOOD);
    system('pager').fails('EAI_AGAIN');
    await clock.advance(0);
    const late = watched(clock, addresses.find('clinic', 'crisis'));
    await clock.advance(250);
    expect(late.found).toEqual(GOOD);
    system('clinic').answers(GOOD);
    await clock.advance(290_000);
    addresses.refresh();
    expect(hostsAsked).toEqual(['clinic', 'pager', 'clinic']);
    await clock.advance(86_400_000);
    expect(clock.pending).toBe(0);
    addresses.refresh();
    addresses.refresh();
    expect(hosts()).toEqual(['clinic', 'pager']);
  });
});
