/**
 * The composition root: options in, running system out. Start reading here.
 *
 * The engine (actors/localEngine.ts) runs operations and answers crises; everything here holds it by
 * its port (actors/port.ts). The key source goes to the store and to nothing else.
 *
 * @module
 */

import { basename } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { raiseAlerts } from '../actors/facts/alerts.ts';
import { callListener, FactStream } from '../actors/facts/factStream.ts';
import { LocalEngine } from '../actors/localEngine.ts';
import { entered, inNoContext } from '../actors/platform/inPieces.ts';
import { systemClock } from '../actors/platform/systemClock.ts';
import type { Engine, Handler } from '../actors/port.ts';
import type { Feed } from '../inspector/feed/feed.ts';
import { projectInspection } from '../inspector/projection/frames.ts';
import { takenOutBy } from '../machines/conflict/items.ts';
import { entityRulesOf, isDeclared } from '../machines/merge/entities/rulesOf.ts';
import { PoliciesInForce } from '../machines/policy/layers/policiesInForce.ts';
import { exemptionsOf } from '../machines/policy/request/cardData.ts';
import {
  type CheckedRequest,
  checkRequest,
  refuseExpired,
  type SyncRequest,
} from '../machines/policy/request/request.ts';
import type { Clock } from '../machines/vocabulary/clock.ts';
import { isHoldfastError } from '../machines/vocabulary/errors.ts';
import type { Pieces } from '../machines/vocabulary/pieces.ts';
import { createMemoryStore } from '../persistence/memory/memoryStore.ts';
import { openStore } from '../persistence/openStore.ts';
import type { Store } from '../persistence/port/store.ts';
import { withKeyTimeout } from '../persistence/sealing/keySource.ts';
import { removeOldMigrationBackups } from '../persistence/sqlite/migrations/migrationBackup.ts';
import { LineServer } from './connect/lineServer.ts';
import { OwnerDesk } from './connect/ownerDesk.ts';
import { ControlServer } from './control/controlServer.ts';
import { HELP_LINES } from './crisis/helpLines.ts';
import { HoldfastRuntime } from './holdfastRuntime.ts';
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
import type { HealthStatus } from './views/health.ts';
import { StoreDamage } from './views/healthFindings.ts';
import { ResponseTimes } from './views/policyView.ts';

/** Time of the first check. Each next one comes after twice the time, so that a process at rest sleeps. */
const FIRST_LOOK_MS = 10_000;

/**
 * Handles that keep a process with nothing but an open runtime alive, as Node names them, with how many of each may
 * be there: a timer of the runtime, and a terminal for output and errors. Anything else, even a second timer, may be
 * work of the program.
 */
const OF_NO_PROGRAM: Readonly<Record<string, number>> = { Timeout: 1, TTYWrap: 2 };

export interface ForgottenCloseParts {
  readonly store: string;
  readonly health: () => HealthStatus;
  readonly schedule: Clock['schedule'];
  readonly activeResources: () => readonly string[];
  readonly warn: (message: string) => void;
}

/**
 * Warns once when a program has come to its end and an open runtime is all that keeps its process alive, which looks
 * like a hang otherwise (UX-3). The returned function ends the watch.
 */
export function watchForForgottenClose(parts: ForgottenCloseParts): () => void {
  let afterMs = FIRST_LOOK_MS;
  let cancel = parts.schedule(afterMs, look);
  function look(): void {
    if (hasProgramEnded(parts.activeResources()) && isAtRest(parts.health())) {
      parts.warn(
        `Nothing but the open runtime over the store in ${parts.store} keeps this process alive, and nothing is left for it to do. Call runtime.close() when the program is done.`,
      );
      return;
    }
    afterMs *= 2;
    cancel = parts.schedule(afterMs, look);
  }
  return () => {
    cancel();
  };
}

/** Watches this process, unless what keeps it alive can't be told. */
function watchThisProcess(
  { store, clock }: { readonly store: string; readonly clock: Clock },
  health: () => HealthStatus,
): () => void {
  // Nothing to warn of: a store in memory has no thread, an Electron app lives by its windows, a thread by its
  // parent.
  const isOther =
    store === ':memory:' || process.versions['electron'] !== undefined || !isMainThread;
  if (isOther || clock !== systemClock) return () => undefined;
  return watchForForgottenClose({
    store,
    health,
    schedule: (delayMs, wake) => systemClock.schedule(delayMs, wake),
    activeResources: () => process.getActiveResourcesInfo(),
    warn: (message) => {
      process.emitWarning(message, { type: 'HoldfastWarning', code: 'HOLDFAST_NOT_CLOSED' });
    },
  });
}

function hasProgramEnded(resources: readonly string[]): boolean {
  const counts = new Map<string, number>();
  for (const kind of resources) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].every(([kind, count]) => count <= (OF_NO_PROGRAM[kind] ?? 0));
}

/**
 * Whether nothing is in memory, under way or due. Work that waits for a person or a handler does not run by itself.
 */
function isAtRest({ phase, operations, waiting }: HealthStatus): boolean {
  return (
    phase === 'running' &&
    operations.inMemory === 0 &&
    operations.attemptsRunning === 0 &&
    waiting.turn + waiting.inLane + waiting.scheduled + waiting.rateLimited === 0
  );
}

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

