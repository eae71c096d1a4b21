/** A log for connections whose problems `check --online` reports itself. */
import type { Log } from '../../model/log.js';

const ignore = (): void => undefined;

export const SILENT: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
