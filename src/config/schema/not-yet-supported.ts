/** Registers planned keys that the gateway does not read yet, so that their error says this and not `unknown key`. */
import { z } from 'zod';

/** The keys that are not supported yet, by object schema. */
export const notYetSupported = z.registry<{ keys: readonly string[] }>();
