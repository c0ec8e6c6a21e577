/**
 * The connection of a device to everything outside it: how fast and reliable it is, and what is wrong with it now. It
 * outlives the processes of the device.
 *
 * @module
 */

import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { pass } from '../../virtual/life.ts';
import { type SeededRandom, seededRandom } from '../../virtual/seededRandom.ts';
import type { OutageSeen } from '../oracle/trace.ts';
import type { Arrivals, SimulatedUpstream } from './simulatedUpstream.ts';

/** Quality of a network. */
interface Profile {
  /** Least latency one way, in milliseconds. */
  readonly latencyMs: number;
  /** Largest addition to the latency, in milliseconds. */
  readonly jitterMs: number;
  /** Share of packets that are sent again, each after 200 ms and then twice as long. */
  readonly lossShare: number;
  readonly bytesPerSecond: number;
}

export const PROFILES = {
  cable: { latencyMs: 5, jitterMs: 3, lossShare: 0, bytesPerSecond: 5_000_000 },
  mobile: { latencyMs: 35, jitterMs: 60, lossShare: 0.02, bytesPerSecond: 500_000 },
  satellite: { latencyMs: 280, jitterMs: 20, lossShare: 0.01, bytesPerSecond: 200_000 },
  train: { latencyMs: 60, jitterMs: 400, lossShare: 0.12, bytesPerSecond: 30_000 },
} as const satisfies Readonly<Record<string, Profile>>;
export type ProfileName = keyof typeof PROFILES;
export const PROFILE_NAMES = Object.keys(PROFILES) as [ProfileName, ...ProfileName[]];

const RESENT_AFTER_MS = 200;
const RESENT_MAX = 5;

/** Faults of a link. */
export const LINK_FAULTS = [
  /** Packets vanish: nothing gets through, and nobody is told. */
  'cut',
  /** The machine knows that it has no route. */
  'offline',
  /** The upstream does its work, and the answer never comes. */
  'answersLost',
  /** The connection breaks once the work is done. */
  'answersReset',
  /** A proxy sends a request again, some time after the first. */
  'doubled',
  /** A proxy delivers a request when nobody waits for it any more. */
  'late',
  'lookUpsHang',
  'lookUpsFail',
  /** The portal of a hotel answers in place of the upstream. */
  'captive',
  /** The process has no file descriptors left. */
  'noDescriptors',
  /** The network is as bad as on a train. */
  'worse',
] as const;

export interface LinkFault {
  readonly kind: (typeof LINK_FAULTS)[number];
  /** The only upstream that the fault hits; `null` for all. */
  readonly upstream: string | null;
  /** Share of requests that the fault hits. */
  readonly share: number;
}

/** Threads of libuv's pool that look-ups may use at a time. */
const LOOK_UP_THREADS = 2;
/** Time after which the system gives up a look-up. */
const LOOK_UP_MS_MAX = 30_000;

