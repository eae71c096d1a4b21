/** Registers keys that an object does not have although others like it do, with the text of their error. */
import { z } from 'zod';

/** The texts by key, by object schema. */
export const refusedKeys = z.registry<Readonly<Record<string, string>>>();
