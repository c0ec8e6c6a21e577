/**
 * `runtime.as(principal)`: management calls in the name of somebody whom the app knows (AC-1).
 *
 * @module
 */

import type { OperationPage, OperationView } from '../actors/port.ts';
import type { Principal } from '../machines/policy/access/access.ts';
import type { PolicyLayers } from '../machines/policy/layers/policyLayers.ts';
import type { PolicyScope } from '../machines/policy/layers/policyTable.ts';
import type { Clock } from '../machines/vocabulary/clock.ts';
import type { BackupResult } from '../persistence/upkeep/backup.ts';
import { type Access, access, checkPrincipal } from './management/access.ts';
import { type Audit, audit } from './management/audit.ts';
import {
  disableBreaker,
  forceBreakerOpen,
  observeBreaker,
  releaseBreaker,
} from './management/breaker.ts';
import { type Conflicts, conflicts } from './management/conflicts.ts';
import { type Crises, crises } from './management/crises.ts';
import { type CrisisMode, crisisMode } from './management/crisisMode.ts';
import { type DeadLetters, deadLetters } from './management/deadLetters.ts';
import type { Management } from './management/management.ts';
import {
  cancelOperation,
  countsOf,
  operationsOf,
  pageOf,
  retryOperation,
  showOperation,
} from './management/operations.ts';
import { setPolicies, showPolicies } from './management/policies.ts';
import { type Quarantine, quarantine } from './management/quarantine.ts';
import { backup, health, releaseStore } from './management/store.ts';
import { type Subjects, subjects } from './management/subjects.ts';
import type { Operations } from './operation.ts';
import type { BackupOptions } from './upkeep/backupInThread.ts';
import type { UpstreamControl } from './upstreamControl.ts';
import type { HealthStatus } from './views/health.ts';
import type { PolicyView } from './views/policyView.ts';

/**
 * Management calls of one person, each admitted by their role and recorded in their name: `by` is filled in, and nobody
 * else's is taken. What can't be taken back waits for a second person (`HF_SECOND_PERSON_NEEDED`).
 */
export interface RuntimeAs {
  /** Policies in force. */
  policies(scope?: PolicyScope): readonly PolicyView[];
  /** Replaces the layers of policies. */
  setPolicies(layers: PolicyLayers): void;
  /** Copies the store to a new folder. */
  backup(path: string, options?: BackupOptions): Promise<BackupResult>;
  /** How the runtime is. */
  health(): Promise<HealthStatus>;
  readonly crises: Crises;
  readonly crisisMode: CrisisMode;
  readonly conflicts: Conflicts;
  readonly deadLetters: DeadLetters;
  readonly quarantine: Quarantine;
  readonly audit: Audit;
  readonly subjects: Subjects;
  readonly access: Access;
  readonly operations: Pick<Operations, 'list' | 'page' | 'count'> & {
    /** Shows one operation as it stands now. */
    show(id: string): Promise<OperationView>;
    /** Ends one; `false` where it took no notice, as one that has ended. */
    cancel(id: string): Promise<boolean>;
    /** Tries one again now; `false` where it took no notice. */
    retryNow(id: string): Promise<boolean>;
  };
  /** Lets a held store go, ordered by two persons. */
  release(): Promise<boolean>;
  /** Orders about the breaker of an upstream, as of {@link UpstreamControl}. */
  upstream(name: string): Pick<UpstreamControl, 'forceOpen' | 'disable' | 'observe' | 'release'>;
}

/** @throws HoldfastError `HF_OPTION_INVALID` */
export function runtimeAs(
  management: Management,
  principal: Principal,
  parts: { readonly clock: Clock; readonly secret: () => string },
): RuntimeAs {
  checkPrincipal(principal);
  const theirs = management.as(principal);
  const now = (): number => parts.clock.now();
  return {
    crises: crises(theirs),
    crisisMode: crisisMode(theirs),
    conflicts: conflicts(theirs),
    deadLetters: deadLetters(theirs, now),
    quarantine: quarantine(theirs),
    audit: audit(theirs),
    subjects: subjects(theirs, now),
    access: access(theirs, parts.secret),
    operations: {
      list: (search = {}) => operationsOf(theirs, search),
      page: (query = {}): Promise<OperationPage> => pageOf(theirs, query),
      count: (filter = {}) => countsOf(theirs, filter),
      show: (id) => theirs.call(showOperation, { id }),
      cancel: async (id) => (await theirs.call(cancelOperation, { id })).tookNotice,
      retryNow: async (id) => (await theirs.call(retryOperation, { id })).tookNotice,
    } as RuntimeAs['operations'],
    policies: (scope: PolicyScope = {}) => theirs.now(showPolicies, scope),
    setPolicies: (layers: PolicyLayers) => {
      theirs.now(setPolicies, { layers });
    },
    backup: (path: string, options: BackupOptions = {}) =>
      theirs.call(backup, { ...options, path }),
    health: async () => theirs.now(health, {}),
    release: async () => (await theirs.call(releaseStore, {})).wasHeld,
    upstream: (upstream) => ({
      forceOpen: (reason) => {
        theirs.now(forceBreakerOpen, { upstream, reason });
      },
      disable: (reason) => {
        theirs.now(disableBreaker, { upstream, reason });
      },
      observe: (reason) => {
        theirs.now(observeBreaker, { upstream, reason });
      },
      release: (_, of) => {
        theirs.now(releaseBreaker, { upstream, of });
      },
    }),
  };
}
