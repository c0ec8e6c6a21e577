/**
 * The composition root: options in, running system out. Start reading here.
 *
 * The engine (actors/localEngine.ts) runs operations and answers crises; everything here holds it by
 * its port (actors/port.ts). The key source goes to the store and to nothing else.
 *
 * @module
 */

import { basename } from 'node:path';
import { raiseAlerts } from '../actors/facts/alerts.ts';
import { callListener, FactStream } from '../actors/facts/factStream.ts';
import { LocalEngine } from '../actors/localEngine.ts';
import { entered, inNoContext } from '../actors/platform/inPieces.ts';
import { type Wire, wire } from '../actors/platform/wires.ts';
import type { Engine, Handler } from '../actors/port.ts';
import type { Feed } from '../inspector/feed/feed.ts';
import { projectInspection } from '../inspector/projection/frames.ts';
import { takenOutBy } from '../machines/conflict/items.ts';
import type { EntityRules } from '../machines/merge/declaration/entityRules.ts';
import { entityRulesOf, isDeclared } from '../machines/merge/entities/rulesOf.ts';
import { PoliciesInForce } from '../machines/policy/layers/policiesInForce.ts';
import { exemptionsOf } from '../machines/policy/request/cardData.ts';
import {
  checkRequest,
  type RequestRules,
  refuseExpired,
} from '../machines/policy/request/request.ts';
import type { Clock } from '../machines/vocabulary/clock.ts';
import { isHoldfastError } from '../machines/vocabulary/errors.ts';
import { createMemoryStore } from '../persistence/memory/memoryStore.ts';
import { openStore } from '../persistence/openStore.ts';
import type { AuditVia } from '../persistence/port/audit.ts';
import type { Store } from '../persistence/port/store.ts';
import { withKeyTimeout } from '../persistence/sealing/keySource.ts';
import { removeOldMigrationBackups } from '../persistence/sqlite/migrations/migrationBackup.ts';
import { LineServer } from './connect/lineServer.ts';
import { OwnerDesk } from './connect/ownerDesk.ts';
import { type AnswerCall, ControlServer } from './control/controlServer.ts';
import { HELP_LINES } from './crisis/helpLines.ts';
import { watchOfProcess } from './forgottenClose.ts';
import { Doors, HoldfastRuntime, type RuntimeParts } from './holdfastRuntime.ts';
import { makeReadyFor } from './http/send.ts';
import { OpenInspectors } from './inspect/openInspectors.ts';
import { InspectLines } from './inspect/ownerFeed.ts';
import { runtimeFeed } from './inspect/runtimeFeed.ts';
import { MANAGEMENT_CALLS } from './management/managementCalls.ts';
import {
  checkOptions,
  type KeylessOptions,
  type NoUpstreams,
  type RuntimeOptions,
  type TypedOptions,
  type UpstreamOptions,
} from './options.ts';
import { OutsideHost } from './outside/outsideHost.ts';
import type { Runtime } from './runtime.ts';
import { runtimeManagement } from './runtimeManagement.ts';
import { factChannels, Log } from './telemetry/log.ts';
import type { TypesOf, UpstreamOf } from './typed/operationTypes.ts';
import { ResponseTimes } from './views/policyView.ts';
import { StoreDamage } from './views/storeDamage.ts';

/**
 * Makes a runtime and starts it. Returns at once: `crisis()` answers from here on, `sync()` waits until the store is
 * open, and `ready` settles when it is open or can't be. Types come from the handlers: a request of another type,
 * with another payload or for another upstream does not compile.
 *
 * @example
 * const runtime = createRuntime({
 *   store: ':memory:', // or a folder, with key: keyFile(path)
 *   upstreams: { payments: {} },
 *   handlers: {
 *     'payments.push': { upstream: 'payments', run: httpHandler({ baseUrl: 'https://api.example.com/v1' }) },
 *   },
 * });
 * await runtime.ready;
 * await runtime.close();
 *
 * @throws HoldfastError `HF_OPTION_INVALID` naming the option.
 */
export function createRuntime<
  const Handlers extends Readonly<Record<string, Handler>> = Readonly<Record<string, Handler>>,
  const Upstreams extends Readonly<Record<string, UpstreamOptions>> = NoUpstreams,
>(options: TypedOptions<Handlers, Upstreams>): Runtime<TypesOf<Handlers>, UpstreamOf<Upstreams>> {
  return createOwner(options).runtime;
}

/** A runtime, with its desk for clients. */
export interface Owner {
  readonly runtime: Runtime;
  /** Table of what its parts hand to each other against the order in which they are made. */
  readonly wires: readonly Wire[];
  readonly desk: OwnerDesk;
  /** Feed that inspectors are shown. */
  readonly feed: Feed;
  /** Resolves once the runtime is closed. */
  readonly ended: Promise<void>;
}

/**
 * {@link createRuntime} for `connect`. A candidate may find that another process owns the store, and opens no socket
 * before it knows.
 */
