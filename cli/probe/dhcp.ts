/** Asks whether a DHCP server is there, on every network of the node (RFC 2131). Takes no address: an offer that is not asked for lapses. */

import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { ports } from '../../charts/tables/ports';

/** Where clients listen. */
const clientPort = 68;

/** Milliseconds: servers may look first whether an address is in use; ISC's waits 1 s for an echo, dnsmasq 3 s. */
const patience = 4500;

const cookie = Buffer.from([0x63, 0x82, 0x53, 0x63]);
const [discover, offer] = [1, 2];

/** @param mac as 02:99:00:00:00:01 */
export function discoverMessage(transaction: Buffer, mac: string): Buffer {
  const message = Buffer.alloc(240);
  message.set([1, 1, 6, 0], 0); // request, Ethernet, six bytes of address
  message.set(transaction, 4);
  message.writeUInt16BE(0x8000, 10); // the answer shall be a broadcast, for we have no address
  message.set(Buffer.from(mac.replaceAll(':', ''), 'hex'), 28);
  message.set(cookie, 236);
  return Buffer.concat([message, Buffer.from([53, 1, discover, 255])]);
}

/** @returns the server's address when this offers something in answer to the transaction */
export function serverOf(message: Buffer, transaction: Buffer): string | undefined {
  if (message.length < 244 || !message.subarray(4, 8).equals(transaction) || !message.subarray(236, 240).equals(cookie)) return undefined;
  let type: number | undefined;
  let server: string | undefined;
  for (let at = 240; at + 1 < message.length && message[at] !== 255;) {
    if (message[at] === 0) {
      at++;
      continue;
    }
    const value = message.subarray(at + 2, at + 2 + message[at + 1]!);
    if (message[at] === 53) type = value[0];
    if (message[at] === 54) server = [...value].join('.');
    at += 2 + value.length;
  }
  return type === offer ? (server ?? 'unknown') : undefined;
}

const toNumber = (address: string): number => address.split('.').reduce((total, part) => total * 256 + Number(part), 0);
const toAddress = (number: number): string => [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
/** The address by which all of a network is reached, which routes a packet out of its interface. */
export const broadcastOf = (address: string, netmask: string): string => toAddress((toNumber(address) | ~toNumber(netmask)) >>> 0);

/** @returns undefined where nothing could be asked: the node is a DHCP client itself */
export function dhcpServers(): Promise<string[] | undefined> {
  const networks = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ family, internal, netmask }) => family === 'IPv4' && !internal && netmask !== '255.255.255.255')
      .map((one) => ({ ...one, name, transaction: randomBytes(4) })),
  );
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    const found = new Set<string>();
    const end = (result: string[] | undefined): void => {
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(() => {
      end([...found].sort());
    }, patience);
    socket.on('error', () => {
      end(undefined);
    });
    socket.on('message', (message) => {
      for (const { name, transaction } of networks) {
        const server = serverOf(message, transaction);
        if (server !== undefined) found.add(`${server} on ${name}`);
      }
    });
    socket.bind(clientPort, '0.0.0.0', () => {
      socket.setBroadcast(true);
      for (const { address, netmask, mac, transaction } of networks)
        socket.send(discoverMessage(transaction, mac), ports.dhcp.number, broadcastOf(address, netmask), () => undefined);
    });
  });
}
