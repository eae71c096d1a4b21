/** The errors of administration. Each message is one sentence for the person who made the request. */
import { OperatorError } from '../../model/operator-error.js';

/** The request is invalid. */
export class AdministrationError extends OperatorError {
  override readonly name: string = 'AdministrationError';
}

/** The caller may not do this, or not with these values. */
export class NotPermittedError extends AdministrationError {
  override readonly name = 'NotPermittedError';
}

/** The request is valid, but what it names is in a state that does not allow it. */
export class ConflictError extends AdministrationError {
  override readonly name = 'ConflictError';
}

/** A store is unavailable. Nothing is known to have changed. */
export class UnavailableError extends AdministrationError {
  override readonly name = 'UnavailableError';
}
