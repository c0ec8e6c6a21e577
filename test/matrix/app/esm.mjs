import { AsyncLocalStorage } from 'node:async_hooks';
import * as holdfast from 'holdfast';
import { moodEntry } from 'holdfast/schemas';
import { createTestBed } from 'holdfast/testing';
import { work } from './work.mjs';

createTestBed({ seed: 1 });
void work(holdfast, moodEntry, process.argv[2], new AsyncLocalStorage());
