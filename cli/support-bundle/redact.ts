/** Takes secrets out of texts: those that are known, wherever and however they are written, and what looks like one. */

export interface Known {
  /** What stands in its place: Secret maas-admin, key password. */
  readonly name: string;
  readonly value: string;
}

/** Shorter ones are words of other texts; a bundle must stay readable. */
const shortest = 6;

/** All ways in which a text may hold a value. */
function spellings(value: string): string[] {
  const base64 = Buffer.from(value).toString('base64');
  return [
    value,
    base64,
    base64.replace(/=+$/, ''),
    Buffer.from(value).toString('base64url'),
    Buffer.from(value).toString('hex'),
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
  ];
}

/** An API key is three secrets; lines of a file are secrets of their own. */
const parts = (value: string): string[] => [
  value,
  value.trim(),
  ...(/^\w+:\w+:\w+$/.test(value.trim()) ? value.trim().split(':') : []),
  ...value.split('\n').map((line) => line.trim()),
];

const patterns: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, '«private key removed»'],
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s/:@]+):[^\s/@]+@/gi, '$1:«removed»@'],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/-]{8,}=*/gi, '$1 «removed»'],
  [/\b(oauth_(?:token|signature|consumer_key))="[^"]*"/gi, '$1="«removed»"'],
  [/\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*/g, '«token removed»'],
  // JSON, YAML, command lines and logs; a reference to a Secret is none.
  [
    /(["']?\b[\w.-]*(?:password|passwd|secret[_-]?key|api[_-]?key|database_pass|private[_-]?key|access[_-]?token)["']?\s*[:=]\s*)(["']?)(?!«|\{|\[|null\b|\/run\/|\s)[^\s"',}]+\2/gi,
    '$1$2«removed»$2',
  ],
];

/**
 * @returns a function that takes them out of a text
 */
export function redactor(known: readonly Known[]): (text: string) => string {
  const wanted = known
    .flatMap(({ name, value }) =>
      parts(value)
        .flatMap(spellings)
        .map((spelling) => [spelling, name] as const),
    )
    .filter(([spelling]) => spelling.length >= shortest);
  // The longest first, or a part of one would spoil it.
  const ordered = [...new Map(wanted)].sort(([left], [right]) => right.length - left.length);
  return (text) => {
    let clean = text;
    for (const [spelling, name] of ordered) clean = clean.replaceAll(spelling, `«${name}»`);
    for (const [pattern, instead] of patterns) clean = clean.replace(pattern, instead);
    return clean;
  };
}
