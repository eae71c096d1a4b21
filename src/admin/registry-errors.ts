/** Converts the errors of administration to responses. Each router of the registry uses it. */
import type { ErrorRequestHandler } from 'express';
import {
  AdministrationError,
  ConflictError,
  NotPermittedError,
  UnavailableError,
} from '../tokens/administration/errors.js';
import { ApiError } from './api-error.js';

/** An error without a status comes from the registry. Express recognises an error handler by its four parameters. */
export const reportRegistry: ErrorRequestHandler = (error: unknown, _req, _res, next) => {
  const { status } = error as { status?: unknown };
  if (typeof status === 'number' || error instanceof URIError) next(error);
  else if (error instanceof AdministrationError) next(new ApiError(statusOf(error), error.message));
  else next(new ApiError(503, 'the registry is unavailable; try again'));
};

function statusOf(error: AdministrationError): number {
  if (error instanceof NotPermittedError) return 403;
  if (error instanceof ConflictError) return 409;
  return error instanceof UnavailableError ? 503 : 400;
}
