/**
 * The rows of the memory store and the orders in which they are found.
 *
 * @module
 */

import {
  type AnchorMark,
  type AnchorVerdict,
  anchored,
  anchorRecord,
  anchorVerdict,
  type CommittedRoot,
  NO_ANCHOR,
} from '../port/anchor.ts';
import { recordedOf } from '../port/audit.ts';
import type { Hold } from '../port/review.ts';
import {
  type AcceptWrite,
  type CrisisPlanWrite,
  type KeptCrisisPlan,
  NEVER_MS,
  type PurgeSettledWrite,
  type Raised,
  type Standing,
  type StoredOperation,
  type UpdateWrite,
  type WaitsFor,
  type WithdrawWrite,
  type Write,
  type WriteResult,
} from '../port/store.ts';
import { checkWrite, misuse } from '../port/writeChecks.ts';
import { hasPayloadOf, payloadAfter, stateInLane } from '../port/writes.ts';
import { MemoryAudit } from './memoryAudit.ts';
import { MemoryKept } from './memoryKept.ts';
import { applyReview, type ReviewTables } from './memoryReview.ts';
import { type MemoryRow, operationOf } from './memoryRow.ts';
import { inOrder, SortedList } from './sortedList.ts';

type Due = SortedList<MemoryRow>;

