import { connect as open, type NetConnectOpts } from 'node:net';
import { codeOf, messageOf } from './failure';

const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  ENOENT: 'does not exist',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be resolved at the moment',
  ETIMEDOUT: 'no answer',
  EACCES: 'permission denied',
  ENOTSOCK: 'is not a socket',
};

/** Why a connection failed, in words. */
export const connectionProblem = (error: unknown): string => meanings[codeOf(error) ?? ''] ?? messageOf(error);

/**
 * Whether something accepts connections.
 *
 * @param timeout milliseconds
 * @returns why not, or undefined
 */
export function accepts(address: NetConnectOpts, timeout: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = open(address);
    const done = (reason?: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reason);
    };
    const timer = setTimeout(() => {
      done('no answer');
    }, timeout);
    socket.once('connect', () => {
      done();
    });
    socket.once('error', (error) => {
      done(connectionProblem(error));
    });
  });
}
