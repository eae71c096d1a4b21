/** The operator's log, as the pipeline uses it; pino's logger satisfies it. Never log a token, a secret or a query. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
