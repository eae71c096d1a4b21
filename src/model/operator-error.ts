/** A failure that the operator can fix. Its message is one line, and is reported without a stack. */
export class OperatorError extends Error {}
