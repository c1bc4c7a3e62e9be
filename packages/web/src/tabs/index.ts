/** One socket for the tabs of a browser. */

export { createSharedClient, type SharedOptions } from './shared-client.js';