function assembled(
  options: KeylessOptions,
  { store, isCandidate, control: at }: OwnerPorts,
): Owner {
  const { clock, crisis, payloadBytesMax } = options;
  const damage = new StoreDamage();
  const facts = new FactStream(clock, factChannels(options.name));
  const log = openLog(options, facts);
  let isWarned = false;
  raiseAlerts({
    facts,
    clock,
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
  const onError = (error: unknown): void => {
    inNoContext(() => {
      facts.emit('failure.noted', error);
    });
  };
  const policies = new PoliciesInForce(options.policies);
  const responseTimes = new ResponseTimes(policies.table.classes);

  const engine: Engine = entered(
    new LocalEngine({
      store,
      clock,
      random: options.random,
      policies,
      upstreams: options.upstreams,
      handlers: options.handlers,
      crisis: {
        type: crisis.type,
        resources: crisis.resources,
        words: crisis.words,
        helpLines: HELP_LINES,
        localAfterMs: crisis.localAfterMs,
        planWithinMs: crisis.planWithinMs,
        escalation: crisis.escalation,
        escalateAfterMs: crisis.escalateAfterMs,
        pace: crisis.pace,
      },
      device: options.device,
      entities: options.entities,
      payloadBytesMax,
      retentionMs: options.retentionMs,
      residentsMax: options.residentsMax,
      operationsMax: options.operationsMax,
      unwrittenBytesMax: options.unwrittenBytesMax,
      tidy: async (nowMs) => {
        if (options.store !== ':memory:') await removeOldMigrationBackups(options.store, nowMs);
      },
      facts,
      onError,
      onRunning: () => {
        control?.open();
        if (isCandidate) outside?.open();
      },
    }),
  );
  if (options.inspect !== undefined) {
    const shown = projectInspection(options.inspect, clock.now());
    engine.inspection.watch(shown);
    for (const actor of engine.inspection.actors()) {
      callListener(() => {
        shown.began(() => actor);
      }, onError);
    }
  }
  const callByName = (name: string, params: unknown): Promise<unknown> =>
    management.callByName(MANAGEMENT_CALLS, name, params);
  const control =
    at?.({
      clock,
      onError,
      answer: callByName,
      onUpgrade: (request, socket, head) => {
        if (viewers.isAskedBy(request)) viewers.take(request, socket);
        else lines.take(request, socket, head);
      },
    }) ?? null;
  const outside =
    crisis.outside === null
      ? null
      : new OutsideHost({
          data: {
            at: crisis.outside,
            resources: crisis.resources,
            words: crisis.words,
            helpLines: HELP_LINES,
            planWithinMs: crisis.planWithinMs,
            payloadBytesMax,
            type: crisis.type,
          },
          engine,
          clock,
          onAnswered: (elapsedMs) => {
            responseTimes.record('crisis', elapsedMs);
          },
          onError,
        });
  const check = (
    request: SyncRequest,
    searchesLater?: (search: Pieces<void>) => void,
  ): CheckedRequest => {
    const checked = checkRequest(request, {
      payloadBytesMax,
      searchesLater,
      exemptionsOf: (type) => exemptionsOf(engine.handlers.get(type)?.cardDataExempt),
      schemaOf: (type) => engine.handlers.get(type)?.schema,
      isEdited: (type) => engine.handlers.get(type)?.conflicts !== undefined,
      isDeclared: (type) =>
        options.entities.some((rules) => rules.type === type) || isDeclared(entityRulesOf(type)),
      takenOutOf: (type) =>
        takenOutBy(options.entities.find((rules) => rules.type === type) ?? entityRulesOf(type)),
      defaultTier: options.defaultTier,
      tiers: options.tiers,
    });
    refuseExpired(checked, clock.now());
    return checked;
  };
  const management = runtimeManagement({
    options,
    policies,
    engine,
    responseTimes,
    damage,
    outside: () => outside?.state ?? null,
    checkRequest: check,
    onOverride: (what, about) => {
      facts.emit('override.made', what, about);
    },
  });
  const feed = runtimeFeed({
    ...{ options, policies, engine, responseTimes, damage, clock, onError },
    // Without a name, that of the folder; the path to it could name a user.
    name: options.name === options.store ? basename(options.store) : options.name,
    outside: () => outside?.state ?? null,
    call: callByName,
  });
  const viewers = new InspectLines({ clock, source: feed });
  const inspectors = entered(new OpenInspectors({ feed, clock, onError }));
  const desk = new OwnerDesk({
    ...{ engine, clock, callByName },
    accept: (request) => runtime.sync(request),
    acceptMany: (request) => runtime.acceptMany(request),
    remoteChange: (change) => runtime.remoteChange(change),
  });
  const lines = new LineServer({
    ...{ clock, desk, payloadBytesMax },
    crisisSocket: crisis.outside?.socketPath ?? null,
  });
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const runtime: HoldfastRuntime = new HoldfastRuntime({
    options,
    policies,
    engine,
    responseTimes,
    control,
    lines,
    outside,
    feed,
    inspectors,
    management,
    checkRequest: check,
    onError,
    onClose: () => {
      stopWatching();
    },
    onClosed: () => {
      feed.end();
      viewers.close();
      end();
    },
  });
  const stopWatching = watchThisProcess(options, () => runtime.getHealthStatus());
  if (!isCandidate) outside?.open();
  const toldOfCrises = crisis.escalation.map(({ notify }) => notify);
  makeReadyFor([options.handlers[crisis.type]?.run, ...toldOfCrises]);
  for (const error of crisis.leftOut) onError(error);
  engine.begin();
  return { runtime, desk, feed, ended };
}
