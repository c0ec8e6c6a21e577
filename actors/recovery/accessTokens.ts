/**
 * The access tokens of a store (AC-1): kept sealed in it, each as the hash of its secret. What is in force is in memory, so
 * that no door waits for a disk.
 *
 * @module
 */

import {
  type AccessToken,
  NO_TOKENS,
  type Role,
  type Shown,
  shownBy,
  stateOf,
  type TokensKept,
} from '../../machines/policy/access/access.ts';
import type { Random } from '../../machines/vocabulary/clock.ts';
import { requireOption } from '../../machines/vocabulary/optionFields.ts';
import { isSamePerson } from '../../machines/vocabulary/subject.ts';
import type { StoreInfo } from '../../persistence/port/store.ts';
import type { Write } from '../../persistence/port/writes.ts';
import type { AuditNotes, Noted } from '../journal/auditTrail.ts';
import { notConnected } from '../platform/wires.ts';

/** The component under which the tokens are kept. */
export const ACCESS = 'access';
/** What is read at a start, and looked through at each call, stays small. */
const TOKENS_MAX = 1_000;

/** A token as people see it. */
export interface TokenView {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly state: 'valid' | 'expired' | 'revoked';
  readonly givenAtMs: number;
  /** When it expires; `null` for never. */
  readonly expiresAtMs: number | null;
}

/** The tokens of a store, as doors ask for them. */
export interface AccessTokens {
  /** What is kept. */
  readonly kept: TokensKept;
  /** Who shows a token of this hash; `null` for none. */
  shown(hash: string | null): Shown;
  /** All tokens, the latest first; those that have ended, too. */
  list(): readonly TokenView[];
  /**
   * Keeps a token; resolves once it is on disk.
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID`, `HF_STORE_…`, `HF_AUDIT_UNAVAILABLE`.
   */
  give(given: GivenToken, by: string | undefined): Promise<TokenView>;
  /**
   * Ends a token at once; resolves once that is on disk. `false` where it had ended before.
   *
   * @throws HoldfastError (rejects) as {@link give}.
   */
  revoke(id: string, by: string | undefined): Promise<boolean>;
}

export interface GivenToken extends Pick<AccessToken, 'name' | 'role' | 'hash' | 'expiresAtMs'> {}

export interface KeptAccessParts {
  readonly now: () => number;
  readonly random: Pick<Random, 'uuid'>;
  readonly notes: AuditNotes;
  /** Resolves once the write is durable. */
  readonly commit: (write: () => Write) => Promise<void>;
}

export class KeptAccess implements AccessTokens {
  /** Called when tokens were read, given or have ended. */
  onChange: () => void = notConnected;
  readonly #parts: KeptAccessParts;
  #kept: TokensKept = NO_TOKENS;
  /** Writes one after the other, since each has all tokens. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: KeptAccessParts) {
    this.#parts = parts;
  }

  get kept(): TokensKept {
    return this.#kept;
  }

  /** The store is open, and this was kept in it. */
  opened({ components, isAccessInDoubt }: Pick<StoreInfo, 'components' | 'isAccessInDoubt'>): void {
    this.#kept = isAccessInDoubt ? IN_DOUBT : read(components.get(ACCESS));
    this.onChange();
  }

