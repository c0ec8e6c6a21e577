/**
 * Admits callers (AC-1): each call and each ask needs a capability, and who has no token, or one that has ended, has none.
 * Crises alone are taken from anybody.
 *
 * @module
 */

import type { AccessTokens, AuditAccess } from '../../actors/port.ts';
import {
  type Capability,
  holds,
  type Principal,
  type Shown,
} from '../../machines/policy/access/access.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { isSamePerson } from '../../machines/vocabulary/subject.ts';
import type { AuditVia } from '../../persistence/port/audit.ts';
import { hashIn } from './callerToken.ts';

/** Where a call comes from: the door, and who stands there, looked up anew for each call. */
export interface From {
  readonly via: AuditVia;
  readonly who: () => Shown;
}

const OWNER: Shown = { kind: 'own' };

/** A call of the owner of the store, by this way. */
export function ofOwner(via: AuditVia): From {
  return { via, who: () => OWNER };
}

/** A call of somebody whom the app knows. */
export function ofPrincipal({ id, role }: Principal): From {
  const shown: Shown = { kind: 'principal', principal: { id, role } };
  return { via: 'app', who: () => shown };
}

/** An order that waits for a second person: by whom, and when. */
interface Asked {
  readonly by: Principal;
  readonly atMs: number;
}

/** Time for the second person to order the same. */
const SECOND_WITHIN_MS = 900_000;
/** Orders that wait for a second person. */
const ASKED_MAX = 100;
/** Refusals that are recorded one by one in a minute; those beyond are counted. */
const REFUSALS_MAX = 60;
const REFUSALS_WITHIN_MS = 60_000;

export interface GateParts {
  readonly access: Pick<AccessTokens, 'shown'>;
  readonly audit: Pick<AuditAccess, 'note'>;
  readonly clock: Pick<Clock, 'monotonic' | 'now'>;
}

export class Gate {
  readonly #parts: GateParts;
  readonly #asked = new Map<string, Asked>();
  #refusals = 0;
  #missed = 0;
  #refusedFromMs = 0;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** A connection on which this header was sent. What its token may do is looked up for each call. */
  from(via: AuditVia, authorization: string | undefined): From {
    const hash = hashIn(authorization);
    return { via, who: () => this.#parts.access.shown(hash) };
  }

  /**
   * Admits who holds the capability.
   *
   * @returns the principal; `null` for the owner of a store without tokens
   * @throws HoldfastError `HF_ACCESS_DENIED`, which is recorded.
   */
  admit(name: string, needs: Capability, { via }: From, shown: Shown): Principal | null {
    const by = shown.kind === 'principal' ? shown.principal : null;
    if (this.mayBe(needs, shown)) return by;
    this.refused(name, via, by);
    throw denied(name, needs, shown);
  }

  /** Whether who stands there holds the capability. Before the store is open, states are shown to whoever may open the socket. */
  mayBe(needs: Capability, shown: Shown): boolean {
    if (shown.kind === 'principal') return holds(shown.principal.role, needs);
    return shown.kind === 'own' || (shown.kind === 'unread' && needs === 'view');
  }

  /** Records a refusal; of very many in a minute their number. */
  refused(call: string, via: AuditVia, by: Principal | null): void {
    const { audit, clock } = this.#parts;
    const nowMs = clock.monotonic();
    if (nowMs - this.#refusedFromMs >= REFUSALS_WITHIN_MS) {
      this.#refusedFromMs = nowMs;
      this.#refusals = 0;
    }
    this.#refusals += 1;
    if (this.#refusals > REFUSALS_MAX) {
      this.#missed += 1;
      return;
    }
    const n = this.#missed === 0 ? undefined : { unlisted: this.#missed };
    this.#missed = 0;
    const code = 'HF_ACCESS_DENIED';
    audit.note({ act: 'call.made', out: 'refused', call, via, by: by?.id, code, n });
  }

  /**
   * Asks for a second person: the first one's order waits for a quarter of an hour.
   *
   * @param of what is ordered, the same for both
   * @returns when the first ordered it, in wall-clock milliseconds
   * @throws HoldfastError `HF_SECOND_PERSON_NEEDED` until somebody else orders the same.
   */
  bySecond(name: string, of: string, by: Principal): number {
    const { clock } = this.#parts;
    const nowMs = clock.now();
    for (const [key, { atMs }] of this.#asked) {
      // A clock that was set back ends it, too.
      if (Math.abs(nowMs - atMs) >= SECOND_WITHIN_MS) this.#asked.delete(key);
    }
    const key = `${name} ${of}`;
    const first = this.#asked.get(key);
    if (first !== undefined && !isSamePerson(first.by, by)) return first.atMs;
    if (first === undefined) {
      this.#asked.set(key, { by, atMs: nowMs });
      const [oldest] = this.#asked.keys();
      if (this.#asked.size > ASKED_MAX && oldest !== undefined) this.#asked.delete(oldest);
    }
    throw new HoldfastError(
      'HF_SECOND_PERSON_NEEDED',
      `${name} takes two persons, since it can't be taken back. Nothing is done yet: it is carried out once somebody else who may do it orders the same, within ${SECOND_WITHIN_MS / 60_000} minutes of the first.`,
      { field: 'by', withStack: false },
    );
  }
}

const WHY = {
  none: 'no token was shown',
  unknown: 'the token is none of this store',
  expired: 'the token has expired',
  revoked: 'the token was revoked',
  unread: 'the store is not open yet',
  inDoubt:
    'what the store keeps of its tokens is missing, or is an earlier copy, so that none counts: who has the key gives new ones with holdfast access add, while no process runs on the store',
} as const;

function denied(name: string, needs: Capability, shown: Shown): HoldfastError {
  const why =
    shown.kind === 'principal'
      ? `the role ${shown.principal.role} has it not`
      : WHY[shown.kind as keyof typeof WHY];
  return new HoldfastError(
    'HF_ACCESS_DENIED',
    `${name} needs the capability ${needs}, and ${why}. See docs/how-to/set-up-roles.md.`,
    { withStack: false, retry: shown.kind === 'unread' ? 'later' : 'never' },
  );
}

/** Refuses an order in the name of somebody else. */
export function notYourName(name: string): HoldfastError {
  return new HoldfastError(
    'HF_ACCESS_DENIED',
    `${name} is ordered in the name of whoever shows the token: leave by out.`,
    { field: 'by', withStack: false },
  );
}