export function createOwner(options: RuntimeOptions, isCandidate = false): Owner {
  const { key, keyTimeoutMs, ...keyless } = checkOptions(options);
  const { store: folder, clock } = keyless;
  const store =
    key === null
      ? createMemoryStore()
      : inNoContext(() => openStore({ folder, key: withKeyTimeout(key, clock, keyTimeoutMs) }));
  const control: ControlPort | null = folder === ':memory:' ? null : socketIn(folder);
  return assembleOwner(keyless, { store, isCandidate, control });
}

/** Writes to the app's logger, from the first fact on. */
function openLog({ logger, clock }: KeylessOptions, facts: FactStream): Log | null {
  if (logger === null) return null;
  const onFailed = (error: unknown): void => {
    facts.emit('failure.noted', error);
  };
  const log = new Log({ logger, clock, onFailed });
  facts.subscribe(log.fact, log.kinds);
  return log;
}

/** Last resort if nobody listens: otherwise the app would learn of a failed start from its first request. */
function warnOfFailedStart(error: unknown): void {
  const code = isHoldfastError(error) ? error.code : 'HF_INTERNAL';
  const said = error instanceof Error ? error.message : String(error);
  const message = `The runtime has not started: ${said} Give createRuntime onError or a logger to be notified of failures, and await runtime.start() to catch this one.`;
  process.emitWarning(message, { type: 'HoldfastWarning', code });
}

/** {@link createRuntime} with a store given, as tests plant faults in one. */
export function assembleRuntime(options: KeylessOptions, store: Store): Runtime {
  const { store: folder } = options;
  const control = folder === ':memory:' ? null : socketIn(folder);
  return assembleOwner(options, { store, isCandidate: false, control }).runtime;
}

/** Where an owner is asked by other processes: it opens once the owner runs. */
export type ControlPort = (
  parts: Pick<
    ConstructorParameters<typeof ControlServer>[0],
    'clock' | 'answer' | 'onUpgrade' | 'onError'
  >,
) => Pick<ControlServer, 'open' | 'close'>;

function socketIn(storeFolder: string): ControlPort {
  return (parts) => new ControlServer({ storeFolder, ...parts });
}

export interface OwnerPorts {
  readonly store: Store;
  /** Whether another process may turn out to own the store. */
  readonly isCandidate: boolean;
  /** `null` for an owner that nobody asks. */
  readonly control: ControlPort | null;
}

/** {@link createOwner} over ports given. */
export function assembleOwner(options: KeylessOptions, ports: OwnerPorts): Owner {
  return inNoContext(() => assembled(options, ports));
}

/** Makes the parts, each of those before it, connects them, and lets the engine begin. */
function assembled(options: KeylessOptions, ports: OwnerPorts): Owner {
  const parts = madeOf(options, ports);
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const wires = connected(parts, ports.isCandidate, end);
  const { runtime, desk, feed, engine, outside, watch, onError } = parts;
  const { crisis, handlers } = options;
  watch.begin(() => runtime.getHealthStatus());
  if (!ports.isCandidate) outside?.open();
  makeReadyFor([handlers[crisis.type]?.run, ...crisis.escalation.map(({ notify }) => notify)]);
  for (const error of crisis.leftOut) onError(error);
  engine.begin();
  return { runtime, desk, feed, wires: [...parts.localEngine.wires, ...wires], ended };
}

type Parts = ReturnType<typeof madeOf>;

/** Connects what a part hands to one that is made after it. */
function connected(parts: Parts, isCandidate: boolean, end: () => void): readonly Wire[] {
  const { outside, feed, viewers, lines, control, watch } = parts;
  return [
    wire(parts, 'localEngine', 'onRunning', 'control, outside', () => {
      control?.open();
      if (isCandidate) outside?.open();
    }),
    wire(parts, 'doors', 'onClose', 'watch, outside, control', async () => {
      watch.end();
      await outside?.close();
      await control?.close();
    }),
    wire(parts, 'doors', 'onClosed', 'lines, feed, viewers', () => {
      // Until then crises of clients are taken (SV-4); everything else goes to the next owner.
      lines.close();
      feed.end();
      viewers.close();
      end();
    }),
  ];
}

