/**
 * The addresses of upstreams and webhooks (CR-2): where names are looked up, so that a name server that answers
 * nothing holds up no crisis.
 *
 * A look-up (`getaddrinfo`) occupies a thread of libuv's pool until it is over, and nothing can end it before. Of
 * four threads libuv gives two to look-ups. So those of ordinary work run one at a time, at most one for each name,
 * and the other is left to crises. The last good address of each name is kept, and used where a
 * look-up is late. What does its own look-ups (a `fetch` of the app's, a function in `runtime.call`) is beyond
 * this: behind it, too, the kept address is what a crisis is sent to, which needs no thread.
 *
 * @module
 */

import dns, { type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { inTime } from '../../actors/platform/inPieces.ts';
import { systemClock } from '../../actors/platform/systemClock.ts';
import { pathProblem } from '../../machines/policy/request/request.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError, isError } from '../../machines/vocabulary/errors.ts';

/** The purpose of a look-up: crises and their notifications, or anything else. */
export type LookedUpFor = 'crisis' | 'ordinary';

type Addresses = readonly LookupAddress[];

/** The time after which a look-up is late, and the last known address is used. */
const LATE_MS: Readonly<Record<LookedUpFor, number>> = { crisis: 250, ordinary: 1_000 };
/** The time after which a look-up is given up where no address is known. */
const GIVEN_UP_MS = 5_000;
/** How often the names of {@link HostAddresses.ahead} are looked up while anything is sent. */
const AHEAD_EVERY_MS = 300_000;
const AHEAD_MAX = 100;
/** The bound on names whose addresses are kept. */
const KEPT_MAX = 1_000;

/** Names of this machine, and what they mean, whatever a name server says (RFC 6761 §6.3). */
const LOCALHOST = /(?:^|\.)localhost$/i;
const LOOPBACK: Addresses = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** One look-up of a host, shared by all that wait for it. */
class LookUp {
  readonly host: string;
  readonly askedAtMs: number;
  /** When it began; `null` while it waits for its turn. */
  beganAtMs: number | null = null;
  /** The result. Never rejects. */
  readonly found: Promise<Addresses | Error>;
  end: (found: Addresses | Error) => void = () => undefined;

  constructor(host: string, askedAtMs: number) {
    this.host = host;
    this.askedAtMs = askedAtMs;
    this.found = new Promise((resolve) => {
      this.end = resolve;
    });
  }
}

interface HostAddressesParts {
  readonly clock: Clock;
  /** Looks a host up by the system. */
  readonly lookUp: (host: string) => Promise<Addresses>;
  /** The most look-ups of ordinary work at a time. */
  readonly ordinaryMax: number;
}

export class HostAddresses {
  readonly #parts: HostAddressesParts;
  /** The last good addresses, the oldest first. */
  readonly #kept = new Map<string, Addresses>();
  /** The look-ups that have begun or wait for their turn, by host. */
  readonly #lookUps = new Map<string, LookUp>();
  /** The look-ups of ordinary work that wait for their turn. */
  readonly #waiting = new Set<LookUp>();
  #ordinaryUnderWay = 0;
  /** Hosts whose last look-up took too long: others go first. */
  readonly #hanging = new Set<string>();
  /** Hosts that are looked up ahead. */
  readonly #ahead = new Set<string>();
  #aheadAgainAtMs = Number.POSITIVE_INFINITY;

  constructor(parts: HostAddressesParts) {
    this.#parts = parts;
  }

  /** The `lookup` option for connections. */
  lookup(lookedUpFor: LookedUpFor): LookupFunction {
    const find = callbackify(async (host: string) => await this.find(host, lookedUpFor));
    return (host, options, callback) => {
      find(host, (error, addresses) => {
        if (error === null) answer(addresses, options, callback);
        else callback(error, '');
      });
    };
  }

  /**
   * The addresses of a host: as they are looked up now, or those from before where that is late, for a crisis also
   * where it fails.
   *
   * @throws what the system says, or an error with the code `EAI_AGAIN` where it says nothing in time
   */
  async find(host: string, lookedUpFor: LookedUpFor): Promise<Addresses> {
    const { clock } = this.#parts;
    const lookUp = this.#join(host, lookedUpFor);
    const ended = await inTime(clock, lookUp.found, this.#patienceMs(lookUp, lookedUpFor));
    const found = ended?.value ?? unanswered(host);
    if (!isError(found)) return found;
    const kept = ended === null || lookedUpFor === 'crisis' ? this.#keptOf(host) : undefined;
    if (kept !== undefined) return kept;
    throw found;
  }

  /** Looks a host up now, and again every few minutes while anything is sent, so that its address is known. */
  ahead(host: string): void {
    if (this.#ahead.has(host) || this.#ahead.size >= AHEAD_MAX) return;
    if (host.startsWith('[') || isIP(host) !== 0) return;
    this.#ahead.add(host);
    if (this.#ahead.size === 1) {
      this.#aheadAgainAtMs = this.#parts.clock.monotonic() + AHEAD_EVERY_MS;
    }
    this.#join(host, 'crisis');
  }

  /** Refreshes addresses, whenever something is sent: no timer wakes an idle process (HM-6). */
  refresh(): void {
    const nowMs = this.#parts.clock.monotonic();
    if (nowMs < this.#aheadAgainAtMs) return;
    this.#aheadAgainAtMs = nowMs + AHEAD_EVERY_MS;
    for (const host of this.#ahead) this.#join(host, 'crisis');
  }

  #keptOf(host: string): Addresses | undefined {
    return this.#kept.get(host) ?? (LOCALHOST.test(host) ? LOOPBACK : undefined);
  }

  /** How long a new caller waits for a look-up. */
  #patienceMs(lookUp: LookUp, lookedUpFor: LookedUpFor): number {
    const nowMs = this.#parts.clock.monotonic();
    if (this.#keptOf(lookUp.host) !== undefined) {
      return lookUp.askedAtMs + LATE_MS[lookedUpFor] - nowMs;
    }
    // Ordinary work must not pile up behind a look-up that hangs; a crisis without an address has no other way.
    const fromMs = lookedUpFor === 'ordinary' ? lookUp.beganAtMs : null;
    return (fromMs ?? nowMs) + GIVEN_UP_MS - nowMs;
  }

  #join(host: string, lookedUpFor: LookedUpFor): LookUp {
    let lookUp = this.#lookUps.get(host);
    if (lookUp === undefined) {
      lookUp = new LookUp(host, this.#parts.clock.monotonic());
      this.#lookUps.set(host, lookUp);
      this.#waiting.add(lookUp);
    }
    if (lookedUpFor === 'ordinary') this.#beginNext();
    else if (this.#waiting.has(lookUp)) void this.#begin(lookUp);
    return lookUp;
  }

  #beginNext(): void {
    if (this.#ordinaryUnderWay >= this.#parts.ordinaryMax) return;
    const [first, ...others] = this.#waiting;
    const next = [first, ...others].find((one) => !this.#hanging.has(one?.host ?? '')) ?? first;
    if (next === undefined) return;
    this.#ordinaryUnderWay += 1;
    void this.#begin(next).then(() => {
      this.#ordinaryUnderWay -= 1;
      this.#beginNext();
    });
  }

  async #begin(lookUp: LookUp): Promise<void> {
    const { clock } = this.#parts;
    const { host } = lookUp;
    this.#waiting.delete(lookUp);
    const beganAtMs = clock.monotonic();
    lookUp.beganAtMs = beganAtMs;
    const found = await this.#askSystem(host);
    if (clock.monotonic() - beganAtMs < GIVEN_UP_MS) this.#hanging.delete(host);
    else this.#hanging.add(host);
    this.#lookUps.delete(host);
    lookUp.end(found);
  }

  async #askSystem(host: string): Promise<Addresses | Error> {
    try {
      const found = await this.#parts.lookUp(host);
      this.#kept.delete(host);
      this.#kept.set(host, found);
      const [oldest] = this.#kept.keys();
      if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
      return found;
    } catch (error) {
      return isError(error) ? error : unanswered(host);
    }
  }
}

/** The error for a look-up without an answer, with the system's code for it: nothing was sent, and it may pass. */
function unanswered(host: string): Error {
  return Object.assign(new Error(`getaddrinfo EAI_AGAIN ${host}`), {
    code: 'EAI_AGAIN',
    syscall: 'getaddrinfo',
  });
}

function answer(
  addresses: Addresses,
  options: LookupOptions,
  callback: Parameters<LookupFunction>[2],
): void {
  const { all, family } = options;
  const fit =
    family === 4 || family === 6 ? addresses.filter((one) => one.family === family) : addresses;
  const [first] = fit;
  if (first === undefined) callback(unanswered('of this family'), '');
  else if (all === true) callback(null, [...fit]);
  else callback(null, first.address, first.family);
}

/** The look-ups left to ordinary work: libuv gives look-ups half of its threads, and one of these is left to crises. */
function ordinaryMax(): number {
  const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);
  const ofLookUps = Math.floor(
    (Number.isSafeInteger(threads) && threads > 0 ? threads + 1 : 5) / 2,
  );
  return Math.max(1, ofLookUps - 1);
}

