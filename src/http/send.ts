/**
 * Sends a request over connections whose names are looked up by {@link hostAddresses}: those of crises apart from all
 * others. It is sent by the HTTP client that the global `fetch` is made of.
 *
 * An app that has a dispatcher of its own in force (a proxy, certificates) keeps it, and its look-ups; one that has put
 * another `fetch` in place of Node's has requests sent by that.
 *
 * @module
 */

import { types } from 'node:util';
import { systemClock } from '../../actors/platform/systemClock.ts';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { isError } from '../../machines/vocabulary/errors.ts';
import type { Answer } from './answer.ts';
import { type Dispatching, dispatched, type Sent } from './dispatch.ts';
import { type HostAddresses, hostAddresses, type LookedUpFor } from './hostAddresses.ts';
import { type SpareDescriptors, spareDescriptors } from './spareDescriptors.ts';

type Dispatcher = NonNullable<RequestInit['dispatcher']> & Dispatching;

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

/** Network that requests go out by: that of this machine, or one that is simulated. */
export interface Network {
  readonly clock: Clock;
  /** Sends a request as `fetch` does, over connections whose names `addresses` looks up for this purpose. */
  readonly fetch: (sentFor: LookedUpFor, url: URL, sent: Sent) => Promise<Answer>;
  readonly addresses: HostAddresses;
  readonly descriptors: SpareDescriptors;
}

/** The network of this machine. */
export const systemNetwork: Network = {
  clock: systemClock,
  fetch: fetchOver,
  addresses: hostAddresses,
  descriptors: spareDescriptors,
};

/** Sends a request, for a crisis or for anything else. */
export async function send(
  network: Network,
  url: URL,
  sent: Sent,
  sentFor: LookedUpFor,
): Promise<Answer> {
  network.addresses.refresh();
  if (sentFor === 'ordinary') return await network.fetch('ordinary', url, sent);
  network.addresses.ahead(url.hostname);
  const overCrises = async (): Promise<Answer> => await network.fetch('crisis', url, sent);
  return await network.descriptors.request(url.host, sent.end ?? sent.signal, overCrises);
}

async function fetchOver(sentFor: LookedUpFor, url: URL, sent: Sent): Promise<Answer> {
  const dispatcher = dispatcherFor(sentFor);
  const { method, headers, body = null, redirect } = sent;
  // Only `fetch` follows redirects.
  if (dispatcher !== undefined && redirect === 'manual' && isNodes(fetch)) {
    return await dispatched(dispatcher, url, sent);
  }
  // Read only here, since some make it then.
  const { signal } = sent;
  const init = { ...{ method, headers, body, signal }, ...(redirect && { redirect }) };
  if (dispatcher === undefined) return await fetch(url, init);
  try {
    return await fetch(url, { ...init, dispatcher });
  } catch (error) {
    if (!isDispatcherRefused(error)) throw error;
    isRefused = true;
    return await fetch(url, init);
  }
}

let lastSeen: { readonly fetch: unknown; readonly isNodes: boolean } | null = null;

/** Whether this is the `fetch` of Node, and not one that an app or a test has put in its place. */
function isNodes(given: typeof globalThis.fetch): boolean {
  if (lastSeen?.fetch !== given) {
    const isFound = Function.prototype.toString.call(given).includes('internal/deps/undici');
    lastSeen = { fetch: given, isNodes: isFound };
  }
  return lastSeen.isNodes;
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

/** The host that a sender sends to, and how. */
interface SentTo {
  readonly host: string;
  readonly network: Network;
}

/** The hosts that senders send to, so that they can be looked up ahead. */
const hosts = new WeakMap<object, SentTo>();

/** Notes where `sender` sends to. */
export function notesHost<Sender extends object>(sender: Sender, to: SentTo): Sender {
  hosts.set(sender, to);
  return sender;
}

/** Makes ready what crises and their notices need to be sent: addresses of their hosts, and descriptors (CR-2). */
export function makeReadyFor(senders: readonly (object | undefined)[]): void {
  for (const sender of senders) {
    const to = sender === undefined ? undefined : hosts.get(sender);
    if (to === undefined) continue;
    to.network.addresses.ahead(to.host);
    to.network.descriptors.hold();
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
  // With interceptors it is a proxy of what it was: one more of its class would be without them.
  if (types.isProxy(inForce) || types.isProxy(agent)) return null;
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
