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
import { inTime } from '../../actors/platform/inTime.ts';
import { systemClock } from '../../actors/platform/systemClock.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { isError } from '../../machines/vocabulary/realms.ts';

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
