#!/usr/bin/env node
/**
 * The entry of the command line.
 *
 * @module
 */

import { holdfastProgram } from './holdfastProgram.ts';
import { runProgram } from './kit/program.ts';

await runProgram(holdfastProgram());
