/**
 * Sends a request by the global `fetch`, over connections whose names are looked up by
 * {@link hostAddresses}: those of crises apart from all others.
 *
 * An app that has a dispatcher of its own in force (a proxy, certificates) keeps it, and its look-ups.
 *
 * @module
 */

import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { hostAddresses, type LookedUpFor } from './hostAddresses.ts';

type Dispatcher = NonNullable<RequestInit['dispatcher']>;

/** Where the dispatcher is that the global `fetch` uses: undici 8, which Node 26 has, moved it. */
const OLDER = Symbol.for('undici.globalDispatcher.1');
const NEWER = Symbol.for('undici.globalDispatcher.2');
const IN_FORCE = Number.parseInt(process.versions['undici'] ?? '', 10) >= 8 ? NEWER : OLDER;
const global = globalThis as Readonly<Record<symbol, unknown>>;

/** The dispatcher that was in force when {@link dispatchers} were made. */
let madeOf: unknown = null;
/** `null` where the app has one of its own. */
let dispatchers: Readonly<Record<LookedUpFor, Dispatcher>> | null = null;
/** Whatever `fetch` is, it takes none of them. */
let isRefused = false;

/** The global `fetch`, for a crisis or for anything else. */
export async function send(url: URL, init: RequestInit, sentFor: LookedUpFor): Promise<Response> {
  hostAddresses.refresh();
  if (sentFor === 'ordinary') return await fetchOver('ordinary', url, init);
  hostAddresses.ahead(url.hostname);
  holdSpares();
  try {
    return await fetchOver('crisis', url, init);
  } catch (error) {
    if (!hasNoDescriptor(error) || spares.length === 0) throw error;
    return await withSpares(async () => await fetchOver('crisis', url, init));
  }
}

async function fetchOver(sentFor: LookedUpFor, url: URL, init: RequestInit): Promise<Response> {
  const dispatcher = dispatcherFor(sentFor);
  if (dispatcher === undefined) return await fetch(url, init);
  try {
    return await fetch(url, { ...init, dispatcher });
  } catch (error) {
    if (codeOfCause(error) !== 'UND_ERR_INVALID_ARG') throw error;
    // Nothing was sent: the fetch in force is of another undici than the dispatcher.
    isRefused = true;
    return await fetch(url, init);
  }
}

/** Descriptors that are held so that a crisis has some to connect with where the process has no more (CR-2). */
const spares: number[] = [];
const SPARES_MAX = 4;

/** How many have got them, and are not connected yet. */
let sparesGivenTo = 0;

function holdSpares(): void {
  if (sparesGivenTo > 0) return;
  try {
    while (spares.length < SPARES_MAX) spares.push(openSync(devNull, 'r'));
  } catch {
    // The process has none left: the next crisis tries again.
  }
}

async function withSpares(connect: () => Promise<Response>): Promise<Response> {
  for (const descriptor of spares.splice(0)) closeSync(descriptor);
  sparesGivenTo += 1;
  try {
    return await connect();
  } finally {
    sparesGivenTo -= 1;
    holdSpares();
  }
}

/** Nothing was sent: there was no descriptor for the connection. */
function hasNoDescriptor(error: unknown): boolean {
  const code = codeOfCause(error);
  return code === 'EMFILE' || code === 'ENFILE';
}

function codeOfCause(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  return (cause as { readonly code?: unknown } | undefined)?.code;
}

/**
 * Has Node load its HTTP client, which it does at the first use: some 30 ms in which the answer to a crisis
 * would wait (CR-1), so not at the first attempt.
 */
export function loadClient(): void {
  void new Headers();
}

/** Which host something sends to, so that it can be looked up ahead. */
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
    holdSpares();
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

/** Two more of the kind that is in force, where that is as it comes: Node's, or that of an undici the app has loaded. */
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