/** The addresses for this process, which has one pool of threads. */
export const hostAddresses = new HostAddresses({
  clock: systemClock,
  ordinaryMax: ordinaryMax(),
  lookUp: async (host) =>
    await new Promise((resolve, reject) => {
      dns.lookup(host, { all: true, hints: dns.ADDRCONFIG }, (error, addresses) => {
        if (error === null) resolve(addresses);
        else reject(error);
      });
    }),
});

/** Ports of other protocols, which `fetch` refuses to send to (the Fetch standard's bad ports). */
const PORTS_REFUSED: ReadonlySet<number> = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
  103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
  512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
  995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668,
  6669, 6679, 6697, 10080,
]);

/** The rules for a URL that the app gives. */
interface UrlRules {
  readonly allowInsecure?: boolean | undefined;
  /** The name of the option, for messages. */
  readonly name?: string | undefined;
  /** The advice for a URL that begins with http://, as the end of a sentence. */
  readonly instead?: string | undefined;
}

/**
 * Reads a URL that something is sent to; `http://` only for this machine unless that is allowed.
 *
 * @throws HoldfastError `HF_OPTION_INVALID`. The message never repeats the URL, which may hold a
 * password.
 */
export function parseUrl(
  given: string | URL,
  { allowInsecure = false, name = 'url', instead = 'use https://' }: UrlRules = {},
): URL {
  if (!URL.canParse(String(given))) {
    throw refusedUrl(name, 'is not an absolute URL, such as https://api.example.com/v1');
  }
  const url = new URL(given);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refusedUrl(name, 'must begin with https:// or http://');
  }
  if (url.protocol === 'http:' && !allowInsecure && !isThisMachine(url.hostname)) {
    throw refusedUrl(
      name,
      `begins with http://, so everybody on the way can read and change what is sent; ${instead}`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw refusedUrl(name, 'must not hold a user name or password; give them by the headers');
  }
  if (PORTS_REFUSED.has(Number(url.port))) {
    throw refusedUrl(
      name,
      'names a port that fetch never sends to; let the upstream listen on another',
    );
  }
  return url;
}

