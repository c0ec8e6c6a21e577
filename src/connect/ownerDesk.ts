/**
 * Carries out the asks of a client at the owner of a store, in this process or over a line.
 *
 * @module
 */

import { inTime } from '../../actors/platform/inPieces.ts';
import type {
  Acceptance,
  CrisisAnswer,
  Engine,
  Outcome,
  RemoteChange,
  RemoteChangeResult,
  Wish,
} from '../../actors/port.ts';
import { checkedEntity } from '../../machines/policy/request/remoteChange.ts';
import type { SyncRequest } from '../../machines/policy/request/request.ts';
import { parseBody } from '../../machines/policy/request/requestBody.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import {
  type ErrorCode,
  HoldfastError,
  isHoldfastError,
  toPlainError,
} from '../../machines/vocabulary/errors.ts';
import { checkId, isObject, requireOption } from '../../machines/vocabulary/optionFields.ts';
import type {
  Asked,
  AskName,
  Asks,
  CrisisKept,
  CrisisTold,
  OwnerPort,
  PlainOutcome,
  WireCrisis,
  WireRequest,
} from './lineProtocol.ts';

/** How long to look whether a crisis is kept already. One that is delivered twice has the same key. */
const LOOK_WITHIN_MS = 1_000;
/** Time for its record, longer than a sync takes on a busy disk. */
const RECORD_WITHIN_MS = 5_000;
/** The form of an operation's id. That of a new crisis becomes the id of a row. */
const OPERATION_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** The codes that say that a record is there and can't be shown. */
const THERE: ReadonlySet<ErrorCode> = new Set(['HF_QUARANTINED', 'HF_RECORD_NEWER'] as const);
const WISHES: readonly Wish[] = ['cancel.requested', 'retry.requested'];

export interface OwnerDeskParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly runtime: {
    readonly sync: (request: SyncRequest) => Promise<Acceptance>;
    /** Accepts one of many, as `syncAll()` does. */
    readonly acceptMany: (request: SyncRequest) => Promise<Acceptance>;
    readonly remoteChange: (change: RemoteChange) => Promise<RemoteChangeResult>;
  };
  /** Makes the management call of this name. */
  readonly callByName: (name: string, params: unknown) => Promise<unknown>;
}

/**
 * The error for a request that waited for an owner, or for one to start: a time-out then says nothing about the disk.
 */
export function ofNewOwner(error: unknown): unknown {
  if (!isHoldfastError(error) || error.code !== 'HF_STORE_STALLED') return error;
  const fate = error.mayBeStored
    ? 'What was asked for may hold or not; send it again later under the same idempotencyKey.'
    : 'Nothing was stored: send it again later.';
  return new HoldfastError(
    'HF_OWNER_GONE',
    `The store has a new owner, which had not taken the request by its deadline. ${fate}`,
    { retry: 'later', mayBeStored: error.mayBeStored, withStack: false },
  );
}

/** The work of an ask. Its parameters come from another process and may be anything. */
type Doing<Name extends AskName> = (
  params: Asks[Name]['params'],
  told: (value: Asks[Name]['told']) => void,
  stopped: (stop: () => void) => void,
) => Promise<Asks[Name]['result']>;

export class OwnerDesk implements OwnerPort {
  readonly #parts: OwnerDeskParts;
  readonly #doings: { readonly [Name in AskName]: Doing<Name> };

