/**
 * The entry of the thread that answers crises of outside callers, whatever the main thread does (CR-1).
 *
 * @module
 */

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../actors/platform/systemClock.ts';
import { HoldfastError, toPlainError } from '../../machines/vocabulary/errors.ts';
import { answerCaller, unreadableCall } from './callerRequest.ts';
import { Handover } from './handover.ts';
import { type ListenAt, Listener } from './listener.ts';
import { LoopProbe } from './loopProbe.ts';
import { ManySubjects } from './manySubjects.ts';
import { OutsideAnswers } from './outsideAnswers.ts';
import type { FromOutside, OutsideThreadData, ToOutside, Way } from './outsideMessages.ts';
import { Spiller } from './spiller.ts';

function start(): void {
  const port = parentPort;
  if (port === null) throw new HoldfastError('HF_INTERNAL', 'This file is run as a thread only.');
  const data = workerData as OutsideThreadData;
  const clock = systemClock;
  const send = (message: FromOutside): void => port.postMessage(message);
  const spiller = new Spiller({
    clock,
    data,
    onKept: (id) => {
      handover.spilled(id);
    },
    onFailed: (error) => {
      send({ kind: 'notKept', error });
    },
    onLineLost: () => {
      send({ kind: 'lineLost' });
    },
  });
  const handover = new Handover({ clock, send, spiller });
  const probe = new LoopProbe({
    clock,
    ask: () => {
      send({ kind: 'ping' });
    },
    onBack: (forMs) => {
      send({ kind: 'wasBlocked', forMs, answered: answers.takeAnsweredWhileBlocked() });
    },
  });
  const answers = new OutsideAnswers({ clock, data, handover, probe });

  const listener = (way: Way, at: ListenAt): Listener => {
    const http = way === 'http' ? data.at.http : null;
    const { payloadBytesMax } = data;
    const subjects =
      http === null
        ? null
        : new ManySubjects({
            clock,
            many: http.manySubjects,
            onMany: (caller, many) => {
              send({ kind: 'manySubjects', caller, subjects: many });
            },
          });
    const parts = { clock, answers, handover, http, subjects, payloadBytesMax };
    return new Listener({
      clock,
      at,
      serve: (request, response, onWhole) => answerCaller(request, response, parts, onWhole),
      unreadable: () => unreadableCall(answers.builtIn),
      onListening: (address) => {
        send({ kind: 'listening', way, address });
      },
      onTrouble: (error) => {
        send({ kind: 'troubled', way, error: toPlainError(error) });
      },
    });
  };
  const { socketPath, http } = data.at;
  const listeners = [
    ...(socketPath === null ? [] : [listener('socket', { path: socketPath })]),
    ...(http === null ? [] : [listener('http', { host: http.host, port: http.port })]),
  ];

  port.on('message', (message: ToOutside) => {
    switch (message.kind) {
      case 'plans':
        answers.plansChanged(message.plans);
        break;
      case 'handlers':
        spiller.handlersChanged(message.handlers);
        break;
      case 'line':
        spiller.use(message.line);
        break;
      case 'taken':
        handover.taken(message.id);
        break;
      case 'plan':
        handover.planFound(message.id, message.plan);
        break;
      case 'recorded':
        handover.ended(message.id, 'durable');
        break;
      case 'delivered':
        handover.ended(message.id, 'delivered');
        break;
      case 'pong':
        probe.answered();
        break;
      case 'close':
        for (const each of listeners) each.close();
        probe.stop();
        spiller.close();
        port.close();
        break;
    }
  });
  probe.start();
  for (const each of listeners) void each.open();
}

start();
