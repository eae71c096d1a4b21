/** The error of a document that cannot be imported. */
import { OperatorError } from '../model/operator-error.js';

/** A document that cannot be imported. The message does not name the file. */
export class DocumentError extends OperatorError {}
