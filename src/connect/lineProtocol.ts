/**
 * The protocol between a client and the owner of a store: a connection to the control socket, upgraded to a line
 * (docs/decisions/0162), on which each frame is one JSON value and a line feed.
 *
 * @module
 */

import type {
  Acceptance,
  CrisisAnswer,
  EntityPage,
  EntityPageQuery,
  EntityView,
  OperationView,
  Outcome,
  RemoteChange,
  RemoteChangeResult,
  RemovedItem,
  RestoringEdit,
  Wish,
} from '../../actors/port.ts';
import type { CheckedRequest } from '../../machines/policy/request/request.ts';
import type { PlainError, ValuePath } from '../../machines/vocabulary/errors.ts';
import { isObject } from '../../machines/vocabulary/optionFields.ts';
import type { Entity } from '../../machines/vocabulary/record.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import type { TierName } from '../../machines/vocabulary/urgency.ts';

/** The path at which the control socket upgrades to a line. */
export const LINE_PATH = '/v1/line';
/**
 * The protocol and its version, as the header `Upgrade` has it. A change that both sides must know gets a new number.
 */
export const LINE_PROTOCOL = 'holdfast-line/1';
/** Headers of the answer: the longest frame that the owner takes, and its socket for crises. */
export const FRAME_BYTES_MAX = 'holdfast-frame-bytes-max';
export const CRISIS_SOCKET = 'holdfast-crisis-socket';

/** The asks of a client, each with its parameters, its result, and what it reports until then. */
export interface Asks {
  /** Accepts a request: its answer comes once it is on disk (OP-2). */
  readonly sync: Ask<WireRequest, Acceptance>;
  /** Accepts one request of many, without a deadline. */
  readonly syncMany: Ask<WireRequest, Acceptance>;
  readonly view: Ask<OfOperation, OperationView>;
  readonly tell: Ask<OfOperation & { readonly wish: Wish }, boolean>;
  /** The outcome of an operation. Lasts until the operation has ended. */
  readonly outcome: Ask<OfOperation, PlainOutcome>;
  /** Lasts until it is stopped. */
  readonly watch: Ask<
    OfOperation & {
      /** Whether an owner was asked for it before. */
      readonly isRepeat: boolean;
    },
    null,
    OperationView
  >;
  /** Reports the answer at once, and ends once the crisis is on disk or delivered. */
  readonly crisis: Ask<WireCrisis, CrisisKept, CrisisTold>;
  /** A record as it is shown; `null` where nothing is known of it. */
  readonly entity: Ask<OfEntity, EntityView | null>;
  /** Watches a record: reports it at once and whenever it changes. Lasts until it is stopped. */
  readonly entityWatch: Ask<OfEntity, null, EntityView | null>;
  /** A piece of the list of records. */
  readonly entityPage: Ask<EntityPageQuery, EntityPage>;
  readonly entityRemoved: Ask<OfEntity, readonly RemovedItem[]>;
  readonly entityRestoring: Ask<OfEntity & { readonly path: string }, RestoringEdit | null>;
  readonly entityForget: Ask<OfEntity, boolean>;
  readonly remoteChange: Ask<RemoteChange, RemoteChangeResult>;
  /** A management call, by its name. */
  readonly call: Ask<{ readonly name: string; readonly params: object }, unknown>;
}

interface Ask<Params, Result, Told = never> {
  readonly params: Params;
  readonly result: Result;
  readonly told: Told;
}

export type AskName = keyof Asks;
/** Asks that last as long as what they follow. */
export const FOLLOWING: ReadonlySet<AskName> = new Set([
  'outcome',
  'watch',
  'crisis',
  'entityWatch',
] as const);

interface OfOperation {
  readonly id: string;
}

interface OfEntity {
  readonly entity: Entity;
}

/**
 * A request whose form was checked; the owner checks what only it can: schemas, and which fields may hold card data.
 */
