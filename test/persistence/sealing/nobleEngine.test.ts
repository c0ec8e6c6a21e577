/**
 * The crypto engine in JavaScript: the contract.
 *
 * @module
 */

import { nobleEngine } from '../../../persistence/sealing/nobleEngine.ts';
import { engineContract } from './engineContract.ts';

engineContract(nobleEngine, 'noble');
