/**
 * Who may do what (AC-1): capabilities, the roles that hold them, and the tokens by which a caller shows a role.
 *
 * @module
 */

import type { MatchRule } from '../../vocabulary/optionFields.ts';

/**
 * What a call or an ask needs. `view`: see states, counts and reasons, nothing of a person. `viewSubjects`: see whom work
 * is about. `audit`: read the log. `submit`: hand in work and follow it. `operate`: decide how work goes on.
 * `decide`: see and decide conflicts about records. `care`: take crises on, call them off, end crisis mode. `export`: take
 * sealed data out. `destroy`: forget records for good, let a copied store go. `secure`: see and revoke tokens. `grant`: give
 * them.
 */
export const CAPABILITIES = [
  'view',
  'viewSubjects',
  'audit',
  'submit',
  'operate',
  'decide',
  'care',
  'export',
  'destroy',
  'secure',
  'grant',
] as const;

export type Capability = (typeof CAPABILITIES)[number];

const CAPABILITIES_OF = {
  viewer: ['view'],
  operator: ['view', 'viewSubjects', 'submit', 'operate'],
  clinician: ['view', 'viewSubjects', 'submit', 'decide', 'care'],
  security: ['view', 'audit', 'destroy', 'secure'],
  auditor: ['view', 'audit'],
  client: ['view', 'submit'],
  admin: CAPABILITIES,
} as const satisfies Readonly<Record<string, readonly Capability[]>>;

export type Role = keyof typeof CAPABILITIES_OF;

/** Names of the roles: six for people, and `client` for the processes of an app. */
export const ROLES: readonly Role[] = Object.keys(CAPABILITIES_OF) as Role[];

/** Whether this is the name of a role, in its one spelling. */
export function isRole(name: unknown): name is Role {
  return typeof name === 'string' && Object.hasOwn(CAPABILITIES_OF, name);
}

/** Capabilities of a role. */
export function capabilitiesOf(role: Role): readonly Capability[] {
  return CAPABILITIES_OF[role];
}

/** Whether a role holds a capability. A name that is no role holds none. */
export function holds(role: string, capability: Capability): boolean {
  return isRole(role) && capabilitiesOf(role).includes(capability);
}

/** The caller behind a connection: a person, or a process of the app, and what they are. */
export interface Principal {
  readonly id: string;
  readonly role: Role;
}

/** A token as it is kept: its secret is with its holder alone. */
export interface AccessToken {
  /** Names it in orders. */
  readonly id: string;
  /** The holder, by whom it acts. */
  readonly name: string;
  readonly role: Role;
  /** SHA-256 of the secret, in hex. */
  readonly hash: string;
  readonly givenAtMs: number;
  /** When it expires; `null` for never. */
  readonly expiresAtMs: number | null;
  readonly isRevoked: boolean;
}

/**
 * The tokens of a store. `unread`: the store is not open yet. `open`: none was ever given, so that whoever may open the
 * socket is its owner. `closed`: only who shows a token gets in. `inDoubt`: what was kept is missing, or is an earlier
 * copy, so that nobody's token counts.
 */
export interface TokensKept {
  readonly state: 'unread' | 'open' | 'closed' | 'inDoubt';
  readonly tokens: readonly AccessToken[];
}

export const NO_TOKENS: TokensKept = { state: 'unread', tokens: [] };

/**
 * Who stands at a door. `own`: the owner of the store, where no tokens are set up. `unread`: nobody knows yet. Of the others,
 * all but `principal` are let in for a crisis alone.
 */
export type Shown =
  | { readonly kind: 'principal'; readonly principal: Principal }
  | { readonly kind: 'own' | 'unread' | 'none' | 'unknown' | 'expired' | 'revoked' | 'inDoubt' };

/**
 * Looks up who shows a token.
 *
 * @param hash SHA-256 of the secret that was shown, in hex; `null` where none was
 */
export function shownBy({ state, tokens }: TokensKept, hash: string | null, nowMs: number): Shown {
  if (state === 'open') return { kind: 'own' };
  if (state !== 'closed') return { kind: state };
  if (hash === null) return { kind: 'none' };
  const token = tokens.find((one) => one.hash === hash);
  if (token === undefined) return { kind: 'unknown' };
  const how = stateOf(token, nowMs);
  if (how !== 'valid') return { kind: how };
  return { kind: 'principal', principal: { id: token.name, role: token.role } };
}

/** Whether a caller is known, so that a crisis is in the name of somebody. */
export function isVouched({ kind }: Shown): boolean {
  return kind === 'principal' || kind === 'own' || kind === 'unread';
}

/** State of a token by the clock. */
export function stateOf(
  { expiresAtMs, isRevoked }: AccessToken,
  nowMs: number,
): 'valid' | 'expired' | 'revoked' {
  if (isRevoked) return 'revoked';
  return expiresAtMs !== null && nowMs >= expiresAtMs ? 'expired' : 'valid';
}

export const ROLE: MatchRule = {
  rule: `must be one of ${ROLES.join(', ')}`,
  matches: isRole,
};