export class Link {
  readonly clock: Clock;
  readonly upstreams: ReadonlyMap<string, SimulatedUpstream>;
  readonly arrivals: Arrivals;
  readonly #seed: number;
  readonly #profile: Profile;
  readonly #faults = new Set<LinkFault>();
  /** Number of requests to each upstream that a portal has redirected; to its sender each ends an outage. */
  readonly #redirects = new Map<string, number>();
  /** Time of the last page that a portal gave as the answer of each upstream. */
  readonly #pagesAtMs = new Map<string, number>();
  /** Number of the present connections: those of an earlier generation lead nowhere. */
  #generation = 0;
  #lookingUp = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param clock - true time, which passes whether or not the device sleeps */
  constructor(
    clock: Clock,
    {
      seed,
      profile = 'cable',
      upstreams,
      arrivals,
    }: {
      readonly seed: number;
      readonly profile: ProfileName | undefined;
      readonly upstreams: ReadonlyMap<string, SimulatedUpstream>;
      readonly arrivals: Arrivals;
    },
  ) {
    this.clock = clock;
    this.#seed = seed;
    this.#profile = PROFILES[profile];
    this.upstreams = upstreams;
    this.arrivals = arrivals;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Adds a fault until the returned function is called. */
  add(given: LinkFault): () => void {
    // Equal faults may overlap, so that each needs an object of its own.
    const fault = { ...given };
    this.#faults.add(fault);
    return () => {
      this.#faults.delete(fault);
    };
  }

  /** Makes a router forget all connections: it drops what they carry, and tells nobody. */
  forgetConnections(): void {
    this.#generation += 1;
  }

  /** Tells whether a fault hits a request to an upstream, by the request's own chance. */
  isHit(kind: LinkFault['kind'], upstream: string, random: SeededRandom): boolean {
    for (const fault of this.#faults) {
      if (fault.kind !== kind || (fault.upstream ?? upstream) !== upstream) continue;
      if (fault.share < 1 && !random.chance(fault.share)) continue;
      this.arrivals.saw(`network: ${kind}`);
      return true;
    }
    return false;
  }

  /** Notes that a portal redirects a request to an upstream, and that its sender hears of it. */
  redirected(upstream: string): void {
    const outage = this.outageOf(upstream, this.clock.monotonic());
    if (outage !== null) this.arrivals.redirected(outage.name);
    this.#redirects.set(upstream, this.#redirectsOf(upstream) + 1);
  }

  /** Notes that a portal answers a request to an upstream with a page: a failure that is an answer. */
  gavePage(upstream: string): void {
    this.#pagesAtMs.set(upstream, this.clock.monotonic());
  }

  /**
   * Finds the present outage of an upstream, as it has shown over this link since a time; `null` for none.
   */
  outageOf(upstream: string, sinceMs: number): OutageSeen | null {
    const outage = this.upstreams.get(upstream)?.outage() ?? null;
    if (outage === null) return null;
    const name = `${upstream} ${outage.number}.${this.#redirectsOf(upstream)}`;
    const wasPage = (this.#pagesAtMs.get(upstream) ?? Number.NEGATIVE_INFINITY) >= sinceMs;
    return { name, isAnswered: outage.isAnswered || wasPage };
  }

  #redirectsOf(upstream: string): number {
    return this.#redirects.get(upstream) ?? 0;
  }

  /** Gives a request its own chance, whatever else is sent. */
  chanceOf(request: string): SeededRandom {
    return seededRandom(hashOf(this.#seed, request));
  }

  /** Computes how long this many bytes take one way. */
  legMs(upstream: string, bytes: number, random: SeededRandom): number {
    const isWorse = this.isHit('worse', upstream, random);
    const profile = isWorse ? PROFILES.train : this.#profile;
    const { latencyMs, jitterMs, lossShare, bytesPerSecond } = profile;
    let ms = latencyMs + random.below(jitterMs + 1) + Math.ceil((bytes * 1_000) / bytesPerSecond);
    for (let sent = 0; sent < RESENT_MAX && random.chance(lossShare); sent += 1) {
      ms += RESENT_AFTER_MS * 2 ** sent;
    }
    return ms;
  }

  /** Looks up a name as the system does: two at a time, and only the name server ends one. */
  async lookUp(host: string, clock: Clock): Promise<{ address: string; family: number }[]> {
    if (this.#lookingUp >= LOOK_UP_THREADS) {
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
    this.#lookingUp += 1;
    try {
      return await this.#ask(host, clock);
    } finally {
      this.#lookingUp -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** Ends the look-ups of a process that has ended. */
  endLookUps(): void {
    this.#lookingUp = 0;
    this.#waiting.length = 0;
  }

  async #ask(host: string, clock: Clock): Promise<{ address: string; family: number }[]> {
    const upstream = upstreamOf(host);
    const random = this.chanceOf(`${host} ${this.clock.monotonic()}`);
    const startedAtMs = clock.monotonic();
    while (this.isHit('lookUpsHang', upstream, random)) {
      await pass(clock, 1_000);
      if (clock.monotonic() - startedAtMs > LOOK_UP_MS_MAX) throw noAddress('EAI_AGAIN');
    }
    await pass(clock, this.legMs(upstream, 100, random));
    if (this.isHit('lookUpsFail', upstream, random)) throw noAddress('ENOTFOUND');
    if (this.isHit('offline', upstream, random)) throw noAddress('EAI_AGAIN');
    return [{ address: '192.0.2.1', family: 4 }];
  }
}

/** Names the upstream of a host: its first word. */
export function upstreamOf(host: string): string {
  return host.slice(0, Math.max(0, host.indexOf('.')));
}

/** Builds the address of an upstream. */
export function urlOf(upstream: string): string {
  return `https://${upstream}.example/v1`;
}

/** Computes a seed that depends on this text. */
export function hashOf(seed: number, text: string): number {
  let hash = seed >>> 0;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}

function noAddress(code: string): Error {
  return Object.assign(new Error(`getaddrinfo ${code}`), { code, syscall: 'getaddrinfo' });
}
