/**
 * Sends a request by the global `fetch`, over connections whose names are looked up by
 * {@link hostAddresses}: those of crises apart from all others.
 *
 * An app that has a dispatcher of its own in force (a proxy, certificates) keeps it, and its look-ups.
 *
 * @module
 */

import { isError } from '../../machines/vocabulary/errors.ts';
import { hostAddresses, type LookedUpFor } from './hostAddresses.ts';
import { spareDescriptors } from './spareDescriptors.ts';

type Dispatcher = NonNullable<RequestInit['dispatcher']>;

/** The symbols under which the global `fetch` finds its dispatcher: undici 8, which Node 26 has, moved it. */
const OLDER = Symbol.for('undici.globalDispatcher.1');
const NEWER = Symbol.for('undici.globalDispatcher.2');
const IN_FORCE = Number.parseInt(process.versions['undici'] ?? '', 10) >= 8 ? NEWER : OLDER;
const global = globalThis as Readonly<Record<symbol, unknown>>;

/** The dispatcher that was in force when {@link dispatchers} were made. */
let madeOf: unknown = null;
/** The dispatchers; `null` where the app has one of its own. */
let dispatchers: Readonly<Record<LookedUpFor, Dispatcher>> | null = null;
/** Whether the present `fetch` does not take these dispatchers. */
let isRefused = false;

/** The options of a request that can be aborted. */
type Sent = RequestInit & { readonly signal: AbortSignal };

/** The global `fetch`, for a crisis or for anything else. */
export async function send(url: URL, init: Sent, sentFor: LookedUpFor): Promise<Response> {
  hostAddresses.refresh();
  if (sentFor === 'ordinary') return await fetchOver('ordinary', url, init);
  hostAddresses.ahead(url.hostname);
  const overCrises = async (): Promise<Response> => await fetchOver('crisis', url, init);
  return await spareDescriptors.request(url.host, init.signal, overCrises);
}

async function fetchOver(sentFor: LookedUpFor, url: URL, init: RequestInit): Promise<Response> {
  const dispatcher = dispatcherFor(sentFor);
  if (dispatcher === undefined) return await fetch(url, init);
  try {
    return await fetch(url, { ...init, dispatcher });
  } catch (error) {
    if (!isDispatcherRefused(error)) throw error;
    isRefused = true;
    return await fetch(url, init);
  }
}

/** Whether `fetch` comes from another undici than the dispatcher and refused it, so that nothing was sent. */
function isDispatcherRefused(error: unknown): boolean {
  const cause = isError(error) ? error.cause : undefined;
  return (cause as { readonly code?: unknown } | undefined)?.code === 'UND_ERR_INVALID_ARG';
}

/**
 * Makes Node load its HTTP client now. At the first use that takes some 30 ms, in which the answer to a crisis would
 * wait (CR-1).
 */
export function loadClient(): void {
  void new Headers();
}

/** The hosts that senders send to, so that they can be looked up ahead. */
const hosts = new WeakMap<object, string>();

/** Notes that `sender` sends to the host of `url`. */
export function notesHost<Sender extends object>(sender: Sender, { hostname }: URL): Sender {
  hosts.set(sender, hostname);
  return sender;
}

/** Makes ready what crises and their notices need to be sent: addresses of their hosts, and descriptors (CR-2). */
export function makeReadyFor(senders: readonly (object | undefined)[]): void {
  for (const sender of senders) {
    const host = sender === undefined ? undefined : hosts.get(sender);
    if (host === undefined) continue;
    hostAddresses.ahead(host);
    spareDescriptors.hold();
  }
}

function dispatcherFor(sentFor: LookedUpFor): Dispatcher | undefined {
  if (isRefused) return undefined;
  const inForce = global[IN_FORCE];
  if (inForce !== madeOf) {
    madeOf = inForce;
    dispatchers = newDispatchers(inForce);
  }
  return dispatchers?.[sentFor];
}

/**
 * Two more dispatchers of the kind in force, where that has its defaults: Node's, or that of an undici the app has
 * loaded.
 */
function newDispatchers(inForce: unknown): typeof dispatchers {
  const isWrapped = classOf(inForce)?.name === 'Dispatcher1Wrapper';
  const agent = isWrapped ? global[NEWER] : inForce;
  const Agent = classOf(agent);
  if (Agent?.name !== 'Agent' || !hasNoOptions(agent as object)) return null;
  const made = (sentFor: LookedUpFor): Dispatcher => {
    const own = new Agent({ connect: { lookup: hostAddresses.lookup(sentFor) } });
    const Wrapper = isWrapped ? classOf(inForce) : undefined;
    return Wrapper === undefined ? own : new Wrapper(own);
  };
  return { crisis: made('crisis'), ordinary: made('ordinary') };
}

function classOf(made: unknown): (new (given: object) => Dispatcher) | undefined {
  return typeof made === 'object' ? (made?.constructor as ReturnType<typeof classOf>) : undefined;
}

/** Whether an `Agent` was made without any option: nobody has given it certificates or bounds. */
function hasNoOptions(agent: object): boolean {
  const symbols = Object.getOwnPropertySymbols(agent);
  const at = symbols.find(({ description }) => description === 'options');
  const options: unknown = at === undefined ? null : Reflect.get(agent, at);
  if (typeof options !== 'object' || options === null) return false;
  return Object.values(options).every((value) => value === undefined || value === Infinity);
}
