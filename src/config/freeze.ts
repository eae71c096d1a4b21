/** Freezes a value deeply, and returns it. Requests share the compiled settings; a reload replaces them as a whole. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const each of Object.values(value)) freeze(each);
  return value;
}
