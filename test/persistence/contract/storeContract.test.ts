import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import { storeContract } from './storeContract.ts';
import { inThreadStore, storeUnderTest, threadedStore } from './storeUnderTest.ts';

storeContract(
  'the memory store',
  () => {
    const store = createMemoryStore();
    return Promise.resolve({
      store,
      reopen: () => Promise.resolve(store),
      dispose: () => Promise.resolve(),
    });
  },
  { faultsReachIt: true },
);
storeContract('the SQLite store in this thread', () => storeUnderTest(inThreadStore), {
  faultsReachIt: true,
});
storeContract('the SQLite store in a thread of its own', () => storeUnderTest(threadedStore), {
  faultsReachIt: false,
});
