/** Something that whoever runs the gate can mend: its message is one clear line, and all that is to be told of it. */
export class OperatorError extends Error {}
