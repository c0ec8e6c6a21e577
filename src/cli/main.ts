#!/usr/bin/env node
/**
 * The entry of the command line (UX-1).
 *
 * @module
 */

import { askedFor, holdfastProgram } from './holdfastProgram.ts';
import { runProgram } from './kit/program.ts';

await runProgram(holdfastProgram(askedFor(process.argv.slice(2))));
