/** The functions that charts may use in expressions: what each is for values, and what it is in a Go template with Helm's functions. */

import { createHash } from 'node:crypto';
import {
  Computed,
  describe,
  Each,
  evaluate,
  Expr,
  kind,
  Merged,
  omitted,
  print,
  printed,
  quoted,
  Reference,
  truth,
  visit,
  visitAll,
  When,
  type Kind,
  type Names,
  type Operand,
  type Scope,
} from './expression';
import { canonical } from './json';

type Texts = Expr<Readonly<Record<string, string>>>;
type Collection = Expr<string> | Expr<readonly unknown[]> | Expr<Readonly<Record<string, unknown>>>;

const isNumber = (operand: unknown): boolean => typeof operand === 'number' || (operand instanceof Expr && operand[kind] === 'number');

/** Numbers of a values file are floating-point in Helm, and are printed and compared as such if nobody says otherwise. */
const whole = (operand: string): string => (/^(-?\d+$|\((len|add|mul) )/.test(operand) ? operand : `(int64 ${operand})`);

const call =
  (name: string) =>
  (operands: readonly string[]): string =>
    `(${[name, ...operands].join(' ')})`;

type Printable = string | number | boolean;

/** A string made of parts; those that are known or are texts themselves have become part of it. */
class Text extends Computed<string> {
  constructor(
    readonly parts: readonly string[],
    readonly values: readonly Expr<Printable>[],
  ) {
    super(
      'text',
      'string',
      values,
      (...found: Printable[]) => parts.reduce((built, part, n) => `${built}${String(found[n - 1])}${part}`),
      (operands) => {
        if (operands.length === 0) return quoted(parts[0]!);
        if (parts.every((part) => part === '') && operands.length === 1 && values[0]![kind] === 'string') return operands[0]!;
        const format = quoted(parts.map((part) => part.replaceAll('%', '%%')).join('%v'));
        return call('printf')([format, ...operands.map((operand, n) => (isNumber(values[n]) ? whole(operand) : operand))]);
      },
    );
  }
}

/** Builds a string from expressions: text`${host}:${port}`. */
export function text(parts: TemplateStringsArray, ...operands: readonly Operand<Printable>[]): Expr<string> {
  const built: string[] = [parts[0]!];
  const values: Expr<Printable>[] = [];
  const append = (part: string): void => {
    built.push(`${built.pop()!}${part}`);
  };
  operands.forEach((operand, n) => {
    if (operand instanceof Text) {
      append(operand.parts[0]!);
      built.push(...operand.parts.slice(1));
      values.push(...operand.values);
    } else if (operand instanceof Expr) {
      built.push('');
      values.push(operand);
    } else append(String(operand));
    append(parts[n + 1]!);
  });
  return new Text(built, values);
}

export const sum = (...operands: readonly Operand<number>[]): Expr<number> =>
  new Computed('sum', 'number', operands, (...values: number[]) => values.reduce((total, value) => total + value, 0), call('add'));

export const product = (...operands: readonly Operand<number>[]): Expr<number> =>
  new Computed('product', 'number', operands, (...values: number[]) => values.reduce((total, value) => total * value, 1), call('mul'));

/** Elements of a list, characters of an ASCII string. */
export const length = (list: Expr<readonly unknown[]> | Expr<string>): Expr<number> =>
  new Computed('length', 'number', [list], (values: readonly unknown[] | string) => values.length, call('len'));

const compared = (name: string, left: unknown, right: unknown, compute: (a: never, b: never) => boolean, operator: string): Expr<boolean> =>
  new Computed(name, 'boolean', [left, right], compute, (values) => call(operator)(isNumber(left) ? values.map(whole) : values));

export const equals = <T extends string | number | boolean>(left: Operand<T>, right: Operand<T>): Expr<boolean> =>
  compared('equals', left, right, (a: T, b: T) => a === b, 'eq');

export const exceeds = (left: Operand<number>, right: Operand<number>): Expr<boolean> =>
  compared('exceeds', left, right, (a: number, b: number) => a > b, 'gt');

export const not = (condition: Expr<boolean>): Expr<boolean> =>
  new Computed(
    'not',
    'boolean',
    [condition],
    (value: boolean) => !value,
    ([value]) => /^\(not (.*)\)$/.exec(value!)?.[1] ?? `(not ${value!})`,
    (names) => `(not ${condition[truth](names)})`,
  );

export const both = (...conditions: readonly Expr<boolean>[]): Expr<boolean> =>
  new Computed('both', 'boolean', conditions, (...values: boolean[]) => values.every(Boolean), call('and'));

export const either = (...conditions: readonly Expr<boolean>[]): Expr<boolean> =>
  new Computed('either', 'boolean', conditions, (...values: boolean[]) => values.some(Boolean), call('or'));

/** Whether a string, list or map is there and has anything in it. */
export const given = (value: Collection): Expr<boolean> =>
  new Computed(
    'given',
    'boolean',
    [value],
    (found: string | object | undefined) => Object.keys(found ?? {}).length > 0,
    ([found]) => `(not (empty ${found!}))`,
    (names) => printed(value, names),
  );

/** The first string that is not empty. */
export const fallback = (...candidates: readonly Operand<string>[]): Expr<string> =>
  new Computed(
    'fallback',
    'string',
    candidates,
    (...values: string[]) => values.find((value) => value !== '') ?? '',
    (values) => values.reduceRight((rest, value) => `(default ${rest} ${value})`),
  );

export const lowerCase = (value: Expr<string>): Expr<string> =>
  new Computed('lowerCase', 'string', [value], (found: string) => found.toLowerCase(), call('lower'));

/** @param pattern a regular expression that means the same in JavaScript and in Go: no lookaround, no back references, no flags */
export const matches = (value: Expr<string>, pattern: Operand<string>): Expr<boolean> =>
  new Computed('matches', 'boolean', [pattern, value], (wanted: string, found: string) => new RegExp(wanted).test(found), call('regexMatch'));

/** Whether a field that need not be there is there, whatever it says. */
export const present = (value: Expr<unknown>): Expr<boolean> =>
  new Computed(
    'present',
    'boolean',
    [value],
    (found: unknown) => found !== undefined,
    ([found]) => `(not (kindIs "invalid" ${found!}))`,
  );

export const among = (value: Expr<string>, list: Expr<readonly string[]> | readonly string[]): Expr<boolean> =>
  list instanceof Expr
    ? new Computed('among', 'boolean', [value, list], (wanted: string, found: readonly string[]) => found.includes(wanted), call('has'))
    : new Computed(
        'among',
        'boolean',
        [value],
        (wanted: string) => list.includes(wanted),
        ([wanted]) => `(has ${wanted!} (list ${list.map(quoted).join(' ')}))`,
      );

/** One field of every element of a list. */
export const fieldOf = <K extends string>(list: Expr<readonly { readonly [key in K]: string }[]>, key: K): Expr<readonly string[]> =>
  new Computed(
    'fieldOf',
    'list',
    [list],
    (elements: readonly { readonly [key in K]: string }[]) => elements.map((element) => element[key]),
    ([elements], names) => `(include ${quoted(names.template('field', () => fieldTemplate))} (list ${elements!} ${quoted(key)}) | fromJsonArray)`,
  );

const fieldTemplate = `{{- $key := index . 1 -}}
{{- $found := list -}}
{{- range index . 0 -}}{{- $found = append $found (get . $key) -}}{{- end -}}
{{- $found | toJson -}}`;

/** The keys of a map that are none of these, in order. */
export const keysBeside = (map: Expr<Readonly<Record<string, unknown>>>, known: readonly string[]): Expr<readonly string[]> =>
  new Computed(
    'keysBeside',
    'list',
    [map],
    (found: object) =>
      Object.keys(found)
        .filter((key) => !known.includes(key))
        .sort(),
    ([found]) => `(without (keys ${found!} | sortAlpha) ${known.map(quoted).join(' ')})`,
  );

/** The keys of a map, none of which has a line break, that match a pattern; in order. */
export const keysMatching = (map: Expr<Readonly<Record<string, unknown>>>, pattern: string): Expr<readonly string[]> =>
  new Computed(
    'keysMatching',
    'list',
    [map],
    (found: object) =>
      Object.keys(found)
        .filter((key) => new RegExp(`^(${pattern})$`).test(key))
        .sort(),
    ([found]) => `(regexFindAll ${quoted(`(?m)^(${pattern})$`)} (keys ${found!} | sortAlpha | join "\\n") -1)`,
  );

export const joined = (list: Expr<readonly string[]>): Expr<string> =>
  new Computed(
    'joined',
    'string',
    [list],
    (found: readonly string[]) => found.join(', '),
    ([found]) => `(${found!} | join ", ")`,
  );

/** Whether two maps have a key with different values: as node selectors they then exclude each other. */
export const differ = (left: Texts, right: Texts): Expr<boolean> =>
  new Computed(
    'differ',
    'boolean',
    [left, right],
    (a: Record<string, string> = {}, b: Record<string, string> = {}) => Object.entries(a).some(([key, value]) => Object.hasOwn(b, key) && b[key] !== value),
    (maps, names) =>
      `(eq (include ${quoted(names.template('differ', () => differTemplate))} (list ${maps.map((map) => `(default dict ${map})`).join(' ')})) "true")`,
  );

const differTemplate = `{{- $differ := false -}}
{{- $right := index . 1 -}}
{{- range $key, $value := index . 0 -}}
{{- if and (hasKey $right $key) (ne (get $right $key) $value) -}}{{- $differ = true -}}{{- end -}}
{{- end -}}
{{- $differ -}}`;

type Mounted = { readonly hostPath?: { readonly path?: string } | null };

/** The path on the node that a volume is; empty for volumes of other kinds. */
export const hostPath = (volume: Expr<unknown>): Expr<string> =>
  new Computed(
    'hostPath',
    'string',
    [volume],
    (found: Mounted) => found.hostPath?.path ?? '',
    ([found]) => `(default "" (get (default dict (get ${found!} "hostPath")) "path"))`,
  );

/** The paths on the node that volumes are, as strings of CEL with commas between; none has a quote in it (charts/tables/rules.ts). */
export const hostPaths = (volumes: Expr<readonly unknown[]>): Expr<string> =>
  new Computed(
    'hostPaths',
    'string',
    [volumes],
    (found: readonly Mounted[]) => found.flatMap((volume) => (volume.hostPath?.path ? [`'${volume.hostPath.path}'`] : [])).join(', '),
    ([found], names) => `(include ${quoted(names.template('hostPaths', () => hostPathsTemplate))} ${found!})`,
  );

const hostPathsTemplate = `{{- $paths := list -}}
{{- range . -}}
{{- with .hostPath -}}{{- with .path -}}{{- $paths = append $paths (printf "'%s'" .) -}}{{- end -}}{{- end -}}
{{- end -}}
{{- join ", " $paths -}}`;

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex').slice(0, 8);

/**
 * Eight hexadecimal digits that change with a template: with what is written in it, and with each value that it refers to.
 * Both renderers give the same ones, for the first part is known when the chart is written.
 */
class Digest extends Expr<string> {
  constructor(private readonly template: unknown) {
    super();
  }

  get [kind](): Kind {
    return 'string';
  }

  private get references(): readonly Reference<unknown>[] {
    const found = new Map<string, Reference<unknown>>();
    visitAll(this.template, (reference) => found.set(reference[describe](), reference));
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, reference]) => reference);
  }

  private get shape(): string {
    return sha256(canonical(shapeOf(this.template, new ShapeNames())));
  }

  [evaluate](scope: Scope): string {
    return sha256(canonical([this.shape, ...this.references.map((reference) => reference[evaluate](scope))]));
  }

  [print](names: Names): string {
    return `(list ${[quoted(this.shape), ...this.references.map((reference) => reference[print](names))].join(' ')} | toJson | sha256sum | trunc 8)`;
  }

  [describe](): string {
    return `digest(${this.references.map((reference) => reference[describe]()).join(', ')})`;
  }

  [visit](visitor: (reference: Reference<unknown>) => void): void {
    visitAll(this.template, visitor);
  }
}

