/**
 * The drill while name servers answer nothing, and look-ups occupy the threads that a process has for them.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import dns from 'node:dns';
import { closeSync, constants, openSync, readFile, stat } from 'node:fs';
import { join } from 'node:path';
import type { Handler } from '../../../actors/port.ts';
import { httpHandler } from '../../http/httpHandler.ts';
import type { Runtime } from '../../runtime.ts';
import { becomes } from '../measure/schedule.ts';
import { CRISIS_TYPE } from '../stage/crises.ts';
import { HELPERS, type Stage } from '../stage/stage.ts';
import type { Scenario } from './scenario.ts';

/** A name that is looked up as any other, and those whose look-up never ends. */
const GOOD = 'helpers.test';
const HANGING = ['a.hang.test', 'b.hang.test', 'c.hang.test', 'd.hang.test'];
const OPERATIONS = 200;
/** Threads of libuv's pool. */
const THREADS = 4;

/**
 * Looks names up by the same threads as the system does. One that hangs reads a pipe that nobody writes to: as with a
 * name server that does not answer, nothing ends it before.
 */
function lookUpBy(pipe: string, onGood: () => void): { readonly end: () => void } {
  let isOver = false;
  const system = dns.lookup as (...given: readonly unknown[]) => void;
  const lookUp = (host: string, options: unknown, callback: (...said: unknown[]) => void): void => {
    if (HANGING.includes(host)) {
      const failed = { code: 'EAI_AGAIN', syscall: 'getaddrinfo' };
      readFile(isOver ? '/dev/null' : pipe, () => {
        callback(Object.assign(new Error(host), failed));
      });
    } else if (host === GOOD) {
      stat('.', () => {
        onGood();
        callback(null, [{ address: '127.0.0.1', family: 4 }]);
      });
    } else {
      system(host, options, callback);
    }
  };
  Object.defineProperty(dns, 'lookup', { value: lookUp });
  return {
    end() {
      isOver = true;
      closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
    },
  };
}

function handlerAt(host: string, stage: Stage): Handler {
  const baseUrl = new URL(stage.order.upstream.url);
  baseUrl.hostname = host;
  return {
    upstream: host === GOOD ? HELPERS : host.replaceAll('.', '-'),
    run: httpHandler({ baseUrl, allowInsecure: true }),
  };
}

/** Whether a thread of the pool has time for anybody. */
async function hasFreeThread(): Promise<boolean> {
  let isFree = false;
  stat('.', () => {
    isFree = true;
  });
  return await becomes(() => isFree, 500);
}

async function pushTo(hosts: readonly string[], runtime: Runtime): Promise<void> {
  for (let number = 0; number < OPERATIONS; number += 1) {
    await runtime.sync({
      type: `push.at-${number % hosts.length}`,
      subject: `customer-${number}`,
      payload: { number },
    });
  }
}

export const hangingLookUps: Scenario = {
  name: 'look-ups',
  title: 'Look-ups of names that hang',
  means: `${OPERATIONS} operations go to names whose look-up never ends, and then the app occupies every thread that look-ups run on; crises go to another name`,
  seconds: { full: 16, short: 5 },
  crises: { full: 4_000, short: 200 },
  async run(stage) {
    const pipe = join(stage.order.folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    // So that each delivery needs the address.
    await stage.upstream.closeConnections();
    let wasLookedUp = false;
    const lookUps = lookUpBy(pipe, () => {
      wasLookedUp = true;
    });
    stage.atEnd(lookUps.end);
    const runtime = await stage.openWell({
      upstreams: {
        [HELPERS]: {},
        ...Object.fromEntries(HANGING.map((host) => [host.replaceAll('.', '-'), {}])),
      },
      handlers: {
        [CRISIS_TYPE]: handlerAt(GOOD, stage),
        ...Object.fromEntries(HANGING.map((host, at) => [`push.at-${at}`, handlerAt(host, stage)])),
      },
    });
    stage.saw(
      await becomes(() => wasLookedUp, 10_000),
      `the name of the crises' upstream was looked up${wasLookedUp ? '' : ' never'}`,
    );
    await pushTo(HANGING, runtime);
    const answers = stage.stream(runtime);
    await stage.pauseFor(1 / 2);
    for (let thread = 0; thread < THREADS; thread += 1) readFile(pipe, () => undefined);
    const isFull = !(await hasFreeThread());
    stage.saw(
      isFull,
      `every thread was ${isFull ? 'occupied' : 'not occupied'} from the middle on`,
    );
    await answers;
  },
};
