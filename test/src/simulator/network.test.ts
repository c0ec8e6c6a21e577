/** The network of the simulator: what reaches an upstream, what comes back, and how both go wrong. */

import { describe, expect, test } from 'vitest';
import { LINK_FAULTS, Link, type LinkFault, urlOf } from '../../../src/simulator/network/link.ts';
import { processNetwork } from '../../../src/simulator/network/processNetwork.ts';
import {
  drawHabits,
  type Habits,
  KEYLESS_TYPE,
  SimulatedUpstream,
  SUBJECT_HEADER,
  TROUBLES,
  type Trouble,
} from '../../../src/simulator/network/simulatedUpstream.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';

const HABITS: Habits = { ...drawHabits(seededRandom(1)), slots: 4, queueMax: 2, perMinute: null };
const MINUTE_MS = 60_000;

function world(habits: Partial<Habits> = {}) {
  const clock = new VirtualClock();
  const payments = new SimulatedUpstream(clock, { ...HABITS, ...habits });
  const told: string[] = [];
  const tell =
    (what: string) =>
    (key: string): void => {
      told.push(`${what} ${key}`);
    };
  const link = new Link(clock, {
    seed: 1,
    profile: 'cable',
    upstreams: new Map([['payments', payments]]),
    arrivals: {
      saw: (what) => void told.push(what),
      applied: (key, attempt, isEffect) => void told.push(`applied ${key} ${attempt} ${isEffect}`),
      forgotten: tell('forgotten'),
      pretended: tell('pretended'),
      bodyChanged: tell('changed'),
      early: tell('early'),
      redirected: tell('redirected'),
      followed: tell('followed'),
    },
  });
  const network = processNetwork(link, clock);
  const ask = async (
    key: string,
    type = 'payments.push',
    attempt = 1,
    subject = 'ana',
  ): Promise<string> => {
    const headers = new Headers({
      ...{ 'idempotency-key': key, 'holdfast-attempt': String(attempt) },
      [SUBJECT_HEADER]: subject,
    });
    const signal = new AbortController().signal;
    const url = new URL(`${urlOf('payments')}/${type.replace('.', '/')}`);
    const asked = network.fetch('ordinary', url, { method: 'POST', headers, body: '1', signal });
    return await asked.then(
      ({ status }) => String(status),
      ({ cause }: { readonly cause: { readonly code: string } }) => cause.code,
    );
  };
  /** Resolves with the answer that comes within this time; `null` for none. */
  const within = async (ms: number, asked: Promise<string>): Promise<string | null> => {
    let answer: string | null = null;
    void asked.then((said) => {
      answer = said;
    });
    await clock.advance(ms);
    return answer;
  };
  return { clock, payments, link, told, ask, within };
}

const applied = (told: readonly string[]): readonly string[] =>
  told.filter((line) => line.startsWith('applied'));

describe('SM-1 an upstream', () => {
  test('does the work of a key once, and that of an endpoint without keys each time', async () => {
    const { told, ask, within } = world();
    expect(await within(MINUTE_MS, ask('a'))).toBe('200');
    expect(await within(MINUTE_MS, ask('a', 'payments.push', 2))).toBe('200');
    await within(MINUTE_MS, ask('b', KEYLESS_TYPE));
    await within(MINUTE_MS, ask('b', KEYLESS_TYPE, 2));
    expect(applied(told)).toEqual([
      'applied a 1 true',
      'applied a 2 false',
      'applied b 1 true',
      'applied b 2 true',
    ]);
  });

  const OUTCOMES: Readonly<Record<Trouble['kind'], readonly [string | null, number]>> = {
    refuses: ['ECONNREFUSED', 0],
    'stands still': [null, 0],
    'is slow': ['200', 1],
    'browns out': ['200', 1],
    'is busy': ['503', 0],
    'pushes back': ['429', 0],
    fails: ['500', 0],
    'fails after the work': ['500', 1],
    drops: ['ECONNRESET', 0],
    'drops after the work': ['ECONNRESET', 1],
    stalls: ['200', 1],
    'is silent': [null, 1],
    lies: ['200', 0],
    denies: ['422', 1],
    rejects: ['401', 0],
    garbles: ['200', 1],
    trickles: ['200', 1],
    'talks too much': ['200', 1],
    redirects: ['301', 0],
    'matches no tag': ['200', 1],
  };

  test.each(TROUBLES)('that %s answers, and does the work or not', async (kind) => {
    const { told, ask, payments, within } = world();
    const end = payments.add({ kind, endpoint: null, share: 1 });
    const [answer, effects] = OUTCOMES[kind];
    expect(await within(2 * MINUTE_MS, ask('a'))).toBe(answer);
    expect(applied(told)).toHaveLength(effects);
    end();
    expect(await within(MINUTE_MS, ask('c'))).toBe('200');
  });

  test('is ill at one endpoint and well at the others', async () => {
    const { ask, payments, within } = world();
    payments.add({ kind: 'is busy', endpoint: 'payments/push', share: 1 });
    expect(await within(MINUTE_MS, ask('a'))).toBe('503');
    expect(await within(MINUTE_MS, ask('b', 'mood.post'))).toBe('200');
  });

  test('is ill for one subject and well for the others', async () => {
    const { ask, payments, within } = world();
    const endpoint = 'payments/push';
    payments.add({ kind: 'is busy', endpoint, subject: 'ana', share: 1 });
    expect(await within(MINUTE_MS, ask('a', 'payments.push', 1, 'ana'))).toBe('503');
    expect(await within(MINUTE_MS, ask('b', 'payments.push', 1, 'ben'))).toBe('200');
  });

  test('does the work again once it has forgotten a key, and tells of that', async () => {
    const { clock, told, ask, within } = world({ keepsKeysMs: 20 * MINUTE_MS });
    await within(MINUTE_MS, ask('a'));
    await within(MINUTE_MS, ask('a', 'payments.push', 2));
    await clock.advance(19 * MINUTE_MS);
    await within(MINUTE_MS, ask('a', 'payments.push', 3));
    expect(told.filter((line) => line.endsWith('true') || line.startsWith('forgotten'))).toEqual([
      'applied a 1 true',
      'forgotten a',
      'applied a 3 true',
    ]);
  });

  test('turns away what is more than it works on and lets wait, and keeps to its quota', async () => {
    const { ask, within, clock } = world({ perMinute: 20 });
    const keys = Array.from({ length: 9 }, (_, at) => `k${at}`);
    const answers = Promise.all(keys.map(async (key) => await ask(key)));
    await clock.advance(MINUTE_MS);
    expect((await answers).filter((answer) => answer === '503')).toHaveLength(3);
    const more = Promise.all(
      Array.from({ length: 21 }, async (_, at) => await within(0, ask(`m${at}`, 'mood.post'))),
    );
    await clock.advance(MINUTE_MS);
    await more;
    expect(await within(10_000, ask('last'))).not.toBe(null);
  });
});

