/**
 * `fetch`, for which https://api.example.com is a server of this process. Programs of samples load it before they begin.
 */

import { isMainThread } from 'node:worker_threads';
import { startExampleApi } from './exampleApi.mjs';

export const api = isMainThread ? await startExampleApi() : null;
const { fetch } = globalThis;
if (api !== null) {
  globalThis.fetch = (url, init) =>
    fetch(new URL(url).href.replace(/^https:\/\/(api|elsewhere)\.example(\.com)?/, api.url), init);
}
