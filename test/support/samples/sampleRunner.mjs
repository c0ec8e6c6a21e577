/**
 * Runs the programs of samples one after another, in a process of its own: each file that it is sent is
 * imported in its folder, and what it printed and how it ended is sent back. `https://api.example.com` is a server on
 * 127.0.0.1.
 */

import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { api } from './exampleFetch.mjs';

let printed = '';
for (const level of ['log', 'info', 'warn', 'error']) {
  console[level] = (...values) => {
    printed += `${format(...values)}\n`;
  };
}

async function runSample(file) {
  printed = '';
  api.reset();
  process.chdir(dirname(file));
  try {
    await import(pathToFileURL(file).href);
    process.send({ printed, error: null, hasLeft: running() > atRest });
  } catch (error) {
    process.send({ printed, error: error instanceof Error ? error.stack : String(error) });
  }
}

/** Servers, timers and threads that go on: what a sample has left when there are more of them than before the first. */
const running = () =>
  process.getActiveResourcesInfo().filter((kind) => !kind.startsWith('TCPSocket')).length;

process.on('message', (file) => {
  void runSample(file);
});
process.on('disconnect', () => process.exit());
const atRest = running();
process.send('ready');