describe('SM-1 a link', () => {
  const OUTCOMES: Readonly<Record<LinkFault['kind'], readonly [string | null, number]>> = {
    cut: ['UND_ERR_CONNECT_TIMEOUT', 0],
    offline: ['EAI_AGAIN', 0],
    answersLost: [null, 1],
    answersReset: ['ECONNRESET', 1],
    doubled: ['200', 2],
    late: [null, 1],
    lookUpsHang: ['EAI_AGAIN', 0],
    lookUpsFail: ['ENOTFOUND', 0],
    captive: ['ERR_TLS_CERT_ALTNAME_INVALID', 0],
    noDescriptors: ['EMFILE', 0],
    worse: ['200', 1],
  };

  test.each(LINK_FAULTS)('with the fault %s', async (kind) => {
    const { clock, told, ask, link, within } = world();
    link.add({ kind, upstream: null, share: 1 });
    const [answer, effects] = OUTCOMES[kind];
    expect(await within(20_000, ask('a'))).toBe(answer);
    await clock.advance(5 * MINUTE_MS);
    expect(applied(told)).toHaveLength(effects);
  });

  test('with a proxy that sends a keyless request again tells of what its sender did alone', async () => {
    const { clock, told, ask, link, payments, within } = world();
    link.add({ kind: 'doubled', upstream: null, share: 1 });
    const end = payments.add({ kind: 'is busy', endpoint: null, share: 1 });
    expect(await within(500, ask('a', KEYLESS_TYPE))).toBe('503');
    end();
    await clock.advance(MINUTE_MS);
    expect(applied(told)).toEqual([]);
    expect(await within(MINUTE_MS, ask('a', KEYLESS_TYPE))).toBe('200');
    expect(applied(told)).toEqual(['applied a 1 true']);
  });

  test('with a portal tells that an outage is over to whose request was redirected', async () => {
    const { ask, link, payments, told, within } = world();
    link.add({ kind: 'captive', upstream: null, share: 1 });
    const answers: (string | null)[] = [];
    const askAll = async (): Promise<void> => {
      for (let at = 0; at < 20; at += 1) answers.push(await within(1_000, ask(`k${at}`)));
    };
    await askAll();
    expect(link.outageOf('payments', 0)).toBe(null);
    const well = answers.splice(0).filter((answer) => answer === '302').length;
    payments.add({ kind: 'fails', endpoint: null, share: 1 });
    expect(link.outageOf('payments', 0)).toEqual({ name: `payments 1.${well}`, isAnswered: true });
    await askAll();
    const redirects = answers.filter((answer) => answer === '302').map((_, at) => well + at);
    expect(new Set(answers).size).toBe(3);
    expect(told.filter((line) => line.startsWith('redirected'))).toEqual(
      redirects.map((at) => `redirected payments 1.${at}`),
    );
  });

  test('with a portal counts its page as an answer in an outage, from then on alone', async () => {
    const { clock, ask, link, payments, within } = world();
    link.add({ kind: 'captive', upstream: null, share: 1 });
    payments.add({ kind: 'drops', endpoint: null, share: 1 });
    const answered = (sinceMs: number): boolean | undefined =>
      link.outageOf('payments', sinceMs)?.isAnswered;
    expect(answered(0)).toBe(false);
    for (let at = 0; at < 20; at += 1) await within(1_000, ask(`k${at}`));
    expect(answered(0)).toBe(true);
    expect(answered(clock.monotonic() + 1)).toBe(false);
  });

  test('whose connections are forgotten answers nothing over those that were open', async () => {
    const { ask, link, within } = world();
    expect(await within(1_000, ask('a'))).toBe('200');
    link.forgetConnections();
    expect(await within(MINUTE_MS, ask('b'))).toBe(null);
    expect(await within(MINUTE_MS, ask('c'))).toBe('200');
  });
});
