/**
 * Random gossip between devices and an upstream (law L17): edits, versions that come late, twice and out of order,
 * lost answers, outages, and devices abandoned in the midst of it. In the end everything is well, and all must hold
 * the same, with nothing lost.
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Handler } from '../../../actors/port.ts';
import type { EntityRules } from '../../../machines/merge/declaration/entityRules.ts';
import { canonical } from '../../../machines/merge/values/canonical.ts';
import type { JsonObject } from '../../../machines/vocabulary/shape.ts';
import type { RecordWrite } from '../../../src/simulator/network/records.ts';
import { occurrences } from '../../../src/simulator/promises/records.ts';
import { type RecordServer, startRecordServer } from '../../../src/testing/recordServer.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { GossipDevice, META_FIELD, pathOf } from './gossipDevice.ts';
import { BEGUN, drawEdit, ENTITIES, type GossipEdit } from './gossipEdits.ts';

const CONVERGED_MS_MAX = 30_000;
/** Shares of faulty requests: one in four altogether. */
const FAULTS = {
  busy503: 0.03,
  droppedBefore: 0.05,
  droppedAfterApplying: 0.06,
  failed500AfterApplying: 0.02,
  deliveredTwice: 0.03,
  delayed: 0.06,
  stalledThenApplied: 0.005,
} as const;
type Entities = (typeof ENTITIES)[number];

export interface GossipPlan {
  readonly seed: number;
  readonly devices: number;
  readonly steps: number;
  /** Planted bugs. */
  readonly sabotage?: (handler: Handler) => Handler;
  readonly entities?: readonly EntityRules[];
  readonly ignoresVersions?: boolean;
  /** Offset of each device's clock. Default: none. */
  readonly clocks?: readonly number[];
  /** Time within which all devices come to the same once edits have ended. */
  readonly convergedMsMax?: number;
}

export interface GossipReport {
  /** Breaches: `lost: …`, `doubled: …`, `risen: …`, `apart: …`, `stuck: …`. */
  readonly breaches: readonly string[];
  readonly accepted: number;
  readonly crashes: number;
  /** Writes that the upstream refused because it had another version. */
  readonly refused: number;
  readonly errors: readonly string[];
}

/** An edit, and whether somebody heard of its acceptance. */
interface Made extends GossipEdit {
  readonly device: string;
  isAccepted: boolean;
}

