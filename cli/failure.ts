/** Something that the reader of the message can do something about: printed as one line, without a stack trace. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return [...new Set(thrown.errors.map(messageOf))].join('; ');
  return thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
}

/** The code of a system or protocol error, such as ENOENT or 28P01. */
export function codeOf(thrown: unknown): string | undefined {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return codeOf(thrown.errors[0]);
  const code = (thrown as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
