/** For the tests of those who use Everlink: a browser, a network and servers in virtual time. */

export { EverlinkConnection, EverlinkServer, type EverlinkServerOptions } from './testing/everlink-server.js';
export { MemoryLog } from './testing/memory-log.js';
export { MemoryCursors, MemoryDisk, MemoryOutbox } from './testing/memory-stores.js';
export { Peer, VirtualNetwork, VirtualSocket } from './testing/network.js';
export { ScriptedConnection, ScriptedServer, type ScriptedServerOptions } from './testing/scripted-server.js';
export { type VirtualPlatform, virtualPlatform } from './testing/virtual-platform.js';
export { settled, VirtualTime } from './testing/virtual-time.js';
export { type Asked, decodeRequest, encodeReply, type Said } from './testing/wire.js';
