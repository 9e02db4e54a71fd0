/** What the program ends with; README: exit codes. */
export const exitCodes = {
  /** Something was refused or went wrong. */
  failure: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The cluster or MAAS cannot be reached. */
  unreachable: 3,
  /** The time was over. */
  timeout: 4,
  /** What was looked at is not as it should be: status, preflight. */
  unhealthy: 5,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/** Something that the reader of the message can do something about: printed as one line, without a stack trace. */
export class Failure extends Error {
  override readonly name: string = 'Failure';
  readonly exitCode: number = exitCodes.failure;
}

/** Nobody answers. */
export class Unreachable extends Failure {
  override readonly name = 'Unreachable';
  override readonly exitCode = exitCodes.unreachable;
}

/** What was waited for did not come in time. */
export class TimedOut extends Failure {
  override readonly name = 'TimedOut';
  override readonly exitCode = exitCodes.timeout;
}

/** What was looked at is not as it should be, and has been said. */
export class Unhealthy extends Failure {
  override readonly name = 'Unhealthy';
  override readonly exitCode = exitCodes.unhealthy;
}

/** The command line is wrong in a way that only the verb can tell. */
export class Misuse extends Failure {
  override readonly name = 'Misuse';
  override readonly exitCode = exitCodes.usage;
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
