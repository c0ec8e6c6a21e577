/**
 * What management calls act on: an open store, at rest or under a runtime, and the runtime itself.
 *
 * @module
 */

import type { CrisisModeOrders, OperationRecords, UpstreamOrders } from '../../../actors/port.ts';
import type { PolicyLayers } from '../../../machines/policy/layers/policyLayers.ts';
import type { PolicyScope } from '../../../machines/policy/layers/policyTable.ts';
import type { CheckedRequest, SyncRequest } from '../../../machines/policy/request/request.ts';
import type { Clock } from '../../../machines/vocabulary/clock.ts';
import type { Random } from '../../../machines/vocabulary/random.ts';
import type { BackupResult } from '../../../persistence/upkeep/backup.ts';
import type { BackupOptions } from '../../upkeep/backupInThread.ts';
import type { HealthStatus } from '../../views/health.ts';
import type { PolicyView } from '../../views/policyView.ts';

/** A store that is open in this process. */
export interface ManagedStore {
  readonly records: OperationRecords;
  readonly clock: Clock;
  readonly random: Random;
  /** Checks a request as `sync()` does. @throws HoldfastError (rejects) as that does. */
  checkRequest(request: SyncRequest): Promise<CheckedRequest>;
  /** As the work ends; rejects with `HF_STORE_HANGING` where the disk answers nothing (PS-6). */
  whileAnswering<Result>(work: Promise<Result>, mayBeStored: boolean): Promise<Result>;
  /** Ends the hold on disk, and lets what waits run; `false` where the store was not held. */
  release(): Promise<boolean>;
}

/** A running process. */
export interface ManagedRuntime {
  health(): HealthStatus;
  /** Copies the store into a new folder; where there are no files to copy it throws. */
  backup(path: string, options: BackupOptions): Promise<BackupResult>;
  /** The policies in force there. @throws HoldfastError `HF_UPSTREAM_UNKNOWN`. */
  policies(scope: PolicyScope): readonly PolicyView[];
  /** Puts other policies in force. @throws HoldfastError `HF_OPTION_INVALID`; nothing is changed then. */
  setPolicies(layers: PolicyLayers): void;
  /** @throws HoldfastError `HF_UPSTREAM_UNKNOWN`. */
  upstreamOrders(name: string): UpstreamOrders;
  readonly crisisModes: CrisisModeOrders;
}
