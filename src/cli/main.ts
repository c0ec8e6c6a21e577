#!/usr/bin/env node
/**
 * The entry of the command line (UX-1).
 *
 * @module
 */

import { holdfastProgram } from './holdfastProgram.ts';
import { runProgram } from './kit/program.ts';

await runProgram(holdfastProgram());