export type WireRequest = Omit<CheckedRequest, 'idempotencyKey' | 'tier' | 'like'> & {
  /** The tier; `null` for the owner's default. */
  readonly tier: TierName | null;
  /** The key by which a request that is sent again, also to the next owner, finds the first. */
  readonly idempotencyKey: string;
};

export interface WireCrisis {
  /** The id of its operation, which the client has given to its caller already. */
  readonly id: string;
  readonly request: Json;
  /** Whether an earlier owner was asked for it, which may have kept it. */
  readonly isRepeat: boolean;
}

/** The owner's part of the answer to a crisis. */
export type CrisisTold = Pick<
  CrisisAnswer,
  'source' | 'resources' | 'message' | 'plan' | 'crisisMode'
>;

/** Whether a value is such an answer: what is shown to a person in crisis must not be a guess. */
export function isCrisisTold(value: unknown): value is CrisisTold {
  const { resources, message, plan, source, crisisMode } = Object(value) as Partial<
    Record<keyof CrisisTold, unknown>
  >;
  return (
    Array.isArray(resources) &&
    isObject(message) &&
    typeof plan === 'string' &&
    typeof source === 'string' &&
    typeof crisisMode === 'string'
  );
}

/** How a crisis is kept: on disk, or delivered where the disk did not take it. */
export type CrisisKept = { readonly isDurable: true } | { readonly outcome: PlainOutcome };

/** An outcome whose error can be sent. */
export type PlainOutcome =
  | Extract<Outcome, { readonly status: 'completed' }>
  | (Omit<Exclude<Outcome, { readonly status: 'completed' }>, 'error'> & {
      readonly error: PlainError;
    });

/** A frame of a client. Each ask has a number of its own on its line. */
export type ClientFrame =
  | { readonly n: number; readonly ask: AskName; readonly params: unknown }
  | { readonly n: number; readonly stop: true };

/** A frame of the owner, about the ask of that number. */
export type OwnerFrame =
  | { readonly n: number; readonly told: unknown }
  | { readonly n: number; readonly result: unknown }
  /** `at` is beside the error, since no log may show it. */
  | { readonly n: number; readonly error: PlainError; readonly at?: ValuePath | undefined };

/** The owner of the store, in this process or behind a line. */
export interface OwnerPort {
  ask<Name extends AskName>(
    name: Name,
    params: Asks[Name]['params'],
    told: (value: Asks[Name]['told']) => void,
  ): Asked<Asks[Name]['result']>;
}

/** An ask under way. */
export interface Asked<Result> {
  /** Rejects with a `HoldfastError`, or with {@link LineEnded}. */
  readonly answer: Promise<Result>;
  /** Stops waiting. What was ordered is still done. */
  stop(): void;
}

/** The line ended before the answer came, so it is not known whether the ask was carried out. */
export class LineEnded extends Error {
  override readonly name = 'LineEnded';
}

const LINE_FEED = 0x0a;

/** Bytes that are no frame, or a frame that is too long. */
export class FrameFault extends Error {
  override readonly name = 'FrameFault';
}

export class FrameReader {
  readonly #bytesMax: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether a frame has begun to arrive and has not ended. */
  get isWithin(): boolean {
    return this.#bytes > 0;
  }

  /**
   * The frames that are complete by now, as values of JSON.
   *
   * @throws FrameFault
   */
  read(chunk: Buffer): unknown[] {
    const frames: unknown[] = [];
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, from);
      const piece = chunk.subarray(from, end === -1 ? chunk.length : end);
      this.#bytes += piece.length;
      if (this.#bytes > this.#bytesMax) throw new FrameFault('too long');
      if (piece.length > 0) this.#chunks.push(piece);
      if (end === -1) return frames;
      frames.push(this.#frame());
      from = end + 1;
    }
  }

  #frame(): unknown {
    const text = Buffer.concat(this.#chunks, this.#bytes).toString('utf8');
    this.#chunks = [];
    this.#bytes = 0;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      // The cause is left out: its message quotes the frame.
      throw new FrameFault('no JSON');
    }
  }
}

/** A value as a frame. */
export function frameOf(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