  constructor(parts: OwnerDeskParts) {
    this.#parts = parts;
    const { engine, runtime, callByName } = parts;
    this.#doings = {
      sync: async (wire) => await this.#accept(wire),
      syncMany: async (wire) => await runtime.acceptMany(requestOf(wire)),
      view: async ({ id }) => await engine.view(checked(id)),
      tell: async ({ id, wish }) => {
        requireOption(WISHES.includes(wish), 'wish', `must be one of ${WISHES.join(', ')}`);
        return await engine.tell(checked(id), wish);
      },
      outcome: async ({ id }) => plainOutcome(await engine.outcome(checked(id))),
      watch: async ({ id, isRepeat }, told, stopped) => {
        stopped(engine.watch(checked(id), told));
        // A change while nobody owned the store, even the end, was reported to nobody.
        const now = isRepeat ? await engine.view(id).catch(() => null) : null;
        if (now !== null) told(now);
        return await new Promise<never>(() => undefined);
      },
      crisis: (crisis, told) => this.#crisis(crisis, told),
      entity: async ({ entity }) => await engine.entities.get(checkedEntity(entity)),
      entityWatch: async ({ entity }, told, stopped) => {
        stopped(engine.entities.subscribe(checkedEntity(entity), told));
        return await new Promise<never>(() => undefined);
      },
      entityPage: async (query) => await engine.entities.page(query),
      entityRemoved: async ({ entity }) => await engine.entities.removed(checkedEntity(entity)),
      entityRestoring: async ({ entity, path }) =>
        await engine.entities.restoring(checkedEntity(entity), path),
      entityForget: async ({ entity }) => await engine.entities.forget(checkedEntity(entity)),
      remoteChange: async (change) => await runtime.remoteChange(change),
      call: async ({ name, params }) => {
        requireOption(typeof name === 'string', 'name', 'must be that of a call, a text');
        return await callByName(name, params);
      },
    };
  }

  ask<Name extends AskName>(
    name: Name,
    params: Asks[Name]['params'],
    told: (value: Asks[Name]['told']) => void,
  ): Asked<Asks[Name]['result']> {
    let isStopped = false;
    let stop = (): void => undefined;
    const answer = this.#do(name, params, told, (given) => {
      stop = given;
      if (isStopped) stop();
    });
    return {
      answer,
      stop: () => {
        isStopped = true;
        stop();
      },
    };
  }

  async #do<Name extends AskName>(
    name: Name,
    params: Asks[Name]['params'],
    told: (value: Asks[Name]['told']) => void,
    stopped: (stop: () => void) => void,
  ): Promise<Asks[Name]['result']> {
    requireOption(Object.hasOwn(this.#doings, name), 'ask', 'is none that this owner knows');
    requireOption(isObject(params), 'params', 'must be an object');
    return await this.#doings[name](params, told, stopped);
  }

  /** @throws HoldfastError (rejects) `HF_OWNER_GONE` where this owner is new, and did not get to it in time. */
  async #accept(wire: WireRequest): Promise<Acceptance> {
    const isNew = !this.#parts.engine.isAccepting;
    try {
      return await this.#parts.runtime.sync(requestOf(wire));
    } catch (error) {
      throw isNew ? ofNewOwner(error) : error;
    }
  }

  async #crisis(
    { id, request, isRepeat }: WireCrisis,
    told: (value: CrisisTold) => void,
  ): Promise<CrisisKept> {
    checkId(id);
    requireOption(OPERATION_ID.test(id), 'id', 'must be the id of an operation');
    // A crisis that is in memory may not be on disk yet: its own promise says when it is.
    const mayBeAtRest = isRepeat && this.#parts.engine.viewNow(id) === null;
    if (mayBeAtRest && (await this.#isKept(id))) return { isDurable: true };
    const answer = await this.#parts.engine.crisis(request, id);
    const { source, resources, message, plan, crisisMode } = answer;
    told({ source, resources, message, plan, crisisMode });
    return await firstOf(answer.durable, this.#delivered(answer));
  }

  /** Resolves once the crisis is delivered, which is as good as kept. The record gets a bounded time to follow. */
  async #delivered({ durable, delivery }: CrisisAnswer): Promise<CrisisKept> {
    const outcome = plainOutcome(await delivery);
    const { clock } = this.#parts;
    const recorded = durable.then(
      () => true,
      () => false,
    );
    const isDurable = (await inTime(clock, recorded, RECORD_WITHIN_MS))?.value === true;
    return isDurable ? { isDurable } : { outcome };
  }

  /** Whether an earlier owner has the crisis on disk; false where that is not known. */
  async #isKept(id: string): Promise<boolean> {
    const { engine, clock } = this.#parts;
    try {
      return (await inTime(clock, engine.view(id), LOOK_WITHIN_MS)) !== null;
    } catch (error) {
      return isHoldfastError(error) && THERE.has(error.code);
    }
  }
}

async function firstOf(
  durable: Promise<void>,
  delivered: Promise<CrisisKept>,
): Promise<CrisisKept> {
  const kept = durable.then(() => ({ isDurable: true }) as const);
  // Where both fail, the error of the delivery says more.
  return await Promise.any([kept, delivered]).catch(async () => await delivered);
}

/** The request as its caller gave it, checked like any other. */
function requestOf(wire: WireRequest): SyncRequest {
  const { body, ...fields } = wire;
  requireOption(typeof body === 'string', 'body', 'must be a text');
  const { payload, base, changes, removals, confirm } = parsed(body);
  const what = changes === undefined ? { payload, base } : { base, changes };
  const given = Object.entries(fields).filter(([, value]) => value !== null);
  // A field of the body must not override a checked field of the frame.
  const fromFrame = given.filter(([name]) => !BODY_FIELDS.has(name));
  return { ...what, removals, confirm, ...Object.fromEntries(fromFrame) } as unknown as SyncRequest;
}

const BODY_FIELDS: ReadonlySet<string> = new Set(
  'payload base changes removals confirm'.split(' '),
);

function checked(id: string): string {
  checkId(id);
  return id;
}

function parsed(body: string): ReturnType<typeof parseBody> {
  try {
    return parseBody(body);
  } catch {
    // The cause is left out: its message quotes the body.
    requireOption(false, 'body', 'must be JSON');
  }
}

function plainOutcome(outcome: Outcome): PlainOutcome {
  if (outcome.status === 'completed') return outcome;
  return { ...outcome, error: toPlainError(outcome.error) };
}
