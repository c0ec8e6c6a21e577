/**
 * Management calls of a running process.
 *
 * @module
 */

import { entered } from '../actors/platform/inPieces.ts';
import type { Engine } from '../actors/port.ts';
import { entriesOf } from '../machines/policy/layers/policyLayers.ts';
import { PolicyTable } from '../machines/policy/layers/policyTable.ts';
import {
  type CheckedRequest,
  isTypeName,
  type SyncRequest,
} from '../machines/policy/request/request.ts';
import { HoldfastError } from '../machines/vocabulary/errors.ts';
import type { Pieces } from '../machines/vocabulary/pieces.ts';
import { Management, type ManagementParts } from './management/management.ts';
import type { KeylessOptions } from './options.ts';
import { backupInThread } from './upkeep/backupInThread.ts';
import { type HealthSources, readHealth } from './views/health.ts';
import { policyViews } from './views/policyView.ts';

export function runtimeManagement(
  parts: HealthSources & {
    readonly options: KeylessOptions;
    readonly engine: Engine;
    /** Checks a request as `sync()` does. */
    readonly checkRequest: (
      request: SyncRequest,
      searchesLater: (search: Pieces<void>) => void,
    ) => CheckedRequest;
    readonly onOverride: ManagementParts['onOverride'];
  },
): Management {
  const { options, engine, onOverride } = parts;
  const { clock, random } = options;
  const checkRequest = async (request: SyncRequest): Promise<CheckedRequest> => {
    const searches: Pieces<void>[] = [];
    const checked = parts.checkRequest(request, (search) => searches.push(search));
    for (const search of searches) await engine.inSlices(search);
    return checked;
  };
  const management = new Management({
    store: {
      ...{ records: engine, clock, random, checkRequest },
      whileAnswering: (work, mayBeStored) => engine.whileAnswering(work, mayBeStored),
      release: () => engine.release(),
    },
    runtime: {
      health: () => readHealth(parts),
      async backup(path, given) {
        const { store } = options;
        if (store === ':memory:') throw noFiles();
        await engine.whenRunning();
        return await backupInThread({ folder: store, to: path }, given);
      },
      policies(scope) {
        if (scope.upstream !== undefined) engine.upstream(scope.upstream);
        return policyViews(parts.policies.table, scope, engine.handlers);
      },
      setPolicies(layers) {
        const { upstreams, tiers } = options;
        parts.policies.change(
          new PolicyTable(entriesOf(layers, upstreams, isTypeName, tiers), tiers),
        );
      },
      upstreamOrders: (name) => engine.upstreamOrders(name),
      crisisModes: engine.crisisModes,
    },
    whenOpen: () => engine.whenRunning(),
    via: 'app',
    onOverride,
  });
  return entered(management);
}

function noFiles(): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', 'A store in memory has no files to back up.', {
    field: 'store',
  });
}
