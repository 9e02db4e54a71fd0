/**
 * Templates printed as YAML with Go template actions in it, for people to read.
 *
 * Every value goes through toJson: one line, and right for strings, numbers, booleans, lists and maps, whatever is in them.
 */

import { stringify } from 'yaml';
import { bare, Each, Expr, Merged, omitted, print, quoted, singular, truth, When, type Names } from './expression';

export const action = (code: string): string => `{{ ${bare(code)} }}`;
export const ifBlock = (condition: Expr<boolean>, names: Names): string => `{{- if ${bare(condition[truth](names))} }}`;
export const otherwiseBlock = '{{- else }}';
export const endBlock = '{{- end }}';

/** The beginning of a loop, and the names inside. */
export function rangeBlock(list: Expr<readonly unknown[]>, variable: string, names: Names): { readonly opening: string; readonly inside: Names } {
  const inside = names.within(variable, singular(list));
  return { opening: `{{- range ${inside.variable(variable)} := ${bare(list[print](names))} }}`, inside };
}

/** Text in which nothing is an action. */
export const literal = (content: string): string => content.replaceAll('{{', '{{ "{{" }}');

const scalar = (value: unknown): string => {
  if (typeof value === 'string' && value.includes('{{')) return action(`${quoted(value)} | toJson`);
  // 1.1 as well: Kubernetes reads "yes" as true.
  const written = stringify(value, { lineWidth: 0, version: '1.1' }).replace(/\n$/, '');
  return written.includes('\n') ? JSON.stringify(value) : written;
};

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Expr);

/** Whether a template has its own lines, below its key. */
const isStructure = (value: unknown): boolean =>
  value instanceof Merged || (Array.isArray(value) ? value.length > 0 : isMap(value) && Object.keys(value).length > 0);

/** Whether something is there whatever the values are. If not, YAML would read the nothing that is left as null. */
const isCertain = (value: unknown): boolean => !(value instanceof Each) && !(value instanceof When && value.otherwise === omitted);

export class TemplatePrinter {
  constructor(private readonly names: Names) {}

  /** A whole document, or what is below a key. */
  structure(template: unknown, indent = ''): string[] {
    if (template instanceof Merged) return this.merged(template, indent);
    if (Array.isArray(template)) return this.list(template, indent);
    if (isMap(template)) return this.map(template, indent);
    return [`${indent}${this.inline(template)}`];
  }

  /** A line of text: expressions in it are printed as they are. */
  lines(template: readonly unknown[]): string[] {
    return template.flatMap((element): string[] => {
      if (element instanceof When) return this.conditional(element, '', (chosen, printer) => printer.lines(Array.isArray(chosen) ? chosen : [chosen]));
      if (element instanceof Each) return this.loop(element, '', (body, printer) => printer.lines(Array.isArray(body) ? body : [body]));
      return [element instanceof Expr ? action((element as Expr<unknown>)[print](this.names)) : literal(String(element))];
    });
  }

  private inline(template: unknown): string {
    if (template instanceof Expr) return action(`${bare((template as Expr<unknown>)[print](this.names))} | toJson`);
    return scalar(template);
  }

  private conditional(choice: When<unknown>, indent: string, branch: (template: unknown, printer: TemplatePrinter) => string[]): string[] {
    const rest = choice.otherwise === omitted ? [] : [`${indent}${otherwiseBlock}`, ...branch(choice.otherwise, this)];
    return [`${indent}${ifBlock(choice.condition, this.names)}`, ...branch(choice.then, this), ...rest, `${indent}${endBlock}`];
  }

  private loop(loop: Each<unknown>, indent: string, body: (template: unknown, printer: TemplatePrinter) => string[]): string[] {
    const { opening, inside } = rangeBlock(loop.list, loop.variable, this.names);
    return [`${indent}${opening}`, ...body(loop.body, new TemplatePrinter(inside)), `${indent}${endBlock}`];
  }

  private map(template: Readonly<Record<string, unknown>>, indent: string): string[] {
    const fields = Object.entries(template).filter(([, value]) => value !== undefined);
    if (!fields.some(([, value]) => isCertain(value)))
      throw new TypeError(
        `a map of nothing but conditional fields (${fields.map(([key]) => key).join(', ')}) has no form in YAML: put the condition on the map`,
      );
    return fields.flatMap(([key, value]) => this.field(key, value, indent));
  }

  private field(key: string, value: unknown, indent: string): string[] {
    if (value instanceof When && (value.otherwise === omitted || isStructure(value.then) || isStructure(value.otherwise)))
      return this.conditional(value, indent, (chosen, printer) => printer.field(key, chosen, indent));
    const name = `${indent}${scalar(key)}:`;
    if (isStructure(value)) return [name, ...this.structure(value, `${indent}  `)];
    return [`${name} ${this.inline(value)}`];
  }

  private list(template: readonly unknown[], indent: string): string[] {
    if (!template.some(isCertain)) throw new TypeError('a list of nothing but conditional elements has no form in YAML: put the condition on the list');
    return template.flatMap((element) => this.element(element, indent));
  }

  private element(element: unknown, indent: string): string[] {
    if (element === undefined) return [];
    if (element instanceof Each) return this.loop(element, indent, (body, printer) => printer.element(body, indent));
    if (element instanceof When && (element.otherwise === omitted || isStructure(element.then) || isStructure(element.otherwise)))
      return this.conditional(element, indent, (chosen, printer) => printer.element(chosen, indent));
    if (!isStructure(element)) return [`${indent}- ${this.inline(element)}`];
    const lines = this.structure(element, `${indent}  `);
    // The dash goes in front of the first line, unless that is a condition and may be gone.
    return lines[0]!.trimStart().startsWith('{{-') ? [`${indent}-`, ...lines] : [`${indent}- ${lines[0]!.trimStart()}`, ...lines.slice(1)];
  }

  private merged({ own, added }: Merged<unknown>, indent: string): string[] {
    const maps = added.map((map) => map[print](this.names));
    const entries = maps.flatMap((map, n) => {
      const entry = `${indent}{{ $key | toJson }}: {{ $value | toJson }}`;
      const earlier = maps.slice(0, n).map((other) => `(hasKey ${other} $key)`);
      const unique =
        earlier.length === 0
          ? [entry]
          : [`${indent}{{- if not ${earlier.length === 1 ? earlier[0]! : `(or ${earlier.join(' ')})`} }}`, entry, `${indent}${endBlock}`];
      return [`${indent}{{- range $key, $value := ${bare(map)} }}`, ...unique, `${indent}${endBlock}`];
    });
    return [...(Object.keys(own).length > 0 ? this.map(own, indent) : []), ...entries];
  }
}
