/**
 * The handlers that are registered, and which of them has to do with what (OP-7).
 *
 * @module
 */

import { passesBy } from '../../machines/policy/crisis/crisisBounds.ts';
import type { Priority } from '../../machines/vocabulary/urgency.ts';
import type { Handler } from '../operation/handler.ts';

/** Work, as far as it decides who handles it. */
export interface HandledWork {
  readonly type: string;
  readonly priority: Priority;
}

export class Handlers {
  readonly #byType = new Map<string, Handler>();
  readonly byType: ReadonlyMap<string, Handler> = this.#byType;
  readonly crisisType: string;

  /** @param crisisType the type whose handler also takes crises of types that nobody handles (CR-2) */
  constructor(crisisType: string) {
    this.crisisType = crisisType;
  }

  set(type: string, handler: Handler): void {
    this.#byType.set(type, handler);
  }

  /** Handler of this work; `null` where nobody handles it. */
  of(work: HandledWork): Handler | null {
    const handler = this.#byType.get(work.type);
    if (handler !== undefined || !passesBy('type', work)) return handler ?? null;
    return this.#byType.get(this.crisisType) ?? null;
  }

  /** Whether the handler of this type, if there is one, is its own to run with. */
  isOf(type: string, work: HandledWork): boolean {
    if (work.type === type) return true;
    return type === this.crisisType && passesBy('type', work) && !this.#byType.has(work.type);
  }
}