function madeOf(options: KeylessOptions, { store, isCandidate, control: at }: OwnerPorts) {
  const { clock, crisis, payloadBytesMax } = options;
  const damage = new StoreDamage();
  const facts = new FactStream(clock, factChannels(options.name));
  const onError = (error: unknown): void => {
    inNoContext(() => {
      facts.emit('failure.noted', error);
    });
  };
  tellOfAlerts(options, facts, damage, isCandidate);
  const policies = new PoliciesInForce(options.policies);
  const responseTimes = new ResponseTimes(policies.table.classes);
  const localEngine = new LocalEngine({
    ...{ store, clock, policies, facts, onError, payloadBytesMax },
    random: options.random,
    upstreams: options.upstreams,
    handlers: options.handlers,
    crisis: { ...crisis, helpLines: HELP_LINES },
    device: options.device,
    entities: options.entities,
    anchor: options.anchor,
    retentionMs: options.retentionMs,
    residentsMax: options.residentsMax,
    operationsMax: options.operationsMax,
    unwrittenBytesMax: options.unwrittenBytesMax,
    tidy: async (nowMs) => {
      if (options.store !== ':memory:') await removeOldMigrationBackups(options.store, nowMs);
    },
  });
  const engine: Engine = entered(localEngine);
  if (options.inspect !== undefined) showTo(options.inspect, engine, clock, onError);
  const outside = outsideOf(options, engine, responseTimes, onError);
  const check = checkOf(options, engine);
  const sources = {
    ...{ options, policies, engine, responseTimes, damage },
    outside: () => outside?.state ?? null,
  };
  const management = runtimeManagement({
    ...sources,
    checkRequest: check,
    onOverride: (what, about) => {
      facts.emit('override.made', what, about);
    },
  });
  const callsBy =
    (via: AuditVia): AnswerCall =>
    (name, params) =>
      management.callByName(MANAGEMENT_CALLS, name, params, via);
  const feed = runtimeFeed({
    ...{ ...sources, clock, onError, call: callsBy('inspector') },
    // Without a name, that of the folder; the path to it could name a user.
    name: options.name === options.store ? basename(options.store) : options.name,
  });
  const viewers = new InspectLines({ clock, source: feed });
  const inspectors = entered(new OpenInspectors({ feed, clock, onError }));
  const doors = new Doors();
  const runtime = new HoldfastRuntime({
    ...{ options, policies, engine, responseTimes, outside, feed, inspectors, management },
    ...{ onError, doors, checkRequest: check },
  });
  const desk = new OwnerDesk({ engine, clock, runtime, callByName: callsBy('client') });
  const lines = new LineServer({
    ...{ clock, desk, payloadBytesMax },
    crisisSocket: crisis.outside?.socketPath ?? null,
  });
  const control =
    at?.({
      ...{ clock, onError, answer: callsBy('socket') },
      onUpgrade: (request, socket, head) => {
        if (viewers.isAskedBy(request)) viewers.take(request, socket);
        else lines.take(request, socket, head);
      },
    }) ?? null;
  const watch = watchOfProcess(options);
  return {
    onError,
    localEngine,
    engine,
    outside,
    feed,
    viewers,
    runtime,
    desk,
    lines,
    control,
    watch,
    doors,
  };
}

/** Tells the app, its log and health of each alert. */
function tellOfAlerts(
  options: KeylessOptions,
  facts: FactStream,
  damage: StoreDamage,
  isCandidate: boolean,
): void {
  const { clock } = options;
  const log = openLog(options, facts);
  let isWarned = false;
  raiseAlerts({
    ...{ facts, clock },
    onAlert: (error, kind) => {
      damage.note(error, clock.now());
      options.onError(error);
      log?.alert(error, kind);
      if (kind === 'start.failed' && !options.isHeard && !isCandidate && !isWarned) {
        isWarned = true;
        warnOfFailedStart(error);
      }
    },
  });
}

/** Shows the charts that run to an inspector of the app. */
function showTo(
  inspect: NonNullable<KeylessOptions['inspect']>,
  { inspection }: Engine,
  clock: Clock,
  onError: (error: unknown) => void,
): void {
  const shown = projectInspection(inspect, clock.now());
  inspection.watch(shown);
  for (const actor of inspection.actors()) {
    callListener(() => {
      shown.began(() => actor);
    }, onError);
  }
}

/** Answers crises of callers outside, from a thread; `null` where the app has asked for none. */
function outsideOf(
  { crisis, clock, payloadBytesMax }: KeylessOptions,
  engine: Engine,
  responseTimes: ResponseTimes,
  onError: (error: unknown) => void,
): OutsideHost | null {
  const { outside: at, resources, words, planWithinMs, type } = crisis;
  if (at === null) return null;
  return new OutsideHost({
    data: { at, resources, words, helpLines: HELP_LINES, planWithinMs, payloadBytesMax, type },
    ...{ engine, clock, onError },
    onAnswered: (elapsedMs) => {
      responseTimes.record('crisis', elapsedMs);
    },
  });
}

/** Checks requests by the handlers and entities that are known when each comes. */
function checkOf(
  { clock, entities, payloadBytesMax, defaultTier, tiers }: KeylessOptions,
  { handlers }: Engine,
): RuntimeParts['checkRequest'] {
  const ownRules = (type: string): EntityRules | undefined =>
    entities.find((rules) => rules.type === type);
  const rules = {
    ...{ payloadBytesMax, defaultTier, tiers },
    exemptionsOf: (type) => exemptionsOf(handlers.get(type)?.cardDataExempt),
    schemaOf: (type) => handlers.get(type)?.schema,
    isEdited: (type) => handlers.get(type)?.conflicts !== undefined,
    isDeclared: (type) => ownRules(type) !== undefined || isDeclared(entityRulesOf(type)),
    takenOutOf: (type) => takenOutBy(ownRules(type) ?? entityRulesOf(type)),
  } satisfies RequestRules;
  return (request, searchesLater) => {
    const checked = checkRequest(request, rules, searchesLater);
    if (checked.expiresAtMs !== null) refuseExpired(checked, clock.now());
    return checked;
  };
}
