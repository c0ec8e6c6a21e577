/**
 * The management calls of a page: which are made, with which parameters, and which fields of their answers leave.
 *
 * @module
 */

import type { Clock } from '../../machines/vocabulary/clock.ts';
import { type ErrorCode, isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { CallAnswer, FeedSource } from '../protocol.ts';
import { cutTo } from './answerShape.ts';
import type { InspectorCall } from './inspectorCall.ts';
import { Refusal } from './replies.ts';

const CALLS_AT_ONCE_MAX = 8;
/** Bounds a call, since a disk may stall. */
const ANSWER_WITHIN_MS = 15_000;

export interface CallsParts {
  readonly source: FeedSource;
  readonly calls: readonly InspectorCall[];
  readonly canOperate: boolean;
  readonly clock: Clock;
}

export class Calls {
  readonly #parts: CallsParts;
  #atOnce = 0;

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  /** Makes the call that a body asks for. */
  async make(body: string): Promise<CallAnswer | Refusal> {
    const asked = this.#callIn(body);
    if (asked instanceof Refusal) return asked;
    if (this.#atOnce >= CALLS_AT_ONCE_MAX) return busy();
    this.#atOnce += 1;
    // A call that takes too long goes on, and counts until it has ended.
    const made = this.#made(asked).finally(() => {
      this.#atOnce -= 1;
    });
    return await this.#inTime(made);
  }

  #callIn(body: string): Asked | Refusal {
    const { calls, canOperate } = this.#parts;
    const asked = askedIn(body);
    if (asked === null) {
      return new Refusal(400, 'A call is JSON: { "name": "deadLetter.page", "params": { … } }.');
    }
    const call = calls.find(({ name }) => name === asked.name);
    if (call === undefined) {
      const names = calls.map(({ name }) => name).join(', ');
      return new Refusal(403, `The inspector does not make that call. It makes: ${names}.`);
    }
    if (call.kind === 'order' && !canOperate) {
      return new Refusal(
        403,
        'This inspector is read-only. Start it with --operate (operate: true in code) to give orders.',
        { code: 'HF_INSPECTOR_READ_ONLY' },
      );
    }
    const isListed = Object.keys(asked.params).every((name) => call.params.includes(name));
    if (!isListed) {
      const listed = call.params.length === 0 ? 'none' : call.params.join(', ');
      return new Refusal(
        403,
        `In the inspector, ${call.name} takes only these parameters: ${listed}.`,
      );
    }
    return { call, params: asked.params };
  }

  async #made({ call, params }: Asked): Promise<CallAnswer> {
    try {
      const answer = await this.#parts.source.call(call.name, params);
      return { ok: true, result: cutTo(call.answer, answer) };
    } catch (error) {
      return { ok: false, error: errorOf(error) };
    }
  }

  async #inTime(made: Promise<CallAnswer>): Promise<CallAnswer> {
    return await new Promise((resolve, reject) => {
      const cancel = this.#parts.clock.schedule(ANSWER_WITHIN_MS, () => {
        resolve(tooLate());
      });
      made.then(
        (answer) => {
          cancel();
          resolve(answer);
        },
        (error: unknown) => {
          cancel();
          reject(error instanceof Error ? error : new Error('a call failed'));
        },
      );
    });
  }
}

interface Asked {
  readonly call: InspectorCall;
  readonly params: Readonly<Record<string, unknown>>;
}

function askedIn(
  body: string,
): { readonly name: string; readonly params: Readonly<Record<string, unknown>> } | null {
  const asked = parsed(body);
  if (!isRecord(asked)) return null;
  const { name, params = {} } = asked as { readonly name?: unknown; readonly params?: unknown };
  return typeof name === 'string' && isRecord(params) ? { name, params } : null;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Errors whose message is a sentence of holdfast about the call itself. Only the code of any other error leaves:
 * its message may quote an upstream, a handler or the machine.
 */
const SAID: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HF_OPTION_INVALID',
  'HF_OPERATION_UNKNOWN',
  'HF_CONFLICT_UNKNOWN',
  'HF_CONFLICT_RESOLVED',
  'HF_CONFLICT_OPEN',
  'HF_ENTITY_IN_USE',
  'HF_NOT_DEAD_LETTERED',
  'HF_QUARANTINED',
  'HF_NOT_QUARANTINED',
  'HF_PAYLOAD_ERASED',
  'HF_MAY_BE_APPLIED',
  'HF_UPSTREAM_UNKNOWN',
  'HF_CRISIS_OVER',
  'HF_SECOND_PERSON_NEEDED',
  'HF_STORE_HELD',
  'HF_CLOSED',
]);

function errorOf(error: unknown): { readonly code: string; readonly message: string } {
  const code = isHoldfastError(error) ? error.code : 'HF_INTERNAL';
  const isSaid = isHoldfastError(error) && SAID.has(error.code);
  const message = isSaid
    ? error.message
    : `The process could not do it (${code}): docs/errors.md explains the code, and its log says more.`;
  return { code, message };
}

function tooLate(): CallAnswer {
  const message = `The process has not answered within ${ANSWER_WITHIN_MS / 1_000} s: the call may have been carried out, or not. Check before you repeat it.`;
  return { ok: false, error: { code: 'HF_STORE_STALLED', message } };
}

function busy(): Refusal {
  return new Refusal(503, 'Too many calls are in progress. Try again.', {
    code: 'HF_STORE_UNAVAILABLE',
  });
}