export const digest = (template: unknown): Expr<string> => new Digest(template);

/** Names that depend on nothing but the template. */
class ShapeNames implements Names {
  constructor(private readonly variables: readonly string[] = []) {}

  variable(root: string): string {
    const index = this.variables.indexOf(root);
    return index === -1 ? root : `element${String(index)}`;
  }

  within(root: string): Names {
    return new ShapeNames([...this.variables, root]);
  }

  template(_name: string, body: (names: Names) => string): string {
    return body(this);
  }
}

/** A template as plain data, with expressions as text. */
function shapeOf(template: unknown, names: Names): unknown {
  if (template === omitted) return null;
  if (template instanceof When)
    return { when: template.condition[print](names), then: shapeOf(template.then, names), otherwise: shapeOf(template.otherwise, names) };
  if (template instanceof Each) return { each: template.list[print](names), body: shapeOf(template.body, names.within(template.variable, '')) };
  if (template instanceof Merged) return { own: shapeOf(template.own, names), added: template.added.map((map) => map[print](names)) };
  if (template instanceof Expr) return { expression: (template as Expr<unknown>)[print](names) };
  if (Array.isArray(template)) return template.map((element: unknown) => shapeOf(element, names));
  if (typeof template === 'object' && template !== null)
    return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, shapeOf(value, names)]));
  return template;
}
