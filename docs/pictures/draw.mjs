// Draws what a command has said as an SVG picture of a terminal.
// Usage: FORCE_COLOR=1 COMMAND 2>&1 | node docs/pictures/draw.mjs 'COMMAND' > PICTURE.svg

import { Buffer } from 'node:buffer';

const palette = {
  1: 'font-weight="bold"',
  2: 'opacity="0.6"',
  31: 'fill="#ff6b6b"',
  32: 'fill="#69db7c"',
  33: 'fill="#ffd43b"',
  34: 'fill="#74c0fc"',
  35: 'fill="#da77f2"',
  36: 'fill="#66d9e8"',
};
const ends = { 0: [1, 2, 31, 32, 33, 34, 35, 36], 22: [1, 2], 39: [31, 32, 33, 34, 35, 36] };
const size = { character: 8.4, line: 19, edge: 18, head: 34, most: 118 };

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Pieces of a line with what holds for them. */
function pieces(line) {
  const on = new Set();
  const found = [];
  // eslint-disable-next-line no-control-regex
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    // eslint-disable-next-line no-control-regex
    const codes = /^\x1b\[([0-9;]*)m$/.exec(part)?.[1];
    if (codes === undefined) {
      if (part !== '') found.push({ text: part, style: [...on].map((code) => palette[code]).join(' ') });
      continue;
    }
    for (const code of codes.split(';').map(Number)) {
      for (const off of ends[code] ?? []) on.delete(off);
      if (palette[code] !== undefined) on.add(code);
    }
  }
  return found;
}

export function draw(title, said) {
  const lines = said.trimEnd().split('\n');
  // eslint-disable-next-line no-control-regex
  const widest = Math.min(size.most, Math.max(title.length + 2, ...lines.map((line) => line.replace(/\x1b\[[0-9;]*m/g, '').length)));
  const cut = (line) => {
    let left = size.most;
    return pieces(line).map(({ text, style }) => {
      const kept = text.slice(0, Math.max(0, left));
      left -= text.length;
      return { text: kept + (left < 0 && kept !== '' ? '…' : ''), style };
    });
  };
  const [width, height] = [Math.ceil(widest * size.character + 2 * size.edge), size.head + (lines.length + 1) * size.line + size.edge];
  const row = (content, n) => `<text x="${size.edge}" y="${size.head + (n + 1) * size.line - 5}" xml:space="preserve">${content}</text>`;
  const rows = [
    row(`<tspan fill="#69db7c">$</tspan> <tspan font-weight="bold">${escape(title)}</tspan>`, 0),
    ...lines.map((line, n) =>
      row(
        cut(line)
          .map(({ text, style }) => (style === '' ? escape(text) : `<tspan ${style}>${escape(text)}</tspan>`))
          .join(''),
        n + 1,
      ),
    ),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">
<rect width="100%" height="100%" rx="8" fill="#1e1f29"/>
${['#ff6b6b', '#ffd43b', '#69db7c'].map((fill, n) => `<circle cx="${size.edge + n * 18}" cy="17" r="5.5" fill="${fill}"/>`).join('')}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="#e9ecef">
${rows.join('\n')}
</g>
</svg>
`;
}

const parts = [];
for await (const part of process.stdin) parts.push(part);
process.stdout.write(draw(process.argv[2] ?? '', Buffer.concat(parts).toString()));
