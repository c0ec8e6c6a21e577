/**
 * The one door through which the page asks its browser for time, chance and what is kept there.
 *
 * @module
 */

/** Now, by the clock of this machine, in milliseconds since the epoch. */
export function pageNow(): number {
  return Date.now();
}

/** Calls back once after `ms`, unless it is called off. */
export function after(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms);
  return () => {
    clearTimeout(timer);
  };
}

/** Calls back each `ms`, until it is called off. */
export function each(ms: number, then: () => void): () => void {
  const timer = setInterval(then, ms);
  return () => {
    clearInterval(timer);
  };
}

/** From 0 to below 1. */
export function draw(): number {
  return Math.random();
}

/** A value under a name; nothing is kept where the browser lets nothing be kept. */
export function keptIn(area: () => Storage, name: string) {
  return {
    read: (): string | null => {
      try {
        return area().getItem(name);
      } catch {
        return null;
      }
    },
    write: (value: string | null): void => {
      try {
        if (value === null) area().removeItem(name);
        else area().setItem(name, value);
      } catch {
        // The page works without, until it is loaded again.
      }
    },
  };
}

/** How long other tabs are waited for: they answer in a few milliseconds, also where nobody sees them. */
const TABS_MS = 600;

/**
 * Lets other tabs of this browser have what this one keeps, and asks them for it: tabs of this origin alone, which is
 * this host and port.
 *
 * @returns asks them; `null` where none has any
 */
export function sharedAmongTabs(
  name: string,
  read: () => string | null,
): () => Promise<string | null> {
  if (typeof BroadcastChannel === 'undefined') return () => Promise.resolve(null);
  const channel = new BroadcastChannel(name);
  let hear: (has: string) => void = () => {};
  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    const { wants, has } = Object(data) as { readonly wants?: unknown; readonly has?: unknown };
    const own = read();
    if (wants === true && own !== null) channel.postMessage({ has: own });
    if (typeof has === 'string') hear(has);
  });
  return () =>
    new Promise((resolve) => {
      const callOff = after(TABS_MS, () => {
        hear = () => {};
        resolve(null);
      });
      hear = (has) => {
        callOff();
        hear = () => {};
        resolve(has);
      };
      channel.postMessage({ wants: true });
    });
}

/** Puts a text where one can paste it from; whether that was allowed. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Gathers what comes within one frame and hands it on at once. A page that nobody sees has no frames:
 * there it is once a second.
 */
export function perFrame<T>(take: (gathered: readonly T[]) => void): (item: T) => void {
  let gathered: T[] = [];
  let callOff = (): void => {};
  const flush = (): void => {
    callOff();
    const taken = gathered;
    gathered = [];
    take(taken);
  };
  return (item) => {
    gathered.push(item);
    if (gathered.length > 1) return;
    const frame = requestAnimationFrame(flush);
    const callOffTimer = after(1_000, flush);
    callOff = () => {
      cancelAnimationFrame(frame);
      callOffTimer();
    };
  };
}
