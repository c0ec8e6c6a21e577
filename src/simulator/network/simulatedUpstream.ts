/**
 * A remote service on virtual time: it works on a few requests at a time, slows down under load, keeps idempotency
 * keys and records, and goes wrong in every way that a service can.
 *
 * @module
 */

import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { SeededRandom } from '../../virtual/seededRandom.ts';
import { Records } from './records.ts';
import { UpstreamLedger } from './upstreamLedger.ts';

/** Header in which the simulator's own app tells whom a request is for. */
export const SUBJECT_HEADER = 'simulated-subject';

/** The type of requests whose endpoint knows no idempotency keys. */
export const KEYLESS_TYPE = 'letters.send';

/** Behaviour of a service while all is well. */
export interface Habits {
  /** Mean time for a request that it works on alone. */
  readonly latencyMs: number;
  /** Requests that it works on at a time. */
  readonly slots: number;
  /** Requests that may queue; it tells more to come later. */
  readonly queueMax: number;
  /** Most requests in a minute; `null` for no limit. */
  readonly perMinute: number | null;
  /** True if it says when to come again. */
  readonly tellsRetryAfter: boolean;
  /** True if its entity tags are weak, and compared all the same. */
  readonly weakTags: boolean;
  /** Time for which it keeps an idempotency key, from the key's first request; left out: always. */
  readonly keepsKeysMs?: number | undefined;
}

/** Draws for how long a service keeps idempotency keys. */
export function drawKeepsKeysMs(random: SeededRandom): number | undefined {
  const forMs = random.pick([null, null, 20 * MINUTE_MS, 60 * MINUTE_MS, 180 * MINUTE_MS]);
  return forMs ?? undefined;
}

/** Draws the habits of a service. */
export function drawHabits(random: SeededRandom): Habits {
  return {
    latencyMs: random.pick([20, 20, 150, 400]),
    slots: random.pick([2, 8, 32]),
    queueMax: random.pick([0, 20, 200]),
    perMinute: random.pick([null, null, 60, 600]),
    tellsRetryAfter: random.chance(0.7),
    weakTags: random.chance(0.3),
  };
}

/** Longer than a request is on its way: a key that goes out before its time is over reaches the service in time. */
const KEY_ON_ITS_WAY_MS = 600_000;

/** Says to an app for how long the service keeps keys, as the trait of a handler. */
export function keyLifetimeOf(habits: Habits | undefined): { readonly keyLifetimeMs?: number } {
  const { keepsKeysMs } = habits ?? {};
  return keepsKeysMs === undefined ? {} : { keyLifetimeMs: keepsKeysMs - KEY_ON_ITS_WAY_MS };
}

/** Habits of a service for which nothing was drawn. */
const USUAL: Habits = {
  latencyMs: 150,
  slots: 8,
  queueMax: 200,
  perMinute: null,
  tellsRetryAfter: true,
  weakTags: false,
};

/** Troubles of a service. */
export const TROUBLES = [
  /** The machine refuses connections. */
  'refuses',
  /** The service stands still, and later goes on with all requests that came meanwhile. */
  'stands still',
  'is slow',
  /** The service works on one request at a time. */
  'browns out',
  /** 503, and the work is not done; with or without Retry-After. */
  'is busy',
  /** 429, in one of several forms. */
  'pushes back',
  /** 500, 502 or 504, and the work is not done. */
  'fails',
  /** 500, and the work is done. */
  'fails after the work',
  /** The connection breaks, and the work is not done. */
  'drops',
  /** The connection breaks once the work is done. */
  'drops after the work',
  /** The service does the work long after anybody waits for it. */
  'stalls',
  /** No answer ever comes, whether or not the work is done. */
  'is silent',
  /** 200, and the work is not done. */
  'lies',
  /** A refusal, though the work is done. */
  'denies',
  /** A refusal for good. */
  'rejects',
  /** The work is done, and nobody can read the answer. */
  'garbles',
  /** The answer comes piece by piece. */
  'trickles',
  /** The answer is longer than anybody reads. */
  'talks too much',
  /** The service sends the caller elsewhere. */
  'redirects',
  /** No condition is ever met. */
  'matches no tag',
] as const;

