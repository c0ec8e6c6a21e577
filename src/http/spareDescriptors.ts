/**
 * Descriptors that are held so that a crisis has some to connect with where the process has none left, after a leak
 * or under a rush (CR-2). While it has none, few requests of crises are under way to each host at a time, and the
 * others wait for the connections of these.
 *
 * @module
 */

import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { AttemptEnd } from '../../actors/port.ts';
import { isError } from '../../machines/vocabulary/errors.ts';
import { abortable } from './failures.ts';

const HELD_MAX = 8;
const UNDER_WAY_MAX = 4;

/** The requests to one host while there is no descriptor. */
interface Line {
  underWay: number;
  readonly waiting: Set<() => void>;
}

/** How a descriptor is taken and given back. */
export interface Descriptors {
  /** @throws where the process has none left */
  readonly take: () => number;
  readonly giveBack: (descriptor: number) => void;
}

const OF_THE_SYSTEM: Descriptors = { take: () => openSync(devNull, 'r'), giveBack: closeSync };

export class SpareDescriptors {
  readonly #descriptors: Descriptors;
  readonly #held: number[] = [];
  /** The requests under way while descriptors are short, by host. */
  readonly #lines = new Map<string, Line>();
  /** Whether the spare descriptors are gone, and others have taken them since. */
  #isShort = false;

  constructor(descriptors: Descriptors = OF_THE_SYSTEM) {
    this.#descriptors = descriptors;
  }

  hold(): void {
    if (this.#isShort) return;
    try {
      while (this.#held.length < HELD_MAX) this.#held.push(this.#descriptors.take());
    } catch {
      // The process has no descriptor left: the next request tries again.
    }
  }

  /** Makes a request that may need a connection. Where there is no descriptor for it, the spare ones are freed. */
  async request<T>(host: string, end: AttemptEnd, make: () => Promise<T>): Promise<T> {
    this.hold();
    if (!this.#isShort) {
      try {
        return await make();
      } catch (error) {
        if (!hasNoDescriptor(error)) throw error;
        this.#isShort = true;
        this.#free();
      }
    }
    return await this.#inTurn(host, end, make);
  }

  async #inTurn<T>(host: string, end: AttemptEnd, make: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(host) ?? { underWay: 0, waiting: new Set() };
    this.#lines.set(host, line);
    if (line.underWay < UNDER_WAY_MAX) line.underWay += 1;
    else await this.#turn(host, line, end);
    try {
      return await make();
    } finally {
      this.#next(host, line);
    }
  }

  /** Waits until another request to the host has ended. */
  async #turn(host: string, line: Line, end: AttemptEnd): Promise<void> {
    let take = (): void => undefined;
    const given = new Promise<void>((resolve) => {
      take = resolve;
    });
    line.waiting.add(take);
    try {
      await abortable(given, end);
    } catch (error) {
      const isStillWaiting = line.waiting.delete(take);
      if (!isStillWaiting) this.#next(host, line);
      throw error;
    }
  }

  #next(host: string, line: Line): void {
    const [next] = line.waiting;
    if (next !== undefined) {
      line.waiting.delete(next);
      next();
      return;
    }
    line.underWay -= 1;
    if (line.underWay > 0) return;
    this.#lines.delete(host);
    if (this.#lines.size > 0) return;
    this.#isShort = false;
    this.hold();
    if (this.#held.length === HELD_MAX) return;
    this.#isShort = true;
    this.#free();
  }

  #free(): void {
    for (const descriptor of this.#held.splice(0)) this.#descriptors.giveBack(descriptor);
  }
}

/** Whether there was no descriptor for the connection, so that nothing was sent. */
function hasNoDescriptor(error: unknown): boolean {
  const cause = isError(error) ? error.cause : undefined;
  const code = (cause as { readonly code?: unknown } | undefined)?.code;
  return code === 'EMFILE' || code === 'ENFILE';
}

/** The spare descriptors of this process. */
export const spareDescriptors = new SpareDescriptors();