/**
 * Reads the base URL of an upstream.
 *
 * @throws HoldfastError as {@link parseUrl}.
 */
export function parseBaseUrl(baseUrl: string | URL, rules: Omit<UrlRules, 'instead'> = {}): URL {
  const { name = 'baseUrl' } = rules;
  const instead = 'use https://, or say allowInsecure: true (--allow-insecure)';
  const url = parseUrl(baseUrl, { ...rules, name, instead });
  if (url.search !== '' || url.hash !== '') {
    throw refusedUrl(name, 'must not have a query or a fragment');
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function refusedUrl(name: string, problem: string): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', `${name} ${problem}.`, { field: name });
}

/** Whether the host is loopback (RFC 6761, RFC 1122), so that nothing leaves the machine. */
function isThisMachine(host: string): boolean {
  return /^(?:(?:[^.]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(host);
}

/** The path of an operation type: `payments.push` goes to `payments/push`. */
function pathOfType(type: string): string {
  return type.split('.').map(encodeURIComponent).join('/');
}

/**
 * The URL of one request: `path` below `base`, or the type's own path when there is none.
 *
 * @throws HoldfastError `HF_REQUEST_INVALID` for a path that `pathProblem` refuses or that leads out of
 * the base URL.
 */
export function requestUrl(base: URL, type: string, path: string | null): URL {
  const refuse = (problem: string): HoldfastError =>
    new HoldfastError(
      'HF_REQUEST_INVALID',
      `path ${problem}. Give a path below the base URL of the upstream, such as payments/push.`,
      { field: 'path', withStack: false },
    );
  if (path === null) return new URL(pathOfType(type), base);
  // Checked before acceptance as well.
  const problem = pathProblem(path);
  if (problem !== null) throw refuse(problem);
  const url = new URL(path.startsWith('/') ? path.slice(1) : path, base);
  // The checks above leave no way out; this one does not depend on having thought of every way.
  if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname)) {
    throw refuse('must stay below the base URL');
  }
  return url;
}
