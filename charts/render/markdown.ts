/** Markdown. */

const cell = (content: string): string => content.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** @param content that may hold backticks */
export const code = (content: string): string => (content.includes('`') ? `\`\` ${content} \`\`` : `\`${content}\``);

/** @returns its lines, and an empty one */
export const table = (heading: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heading, heading.map(() => '---'), ...rows.map((row) => row.map(cell))].map((row) => `| ${row.join(' | ')} |\n`).join('');
