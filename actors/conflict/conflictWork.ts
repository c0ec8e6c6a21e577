/**
 * The work on one conflict: what the upstream holds is read and put together with the edit, both are kept, and the edit
 * goes on with what came of it (CF-6, CF-8). It holds nothing that would be missed: whatever ends it, it is begun anew
 * from what is on disk, and comes to the same.
 *
 * @module
 */

import { compareEdit } from '../../machines/conflict/compareEdit.ts';
import { conflictIdOf } from '../../machines/conflict/conflictIds.ts';
import { mergeEdit } from '../../machines/conflict/mergeEdit.ts';
import { afterRemote } from '../../machines/conflict/recordNews.ts';
import { parseBody, withMerged } from '../../machines/policy/request/requestBody.ts';
import type { Current } from '../../machines/vocabulary/record.ts';
import { conflictRulesOf } from '../attempt/conflictRules.ts';
import type { RestingEdit } from './backlog.ts';
import type { DeskTools } from './deskParts.ts';
import { fetchCurrent } from './fetchCurrent.ts';
import { aboutOf, comparisonOf, keepConflict, onlookerOf } from './merging.ts';
import type { ConflictEnd, ConflictedEdit } from './restingEdits.ts';

export class ConflictWork {
  readonly #tools: DeskTools;
  readonly #edit: RestingEdit;
  readonly #onDone: () => void;
  readonly #stopped = new AbortController();

  constructor(tools: DeskTools, edit: RestingEdit, onDone: () => void) {
    this.#tools = tools;
    this.#edit = edit;
    this.#onDone = onDone;
  }

  begin(): void {
    void this.#run()
      .catch((error: unknown) => {
        if (this.#tools.journal.failure === null && !this.#stopped.signal.aborted) {
          this.#tools.onError(error);
        }
      })
      .finally(this.#onDone);
  }

  /** What it comes to is of no use to anybody any more. */
  stop(): void {
    this.#stopped.abort();
  }

  async #run(): Promise<void> {
    const { resting, conflicts, records, clock } = this.#tools;
    const edit = await resting.read(this.#edit.id);
    if (edit === null) return;
    const { context, handler } = edit;
    const { entity, subject } = context;
    const rules = conflictRulesOf(handler);
    if (entity === null || rules === null) return;
    const conflictId = conflictIdOf(context);
    if (await conflicts.isAsked(conflictId, context.id)) return;
    await this.#pause(context.round ?? 0);
    const fetched = await fetchCurrent(this.#tools, {
      ...{ context, body: edit.body, upstream: handler.upstream, rules },
      signal: this.#stopped.signal,
    });
    if (fetched.kind !== 'current') return;
    const { current } = fetched;
    const onlooker = onlookerOf(this.#tools, entity, handler);
    const record = await records.update(
      entity,
      (before) => afterRemote(before, { entity, subject }, current, onlooker, true).record,
    );
    const round = (context.round ?? 0) + 1;
    const comparison = comparisonOf(this.#tools, {
      context,
      body: parseBody(edit.body),
      record,
      round,
    });
    if (context.isCompared !== true) {
      const compared = compareEdit(comparison);
      if (compared.kind === 'clear') {
        await this.#tell(edit, {
          event: { type: 'conflict.merged', atMs: clock.now(), round },
          body: withMerged(edit.body, compared.merged),
        });
        return;
      }
    }
    const made = mergeEdit({ ...comparison, current });
    const met = {
      conflictId,
      context,
      handler,
      reason: 'conflict',
      version: current?.version ?? null,
      atMs: context.sinceAtMs ?? clock.now(),
    } as const;
    this.#tools.facts.emit('conflict.detected', aboutOf(met), met.reason);
    if (await keepConflict(this.#tools, met, made)) return;
    if (!made.isMerged) return;
    if (made.isNothingLeft) {
      await this.#tell(edit, {
        event: { type: 'conflict.applied', atMs: clock.now() },
        taken: takenOf(current),
      });
      return;
    }
    await this.#tell(edit, {
      event: { type: 'conflict.merged', atMs: clock.now(), round },
      body: withMerged(edit.body, made.merged),
    });
  }

  async #tell({ id, revision }: ConflictedEdit, end: ConflictEnd): Promise<void> {
    await this.#tools.resting.tell(id, revision, () => end);
  }

  async #pause(round: number): Promise<void> {
    const { random, timers } = this.#tools;
    const ms = random.next() * Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** round);
    await new Promise<void>((resolve) => {
      timers.after(ms, resolve);
    });
  }
}

const PAUSE_MS_MIN = 25;
const PAUSE_MS_MAX = 2_000;

function takenOf(current: Current | null) {
  return {
    version: current?.version ?? null,
    ...(current === null ? {} : { value: current.value, meta: current.meta }),
  };
}