  shown(hash: string | null): Shown {
    return shownBy(this.#kept, hash, this.#parts.now());
  }

  list(): readonly TokenView[] {
    const nowMs = this.#parts.now();
    return this.#kept.tokens.map((token) => viewOf(token, nowMs)).toReversed();
  }

  async give(given: GivenToken, by: string | undefined): Promise<TokenView> {
    return await this.#change((tokens, nowMs) => {
      const { name, role, expiresAtMs } = given;
      const live = tokens.filter((one) => stateOf(one, nowMs) === 'valid');
      requireOption(
        role === 'admin' || live.some((one) => one.role === 'admin'),
        'role',
        'must be admin for the first token: nobody could give or revoke others',
      );
      const same = live.find((one) => isSamePerson({ id: one.name }, { id: name }));
      requireOption(
        same === undefined || same.name === name,
        'name',
        `is another spelling of ${same?.name ?? ''}, who has a token: write it in the same way`,
      );
      requireOption(expiresAtMs === null || expiresAtMs > nowMs, 'forMs', 'must end in the future');
      const left = tokens.length < TOKENS_MAX ? tokens : live;
      requireOption(
        left.length < TOKENS_MAX,
        'tokens',
        `are ${TOKENS_MAX} already, which is the most: revoke those that nobody needs`,
      );
      const token: AccessToken = {
        ...{ id: this.#parts.random.uuid(), ...given },
        ...{ givenAtMs: nowMs, isRevoked: false },
      };
      return {
        tokens: [...left, token],
        note: { by, subject: name, code: `given_${role}` },
        result: viewOf(token, nowMs),
      };
    });
  }

  async revoke(id: string, by: string | undefined): Promise<boolean> {
    return await this.#change((tokens, nowMs) => {
      const token = tokens.find((one) => one.id === id);
      requireOption(token !== undefined, 'id', 'is of no token of this store');
      if (stateOf(token, nowMs) === 'revoked') return { result: false };
      const others = tokens.filter((one) => one !== token && stateOf(one, nowMs) === 'valid');
      requireOption(
        stateOf(token, nowMs) === 'expired' || others.some((one) => one.role === 'admin'),
        'id',
        'is of the last admin: give somebody else a token of that role first',
      );
      return {
        tokens: tokens.map((one) => (one === token ? { ...token, isRevoked: true } : one)),
        note: { by, subject: token.name, code: 'revoked' },
        result: true,
      };
    });
  }

  /** Changes the tokens and records that in one commit. Who is let out is out before the disk has it, whatever comes of it. */
  async #change<Result>(
    change: (tokens: readonly AccessToken[], nowMs: number) => Change<Result>,
  ): Promise<Result> {
    const turn = this.#last.then(async () => {
      const { now, notes, commit } = this.#parts;
      const { tokens, note, result } = change(this.#kept.tokens, now());
      if (tokens === undefined) return result;
      const isEnding = tokens.length === this.#kept.tokens.length;
      if (isEnding) this.#put(tokens);
      await commit(() => ({
        ...{ kind: 'component', name: ACCESS },
        state: JSON.stringify({ v: VERSION, tokens }),
        audit: notes.of({ act: 'access.changed', ...note }),
      }));
      if (!isEnding) this.#put(tokens);
      return result;
    });
    this.#last = turn.catch(() => undefined);
    return await turn;
  }

  #put(tokens: readonly AccessToken[]): void {
    this.#kept = { state: 'closed', tokens };
    this.onChange();
  }
}

const VERSION = 1;
const OPEN: TokensKept = { state: 'open', tokens: [] };
const IN_DOUBT: TokensKept = { state: 'inDoubt', tokens: [] };

interface Change<Result> {
  /** Left out where nothing changes. */
  readonly tokens?: readonly AccessToken[];
  readonly note?: Omit<Noted, 'act'>;
  readonly result: Result;
}

/** What was kept; what a later version wrote, or nobody can read, lets nobody in. */
function read(text: string | undefined): TokensKept {
  if (text === undefined) return OPEN;
  try {
    const { v, tokens } = JSON.parse(text) as {
      readonly v: unknown;
      readonly tokens: readonly AccessToken[];
    };
    return v === VERSION && Array.isArray(tokens) ? { state: 'closed', tokens } : IN_DOUBT;
  } catch {
    return IN_DOUBT;
  }
}

function viewOf(token: AccessToken, nowMs: number): TokenView {
  const { id, name, role, givenAtMs, expiresAtMs } = token;
  return { id, name, role, state: stateOf(token, nowMs), givenAtMs, expiresAtMs };
}
