/**
 * Management calls about who may do what: the tokens of a store (AC-1).
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import type { TokenView } from '../../actors/port.ts';
import { type Principal, ROLE, type Role } from '../../machines/policy/access/access.ts';
import { checkFields } from '../../machines/vocabulary/optionFields.ts';
import { PERSON_RULES } from '../../machines/vocabulary/subject.ts';
import { hashOf } from '../access/callerToken.ts';
import { BY_PERSON, type Caller, type Ordered, storeCall } from './managementCall.ts';

/** A token that was given: its secret is shown this once, and kept nowhere. */
export interface GivenToken {
  readonly secret: string;
  readonly token: TokenView;
}

/** Tokens by which people and processes show who they are. */
export interface Access {
  /**
   * Gives a token. The first one is an admin's, and sets access up: from then on whoever reaches the control socket, or a
   * line of a client, needs one; crises are taken from anybody. Give each holder one of their own, and the secret by a file.
   *
   * @param given.name the holder's id, of your own, in whose name each order is given
   * @param given.forMs how long it is good for, in milliseconds; left out: until it is revoked
   *
   * @example
   * const { secret } = await runtime.access.give({ name: 'ops-7', role: 'admin' });
   * await writeFile('./ops-7.token', secret, { mode: 0o600 });
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID`, also where nobody would be left who may give others;
   * `HF_AUDIT_UNAVAILABLE`, `HF_STORE_…`, `HF_CLOSED`.
   */
  give(given: {
    readonly name: string;
    readonly role: Role;
    readonly forMs?: number | undefined;
    readonly by?: Ordered['by'];
  }): Promise<GivenToken>;
  /**
   * Ends a token at once, also on connections that it has opened; resolves once that is on disk. `false` where it had
   * been revoked before.
   *
   * @param id as {@link list} shows it
   *
   * @example
   * for (const { id, name } of await runtime.access.list()) if (name === 'ops-7') await runtime.access.revoke(id);
   *
   * @throws HoldfastError (rejects) `HF_OPTION_INVALID` for an id of none, and for the last admin's;
   * `HF_AUDIT_UNAVAILABLE`, `HF_STORE_…`, `HF_CLOSED`.
   */
  revoke(id: string, order?: Ordered): Promise<boolean>;
  /**
   * Lists all tokens, the latest first; those that have ended, too.
   *
   * @example
   * const tokens = await runtime.access.list();
   *
   * @throws HoldfastError (rejects) `HF_STORE_…`, `HF_CLOSED`.
   */
  list(): Promise<readonly TokenView[]>;
}

/** A secret that nobody can guess, whose first letters say to scanners of code what it is. */
export function newSecret(): string {
  return `hfa_${randomBytes(SECRET_BYTES).toString('base64url')}`;
}

const SECRET_BYTES = 32;

/** @param secret makes one that nobody can guess */
export function access(caller: Caller, secret: () => string): Access {
  return {
    async give({ name, role, forMs, by }) {
      const made = secret();
      const order = { name, role, forMs, by, hash: hashOf(made) };
      return { secret: made, token: await caller.call(giveToken, order) };
    },
    revoke: async (id, order = {}) => (await caller.call(revokeToken, { ...order, id })).wasInForce,
    list: () => caller.call(listTokens, {}),
  };
}

/** Longest that a token is given for: five years. */
const FOR_MS_MAX = 5 * 366 * 86_400_000;
const FOR_MS_MIN = 60_000;

export const listTokens = storeCall<object, readonly TokenView[]>({
  name: 'access.list',
  summary:
    'The tokens of the store: whose, of which role, and until when. Secrets are kept nowhere.',
  capability: 'secure',
  params: {},
  override: null,
  run: ({ records }) => Promise.resolve(records.access.list()),
});

export const giveToken = storeCall<
  Ordered & {
    readonly name: string;
    readonly role: Role;
    readonly hash: string;
    readonly forMs?: number | undefined;
  },
  TokenView
>({
  name: 'access.give',
  summary:
    'Gives a token to somebody, of whose secret the store gets the SHA-256 in hex. The first sets access up.',
  capability: 'grant',
  params: {
    name: PERSON_RULES.id,
    role: { required: ROLE },
    hash: {
      required: {
        rule: 'must be a SHA-256 in hex',
        matches: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
      },
    },
    forMs: { min: FOR_MS_MIN, max: FOR_MS_MAX, whole: true },
    by: BY_PERSON,
  },
  override: { what: 'access.give', about: () => ({}) },
  run: ({ records, clock }, { name, role, hash, forMs, by }) =>
    records.access.give(
      { name, role, hash, expiresAtMs: forMs === undefined ? null : clock.now() + forMs },
      by?.id,
    ),
});

export const revokeToken = storeCall<
  Ordered & { readonly id: string },
  { readonly wasInForce: boolean }
>({
  name: 'access.revoke',
  summary: 'Ends a token at once, also on connections that it has opened.',
  capability: 'secure',
  params: {
    id: {
      required: {
        rule: 'must be the id of a token, a text',
        matches: (value) => typeof value === 'string' && value !== '',
      },
    },
    by: BY_PERSON,
  },
  override: {
    what: 'access.revoke',
    about: (_, { wasInForce }) => (wasInForce ? {} : null),
  },
  async run({ records }, { id, by }) {
    return { wasInForce: await records.access.revoke(id, by?.id) };
  },
});

/** @throws HoldfastError `HF_OPTION_INVALID` for a principal that can't be one. */
export function checkPrincipal(principal: Principal): void {
  checkFields(principal, { id: PERSON_RULES.id, role: { required: ROLE } }, '');
}
