const holdfast = require('holdfast');
const { moodEntry } = require('holdfast/schemas');
const { createTestBed } = require('holdfast/testing');

createTestBed({ seed: 1 });
void import('./work.mjs').then(({ work }) => work(holdfast, moodEntry, process.argv[2]));
