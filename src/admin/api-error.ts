/** The errors of /api: how its handlers report them, and how they are sent. Also reads the values of a request. */
import type { ErrorRequestHandler, Request } from 'express';
import type { Log } from '../model/log.js';

/** An error in the request, with its status. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Makes the last handler of /api. A bug in a handler is 500 and logged.
 *
 * @param log gets the error of a bug
 */
export function createSendError(log: Log): ErrorRequestHandler {
  // Express recognises an error handler by its four parameters.
  return (error: unknown, _req, res, next) => {
    if (res.headersSent) {
      next(error);
      return;
    }
    const known = responseFor(error);
    if (!known) log.error({ err: error }, 'internal error in the API of the admin port');
    const { status, message } = known ?? { status: 500, message: 'Internal error' };
    res.status(status).json({ errors: [{ code: status, message }] });
  };
}

/** Undefined for a bug. The errors of Express's body parser have a `status`. */
function responseFor(error: unknown): { status: number; message: string } | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof URIError) return { status: 400, message: 'the path is malformed' };
  const { status } = error as { status?: unknown };
  if (status === 413) return { status, message: 'the body is too large' };
  if (typeof status === 'number' && status >= 400 && status < 500)
    return { status, message: 'the body is not JSON' };
  return undefined;
}

/**
 * Returns the members of a JSON object.
 *
 * @throws ApiError 400 where it is no object, or has a key that is not known
 */
export function fieldsOf(value: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApiError(400, 'the body must be a JSON object');
  }
  const unknownKey = Object.keys(value).find((key) => !known.includes(key));
  if (unknownKey !== undefined) throw new ApiError(400, `unknown key "${unknownKey}"`);
  return value as Readonly<Record<string, unknown>>;
}

/**
 * Returns a text that is not blank.
 *
 * @throws ApiError 400 otherwise
 */
export function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new ApiError(400, `"${name}" must be a string`);
  if (value.trim() === '')
    throw new ApiError(400, `"${name}" must not be empty: give it at least one character`);
  return value;
}

/**
 * Returns the parameters of a request's query.
 *
 * @throws ApiError 400 where one is not known, or given twice
 */
export function queryOf(
  req: Request,
  known: readonly string[],
): Readonly<Record<string, string | undefined>> {
  for (const [name, value] of Object.entries(req.query)) {
    if (!known.includes(name)) throw new ApiError(400, `unknown parameter "${name}"`);
    if (typeof value !== 'string') throw new ApiError(400, `"${name}" must be given once`);
  }
  return req.query as Record<string, string>;
}
