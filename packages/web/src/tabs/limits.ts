/** The bounds of tabs that share a socket. */

/** Most tabs that one leader serves; a further one has to wait until another ends. */
export const LINKS_MAX = 256;
/** Most frames on their way to a tab that it has not taken: a tab that is slower is cut, and reads on from its cursor. */
export const FRAMES_WAITING_MAX = 4096;
/** The same in characters, of all these frames together. */
export const CHARS_WAITING_MAX = 32 * 1024 * 1024;
/** After how many frames a tab tells that it has taken them. */
export const FRAMES_TAKEN_STEP = 64;
/** Most producers that one tab publishes for: its own, and those whose rest it took over. */
export const PRODUCERS_MAX = 1024;
/** Last values that are remembered of one channel. */
export const RETAINED_MAX = 256;
/** Heartbeat between a tab and its leader, in milliseconds: interval, and longest wait for an answer. */
export const TAB_HEARTBEAT_MS = [10_000, 5_000] as const;
/** How long a leader may take to answer a tab, in milliseconds, before it is taken for frozen. */
export const ANSWER_MS = 3_000;
/** How often a tab that waits for the connection asks whether its leader still answers, in milliseconds. */
export const ASK_AGAIN_MS = 15_000;
/** Longest frame of a tab, in bytes; what the server takes is less, and looked at besides. */
export const FRAME_BYTES_MAX = 16 * 1024 * 1024;