export async function gossip(plan: GossipPlan): Promise<GossipReport> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-gossip-'));
  const run = new Gossip(plan, folder);
  try {
    return await run.run();
  } finally {
    await run.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Gossip {
  readonly #plan: GossipPlan;
  readonly #folder: string;
  readonly #random;
  readonly #devices: GossipDevice[] = [];
  readonly #made: Made[] = [];
  /** Edits under way; a crash of their device leaves them unanswered. */
  readonly #underWay = new Set<Promise<void>>();
  #upstream: RecordServer | null = null;
  #crashes = 0;

  constructor(plan: GossipPlan, folder: string) {
    this.#plan = plan;
    this.#folder = folder;
    this.#random = seededRandom(plan.seed);
  }

  async run(): Promise<GossipReport> {
    const { seed, steps } = this.#plan;
    const { ignoresVersions: ignoreConditions } = this.#plan;
    const upstream = await startRecordServer({
      seed,
      faults: FAULTS,
      stallMs: 600,
      ignoreConditions,
    });
    this.#upstream = upstream;
    for (const [entity, value] of BEGUN) upstream.put(pathOf(entity), value);
    for (let number = 0; number < this.#plan.devices; number++) {
      const name = `device-${number}`;
      const device = new GossipDevice({
        name,
        folder: join(this.#folder, name),
        url: upstream.url,
        seed: seed * 100 + number,
        sabotage: this.#plan.sabotage ?? ((handler) => handler),
        entities: this.#plan.entities,
        skewMs: this.#plan.clocks?.[number],
      });
      await device.open();
      this.#devices.push(device);
      for (const entity of ENTITIES) await this.#hear(device, entity, true);
    }
    for (let step = 0; step < steps; step++) await this.#step(step);
    await this.#answered();
    const hasConverged = await this.#converged();
    return {
      breaches: [...(hasConverged ? [] : await this.#stuck()), ...(await this.#judged())],
      accepted: this.#made.filter(({ isAccepted }) => isAccepted).length,
      crashes: this.#crashes,
      refused: upstream.counts.unmet412,
      errors: this.#devices.flatMap(({ errors }) => errors),
    };
  }

  async end(): Promise<void> {
    for (const device of this.#devices) await device.abandon();
    await this.#upstream?.close();
  }

  async #step(step: number): Promise<void> {
    const random = this.#random;
    const device = this.#devices[random.below(this.#devices.length)];
    if (device === undefined) return;
    const entity = random.pick(ENTITIES);
    const draw = random.next();
    if (draw < 0.55) this.#begin(this.#edit(device, entity, step));
    else if (draw < 0.7) this.#begin(this.#hear(device, entity, true));
    else if (draw < 0.82) this.#begin(this.#hear(device, entity, false));
    else if (draw < 0.86) this.#upstream?.startOutage(50 + random.below(150));
    else if (draw < 0.93) await this.#crash(device);
    else if (draw < 0.95) await this.#reopen(device);
    // Often no time passes, so that the next act falls into the midst of this one.
    if (random.chance(0.7)) await sleep(random.below(30));
  }

  #begin(work: Promise<void>): void {
    // A closed device refuses, and an abandoned one answers nobody.
    const quiet = work.catch(() => undefined).finally(() => this.#underWay.delete(quiet));
    this.#underWay.add(quiet);
  }

  async #edit(device: GossipDevice, entity: Entities, step: number) {
    let made: Made | null = null;
    await device.edit(
      entity,
      (shown) => drawEdit(this.#random, entity, shown, `m${step}x`),
      (edit) => {
        made = { ...edit, device: device.name, isAccepted: false };
        this.#made.push(made);
      },
    );
    if (made !== null) (made as Made).isAccepted = true;
  }

  /** Lets a device hear of the present version, or of any past one. */
  async #hear(device: GossipDevice, entity: Entities, isLast: boolean) {
    const all = this.#history(entity);
    const one = all.at(isLast ? -1 : this.#random.below(all.length));
    if (one !== undefined) await device.hear(entity, one.value, one.version);
  }

  async #crash(device: GossipDevice): Promise<void> {
    this.#crashes += 1;
    await device.abandon();
    await device.open();
  }

  async #reopen(device: GossipDevice): Promise<void> {
    await device.close();
    await device.open();
  }

  /** Waits for the edits under way; nobody answers those of an abandoned device. */
  async #answered(): Promise<void> {
    await Promise.race([Promise.all(this.#underWay), sleep(2_000)]);
  }

  async #converged(): Promise<boolean> {
    const endsAtMs = performance.now() + (this.#plan.convergedMsMax ?? CONVERGED_MS_MAX);
    while (performance.now() < endsAtMs) {
      for (const device of this.#devices) {
        for (const entity of ENTITIES) await this.#hear(device, entity, true);
      }
      if ((await this.#apart()).length === 0 && (await this.#waiting()).length === 0) return true;
      await sleep(50);
    }
    return false;
  }

  async #waiting(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const { name, runtime } of this.#devices) {
      for (const entity of ENTITIES) {
        const { waiting = 0, inReview = false } = (await runtime.entities.get(entity)) ?? {};
        if (waiting > 0)
          found.push(`${name} ${entity.type} ${waiting} waiting${inReview ? ', asked' : ''}`);
      }
    }
    return found;
  }

  async #apart(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const device of this.#devices) {
      for (const entity of ENTITIES) {
        const shown = canonical(await device.shown(entity));
        if (shown !== canonical(this.#value(entity))) found.push(`${device.name} ${entity.type}`);
      }
    }
    return found;
  }

  async #stuck(): Promise<readonly string[]> {
    return (await this.#waiting()).map((one) => `stuck: ${one}`);
  }

  async #judged(): Promise<readonly string[]> {
    const audits = await Promise.all(this.#devices.map(async (one) => await one.auditText()));
    const isTold = (text: string): boolean => audits.some((audit) => audit.includes(text));
    return [
      ...(await this.#apart()).map((one) => `apart: ${one}`),
      ...this.#marks(isTold),
      ...this.#risen(),
    ];
  }

  /** Checks that each written text is there once, or beside, where others wrote at its place. */
  #marks(isTold: (text: string) => boolean): readonly string[] {
    const removed = new Set(this.#made.flatMap(({ removes }) => removes ?? []));
    const replaced = new Set(this.#made.flatMap(({ replaces }) => replaces ?? []));
    return this.#made.flatMap(({ entity, mark, isRival, touches, isAccepted, device }) => {
      if (mark === null) return [];
      const count = occurrences(this.#value(entity), mark);
      if (count > 1) return [`doubled: ${mark} of ${entity.type}, written on ${device}`];
      // Somebody who had seen the number may have removed its contact.
      const mayBeGone = removed.has(touches ?? `c-${mark}`);
      const isBeside = isRival && (replaced.has(mark) || isTold(mark));
      if (count === 1 || !isAccepted || mayBeGone || isBeside) return [];
      return [`lost: ${mark} of ${entity.type}, written on ${device}`];
    });
  }

  /** Checks that no removed contact is back, unless somebody wrote to the contact. */
  #risen(): readonly string[] {
    const touched = new Set(this.#made.flatMap(({ touches }) => touches ?? []));
    const { emergencyContacts = [] } = this.#value(ENTITIES[0]) as {
      readonly emergencyContacts?: readonly { readonly id: string }[];
    };
    const there = new Set(emergencyContacts.map(({ id }) => id));
    return this.#made.flatMap(({ removes, isAccepted }) => {
      const isBack = removes !== null && !touched.has(removes) && there.has(removes);
      return isAccepted && isBack ? [`risen: ${removes}`] : [];
    });
  }

  #value(entity: Entities): JsonObject {
    const { [META_FIELD]: _meta, ...value } = (this.#history(entity).at(-1)?.value ??
      {}) as JsonObject;
    return value;
  }

  /** Lists every version that there was, the present one last. */
  #history(entity: Entities): readonly RecordWrite[] {
    return (this.#upstream?.writes ?? []).filter(({ path }) => path === pathOf(entity));
  }
}
