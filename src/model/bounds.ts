/** Bounds that more than one part of the gate keeps. */

/** Request line and header fields together, and so also one token: 16 KiB (more is a 431). */
export const MAX_HEADER_BYTES = 16 * 1024;