/** Troubles in which every call fails, as far as its caller can tell. */
const FAILING: ReadonlySet<string> = new Set<(typeof TROUBLES)[number]>([
  ...(['is busy', 'pushes back', 'fails', 'fails after the work', 'drops'] as const),
  ...(['drops after the work', 'is silent', 'denies', 'rejects', 'redirects'] as const),
]);

/** Troubles that are an outage where they hit all requests; true for those that still answer. */
const DOWN: ReadonlyMap<string, boolean> = new Map<(typeof TROUBLES)[number], boolean>([
  ['refuses', false],
  ['fails', true],
  ['drops', false],
]);

/** A time in which a service fails every call. */
export interface Outage {
  readonly number: number;
  /** True if its failures are answers, as a request that can never be served would get too. */
  readonly isAnswered: boolean;
}

export interface Trouble {
  readonly kind: (typeof TROUBLES)[number];
  /** End of the only path that the trouble hits; `null` for all paths. */
  readonly endpoint: string | null;
  /** The only subject whose requests the trouble hits; left out: all subjects. */
  readonly subject?: string;
  /** Share of requests that the trouble hits. */
  readonly share: number;
}

/** Listeners to one device's requests that have arrived. */
export interface Arrivals {
  /** Hears that the upstream did the work; `isEffect` unless it had done it before. */
  readonly applied: (key: string, attempt: number, isEffect: boolean, isKeyless: boolean) => void;
  /** Hears that a request came whose key the upstream had kept for as long as it keeps keys. */
  readonly forgotten: (key: string, isDoneByCopy: boolean) => void;
  /** Hears that the upstream claimed the work without doing it. */
  readonly pretended: (key: string) => void;
  /** Hears that a key came with another body than before. */
  readonly bodyChanged: (key: string) => void;
  /** Hears that a request came before the time that its last answer gave. */
  readonly early: (key: string, byMs: number) => void;
  /** Hears that a portal redirected a request in an outage of this name. */
  readonly redirected: (outage: string) => void;
  /** Hears that a request followed a redirect. */
  readonly followed: (key: string) => void;
  readonly saw: (what: string) => void;
}

/** A request that has arrived. */
export interface Arriving {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
  /** True if a proxy sent it a second time. */
  readonly isCopy: boolean;
  readonly arrivals: Arrivals;
  readonly random: SeededRandom;
}

/** Answer to a request; `reset` breaks the connection. */
export type Answer =
  | 'reset'
  | {
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
      /** Pause before each piece of the body. */
      readonly pauseMs?: number;
    };

type Reply = (answer: Answer) => void;

/** Does the work of a request, and answers. */
export type Serve = (request: Arriving) => Exclude<Answer, 'reset'>;

const MINUTE_MS = 60_000;
/** Longer than an attempt's time-out and than the time until its handler overhangs (OP-3). */
const STALL_MS_MAX = 60_000;
const SLOWER_BY = 40;
/** Time after an outage in which the service regains one more slot; it begins with one. */
const WARMER_EVERY_MS = 2_000;
const SOME_ARE_SLOWER_BY = 10;

export class SimulatedUpstream {
  readonly records: Records;
  readonly #habits: Habits;
  readonly #clock: Clock;
  readonly #ledger = new UpstreamLedger();
  readonly #serve: Serve | null;
  readonly #isKeyless: boolean;
  /** First arrival of each key, and its name in the ledger: another one once the key is forgotten. */
  readonly #keys = new Map<string, { readonly atMs: number; readonly name: string }>();
  /** Keys of work that only a proxy's copy got done: its sender was told that nothing was. */
  readonly #doneByCopy = new Set<string>();
  readonly #arrivedAtMs = new WeakMap<Arriving, number>();
  /** Answers, by key. */
  readonly #served = new Map<string, Exclude<Answer, 'reset'>>();
  readonly #troubles = new Set<Trouble>();
  #outages = 0;
  readonly #queue: (() => void)[] = [];
  readonly #stopped: (() => void)[] = [];
  /** Keys under way, with the requests that wait for them. */
  readonly #underWay = new Map<
    string,
    { readonly isCopy: boolean; readonly waiting: (() => void)[] }
  >();
  #atWork = 0;
  #minute = 0;
  #inMinute = 0;
  #upSinceMs = Number.NEGATIVE_INFINITY;

