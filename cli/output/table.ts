import { libraries } from '../kubernetes/access';

/** Nothing but columns two spaces apart, as kubectl has them: lines can be cut and grepped. */
const bare = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((part) => [part, '']),
);

/** @returns lines, without spaces at their ends */
export async function table(rows: readonly (readonly string[])[], head: readonly string[] = []): Promise<string> {
  const { Table } = await libraries();
  const made = new Table({ head: [...head], chars: { ...bare, middle: '  ' }, style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] } });
  made.push(...rows.map((row) => [...row]));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n');
}
