const { AsyncLocalStorage } = require('node:async_hooks');
// Loaded by a request, as a server may that loads it late.
const requests = new AsyncLocalStorage();
const holdfast = requests.run('the first', () => require('holdfast'));
const { moodEntry } = require('holdfast/schemas');
const { createTestBed } = require('holdfast/testing');

createTestBed({ seed: 1 });
void import('./work.mjs').then(({ work }) => work(holdfast, moodEntry, process.argv[2], requests));
