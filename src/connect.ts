/**
 * `connect`: a client of a store, which takes the store over where it may and nobody has it.
 *
 * What owns a store is loaded only by a process that comes to own it: one that only connects loads neither the
 * engine nor the database.
 *
 * @module
 */

import { resolve } from 'node:path';
import { entered, inNoContext } from '../actors/platform/callerContext.ts';
import { systemClock } from '../actors/platform/systemClock.ts';
import { systemRandom } from '../actors/platform/systemRandom.ts';
import type { Handler } from '../actors/port.ts';
import { soundResources, soundWords } from '../machines/policy/crisis/appResources.ts';
import { CrisisResources } from '../machines/policy/crisis/crisisResources.ts';
import { CrisisMessages } from '../machines/policy/crisis/crisisWords.ts';
import { isHoldfastError } from '../machines/vocabulary/errors.ts';
import { checkFields, requireOption } from '../machines/vocabulary/optionFields.ts';
import type { OptionRules } from '../machines/vocabulary/optionRules.ts';
import { isOwnedByNote } from '../persistence/owner/ownerNote.ts';
import type { KeySource } from '../persistence/sealing/keySource.ts';
import type { Client, ConnectOptions, OwnOptions, TypesOfRuntime } from './client.ts';
import { ClientCrises } from './connect/clientCrises.ts';
import { openLine } from './connect/line.ts';
import { OwnerLink, type Seat } from './connect/ownerLink.ts';
import { controlSocketPath } from './control/controlSocket.ts';
import type { Owner } from './createRuntime.ts';
import { HELP_LINES } from './crisis/helpLines.ts';
import { HoldfastClient } from './holdfastClient.ts';
import type { RuntimeOptions, UpstreamOptions } from './options.ts';
import { socketBeside } from './outside/outsideOptions.ts';
import type { Runtime } from './runtime.ts';
import type { TypesOf } from './typed/operationTypes.ts';

type Given = ConnectOptions & {
  readonly key?: KeySource | undefined;
  readonly own?: Omit<RuntimeOptions, 'store' | 'key'> | undefined;
};

const OWNER_WITHIN_MS = 15_000;
const CLOSE_DEADLINE_MS = 5_000;

const CONNECT_RULES: OptionRules<Given> = {
  store: {
    required: {
      matches: (store) => typeof store === 'string' && store !== '' && store !== ':memory:',
      rule: 'must be the path of the folder that the owner has; a store in memory has none',
    },
  },
  key: {
    matches: (key) => typeof Object(key).load === 'function',
    rule: 'must be a source of a key: give keyFile(path), passphrase(text) or rawKey(bytes)',
  },
  own: 'object',
  ownerWithinMs: { min: 100, max: 3_600_000, whole: true },
  crisis: { fields: { resources: 'array', words: 'array' } },
  clock: 'object',
  random: 'object',
  onError: 'function',
};

/**
 * Connects to the store that another process of the machine owns, so that any number of processes of an app can
 * submit to it, follow, cancel and ask for crises. It resolves at once: its calls wait until somebody owns the store.
 *
 * `connect<typeof runtime>` has the types of the runtime that the owner makes. With `own`, which is what
 * `createRuntime` takes, this process takes the store over whenever nobody has it: of several that may, one
 * does, and the others are its clients. So in a cluster of equal processes all call `connect` and nothing else.
 *
 * @example
 * const client = await connect<typeof runtime>({ store: './store' });
 * const operation = await client.sync({ type: 'payments.push', subject, tier: 'premium', payload });
 *
 * @example
 * const client = await connect({ store, key: keyFile(path), own: { upstreams, handlers } });
 *
 * @throws HoldfastError (rejects) `HF_OPTION_INVALID` naming the option.
 */
export async function connect<Of extends Runtime = Runtime>(
  options: ConnectOptions,
): Promise<Client<TypesOfRuntime<Of>>>;
export async function connect<
  const Handlers extends Readonly<Record<string, Handler>> = Readonly<Record<string, Handler>>,
  const Upstreams extends Readonly<Record<string, UpstreamOptions>> = Readonly<
    Record<'default', UpstreamOptions>
  >,
>(options: OwnOptions<Handlers, Upstreams>): Promise<Client<TypesOf<Handlers>>>;
export async function connect(options: Given): Promise<Client> {
  return await inNoContext(() => connectTo(options));
}

/** What a runtime takes and people look for first here. */
const OF_OWN = ['handlers', 'upstreams', 'policies', 'logger'] as const;

async function connectTo(options: Given): Promise<Client> {
  for (const name of OF_OWN) {
    const isHere = Object.hasOwn(Object(options) as object, name);
    requireOption(
      !isHere,
      name,
      `goes into own, as all that createRuntime takes: own: { ${name} }`,
    );
  }
  checkFields(options, CONNECT_RULES, '');
  const { own, key, ownerWithinMs = OWNER_WITHIN_MS, crisis = {} } = options;
  requireOption(own === undefined || key !== undefined, 'key', 'is needed with own');
  const store = resolve(options.store);
  const socketPath = controlSocketPath(store);
  requireOption(
    socketPath !== null,
    'store',
    "must be a shorter path: that of a socket in the store's folder has at most 103 bytes",
  );
  const { clock = systemClock, random = systemRandom } = options;
  const onError = (error: unknown): void => {
    try {
      options.onError?.(error);
    } catch {
      // There is nobody else to be told.
    }
  };
  // Options that can't be used are told of now, and not where somebody dies.
  const owning = own === undefined ? null : { ...own, store, key, clock, random };
  const owner = owning === null ? null : await candidate(owning, onError);

  let runtime: Runtime | null = null;
  let closeDeadlineMs = CLOSE_DEADLINE_MS;
  let crisisSocket: string | null = socketBeside(store);
  const leaving = new AbortController();
  let coming: Runtime | null = null;
  const find = async (): Promise<Seat | null> => {
    const answer = await openLine(socketPath, leaving.signal);
    if (isHoldfastError(answer)) throw answer;
    if (answer !== 'nobody') {
      crisisSocket = answer.crisisSocket ?? crisisSocket;
      return answer;
    }
    // It starts, or closes: the system says so where it can.
    if (owner === null || leaving.signal.aborted || isOwnedByNote(store)) return null;
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
  const given = crisis.resources ?? own?.crisis?.resources ?? [];
  const resources = soundResources(given, 'crisis.resources');
  const words = soundWords(crisis.words ?? own?.crisis?.words ?? [], 'crisis.words');
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

/** Tries to own the store, each time it is called: what owns it now, or `null` where another process does. */
async function candidate(
  options: RuntimeOptions,
  onError: (error: unknown) => void,
): Promise<(onMade: (coming: Runtime) => void) => Promise<Owner | null>> {
  const [{ createOwner }, { checkOptions }] = await Promise.all([
    import('./createRuntime.ts'),
    import('./options.ts'),
  ]);
  checkOptions(options);
  return async (onMade) => {
    const told = (error: unknown): void => {
      // That another was quicker is no failure.
      if (!isOwnedElsewhere(error)) onError(error);
    };
    const owner = createOwner({ ...options, onError: told }, true);
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
