/**
 * Keeps crises that the main thread does not take in time: asks the store's writer, a thread of its own that has the
 * key, over a line that does not need the main thread (CR-4).
 *
 * @module
 */

import { inPieces } from '../../actors/platform/inPieces.ts';
import type { FromSpill, SpillLine, ToSpill } from '../../actors/port.ts';
import {
  type CrisisRules,
  completeCrisis,
  readCrisis,
} from '../../machines/policy/crisis/crisisRequest.ts';
import { exemptionsOf } from '../../machines/policy/request/cardData.ts';
import { type CheckedRequest, checkRequest } from '../../machines/policy/request/request.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import type { PlainError } from '../../machines/vocabulary/errors.ts';
import { toPlainError } from '../../machines/vocabulary/errors.ts';
import type { HandlerTypes, OutsideThreadData } from './outsideMessages.ts';

/** The pause before a crisis that the disk did not take is tried again. */
const AGAIN_MS = 1_000;

export interface SpillerParts {
  readonly clock: Clock;
  readonly data: Pick<OutsideThreadData, 'type' | 'payloadBytesMax'>;
  /** Called once a crisis is on disk, sealed. */
  readonly onKept: (id: string) => void;
  readonly onFailed: (error: PlainError) => void;
  /** Called when the writer is gone, until there is another line. */
  readonly onLineLost: () => void;
}

export class Spiller {
  readonly #parts: SpillerParts;
  /** The crises that are asked for and not on disk yet, by id. */
  readonly #asked = new Map<string, unknown>();
  /** The ids that the writer has on disk, as far as is known. */
  readonly #kept = new Set<string>();
  #handlers: HandlerTypes = new Map();
  #line: SpillLine | null = null;

  constructor(parts: SpillerParts) {
    this.#parts = parts;
  }

  /** Whether a writer can keep a crisis. */
  get canKeep(): boolean {
    return this.#line !== null;
  }

  /** Takes in which types have handlers, and the card data that they exempt. */
  handlersChanged(handlers: HandlerTypes): void {
    this.#handlers = handlers;
  }

  /** Uses this line from now on, also for crises that could not be kept before. */
  use(line: SpillLine): void {
    this.#line = line;
    line.on('message', (answer: FromSpill) => {
      this.#answered(answer);
    });
    line.on('close', () => {
      if (this.#line !== line) return;
      this.#line = null;
      this.#parts.onLineLost();
    });
    for (const [id, request] of this.#asked) this.#ask(id, request);
  }

  /** Keeps a crisis as soon as that is possible. */
  keep(id: string, request: unknown): void {
    this.#asked.set(id, request);
    this.#ask(id, request);
  }

  /** Drops a crisis that the main thread has on disk, or that is delivered. */
  drop(id: string): void {
    const isUnderWay = this.#asked.delete(id);
    if (this.#kept.delete(id) || isUnderWay) this.#send({ kind: 'drop', id });
  }

  close(): void {
    const line = this.#line;
    this.#line = null;
    line?.close();
  }

  #ask(id: string, request: unknown): void {
    if (this.#line === null) return;
    void this.#checked(request).then(
      (checked) => {
        // Dropped meanwhile.
        if (!this.#asked.has(id)) return;
        this.#send({ kind: 'keep', crisis: { id, request: JSON.stringify(checked) } });
      },
      (error: unknown) => {
        this.#failed(id, toPlainError(error));
      },
    );
  }

  #answered(answer: FromSpill): void {
    const { id } = answer;
    if (answer.kind === 'notKept') {
      this.#failed(id, answer.error);
      return;
    }
    // Dropped meanwhile: the writer is told next.
    if (!this.#asked.delete(id)) return;
    this.#kept.add(id);
    this.#parts.onKept(id);
  }

  #failed(id: string, error: PlainError): void {
    this.#parts.onFailed(error);
    this.#parts.clock.schedule(AGAIN_MS, () => {
      if (this.#asked.has(id)) this.#ask(id, this.#asked.get(id));
    });
  }

  /** The request as it would be accepted: with all that is sound in it, and card data masked. */
  async #checked(request: unknown): Promise<CheckedRequest> {
    const { type, payloadBytesMax } = this.#parts.data;
    const exempt: CrisisRules['exemptionsOf'] = (of) => exemptionsOf(this.#handlers.get(of));
    const rules: CrisisRules = {
      type,
      // The process that takes it up knows which handlers there are by then.
      hasHandler: () => true,
      check: (given, bytesMax) =>
        checkRequest(given, { payloadBytesMax: bytesMax, exemptionsOf: exempt }),
      exemptionsOf: exempt,
    };
    const pieces = completeCrisis(readCrisis(request, rules), rules, payloadBytesMax);
    return (await inPieces(this.#parts.clock, pieces)).request;
  }

  #send(message: ToSpill): void {
    this.#line?.postMessage(message);
  }
}
