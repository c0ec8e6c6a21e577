const holdfast = require('holdfast');
const { createTestBed } = require('holdfast/testing');

createTestBed({ seed: 1 });
void import('./work.mjs').then(({ work }) => work(holdfast, process.argv[2]));
