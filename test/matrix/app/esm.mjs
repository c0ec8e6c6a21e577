import { AsyncLocalStorage } from 'node:async_hooks';
import { moodEntry } from 'holdfast/schemas';
import { createTestBed } from 'holdfast/testing';
import { work } from './work.mjs';

createTestBed({ seed: 1 });
// Loaded by a request, as a server may that loads it late.
const requests = new AsyncLocalStorage();
const holdfast = await requests.run('the first', () => import('holdfast'));
void work(holdfast, moodEntry, process.argv[2], requests);
