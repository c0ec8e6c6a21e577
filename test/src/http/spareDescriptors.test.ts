import { describe, expect, test } from 'vitest';
import { SpareDescriptors } from '../../../src/http/spareDescriptors.ts';

const never = new AbortController().signal;

/** As `fetch` fails where there is no descriptor for a connection. */
function noDescriptor(): Error {
  const cause = Object.assign(new Error('connect EMFILE'), { code: 'EMFILE', syscall: 'connect' });
  return new TypeError('fetch failed', { cause });
}

/** Requests that end when the test says so, of a process which has no descriptor for the first. */
function setUp() {
  const spares = new SpareDescriptors();
  const underWay: string[] = [];
  const ends: (() => void)[] = [];
  let fails = 1;
  const request = async (name: string, host = 'clinic', signal = never): Promise<string> =>
    await spares.request(host, signal, async () => {
      fails -= 1;
      if (fails >= 0) throw noDescriptor();
      underWay.push(name);
      await new Promise<void>((resolve) => {
        ends.push(resolve);
      });
      return name;
    });
  const settle = async (): Promise<void> => {
    for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
  };
  return { request, underWay, ends, settle };
}

describe('CR-2 where a process has no descriptor left', () => {
  test('the request is made again with those that are held', async () => {
    const { request, ends, settle } = setUp();
    const first = request('first');
    await settle();
    ends[0]?.();
    await expect(first).resolves.toBe('first');
  });

  test('each host has four requests under way, and the next takes the place of one that ends', async () => {
    const { request, underWay, ends, settle } = setUp();
    const first = request('1');
    await settle();
    const all = [first, ...['2', '3', '4', '5', '6'].map(async (name) => await request(name))];
    void request('desk', 'pager');
    await settle();
    expect(underWay.toSorted((a, b) => a.localeCompare(b))).toEqual(['1', '2', '3', '4', 'desk']);
    ends[0]?.();
    ends[1]?.();
    await settle();
    expect(underWay.slice(5)).toEqual(['5', '6']);
    for (const end of ends) end();
    await expect(Promise.all(all)).resolves.toEqual(['1', '2', '3', '4', '5', '6']);
  });

  test('one that is given up meanwhile holds up nobody', async () => {
    const { request, underWay, ends, settle } = setUp();
    void request('1');
    await settle();
    for (const name of ['2', '3', '4']) void request(name);
    const controller = new AbortController();
    const givenUp = request('5', 'clinic', controller.signal);
    const last = request('6');
    await settle();
    controller.abort();
    await expect(givenUp).rejects.toMatchObject({ failureClass: 'transient' });
    ends[0]?.();
    await settle();
    ends.at(-1)?.();
    await expect(last).resolves.toBe('6');
    expect(underWay).not.toContain('5');
  });

  test('another failure is told as it is', async () => {
    const spares = new SpareDescriptors();
    const refused = new TypeError('fetch failed');
    const made = spares.request('clinic', never, async () => await Promise.reject(refused));
    await expect(made).rejects.toBe(refused);
  });
});
