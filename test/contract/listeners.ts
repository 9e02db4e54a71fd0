/** Who listens where in a pod, from the kernel's own tables: no image needs a tool for it. */

import type { Pod } from './pod';

export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  /** 127.0.0.1, 0.0.0.0, [::] or another address in hexadecimal for version 6. */
  readonly address: string;
  readonly port: number;
}

const listening = '0A';
const unconnected = '07';

function addressOf(hex: string): string {
  if (hex.length === 8)
    return (hex.match(/../g) ?? [])
      .reverse()
      .map((byte) => String(parseInt(byte, 16)))
      .join('.');
  return /^0+$/.test(hex) ? '[::]' : hex;
}

export async function listeners(pod: Pod): Promise<Listener[]> {
  const output = await pod.sh('for table in tcp tcp6 udp udp6; do sed "1d;s/^/$table/" /proc/net/$table; done');
  return output.split('\n').flatMap((line) => {
    const [table = '', , local = '', , state = ''] = line
      .replace(/^(tcp6?|udp6?)/, '$1 ')
      .trim()
      .split(/\s+/);
    const protocol = table.startsWith('tcp') ? 'tcp' : 'udp';
    const [address = '', port = ''] = local.split(':');
    return state === (protocol === 'tcp' ? listening : unconnected) ? [{ protocol, address: addressOf(address), port: parseInt(port, 16) }] : [];
  });
}

/** How many connections a process has with a port of anybody. */
export async function connections(pod: Pod, pid: number, port: number): Promise<number> {
  const script = `own=$(readlink /proc/$1/fd/* | sed -n 's/^socket:\\[\\(.*\\)\\]$/\\1/p' | tr '\\n' ' ')
    awk -v own="$own" -v port="$2" 'BEGIN { split(own, list); for (i in list) is[list[i]] } $4 == "01" && $3 ~ ":" port "$" && $10 in is' /proc/net/tcp /proc/net/tcp6 | wc -l`;
  return Number(await pod.sh(script, { args: [String(pid), port.toString(16).toUpperCase().padStart(4, '0')] }));
}

/** As tcp/5240, each once, of the ports that are asked for. */
export async function listensOn(pod: Pod, wanted: readonly string[]): Promise<string[]> {
  const found = new Set((await listeners(pod)).map(({ protocol, port }) => `${protocol}/${String(port)}`));
  return wanted.filter((one) => found.has(one));
}
