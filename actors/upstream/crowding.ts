/**
 * Which type's slow calls hold the slots of an upstream, and which other types go beside them, so that a quick
 * type does not wait for a slow one (DG-2, PF-6).
 *
 * @module
 */

/** A call that takes this long is slow, where those of another type take a quarter of it at most. */
export const SLOW_MS = 1_000;
const QUICKER = 1 / 4;

/** A type crowds the upstream whose slow calls hold so many of its slots. */
const CROWDED_SHARE = 0.75;
/** Calls of other types may be so many beside them, as a share of the slots; at least one. */
const BESIDE_SHARE = 0.25;

interface Begun {
  readonly beganAtMs: number;
}

/** A type that has been called. */
interface Called<T> {
  /** In the order in which they began. */
  readonly out: Set<T>;
  /** How long its last call took; 0 before the first has ended. */
  tookMs: number;
}

export class Crowding<T extends Begun> {
  readonly #types = new Map<string, Called<T>>();

  began(route: string, call: T): void {
    let type = this.#types.get(route);
    if (type === undefined) {
      type = { out: new Set(), tookMs: 0 };
      this.#types.set(route, type);
    }
    type.out.add(call);
  }

  ended(route: string, call: T, nowMs: number): void {
    const type = this.#types.get(route);
    if (type?.out.delete(call) === true) type.tookMs = nowMs - call.beganAtMs;
  }

  /** Which of these may go beside the type that crowds the upstream; none where no type does. */
  beside(routes: readonly string[], slots: number, nowMs: number): readonly string[] {
    if (routes.length < 2) return [];
    const crowd = this.#crowd(slots, nowMs);
    if (crowd === null) return [];
    const quickMs = QUICKER * Math.max(crowd.tookMs, nowMs - (firstOf(crowd)?.beganAtMs ?? nowMs));
    return routes.filter((route) => {
      const type = this.#types.get(route);
      if (type === undefined) return true;
      const lastsMs = nowMs - (firstOf(type)?.beganAtMs ?? nowMs);
      return type !== crowd && Math.max(type.tookMs, lastsMs) <= quickMs;
    });
  }

  /** How many calls may begin beside it, with so many in flight. */
  room(slots: number, inFlight: number, nowMs: number): number {
    const crowd = this.#crowd(slots, nowMs);
    if (crowd === null) return 0;
    return Math.max(1, Math.floor(BESIDE_SHARE * slots)) - (inFlight - crowd.out.size);
  }

  #crowd(slots: number, nowMs: number): Called<T> | null {
    const least = Math.max(1, Math.ceil(CROWDED_SHARE * slots));
    for (const type of this.#types.values()) {
      if (type.out.size >= least && slowCalls(type, nowMs) >= least) return type;
    }
    return null;
  }
}

function firstOf<T>({ out }: Called<T>): T | undefined {
  const [first] = out;
  return first;
}

/** All of them where the last one was slow. */
function slowCalls<T extends Begun>({ out, tookMs }: Called<T>, nowMs: number): number {
  if (tookMs >= SLOW_MS) return out.size;
  let count = 0;
  for (const { beganAtMs } of out) {
    if (nowMs - beganAtMs < SLOW_MS) break;
    count += 1;
  }
  return count;
}
