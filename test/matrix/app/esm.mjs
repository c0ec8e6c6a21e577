import * as holdfast from 'holdfast';
import { createTestBed } from 'holdfast/testing';
import { work } from './work.mjs';

createTestBed({ seed: 1 });
void work(holdfast, process.argv[2]);
