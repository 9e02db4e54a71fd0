/**
 * The first words of a rack to a region: AMP (Twisted's amp.py), the command Authenticate (provisioningserver/rpc/region.py).
 * Either side proves that it knows the region secret by an HMAC over what the other has made up, so who asks need not tell the secret.
 */

import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { connectionProblem } from '../connect';

/** What a region answers to a message: 32 and 16 bytes. */
export interface Proof {
  readonly digest: Buffer;
  readonly salt: Buffer;
}

/** provisioningserver/security.py: calculate_digest. The key is the secret's bytes, not its digits. */
export const digestOf = (secret: string, message: Buffer, salt: Buffer): Buffer =>
  createHmac('sha256', Buffer.from(secret, 'hex')).update(message).update(salt).digest();

type Box = ReadonlyMap<string, Buffer>;

export function encodeBox(fields: Readonly<Record<string, Buffer | string>>): Buffer {
  const sized = (part: Buffer): Buffer[] => {
    const size = Buffer.alloc(2);
    size.writeUInt16BE(part.length);
    return [size, part];
  };
  return Buffer.concat([...Object.entries(fields).flatMap(([key, value]) => [...sized(Buffer.from(key)), ...sized(Buffer.from(value))]), Buffer.alloc(2)]);
}

/** @returns the boxes that are whole, and what is left of the bytes */
export function decodeBoxes(bytes: Buffer): { readonly boxes: Box[]; readonly rest: Buffer } {
  const boxes: Box[] = [];
  let rest = bytes;
  for (;;) {
    const box = new Map<string, Buffer>();
    let at = 0;
    const part = (): Buffer | undefined => {
      if (at + 2 > rest.length) return undefined;
      const size = rest.readUInt16BE(at);
      if (at + 2 + size > rest.length) return undefined;
      const found = rest.subarray(at + 2, at + 2 + size);
      at += 2 + size;
      return found;
    };
    for (;;) {
      const key = part();
      if (key === undefined) return { boxes, rest };
      if (key.length === 0) break;
      const value = part();
      if (value === undefined) return { boxes, rest };
      box.set(key.toString(), value);
    }
    boxes.push(box);
    rest = rest.subarray(at);
  }
}

/**
 * @param timeout milliseconds
 * @throws Error in words
 */
export function authenticate(host: string, port: number, message: Buffer, timeout: number): Promise<Proof> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let received = Buffer.alloc(0);
    const finish = (outcome: Proof | string): void => {
      clearTimeout(timer);
      socket.destroy();
      if (typeof outcome === 'string') reject(new Error(`${host}:${String(port)}: ${outcome}`));
      else resolve(outcome);
    };
    const timer = setTimeout(() => {
      finish('no answer');
    }, timeout);
    socket.on('connect', () => socket.write(encodeBox({ _ask: '1', _command: 'Authenticate', message })));
    socket.on('data', (part: Buffer) => {
      const { boxes, rest } = decodeBoxes(Buffer.concat([received, part]));
      received = Buffer.from(rest);
      // The region asks us, too; it is not answered, for this is no rack.
      const answer = boxes.find((box) => box.get('_answer')?.toString() === '1' || box.get('_error')?.toString() === '1');
      const [digest, salt] = [answer?.get('digest'), answer?.get('salt')];
      if (digest !== undefined && salt !== undefined) finish({ digest: Buffer.from(digest), salt: Buffer.from(salt) });
      else if (answer !== undefined) finish(`refused: ${answer.get('_error_description')?.toString() ?? 'no reason given'}`);
    });
    socket.on('error', (error) => {
      finish(connectionProblem(error));
    });
    socket.on('close', () => {
      finish('the connection was closed');
    });
  });
}
