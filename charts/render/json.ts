/** JSON as Go's encoding/json writes it, and so Helm's toJson: keys sorted by their bytes, and what HTML minds escaped. */

const escaped = (constant: string): string =>
  constant.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

const byBytes = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** The same content gives the same text, whatever the order of its keys. */
export function canonical(content: unknown): string {
  if (Array.isArray(content)) return `[${content.map(canonical).join(',')}]`;
  if (typeof content === 'object' && content !== null) {
    const entries = Object.entries(content).filter(([, value]) => value !== undefined);
    return `{${entries
      .sort(byBytes)
      .map(([key, value]) => `${escaped(JSON.stringify(key))}:${canonical(value)}`)
      .join(',')}}`;
  }
  return content === undefined ? 'null' : escaped(JSON.stringify(content));
}
