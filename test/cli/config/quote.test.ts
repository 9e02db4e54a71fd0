import fc from 'fast-check';
import { processes } from '../../../charts/tables/processes';
import { layer } from '../../../cli/config/layer';
import { quoteCommand } from '../../../cli/config/quote';

/** Splits as canonical/x-go strutil/shlex does: words, both quotes, backslash, comments. */
function split(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    if (char === "'") {
      const end = line.indexOf("'", at + 1);
      if (end === -1) throw new Error('EOF found when expecting closing quote');
      word = (word ?? '') + line.slice(at + 1, end);
      at = end;
    } else if (char === '"') {
      word ??= '';
      for (at++; line.charAt(at) !== '"'; at++) {
        if (at >= line.length) throw new Error('EOF found when expecting closing quote');
        if (line.charAt(at) === '\\') at++;
        word += line.charAt(at);
      }
    } else if (char === '\\') word = (word ?? '') + line.charAt(++at);
    else if (' \t\r\n'.includes(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '#' && word === undefined) break;
    else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

const argument = fc.oneof(fc.string(), fc.stringMatching(/^[ '"\\#$\n\t[\]]+$/)).filter((text) => text !== '[' && text !== ']');

test('Pebble gets back what was quoted', () => {
  fc.assert(
    fc.property(fc.array(argument), (argv) => {
      expect(split(quoteCommand(argv))).toEqual(argv);
    }),
  );
});

test('what Pebble would take for optional arguments is refused', () => {
  expect(() => quoteCommand(['test', '[', 'x'])).toThrow('Pebble cannot pass on an argument that is just "["');
});

test.each(processes.map((process) => [`${process.pod} ${process.name}`, process] as const))(
  'the layer of %s runs its command behind the gate',
  (_, process) => {
    const { services } = layer(process, { EXTRA: '1' }) as { services: Record<string, Record<string, unknown>> };
    const service = services[process.service];
    const argv = split(String(service?.['command']));
    const dashes = argv.indexOf('--');
    expect(argv.slice(0, 2)).toEqual(['maas-k8s', 'wait']);
    expect(argv.slice(dashes + 1)).toEqual(process.command);
    expect(service).toMatchObject({
      startup: process.startedBy === 'pebble' ? 'enabled' : 'disabled',
      environment: { ...process.environment, EXTRA: '1' },
      'on-success': 'restart',
      'on-failure': 'restart',
      'kill-delay': `${String(process.stopSeconds)}s`,
    });
  },
);
