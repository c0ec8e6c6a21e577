/**
 * The way of one device to everything that is not on it: how fast and how sure it is, and what is wrong with it now.
 * It outlives the processes of the device.
 *
 * @module
 */

import type { Clock } from '../../../machines/vocabulary/clock.ts';
import { type SeededRandom, seededRandom } from '../../virtual/seededRandom.ts';
import type { Arrivals, SimulatedUpstream } from './simulatedUpstream.ts';

/** How good a network is. */
interface Profile {
  /** One way, in milliseconds, at least. */
  readonly latencyMs: number;
  /** Up to so much more. */
  readonly jitterMs: number;
  /** The share of packets that are sent again, each after 200 ms and then twice as long. */
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
  /** There is no route, and the machine knows it. */
  'offline',
  /** The upstream does its work, and the answer never comes. */
  'answersLost',
  /** The connection breaks once the work is done. */
  'answersReset',
  /** A proxy sends a request again, some time after it has. */
  'doubled',
  /** A proxy holds a request back, and delivers it when nobody waits for it any more. */
  'late',
  'lookUpsHang',
  'lookUpsFail',
  /** The portal of a hotel answers in place of the upstream. */
  'captive',
  /** The process has no file descriptors left. */
  'noDescriptors',
  /** It is as bad as on a train. */
  'worse',
] as const;

export interface LinkFault {
  readonly kind: (typeof LINK_FAULTS)[number];
  /** The only upstream that it is about; `null` for all. */
  readonly upstream: string | null;
  /** The share of requests that it happens to. */
  readonly share: number;
}

/** The threads of libuv's pool that look-ups may have at a time. */
const LOOK_UP_THREADS = 2;
/** The system gives a look-up up after this long. */
const LOOK_UP_MS_MAX = 30_000;

export class Link {
  readonly clock: Clock;
  readonly upstreams: ReadonlyMap<string, SimulatedUpstream>;
  readonly arrivals: Arrivals;
  readonly #seed: number;
  readonly #profile: Profile;
  readonly #faults = new Set<LinkFault>();
  /** Connections of an earlier generation lead nowhere. */
  #generation = 0;
  #lookingUp = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param clock - true time, which passes whether the device sleeps or not */
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

  /** Lets this go wrong until the returned function is called. */
  add(given: LinkFault): () => void {
    // Equal faults may overlap.
    const fault = { ...given };
    this.#faults.add(fault);
    return () => {
      this.#faults.delete(fault);
    };
  }

  /** A router forgets all connections: what is sent over them arrives nowhere, and nobody is told. */
  forgetConnections(): void {
    this.#generation += 1;
  }

  /** Whether this is wrong with what goes to an upstream, by the chance of the request. */
  isHit(kind: LinkFault['kind'], upstream: string, random: SeededRandom): boolean {
    for (const fault of this.#faults) {
      if (fault.kind !== kind || (fault.upstream ?? upstream) !== upstream) continue;
      if (fault.share < 1 && !random.chance(fault.share)) continue;
      this.arrivals.saw(`network: ${kind}`);
      return true;
    }
    return false;
  }

  /** The chance of a request of its own, whatever else is sent. */
  chanceOf(request: string): SeededRandom {
    return seededRandom(hashOf(this.#seed, request));
  }

  /** How long so many bytes take, one way. */
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

  /** Looks a name up as the system does: two at a time, and nothing ends one but the name server. */
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

  /** A process has ended, and its look-ups with it. */
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

/** The name of an upstream is the first word of its host. */
export function upstreamOf(host: string): string {
  return host.slice(0, Math.max(0, host.indexOf('.')));
}

/** The address of an upstream. */
export function urlOf(upstream: string): string {
  return `https://${upstream}.example/v1`;
}

/** Lets time pass. */
export async function pass(clock: Clock, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    clock.schedule(ms, resolve);
  });
}

/** A seed that this text has and no other. */
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
