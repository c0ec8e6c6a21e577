/**
 * `connect`: a client of a store, which takes the store over if it may and nobody has it.
 *
 * Only a process that comes to own a store loads the engine and the database.
 *
 * @module
 */

import { resolve } from 'node:path';
import { entered, inNoContext } from '../actors/platform/inPieces.ts';
import { systemClock, systemRandom } from '../actors/platform/systemClock.ts';
import type { Handler } from '../actors/port.ts';
import { soundResources, soundWords } from '../machines/policy/crisis/appResources.ts';
import { CrisisResources } from '../machines/policy/crisis/crisisResources.ts';
import { CrisisMessages } from '../machines/policy/crisis/crisisWords.ts';
import type { Clock, Random } from '../machines/vocabulary/clock.ts';
import { isHoldfastError } from '../machines/vocabulary/errors.ts';
import {
  checkFields,
  isObject,
  type OptionRules,
  requireOption,
} from '../machines/vocabulary/optionFields.ts';
import { isOwnedByNote } from '../persistence/owner/ownerNote.ts';
import type { Client, ConnectOptions, TypesOfRuntime } from './client.ts';
import { ClientCrises } from './connect/clientCrises.ts';
import { openLine } from './connect/line.ts';
import { OwnerLink, type Seat } from './connect/ownerLink.ts';
import { controlSocketPath } from './control/controlSocket.ts';
import { type Upgrade, upgradeAt } from './control/upgradeRequest.ts';
import type { Owner } from './createRuntime.ts';
import { HELP_LINES } from './crisis/helpLines.ts';
import { HoldfastClient } from './holdfastClient.ts';
import type { NoUpstreams, UpstreamOptions } from './options.ts';
import { socketBeside } from './outside/outsideOptions.ts';
import type { Runtime } from './runtime.ts';
import type { AnyTypes, TypesOf } from './typed/operationTypes.ts';

const OWNER_WITHIN_MS = 15_000;
const CLOSE_DEADLINE_MS = 5_000;

const OWN_RULES = {
  own: {
    matches: (own) => typeof own === 'boolean',
    rule: 'must be true or false; handlers, upstreams and so on go beside it',
  },
  ownerWithinMs: { min: 100, max: 3_600_000, whole: true },
} as const satisfies OptionRules;

/** Rules of the options that a process which only connects may give. */
const CLIENT_RULES: OptionRules = {
  ...OWN_RULES,
  store: 'text',
  key: 'object',
  sealing: 'text',
  crisis: { fields: { resources: 'array', words: 'array' } },
  clock: 'object',
  random: 'object',
  onError: 'function',
};

/**
 * Connects to a store of this machine, so that any number of processes of an app can submit to it, watch, cancel and
 * ask for crises. Resolves at once: each call waits until there is an owner.
 *
 * It takes the options of `createRuntime`. With `handlers`, or with `own: true`, this process takes the store over
 * whenever nobody has it; of several that may, one does, and the others are its clients. So in a cluster of equal
 * processes all call `connect` with the same options. `connect<typeof runtime>` has the types of a runtime that
 * another program makes.
 *
 * @example
 * const client = await connect<typeof runtime>({ store: './store' });
 * const operation = await client.sync({ type: 'payments.push', subject, tier: 'premium', payload });
 *
 * @example
 * const client = await connect({ store, key: keyFile(path), upstreams, handlers });
 *
 * @throws HoldfastError (rejects) `HF_OPTION_INVALID` naming the option.
 */
export async function connect<
  Of = unknown,
  const Handlers extends Readonly<Record<string, Handler>> = Readonly<Record<string, Handler>>,
  const Upstreams extends Readonly<Record<string, UpstreamOptions>> = NoUpstreams,
>(
  options: ConnectOptions<Handlers, Upstreams>,
): Promise<Client<unknown extends Of ? TypesOfHandlers<Handlers> : TypesOfRuntime<Of>>> {
  return await inNoContext(() => connectTo(options as ConnectOptions));
}

/** Types of the handlers; any types if no handler is named. */
type TypesOfHandlers<Handlers> = string extends keyof Handlers ? AnyTypes : TypesOf<Handlers>;

/** Checks the options before anything is opened. Returns whether this process may own the store. */
async function checked(options: ConnectOptions): Promise<boolean> {
  requireOption(isObject(options), 'options', 'must be an object');
  const { store, own, ownerWithinMs, ...rest } = options;
  requireOption(
    typeof store === 'string' && store !== '' && store !== ':memory:',
    'store',
    'must be the path of the folder that the owner has; a store in memory has none',
  );
  checkFields({ own, ownerWithinMs }, OWN_RULES, '');
  const mayOwn = own ?? rest.handlers !== undefined;
  const isOfRuntime = Object.keys(rest).find((name) => !Object.hasOwn(CLIENT_RULES, name));
  if (!mayOwn && isOfRuntime === undefined) {
    checkFields(options, CLIENT_RULES, '');
    return false;
  }
  const { checkOptions, RUNTIME_RULES } = await import('./options.ts');
  if (mayOwn) checkOptions({ store, ...rest });
  else checkFields(options, { ...RUNTIME_RULES, ...OWN_RULES }, '');
  const rule = 'is for a process that may own the store: give handlers too, or own: true';
  requireOption(mayOwn || own === false, isOfRuntime ?? 'own', rule);
  return mayOwn;
}

