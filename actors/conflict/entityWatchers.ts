/**
 * Watchers of records: each is told what a record is now, and again whenever that has changed (CF-1).
 *
 * @module
 */

import { entityKey } from '../../machines/operation/keys.ts';
import { isHoldfastError } from '../../machines/vocabulary/errors.ts';
import type { Pieces } from '../../machines/vocabulary/pieces.ts';
import type { Entity } from '../../machines/vocabulary/record.ts';
import { callListener } from '../facts/factStream.ts';
import type { Slices } from '../platform/slices.ts';
import type { TimerService } from '../platform/timerService.ts';
import type { EntityListener, EntityView } from './entityAccess.ts';
import { isEqual } from './mergedEdits.ts';

export interface EntityWatchersParts {
  readonly read: (entity: Entity) => Promise<EntityView | null>;
  readonly timers: Pick<TimerService, 'after'>;
  readonly slices: Slices;
  /** Told of what listeners throw, and that a record can't be read. */
  readonly onError: (error: unknown) => void;
}

/** A record that could not be read is read again so much later, in milliseconds. */
const READ_AGAIN_MS = 5_000;

interface Watcher {
  readonly listener: EntityListener;
  /** What it was told last; `undefined` for nothing yet. */
  told: EntityView | null | undefined;
  isOver: boolean;
}

interface Watched {
  readonly entity: Entity;
  readonly watchers: Set<Watcher>;
  isReading: boolean;
  /** Something has happened to it since it was read, or is to be told to one more. */
  isStale: boolean;
  /** That it can't be read was told. */
  isTold: boolean;
}

export class EntityWatchers {
  readonly #parts: EntityWatchersParts;
  readonly #watched = new Map<string, Watched>();
  #isStarted = false;

  constructor(parts: EntityWatchersParts) {
    this.#parts = parts;
  }

  /** The store serves: all is read that somebody watches. */
  start(): void {
    this.#isStarted = true;
    for (const watched of this.#watched.values()) this.#look(watched);
  }

  /** Nothing is read any more. */
  stop(): void {
    this.#isStarted = false;
  }

  /** Tells the listener of a record from now on. The function that it returns ends that. */
  watch(entity: Entity, listener: EntityListener): () => void {
    const key = entityKey(entity) ?? '';
    const watcher: Watcher = { listener, told: undefined, isOver: false };
    const watched = this.#watched.get(key) ?? {
      ...{ entity, watchers: new Set<Watcher>() },
      ...{ isReading: false, isStale: false, isTold: false },
    };
    this.#watched.set(key, watched);
    watched.watchers.add(watcher);
    this.#look(watched);
    return () => {
      watcher.isOver = true;
      watched.watchers.delete(watcher);
      if (watched.watchers.size === 0 && this.#watched.get(key) === watched) {
        this.#watched.delete(key);
      }
    };
  }

  /** Something has happened to a record, which may show. */
  changed(key: string | null): void {
    const watched = this.#watched.get(key ?? '');
    if (watched !== undefined) this.#look(watched);
  }

  #look(watched: Watched): void {
    watched.isStale = true;
    if (watched.isReading || !this.#isStarted) return;
    watched.isReading = true;
    void this.#readOn(watched);
  }

  /** However much happens while it is read, it is read once more for all of that. */
  async #readOn(watched: Watched): Promise<void> {
    const { read, onError, timers } = this.#parts;
    try {
      while (watched.isStale && this.#isStarted && watched.watchers.size > 0) {
        watched.isStale = false;
        await this.#tell(watched, await read(watched.entity));
        watched.isTold = false;
      }
    } catch (error) {
      watched.isStale = true;
      const isClosed = isHoldfastError(error) && error.code === 'HF_CLOSED';
      if (!this.#isStarted || isClosed) return;
      if (!watched.isTold) onError(error);
      watched.isTold = true;
      timers.after(READ_AGAIN_MS, () => {
        if (watched.watchers.size > 0) this.#look(watched);
      });
    } finally {
      watched.isReading = false;
    }
  }

  async #tell(watched: Watched, view: EntityView | null): Promise<void> {
    for (const watcher of watched.watchers) {
      if (!(await this.#parts.slices.done(isNews(watcher.told, view))) || watcher.isOver) continue;
      watcher.told = view;
      callListener(() => watcher.listener(view), this.#parts.onError);
    }
  }
}

/** Whether a listener that was told the one has yet to be told the other. */
function* isNews(told: EntityView | null | undefined, view: EntityView | null): Pieces<boolean> {
  return told === undefined || !(yield* isEqual(told, view));
}
