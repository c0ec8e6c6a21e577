/**
 * The composition root: options in, running system out. Start reading here.
 *
 * The engine (actors/engine.ts) runs operations; the supervisor (actors/supervisor.ts) orders its
 * start, its restarts and its stop; the crisis responder answers beside both.
 *
 * @module
 */

import { exemptionsAmong } from '../actors/attempt/handler.ts';
import { type CrisisResource, CrisisResponder } from '../actors/crisis/crisisResponder.ts';
import { Engine } from '../actors/engine.ts';
import { raiseAlerts } from '../actors/facts/alerts.ts';
import { FactStream } from '../actors/facts/factStream.ts';
import { Supervisor } from '../actors/supervisor.ts';
import { projectInspection } from '../inspector/projection.ts';
import { checkRequest } from '../machines/policy/request/request.ts';
import type { Component } from '../machines/policy/service/restartPolicy.ts';
import { HoldfastError } from '../machines/vocabulary/errors.ts';
import { checkFields } from '../machines/vocabulary/optionFields.ts';
import { createMemoryStore } from '../persistence/memory/memoryStore.ts';
import { openStore } from '../persistence/openStore.ts';
import type { Store } from '../persistence/port/store.ts';
import { withKeyTimeout } from '../persistence/sealing/keySource.ts';
import { removeOldMigrationBackups } from '../persistence/sqlite/migrations/migrationBackup.ts';
import { ControlServer } from './control/controlServer.ts';
import type { ControlRequest } from './control/controlSocket.ts';
import { HELP_LINES } from './crisis/helpLines.ts';
import { deadLetters } from './management/deadLetters.ts';
import { quarantine } from './management/quarantine.ts';
import { answerServiceCall, serviceCalls } from './management/serviceCalls.ts';
import { Operations } from './operation.ts';
import { type CheckedOptions, checkOptions, type RuntimeOptions } from './options.ts';
import { HoldfastRuntime, type Runtime } from './runtime.ts';
import { ResponseTimes } from './views/responseTimes.ts';
import { StoreDamage } from './views/storeDamage.ts';

/**
 * Makes a runtime and starts it. Returns at once: `crisis()` answers from here on, `sync()` waits
 * until the store is open, and `ready` tells when that is or why it can't be.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` naming the option.
 */
export function createRuntime(options: RuntimeOptions): Runtime {
  const checked = checkOptions(options);
  const { store: folder, clock, keyTimeoutMs } = checked;
  if (checked.key === null) return assembleRuntime(checked, createMemoryStore());
  const key = withKeyTimeout(checked.key, clock, keyTimeoutMs);
  return assembleRuntime(checked, openStore({ folder, key }));
}

/** {@link createRuntime} with a store given, as tests plant faults in one. */
export function assembleRuntime(given: CheckedOptions, store: Store): Runtime {
  const { clock } = given;
  const damage = new StoreDamage();
  const facts = new FactStream(clock);
  raiseAlerts({
    facts,
    clock,
    onAlert: (error) => {
      damage.note(error, clock.now());
      given.onError(error);
    },
  });
  const onError = (error: unknown): void => {
    facts.emit('failure.noted', error);
  };
  const options = { ...given, onError };
  const inspect =
    options.inspect === undefined ? undefined : projectInspection(options.inspect, onError);
  const responseTimes = new ResponseTimes();

  const engine = new Engine({
    ...options,
    store,
    inspect,
    facts,
    tidy: async (nowMs) => {
      if (options.store !== ':memory:') await removeOldMigrationBackups(options.store, nowMs);
    },
    onComponentFailed: (component, error) => {
      facts.emit('component.failed', component, error);
      supervisor.componentFailed(component as Component);
    },
  });
  const operations = new Operations({
    engine,
    store,
    ready: () => supervisor.whenRunning(),
    onError: options.onError,
  });
  const control =
    options.store === ':memory:'
      ? null
      : new ControlServer({
          storeFolder: options.store,
          clock,
          onError,
          answer: (request) => answerControl(request),
        });
  const supervisor = new Supervisor({
    engine,
    clock,
    inspect,
    onRunning: () => {
      facts.emit('runtime.started');
      control?.open();
    },
    onAlert: (alert, cause) => {
      if (alert.reason === 'startFailed') facts.emit('start.failed', cause);
      else facts.emit('supervisor.alerted', alert);
    },
  });
  const exemptionsOf = exemptionsAmong(engine.pool.handlers);
  const crisis = new CrisisResponder({
    ...options,
    pool: engine.pool,
    rules: {
      type: options.crisis.type,
      check: (request, bytesMax) => checkRequest(request, bytesMax, exemptionsOf),
    },
    report: engine.crises,
    resources: frozen([...HELP_LINES, ...options.crisis.resources]),
    localAfterMs: options.crisis.localAfterMs,
    onAnswered: (elapsedMs) => {
      responseTimes.record('crisis', elapsedMs);
    },
  });
  const service = serviceCalls(engine.serviceAccess(options.payloadBytesMax), {
    before: () => supervisor.whenRunning(),
  });
  const runtime = new HoldfastRuntime({
    options,
    facts,
    engine,
    supervisor,
    crisis,
    operations,
    responseTimes,
    damage,
    control,
    deadLetters: deadLetters(service.deadLetters, () => clock.now()),
    quarantine: quarantine(service.quarantine),
  });
  const answerControl = async (request: ControlRequest): Promise<unknown> => {
    checkFields(request, { method: 'text', params: 'object' }, 'request');
    switch (request.method) {
      case 'health':
        return runtime.getHealthStatus();
      case 'release':
        return { wasHeld: await runtime.release() };
      case 'operations':
        return await runtime.listOperations(request.params);
      case 'deadLetters':
      case 'quarantine':
        return await answerServiceCall(service, request);
      default:
        throw new HoldfastError('HF_OPTION_INVALID', 'method is not one the owner answers.', {
          field: 'method',
        });
    }
  };
  supervisor.start();
  return runtime;
}

/** Every answer shares them, so no caller may change them (CR-3). */
function frozen(resources: readonly CrisisResource[]): readonly CrisisResource[] {
  return Object.freeze(
    resources.map((resource) =>
      Object.freeze({ ...resource, regions: Object.freeze([...resource.regions]) }),
    ),
  );
}
