/**
 * Facts: what a process waits for before it starts. Each has a written form, as in `maas-k8s wait file:/etc/maas/regiond.conf`.
 */

export type Fact =
  /** A file that exists. */
  | { readonly kind: 'file'; readonly path: string }
  /** A Unix socket that accepts connections. */
  | { readonly kind: 'socket'; readonly path: string }
  /** A TCP port that accepts connections. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** The database of regiond.conf lets us log in. */
  | { readonly kind: 'database' }
  /** Bootstrap has migrated the database for the MAAS version that is installed here, and has seeded the region secret. */
  | { readonly kind: 'bootstrapped' }
  /** The region's Temporal, at the host of rackd.conf's first maas_url, accepts connections. */
  | { readonly kind: 'temporal' };

export const file = (path: string): Fact => ({ kind: 'file', path });
export const socket = (path: string): Fact => ({ kind: 'socket', path });
export const tcp = (port: number, host = '127.0.0.1'): Fact => ({ kind: 'tcp', host, port });
export const database: Fact = { kind: 'database' };
export const bootstrapped: Fact = { kind: 'bootstrapped' };
export const temporal: Fact = { kind: 'temporal' };

export function printFact(fact: Fact): string {
  switch (fact.kind) {
    case 'file':
    case 'socket':
      return `${fact.kind}:${fact.path}`;
    case 'tcp':
      return `tcp:${fact.host}:${String(fact.port)}`;
    case 'database':
    case 'bootstrapped':
    case 'temporal':
      return fact.kind;
  }
}

const forms = 'file:/path, socket:/path, tcp:host:port, database, bootstrapped, temporal';

/** @throws Error that names the text and the known forms */
export function parseFact(written: string): Fact {
  const [kind, ...rest] = written.split(':');
  const argument = rest.join(':');
  if ((kind === 'file' || kind === 'socket') && argument.startsWith('/')) return { kind, path: argument };
  if (kind === 'tcp') {
    const match = /^(.+):(\d{1,5})$/.exec(argument);
    if (match?.[1] && Number(match[2]) >= 1 && Number(match[2]) <= 65535) return tcp(Number(match[2]), match[1]);
  }
  if ((kind === 'database' || kind === 'bootstrapped' || kind === 'temporal') && rest.length === 0) return { kind };
  throw new Error(`"${written}" is not a fact; known forms: ${forms}`);
}