/** Ground of a client: how it reaches the owner of its store, and how it may come to own it. */
export interface ClientPorts {
  /** Asks the present owner for an upgraded connection. */
  readonly upgrade: Upgrade;
  /** Whether another process has the store, which need not listen yet, or any more. */
  readonly isOwned: () => boolean;
  /** Makes an owner that tries to open the store; `null` where this process may not own it. */
  readonly createOwner: ((onError: (error: unknown) => void) => Owner) | null;
  /** The socket on which the owner answers outside callers, until an owner says which; `null` for none. */
  readonly crisisSocket: string | null;
}

async function connectTo(options: ConnectOptions): Promise<Client> {
  const mayOwn = await checked(options);
  const { own: _, ownerWithinMs: __, ...rest } = options;
  const store = resolve(options.store);
  const socketPath = controlSocketPath(store);
  requireOption(
    socketPath !== null,
    'store',
    "must be a shorter path: that of a socket in the store's folder has at most 103 bytes",
  );
  const { clock = systemClock, random = systemRandom } = options;
  const root = mayOwn ? await import('./createRuntime.ts') : null;
  return assembleClient(
    { ...options, store, clock, random },
    {
      upgrade: upgradeAt(socketPath),
      isOwned: () => isOwnedByNote(store),
      createOwner:
        root === null
          ? null
          : (onError) => root.createOwner({ ...rest, store, clock, random, onError }, true),
      crisisSocket: socketBeside(store),
    },
  );
}

type AssembledOptions = Pick<ConnectOptions, 'store' | 'ownerWithinMs' | 'crisis' | 'onError'> & {
  readonly clock: Clock;
  readonly random: Random;
};

/** {@link connect} over ports given, with options that are checked. */
export function assembleClient(options: AssembledOptions, ports: ClientPorts): HoldfastClient {
  const { store, ownerWithinMs = OWNER_WITHIN_MS, clock, random, crisis = {} } = options;
  const { upgrade, isOwned, createOwner } = ports;
  const onError = (error: unknown): void => {
    try {
      options.onError?.(error);
    } catch {
      // Nobody is left to notify.
    }
  };
  const owner = createOwner === null ? null : candidate(createOwner, onError);

  let runtime: Runtime | null = null;
  let closeDeadlineMs = CLOSE_DEADLINE_MS;
  let { crisisSocket } = ports;
  const leaving = new AbortController();
  let coming: Runtime | null = null;
  const find = async (): Promise<Seat | null> => {
    const answer = await openLine(upgrade, leaving.signal);
    if (isHoldfastError(answer)) throw answer;
    if (answer !== 'nobody') {
      crisisSocket = answer.crisisSocket ?? crisisSocket;
      return answer;
    }
    // An owner that starts or closes has no socket; its note says so where the system keeps one.
    if (owner === null || leaving.signal.aborted || isOwned()) return null;
    const owned = await owner((made) => {
      coming = made;
    }).finally(() => {
      coming = null;
    });
    if (owned === null) return null;
    runtime = owned.runtime;
    void owned.ended.then(() => {
      runtime = null;
    });
    return {
      ask: (name, params, told) => owned.desk.ask(name, params, told),
      ended: owned.ended,
      close: () => owned.runtime.close({ deadlineMs: closeDeadlineMs }),
    };
  };
  const giveUp = async (): Promise<void> => {
    leaving.abort();
    await coming?.close({ deadlineMs: closeDeadlineMs });
  };
  const link = new OwnerLink({ store, find, giveUp, ownerWithinMs, clock, random, onError });
  const resources = soundResources(crisis.resources ?? [], 'crisis.resources');
  const words = soundWords(crisis.words ?? [], 'crisis.words');
  for (const error of [...resources.leftOut, ...words.leftOut]) onError(error);
  const clientCrises = new ClientCrises({
    ...{ link, clock, random },
    resources: new CrisisResources(resources.sound, HELP_LINES),
    messages: new CrisisMessages(words.sound),
    outsideSocket: () => crisisSocket,
  });
  link.begin();
  return new HoldfastClient({
    ...{ clock, random, link, onError },
    clientCrises: entered(clientCrises),
    runtime: () => runtime,
    closeWithin: (deadlineMs) => {
      closeDeadlineMs = deadlineMs;
    },
  });
}

/** Makes a function that tries to own the store; it resolves with the owner, or with `null` if another process is. */
function candidate(
  createOwner: NonNullable<ClientPorts['createOwner']>,
  onError: (error: unknown) => void,
): (onMade: (coming: Runtime) => void) => Promise<Owner | null> {
  return async (onMade) => {
    const owner = createOwner((error) => {
      // Losing the race to another process is no failure.
      if (!isOwnedElsewhere(error)) onError(error);
    });
    onMade(owner.runtime);
    try {
      await owner.runtime.ready;
      return owner;
    } catch (error) {
      await owner.runtime.close({ deadlineMs: 0 });
      if (isOwnedElsewhere(error)) return null;
      throw error;
    }
  };
}

function isOwnedElsewhere(error: unknown): boolean {
  return isHoldfastError(error) && error.code === 'HF_STORE_OWNED';
}
