/** Keys that the design names and no part of the gate reads yet: an error that says so, not a misspelling. */
import { z } from 'zod';

/** By object schema: the keys that are not supported yet. */
export const notYetSupported = z.registry<{ keys: readonly string[] }>();
