/**
 * The one door through which the page gets time, chance and storage from its browser.
 *
 * @module
 */

/** Now, by the clock of this machine, in milliseconds since the epoch. */
export function pageNow(): number {
  return Date.now();
}

/** Calls back once after `ms`, unless it is cancelled. */
export function after(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms);
  return () => {
    clearTimeout(timer);
  };
}

/** Calls back every `ms`, until it is cancelled. */
export function each(ms: number, then: () => void): () => void {
  const timer = setInterval(then, ms);
  return () => {
    clearInterval(timer);
  };
}

/** A random number from 0 to below 1. */
export function draw(): number {
  return Math.random();
}

/** A value in the storage of the browser; nothing is kept where the browser forbids it. */
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
        // The page works without it, until it is loaded again.
      }
    },
  };
}

/** How long to wait for other tabs: they answer in a few milliseconds, also in the background. */
const TABS_MS = 600;

/**
 * Shares a value with other tabs of this browser, and asks them for theirs: only tabs of this origin, which is
 * this host and port.
 *
 * @returns a function that asks them; it resolves to `null` where none has a value
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

/** Copies a text to the clipboard; returns whether the browser allowed it. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Gathers the values of one frame and hands them on together. A page in the background has no frames:
 * there it does so once a second.
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
