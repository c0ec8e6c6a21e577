/**
 * A store of one device over the functions of machines/conflict, without engine, disk or network: what it knows of one
 * record, and the edits of it that wait.
 *
 * @module
 */

import { type Compared, compareEdit } from '../../../machines/conflict/compareEdit.ts';
import type { Comparison, Edit } from '../../../machines/conflict/editBase.ts';
import type { EntityRecord } from '../../../machines/conflict/entityRecord.ts';
import {
  type EditMerged,
  type EditNotMerged,
  mergeEdit,
} from '../../../machines/conflict/mergeEdit.ts';
import { afterRemote, afterSent, type RemoteNews } from '../../../machines/conflict/recordNews.ts';
import type { EntityRules } from '../../../machines/merge/declaration/entityRules.ts';
import { entityRulesOf } from '../../../machines/merge/entities/rulesOf.ts';
import type { MergedBody, RequestBody } from '../../../machines/policy/request/requestBody.ts';
import type { Current, RecordMeta, Tombstone } from '../../../machines/vocabulary/record.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';

export const ABOUT = { entity: { type: 'crisis_plan', id: 'p1' }, subject: 'ann' } as const;
export const T0 = 1_790_000_000_000;
export const DAY_MS = 86_400_000;

export interface Given {
  /** Of its operation. */
  readonly id?: string;
  readonly base?: Json;
  readonly removals?: readonly Tombstone[];
  readonly isDecision?: true;
}

interface MadeEdit extends Edit {
  readonly id: string;
}

export class Device {
  readonly name: string;
  readonly rules: EntityRules;
  silentMaxMs = 400 * DAY_MS;
  metaBytesMax: number | undefined = undefined;
  nowMs = T0;
  record: EntityRecord | null = null;
  #bodies = 0;

  constructor(name: string, type: string | EntityRules = 'preferences') {
    this.name = name;
    this.rules = typeof type === 'string' ? entityRulesOf(type) : type;
  }

  get onlooker() {
    const { name: device, rules, nowMs, silentMaxMs } = this;
    return { device, rules, nowMs, silentMaxMs };
  }

  edit(payload: Json, { id = 'op-1', ...given }: Given = {}, merged?: MergedBody): MadeEdit {
    const body: RequestBody = { payload, ...given, ...(merged === undefined ? {} : { merged }) };
    return { id, body, acceptedAtMs: this.nowMs, round: merged?.round ?? 0 };
  }

  /** What the app is shown while nothing waits. */
  get base(): Json {
    const { version = null, value = null } = this.record?.current ?? {};
    return { version, value };
  }

  /** The base that `sync()` gives for what is made of this edit. */
  baseOf({ id, body: { payload } }: MadeEdit): Json {
    return { version: null, value: payload, edit: id };
  }

  comparison(edit: Edit): Comparison {
    const { record, rules, name: device, nowMs, metaBytesMax } = this;
    this.#bodies += 1;
    return { record, edit, rules, device, nowMs, metaBytesMax, draw: `${device}-${this.#bodies}` };
  }

  compare(edit: Edit): Compared {
    return compareEdit(this.comparison(edit));
  }

  merge(edit: Edit, current: Current | null): EditMerged | EditNotMerged {
    return mergeEdit({ ...this.comparison(edit), current });
  }

  /** As {@link merge}, of what can be merged. */
  merged(edit: Edit, current: Current | null = this.record?.current ?? null): EditMerged {
    const merged = this.merge(edit, current);
    if (!merged.isMerged) throw new Error(`not merged: ${merged.because}`);
    return merged;
  }

  /** What is sent of an edit by what is known: clear, or merged with that. */
  toSend(edit: Edit): MergedBody {
    const compared = this.compare(edit);
    if (compared.kind === 'clear') return compared.merged;
    if (compared.kind === 'merge') return this.merged(edit).merged;
    throw new Error('its version is not known');
  }

  /** The upstream has taken it. */
  sent(
    edit: MadeEdit,
    merged: MergedBody,
    version: string | null,
    kept: Partial<Current> = {},
  ): void {
    this.record = afterSent(
      this.record,
      ABOUT,
      {
        id: edit.id,
        body: { ...edit.body, merged },
        acceptedAtMs: edit.acceptedAtMs,
        kept: { version, ...kept },
      },
      this.onlooker,
    );
  }

  /** Edits and has it taken at once, as the next version. */
  puts(payload: Json, version: string, given: Given = {}): MergedBody {
    const edit = this.edit(payload, given);
    const merged = this.toSend(edit);
    this.sent(edit, merged, version);
    return merged;
  }

  hears(remote: Current | null, isAsked = true): RemoteNews {
    const news = afterRemote(this.record, ABOUT, remote, this.onlooker, isAsked);
    this.record = news.record;
    return news;
  }
}

/** A version of another device. */
export function versionOf(
  version: string | null,
  value: Json,
  meta?: Partial<RecordMeta>,
): Current {
  if (meta === undefined) return { version, value };
  return {
    version,
    value,
    meta: { vv: { tablet: 1 }, actor: 'tablet', hlc: { ms: T0, c: 0 }, ...meta },
  };
}