export class MemoryTables implements ReviewTables {
  readonly components = new Map<string, string>();
  /** States by whom they are of. */
  readonly crisisModes = new Map<string | null, string>();
  readonly crisisPlans = new Map<string, KeptCrisisPlan>();
  readonly kept = new MemoryKept();
  readonly audit: MemoryAudit;
  hold: Hold | null = null;
  /** Counts commits. */
  #epoch = 0;
  #anchor: AnchorMark = NO_ANCHOR;
  readonly #rows = new Map<number, MemoryRow>();
  readonly #ids = new Map<string, number>();
  readonly #idempotencyKeys = new Map<string, number>();
  readonly #lanes = new Map<string, SortedList<number>>();
  readonly #standings: Readonly<Record<Standing, Map<number, MemoryRow>>> = {
    settled: new Map(),
    inHand: new Map(),
    due: new Map(),
    held: new Map(),
    quarantined: new Map(),
    deadLettered: new Map(),
  };
  readonly #due = new Map<string, Map<number, Due>>();
  /** How many rows wait for what. */
  readonly #waiting = new Map<WaitsFor, number>();

  constructor(storeId: string) {
    this.audit = new MemoryAudit(storeId);
  }

  /**
   * Performs all writes or none.
   *
   * @throws HoldfastError `HF_INTERNAL` for a write that contradicts what is stored.
   */
  apply(writes: readonly Write[]): WriteResult[] {
    this.#checkAll(writes);
    if (writes.length > 0) this.#epoch += 1;
    return writes.map((write) => {
      const result = this.#applied(write);
      const note = recordedOf(write, result);
      if (note !== undefined) this.audit.record(note);
      return result;
    });
  }

  #applied(write: Write): WriteResult {
    switch (write.kind) {
      case 'accept':
        return this.#accept(write);
      case 'update':
        return this.#update(write);
      case 'withdraw':
        return this.#withdraw(write);
      case 'replay':
      case 'purge':
      case 'quarantine':
      case 'reinstate':
        return applyReview(this, write);
      case 'purgeSettled':
        return purgeSettled(this, write);
      case 'component':
        this.components.set(write.name, write.state);
        return { kind: 'componentKept' };
      case 'crisisMode':
        if (write.state === null) this.crisisModes.delete(write.subject);
        else this.crisisModes.set(write.subject, write.state);
        return { kind: 'crisisModesKept' };
      case 'crisisModes':
        this.crisisModes.clear();
        for (const { subject, state } of write.all) this.crisisModes.set(subject, state);
        return { kind: 'crisisModesKept' };
      case 'crisisPlan':
        return this.#keepCrisisPlan(write);
      case 'keep':
        return this.kept.keep(write);
      case 'purgeKept':
        return this.kept.purge(write, (lane) => (this.#lanes.get(lane)?.size ?? 0) > 0);
      case 'hold':
        this.hold = write.hold;
        if (write.aboveEpoch !== undefined) {
          this.#epoch = Math.max(this.#epoch, write.aboveEpoch + 1);
          this.#anchor = { ...this.#anchor, since: null };
        }
        return { kind: 'holdKept' };
      case 'anchored':
        this.#anchor = anchored(this.#anchor, write);
        return { kind: 'anchored' };
      case 'audit':
        this.audit.record(write.note);
        return { kind: 'audited' };
    }
  }

  claimed(): void {
    this.#anchor = { ...this.#anchor, since: this.#anchor.since ?? this.#root };
  }

  /** The last commit. There is no key that somebody else could not have: a number is all that it needs. */
  get #root(): CommittedRoot {
    return { epoch: this.#epoch, tag: unsigned(String(this.#epoch)) };
  }

  anchorRecord(storeId: string): string {
    return anchorRecord(storeId, this.#root, unsigned);
  }

  compareAnchor(storeId: string, found: string | null): AnchorVerdict {
    const given = { storeId, mark: this.#anchor, root: this.#root, sign: unsigned };
    return anchorVerdict(found, given);
  }

  #keepCrisisPlan({ subject, plan, isPinned }: CrisisPlanWrite): WriteResult {
    const before = this.crisisPlans.get(subject) ?? { subject, plan: null, isPinned: false };
    const kept = {
      subject,
      plan: plan === undefined ? before.plan : plan,
      isPinned: isPinned ?? before.isPinned,
    };
    const isLeft = kept.plan !== null || kept.isPinned;
    if (isLeft) this.crisisPlans.set(subject, kept);
    else this.crisisPlans.delete(subject);
    return { kind: 'crisisPlanKept', kept: isLeft ? kept : null };
  }

  get size(): number {
    return this.#rows.size;
  }

  seqMax(): number {
    let max = 0;
    for (const seq of this.#rows.keys()) max = Math.max(max, seq);
    return max;
  }

  all(): MemoryRow[] {
    return [...this.#rows.values()];
  }

  byId(id: string): MemoryRow | undefined {
    const seq = this.#ids.get(id);
    return seq === undefined ? undefined : this.#rows.get(seq);
  }

  standing(standing: Standing): MemoryRow[] {
    return [...this.#standings[standing].values()];
  }

  /** The rows of a standing as they are now, to be gone through before anything is written. */
  each(standing: Standing): Iterable<MemoryRow> {
    return this.#standings[standing].values();
  }

  count(standing: Standing): number {
    return this.#standings[standing].size;
  }

  /** How many rows there are of all that wait for this, whatever their standing. */
  waitingFor(what: WaitsFor): number {
    return this.#waiting.get(what) ?? 0;
  }

  hasDue(route: string): boolean {
    for (const { size } of this.#due.get(route)?.values() ?? []) if (size > 0) return true;
    return false;
  }

  /** Due rows of all these routes, by due time, then acceptance. */
  dueIn(routes: readonly string[], urgency: number): Iterable<MemoryRow> {
    const lists = [...new Set(routes)]
      .map((route) => this.#due.get(route)?.get(urgency))
      .filter((list) => list !== undefined);
    const [only] = lists;
    if (only !== undefined && lists.length === 1) return only;
    return inOrder(lists, byDueTime);
  }

  laneHeads(): MemoryRow[] {
    return [...this.#lanes.values()]
      .map(({ first }) => (first === undefined ? undefined : this.#rows.get(first)))
      .filter((row) => row !== undefined);
  }

  /** In the order of the lane. */
  inLane(lane: string): MemoryRow[] {
    return [...(this.#lanes.get(lane) ?? [])]
      .map((seq) => this.#rows.get(seq))
      .filter((row) => row !== undefined);
  }

  hasKey(idempotencyKey: string): boolean {
    return this.#idempotencyKeys.has(idempotencyKey);
  }

  /** True if another row than `seq` is in the lane. */
  isLaneTaken(lane: string | null, seq: number): boolean {
    const inLane = lane === null ? [] : (this.#lanes.get(lane) ?? []);
    return [...inLane].some((other) => other !== seq);
  }

  /** Puts `after` in the place of a row, `null` for none, or takes the row away. */
  replace(row: MemoryRow | null, after: MemoryRow | null): void {
    if (row !== null) this.#drop(row);
    if (after !== null) this.#put(after);
  }

  /** Finds every contradiction before anything is changed. */
  #checkAll(writes: readonly Write[]): void {
    const revisions = new Map<number, number>();
    const ids = new Map<string, number>();
    const revisionOf = (seq: number): number | undefined =>
      revisions.get(seq) ?? this.#rows.get(seq)?.revision;
    for (const write of writes) {
      checkWrite(write);
      if (write.kind === 'accept') {
        const seqOfId = ids.get(write.id) ?? this.#ids.get(write.id);
        const isRepeat = seqOfId === write.seq;
        const isDuplicate =
          write.idempotencyKey !== null && this.#idempotencyKeys.has(write.idempotencyKey);
        if (!isRepeat && !isDuplicate && (seqOfId ?? revisionOf(write.seq)) !== undefined) {
          throw misuse('An accept was refused: its seq or id belongs to another operation.', 'seq');
        }
        ids.set(write.id, write.seq);
        if (!isRepeat) revisions.set(write.seq, 1);
      } else if (write.kind === 'update') {
        const stored = revisionOf(write.seq);
        if (stored === undefined) continue;
        if (stored === write.revision - 1) revisions.set(write.seq, write.revision);
        else this.#checkRepeat(write, stored);
      }
    }
  }

  #checkRepeat(write: UpdateWrite, stored: number): void {
    const row = this.#rows.get(write.seq);
    const done =
      row?.revision === write.revision &&
      row.standing === write.standing &&
      row.dueAtMs === write.dueAtMs &&
      row.state === write.state &&
      hasPayloadOf(row, write) &&
      row.route === write.route;
    if (done) return;
    throw misuse(
      `An update was refused: it makes revision ${write.revision} of a row at revision ${stored}.`,
      'revision',
    );
  }

  #accept(write: AcceptWrite): WriteResult {
    const { kind: _, inLane: _inLane, startAtMs, ...given } = write;
    const same = this.byId(write.id);
    if (same !== undefined && same.seq === write.seq) {
      return {
        kind: 'accepted',
        laneBusy: same.standing === 'held',
        raised: this.raisedBefore(same),
      };
    }
    const first =
      write.idempotencyKey === null ? undefined : this.#idempotencyKeys.get(write.idempotencyKey);
    const of = first === undefined ? undefined : this.#rows.get(first);
    if (of !== undefined) return { kind: 'duplicate', of: operationOf(of) };
    const laneBusy = write.lane !== null && (this.#lanes.get(write.lane)?.size ?? 0) > 0;
    const row: MemoryRow = {
      ...given,
      revision: 1,
      waitsFor: 'turn',
      laneLeft: null,
      aside: null,
    };
    const kept: MemoryRow = laneBusy
      ? { ...row, standing: 'held', dueAtMs: null, waitsFor: 'lane', state: stateInLane(write) }
      : startAtMs === undefined
        ? row
        : { ...row, waitsFor: 'startAt', expiresAtMs: startAtMs };
    this.#put(kept);
    return { kind: 'accepted', laneBusy, raised: this.raiseHead(kept) };
  }

  #update(write: UpdateWrite): WriteResult {
    const row = this.#rows.get(write.seq);
    if (row === undefined) return { kind: 'missing' };
    if (row.revision === write.revision) {
      return {
        kind: 'updated',
        laneNext: write.leavesLane ? this.heldHeadOf(row.laneLeft) : null,
      };
    }
    this.#drop(row);
    this.#put({
      ...row,
      revision: write.revision,
      standing: write.standing,
      dueAtMs: write.dueAtMs,
      expiresAtMs: write.expiresAtMs,
      waitsFor: write.waitsFor,
      route: write.route,
      state: write.state,
      urgency: write.leavesLane && row.lane !== null ? write.urgency : row.urgency,
      lane: write.leavesLane ? null : row.lane,
      laneLeft: write.leavesLane ? row.lane : row.laneLeft,
      payload: payloadAfter(write),
    });
    return { kind: 'updated', laneNext: write.leavesLane ? this.heldHeadOf(row.lane) : null };
  }

  #withdraw(write: WithdrawWrite): WriteResult {
    const row = this.#rows.get(write.seq);
    if (row === undefined || row.id !== write.id) return { kind: 'missing' };
    this.#drop(row);
    return { kind: 'withdrawn', laneNext: this.heldHeadOf(row.lane) };
  }

  /** The head of a lane with its rank, if it waits there for its turn. */
  heldHeadOf(lane: string | null): StoredOperation | null {
    const head = this.#headOf(lane);
    return head?.standing === 'held' ? operationOf(this.ranked(head)) : null;
  }

  raiseHead({ lane, urgency }: MemoryRow): Raised | null {
    const head = this.#headOf(lane);
    if (head === undefined || urgency >= head.urgency) return null;
    this.#rank(head, urgency);
    return { id: head.id, urgency };
  }

  raisedBefore({ lane, seq, urgency }: MemoryRow): Raised | null {
    const head = this.#headOf(lane);
    if (head === undefined || head.seq === seq || head.urgency !== urgency) return null;
    return { id: head.id, urgency };
  }

  /** The head of a lane, with the rank of the most urgent that waits behind it. */
  ranked(head: MemoryRow): MemoryRow {
    let { urgency } = head;
    const inLane = head.lane === null ? [] : (this.#lanes.get(head.lane) ?? []);
    for (const seq of inLane) urgency = Math.min(urgency, this.#rows.get(seq)?.urgency ?? urgency);
    return urgency < head.urgency ? this.#rank(head, urgency) : head;
  }

  #rank(head: MemoryRow, urgency: number): MemoryRow {
    const after = { ...head, urgency };
    this.replace(head, after);
    return after;
  }

  #headOf(lane: string | null): MemoryRow | undefined {
    const seq = lane === null ? undefined : this.#lanes.get(lane)?.first;
    return seq === undefined ? undefined : this.#rows.get(seq);
  }

  #put(row: MemoryRow): void {
    this.#rows.set(row.seq, row);
    this.#ids.set(row.id, row.seq);
    if (row.idempotencyKey !== null) this.#idempotencyKeys.set(row.idempotencyKey, row.seq);
    if (row.lane !== null) {
      const lane = this.#lanes.get(row.lane) ?? new SortedList<number>((a, b) => a - b);
      this.#lanes.set(row.lane, lane);
      lane.add(row.seq);
    }
    this.#standings[row.standing].set(row.seq, row);
    this.#waiting.set(row.waitsFor, this.waitingFor(row.waitsFor) + 1);
    if (row.standing === 'due') this.#dueListOf(row).add(row);
  }

  #drop(row: MemoryRow): void {
    this.#rows.delete(row.seq);
    this.#ids.delete(row.id);
    if (row.idempotencyKey !== null) this.#idempotencyKeys.delete(row.idempotencyKey);
    if (row.lane !== null) {
      const lane = this.#lanes.get(row.lane);
      lane?.remove(row.seq);
      if (lane?.size === 0) this.#lanes.delete(row.lane);
    }
    this.#standings[row.standing].delete(row.seq);
    this.#waiting.set(row.waitsFor, this.waitingFor(row.waitsFor) - 1);
    if (row.standing === 'due') this.#dueListOf(row).remove(row);
  }

  #dueListOf({ route, urgency }: MemoryRow): Due {
    const urgencies = this.#due.get(route) ?? new Map<number, Due>();
    this.#due.set(route, urgencies);
    const list = urgencies.get(urgency) ?? new SortedList<MemoryRow>(byDueTime);
    urgencies.set(urgency, list);
    return list;
  }
}

function byDueTime(a: MemoryRow, b: MemoryRow): number {
  return (a.dueAtMs ?? NEVER_MS) - (b.dueAtMs ?? NEVER_MS) || a.seq - b.seq;
}

/** See {@link PurgeSettledWrite}. */
function purgeSettled(
  tables: Pick<MemoryTables, 'each' | 'replace' | 'audit'>,
  { nowMs, limit }: PurgeSettledWrite,
): WriteResult {
  const over: MemoryRow[] = [];
  let laterAtMs: number | null = null;
  for (const row of tables.each('settled')) {
    const { dueAtMs } = row;
    if (dueAtMs === null) continue;
    if (dueAtMs <= nowMs) over.push(row);
    else if (dueAtMs < (laterAtMs ?? Number.POSITIVE_INFINITY)) laterAtMs = dueAtMs;
  }
  over.sort(byDueTime);
  const purged = over.slice(0, limit);
  for (const row of purged) tables.replace(row, null);
  tables.audit.recordPurge(nowMs, purged);
  const nextDueAtMs = over[purged.length]?.dueAtMs ?? laterAtMs;
  return { kind: 'purgedSettled', count: purged.length, nextDueAtMs };
}

function unsigned(text: string): Uint8Array {
  return Buffer.from(text);
}