  /**
   * @param serve - does the work of a request; left out: the ledger and the records of this class do
   * @param isKeyless - makes `serve` do the work again for a key that it has served
   */
  constructor(clock: Clock, habits: Habits = USUAL, serve: Serve | null = null, isKeyless = false) {
    this.#clock = clock;
    this.#habits = habits;
    this.#serve = serve;
    this.#isKeyless = isKeyless;
    this.records = new Records({ weakTags: habits.weakTags }, clock);
  }

  /** Adds a trouble until the returned function is called. */
  add(given: Trouble): () => void {
    // Equal troubles may overlap, so that each needs an object of its own.
    const trouble = { ...given };
    const wasDown = this.outage() !== null;
    this.#troubles.add(trouble);
    if (!wasDown && this.outage() !== null) this.#outages += 1;
    return () => {
      this.#troubles.delete(trouble);
      if (trouble.kind === 'refuses') this.#upSinceMs = this.#clock.monotonic();
      if (trouble.kind === 'stands still') for (const go of this.#stopped.splice(0)) go();
    };
  }

  /** Tells whether it refuses connections. */
  isRefusing(): boolean {
    return [...this.#troubles].some(({ kind }) => kind === 'refuses');
  }

  /** The present outage, in which it fails every call and does no work; `null` for none. */
  outage(): Outage | null {
    const downs = [...this.#troubles].filter(
      ({ kind, endpoint, share }) => DOWN.has(kind) && endpoint === null && share === 1,
    );
    if (downs.length === 0) return null;
    return { number: this.#outages, isAnswered: downs.some(({ kind }) => DOWN.get(kind) === true) };
  }

  receive(request: Arriving, reply: Reply): void {
    const key = keyOf(request);
    if (!this.#arrivedAtMs.has(request)) this.#arrivedAtMs.set(request, this.#clock.monotonic());
    const again = (): void => {
      this.receive(request, reply);
    };
    const isKeyed = isOneOfKeys(request);
    const underWay = isKeyed ? this.#underWay.get(key) : undefined;
    if (this.isRefusing()) reply('reset');
    else if (this.#isHit('stands still', request)) this.#stopped.push(again);
    else if (underWay !== undefined) {
      // The answer to a proxy's copy says nothing to the sender of the first request.
      if (underWay.isCopy) underWay.waiting.push(again);
      else reply(said(409, 'the idempotency key is in use'));
    } else if (this.#isOverQuota(request)) reply(this.#later(429, request));
    else if (this.#atWork < this.#slots(request)) this.#begin(request, reply);
    else if (this.#queue.length < this.#habits.queueMax) this.#queue.push(again);
    else reply(this.#later(503, request));
  }

  #isHit(kind: Trouble['kind'], { path, headers, random, arrivals }: Arriving): boolean {
    for (const trouble of this.#troubles) {
      if (trouble.kind !== kind) continue;
      if (trouble.endpoint !== null && !path.endsWith(trouble.endpoint)) continue;
      if (trouble.subject !== undefined && headers.get(SUBJECT_HEADER) !== trouble.subject)
        continue;
      if (trouble.share < 1 && !random.chance(trouble.share)) continue;
      arrivals.saw(`upstream ${kind}`);
      if (trouble.endpoint !== null && trouble.share === 1 && FAILING.has(kind)) {
        const isOfAll = trouble.subject === undefined;
        if (isOfAll) arrivals.saw('an endpoint that always fails, beside others');
        else arrivals.saw('a subject that always fails, beside others');
      }
      return true;
    }
    return false;
  }

  #isOverQuota({ arrivals }: Arriving): boolean {
    const { perMinute } = this.#habits;
    if (perMinute === null) return false;
    const minute = Math.floor(this.#clock.monotonic() / MINUTE_MS);
    if (minute !== this.#minute) this.#inMinute = 0;
    this.#minute = minute;
    this.#inMinute += 1;
    if (this.#inMinute <= perMinute) return false;
    arrivals.saw('upstream has a quota');
    return true;
  }

  #slots(request: Arriving): number {
    if (this.#isHit('browns out', request)) return 1;
    const upMs = this.#clock.monotonic() - this.#upSinceMs;
    return Math.min(this.#habits.slots, 1 + Math.floor(upMs / WARMER_EVERY_MS));
  }

  #begin(request: Arriving, reply: Reply): void {
    const { random, isCopy } = request;
    const isKeyed = isOneOfKeys(request);
    const key = keyOf(request);
    this.#atWork += 1;
    const underWay = { isCopy, waiting: [] };
    if (isKeyed) this.#underWay.set(key, underWay);
    const { latencyMs, slots } = this.#habits;
    const load = 1 + this.#atWork / slots;
    const slower = random.chance(0.05) ? SOME_ARE_SLOWER_BY : 1;
    const trouble = this.#isHit('is slow', request) ? SLOWER_BY : 1;
    const stallMs = this.#isHit('stalls', request) ? random.below(STALL_MS_MAX) : 0;
    const workMs = latencyMs * load * (0.5 + random.next()) * slower * trouble + stallMs;
    this.#clock.schedule(Math.round(workMs), () => {
      this.#atWork -= 1;
      if (isKeyed) this.#underWay.delete(key);
      const answer = this.#answer(request);
      if (answer !== null) reply(answer);
      for (const go of [...underWay.waiting, ...this.#queue.splice(0, 1)]) go();
    });
  }

  /** Answers a request, and does its work unless a trouble prevents that; `null` for no answer. */
  #answer(request: Arriving): Answer | null {
    const { random, arrivals } = request;
    const isHit = (kind: Trouble['kind']): boolean => this.#isHit(kind, request);
    if (isHit('is busy')) return this.#later(503, request);
    if (isHit('pushes back')) return this.#later(429, request);
    if (isHit('fails')) return said(random.pick([500, 502, 504]), 'it failed');
    if (isHit('drops')) return 'reset';
    if (isHit('rejects')) return said(random.pick([400, 401, 403, 404, 413, 422]), 'never');
    if (isHit('redirects')) {
      return said(random.pick([301, 307, 308]), 'elsewhere', {
        location: 'https://other.example/',
      });
    }
    if (isHit('lies')) {
      arrivals.pretended(keyOf(request));
      return said(200, 'done');
    }
    if (isHit('matches no tag') && isConditional(request)) return said(412, 'it is another');
    if (isHit('is silent')) {
      if (random.chance(0.5)) this.#work(request);
      return null;
    }
    const answer = this.#work(request);
    if (isHit('fails after the work')) return said(500, 'it failed after it was done');
    if (isHit('drops after the work')) return 'reset';
    if (isHit('denies')) return said(422, 'it was never done');
    if (isHit('garbles')) return { ...answer, status: 200, ...random.pick(GARBLED) };
    if (isHit('talks too much')) return longer(answer);
    return isHit('trickles') ? { ...answer, pauseMs: 200 + random.below(4_000) } : answer;
  }

  /** Does the work of a request, once for each key. */
  #work(request: Arriving): Exclude<Answer, 'reset'> {
    const { method, headers, body, isCopy, arrivals } = request;
    const key = keyOf(request);
    const attempt = Number(headers.get('holdfast-attempt') ?? 0);
    if (this.#serve !== null) return this.#workOnServed(request, this.#serve, attempt);
    if (method !== 'POST') return this.#workOnRecord(request, attempt);
    if (!isOneOfKeys(request)) {
      // A proxy's copy may be done after the first was turned away by 503, and then nobody but the proxy repeats it.
      if (!isCopy) arrivals.applied(key, attempt, true, true);
      return said(200, 'sent');
    }
    const { entry, isMismatch } = this.#ledger.note(this.#nameOf(request), attempt, body);
    if (isMismatch || entry === null) {
      arrivals.bodyChanged(key);
      return said(422, 'the idempotency key belongs to another request');
    }
    const isEffect = entry.applied === 0;
    if (isEffect) entry.applied += 1;
    if (isEffect && isCopy) this.#doneByCopy.add(key);
    arrivals.applied(key, attempt, isEffect, false);
    return said(200, `receipt of ${entry.bodyDigest.slice(0, 8)}`);
  }

  /** Finds the name of the request's key in the ledger; a key that is forgotten is a new one. */
  #nameOf(request: Arriving): string {
    const { keepsKeysMs = Number.POSITIVE_INFINITY } = this.#habits;
    const key = keyOf(request);
    const atMs = this.#arrivedAtMs.get(request) ?? this.#clock.monotonic();
    const known = this.#keys.get(key);
    if (known !== undefined && atMs - known.atMs < keepsKeysMs) return known.name;
    const name = known === undefined ? key : `${key} again at ${atMs}`;
    if (known !== undefined) request.arrivals.forgotten(key, this.#doneByCopy.has(key));
    this.#keys.set(key, { atMs, name });
    return name;
  }

  /** Lets the app's own code do the work; a repeated key gets its first answer. */
  #workOnServed(request: Arriving, serve: Serve, attempt: number): Exclude<Answer, 'reset'> {
    const { method, body, arrivals } = request;
    if (method === 'GET' || method === 'HEAD' || this.#isKeyless) return serve(request);
    const key = keyOf(request);
    if (key === '') return said(400, 'a request has to carry idempotency-key');
    const { isMismatch } = this.#ledger.note(key, attempt, body);
    if (isMismatch) {
      arrivals.bodyChanged(key);
      return said(422, 'the idempotency key belongs to another request');
    }
    const before = this.#served.get(key);
    const answer = before ?? serve(request);
    const isDone = answer.status >= 200 && answer.status <= 299;
    if (isDone) {
      this.#served.set(key, answer);
      arrivals.applied(key, attempt, before === undefined, false);
    }
    return answer;
  }

  #workOnRecord(request: Arriving, attempt: number): Exclude<Answer, 'reset'> {
    const { method, path, headers, body, arrivals } = request;
    const key = keyOf(request);
    const writes = this.records.writes.length;
    let answer = said(500, 'it failed');
    // The records have no faults of their own here, so that they answer at once.
    void this.records.serve(
      {
        ...{ method, path, body, attempt },
        key: method === 'GET' ? undefined : key,
        ifMatch: headers.get('if-match') ?? undefined,
        ifNoneMatch: headers.get('if-none-match') ?? undefined,
      },
      {
        reply: ({ status, version, body: text = '' }) => {
          const tag = version === undefined ? {} : { etag: version };
          answer = { status, headers: { ...JSON_TYPE, ...tag }, body: text };
        },
        drop: () => undefined,
      },
    );
    if (method === 'GET') return answer;
    if ((this.records.ledger.get(key)?.mismatched ?? 0) > 0) arrivals.bodyChanged(key);
    const isDone = answer.status >= 200 && answer.status <= 299;
    if (isDone) arrivals.applied(key, attempt, this.records.writes.length > writes, false);
    return answer;
  }

  /** Tells the caller to come again, in one of several forms. */
  #later(status: 429 | 503, { random }: Arriving): Answer {
    const { tellsRetryAfter } = this.#habits;
    if (!tellsRetryAfter) return said(status, 'later');
    const seconds = 1 + random.below(30);
    const at = new Date(this.#clock.now() + seconds * 1_000).toUTCString();
    const told = random.pick([
      `${seconds}`,
      `${seconds}`,
      `${seconds}`,
      at,
      'soon',
      `${seconds}00000`,
    ]);
    const date = new Date(this.#clock.now()).toUTCString();
    return said(status, 'later', { 'retry-after': told, date });
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };

type Garbled = Pick<Exclude<Answer, 'reset'>, 'headers' | 'body'>;
const GARBLED: readonly [Garbled, ...Garbled[]] = [
  { headers: JSON_TYPE, body: '{"receipt": "ab' },
  { headers: { 'content-type': 'text/html' }, body: '<html>Welcome</html>' },
];

function keyOf({ headers }: Arriving): string {
  return headers.get('idempotency-key') ?? headers.get('traceparent') ?? '';
}

/** Tells whether the service keeps the request's key, and does nothing twice under it. */
function isOneOfKeys({ method, path }: Arriving): boolean {
  return method !== 'GET' && !path.endsWith(KEYLESS_TYPE.replace('.', '/'));
}

function isConditional({ headers }: Arriving): boolean {
  return headers.has('if-match') || headers.has('if-none-match');
}

/** Makes an answer longer than any handler reads. */
function longer(answer: Exclude<Answer, 'reset'>): Answer {
  return { ...answer, headers: { ...answer.headers, 'content-length': '99999999' } };
}

function said(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Exclude<Answer, 'reset'> {
  return { status, headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify({ said: text }) };
}
