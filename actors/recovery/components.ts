/**
 * The engine's components by the names that the supervisor knows: how each goes on from what was kept
 * (CB-4), and how it is started again after it failed (SV-2).
 *
 * @module
 */

import type { Component } from '../../machines/policy/service/restartPolicy.ts';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Store } from '../../persistence/port/store.ts';
import type { CrisisModes } from '../crisis/crisisModes.ts';
import type { StorageHealth } from '../journal/storageHealth.ts';
import { GLOBAL_LEVEL, type Upstreams } from '../upstream/upstreams.ts';

export interface ComponentsParts {
  readonly store: Store;
  readonly storage: StorageHealth;
  readonly upstreams: Upstreams;
  readonly crisisModes: CrisisModes;
  /** Reads back from the store what is in hand and what is due. */
  readonly recover: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** A part whose state is kept, and that can begin without it. */
interface Restartable {
  readonly restore: (state: string) => void;
  readonly restart: () => void;
}

/** Breakers and levels go on where they were. One that can't be read starts from the beginning. */
export function restoreComponents(parts: ComponentsParts, kept: ReadonlyMap<string, string>): void {
  for (const [component, part] of restartable(parts)) {
    const state = kept.get(component);
    if (state === undefined) continue;
    try {
      part.restore(state);
    } catch (error) {
      parts.onError(error);
    }
  }
}

/** Rejects where it could not be started again; the supervisor tries later. */
export async function restartComponent(
  parts: ComponentsParts,
  component: Component,
): Promise<void> {
  switch (component) {
    case 'writer':
      await reopenStore(parts.store);
      return;
    case 'storageHealth':
      parts.storage.restart();
      return;
    case 'operations':
      await parts.recover();
      return;
    default:
      restartable(parts).get(component)?.restart();
      parts.crisisModes.restart(component);
  }
}

function restartable({ upstreams }: ComponentsParts): ReadonlyMap<Component, Restartable> {
  const parts = new Map<Component, Restartable>();
  for (const upstream of upstreams.all) {
    parts
      .set(upstream.breakerComponent, upstream.breaker)
      .set(upstream.levelComponent, upstream.level)
      .set(upstream.schedulerComponent, {
        restore: (state) => {
          upstream.restoreFlow(state);
        },
        restart: () => {
          upstream.restartFlow();
        },
      });
  }
  return parts.set(GLOBAL_LEVEL, upstreams.globalLevel);
}

/** A writer that still runs opens its file again by itself; one that has died is started again. */
async function reopenStore(store: Store): Promise<void> {
  try {
    await store.open();
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== 'HF_INTERNAL') throw error;
  }
}
