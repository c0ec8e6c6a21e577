/**
 * Runs the programs of samples one after another, in a process of its own: each file that it is sent is
 * imported, and what it printed and how it ended is sent back. `https://api.example.com` is a server on
 * 127.0.0.1.
 */

import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { startExampleApi } from './exampleApi.mjs';

const api = await startExampleApi();
const { fetch } = globalThis;
globalThis.fetch = (url, init) =>
  fetch(new URL(url).href.replace(/^https:\/\/(api|elsewhere)\.example(\.com)?/, api.url), init);

let printed = '';
for (const level of ['log', 'info', 'warn', 'error']) {
  console[level] = (...values) => {
    printed += `${format(...values)}\n`;
  };
}

async function runSample(file) {
  printed = '';
  api.reset();
  try {
    await import(pathToFileURL(file).href);
    process.send({ printed, error: null });
  } catch (error) {
    process.send({ printed, error: error instanceof Error ? error.stack : String(error) });
  }
}

process.on('message', (file) => {
  void runSample(file);
});
process.on('disconnect', () => process.exit());
process.send('ready');
