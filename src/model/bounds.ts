/** Bounds that more than one part of the gateway enforces. */

/** The request line and header fields together, so also the longest token: 16 KiB. More is a 431. */
export const MAX_HEADER_BYTES = 16 * 1024;
