/**
 * Expressions: values that are not known while a chart is written.
 *
 * A chart is written once, against expressions. A renderer decides what becomes of them: the plain renderer
 * evaluates each one against a set of values. Nothing here knows what the charts are about.
 */

import { createHash } from 'node:crypto';

/** What an expression is evaluated against: the values under `values`, and one entry per surrounding loop. */
export type Scope = Readonly<Record<string, unknown>>;

/** Evaluates an expression. A symbol, so that a reference may have children of any name. */
export const evaluate = Symbol('evaluate');

/** Names an expression in messages. */
export const describe = Symbol('describe');

const element = Symbol('element');
declare const type: unique symbol;

/** What `when` gives where its condition is false: the list element or map field is left out. */
export const omitted = Symbol('omitted');

export abstract class Expr<T> {
  declare readonly [type]: T;

  abstract [evaluate](scope: Scope): T;
  abstract [describe](): string;

  /** An expression has no value while a chart is written, so using it as a string or a number is a mistake. */
  [Symbol.toPrimitive](): never {
    throw new TypeError(`${this[describe]()} is an expression and has no value yet; build strings with text\`…\` and numbers with sum and product`);
  }
}

/** A template: `T` in which every leaf may be an expression of it. */
export type Template<T> =
  | Expr<T>
  | Expr<T | typeof omitted>
  | (T extends string | number | boolean | null | undefined
      ? T
      : T extends readonly (infer U)[]
        ? readonly (Template<U> | Expr<readonly U[]> | Each<U>)[]
        : T extends Date
          ? never
          : T extends object
            ? { readonly [K in keyof T]: Template<T[K]> }
            : T);

/** References to everything below a value, in the value's own shape. */
export type References<T> = Expr<T> &
  (T extends readonly unknown[]
    ? unknown
    : T extends object
      ? string extends keyof T
        ? unknown
        : { readonly [K in keyof T]-?: References<NonNullable<T[K]>> }
      : unknown);

type Path = readonly (string | number)[];

class Reference<T> extends Expr<T> {
  readonly #root: string;
  readonly #path: Path;

  constructor(root: string, path: Path) {
    super();
    this.#root = root;
    this.#path = path;
  }

  [evaluate](scope: Scope): T {
    return this.#path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | undefined)?.[key], scope[this.#root]) as T;
  }

  [describe](): string {
    return [this.#root, ...this.#path].join('.');
  }

  /** References to one element of the list that this refers to. */
  [element](schema: object, index: number): References<unknown> {
    return references(schema, this.#root, [...this.#path, index]);
  }
}

/** The part of a JSON schema that tells which references exist. */
interface Shape {
  readonly properties?: Readonly<Record<string, object>>;
  readonly items?: object;
}

const shapes = new WeakMap<Expr<unknown>, Shape>();

/**
 * References to everything that a schema describes.
 *
 * @param schema a JSON schema; objects with `properties` get one child reference per property
 * @param root the entry of the scope that holds the value
 */
export function references<T>(schema: object, root = 'values', path: Path = []): References<T> {
  const reference = new Reference<T>(root, path);
  shapes.set(reference, schema);
  const children = Object.entries((schema as Shape).properties ?? {}).map(([key, child]) => [key, references(child, root, [...path, key])]);
  return Object.assign(reference, Object.fromEntries(children)) as References<T>;
}

/** References to one element of the list that `list` refers to. */
export function elementAt<E>(list: Expr<readonly E[]>, index: number): References<E> {
  if (!(list instanceof Reference)) throw new TypeError(`${list[describe]()} is not a reference, so its elements cannot be referred to`);
  return list[element](elementSchema(list), index) as References<E>;
}

class Computed<T> extends Expr<T> {
  constructor(
    private readonly name: string,
    private readonly operands: readonly unknown[],
    private readonly compute: (...operands: never[]) => T,
  ) {
    super();
  }

  [evaluate](scope: Scope): T {
    return this.compute(...(this.operands.map((operand) => resolve(operand, scope)) as never[]));
  }

  [describe](): string {
    return `${this.name}(${this.operands.map((operand) => (operand instanceof Expr ? operand[describe]() : JSON.stringify(operand))).join(', ')})`;
  }
}

type Operand<T> = T | Expr<T>;

/** Builds a string from expressions: text`${host}:${port}`. */
export function text(parts: TemplateStringsArray, ...operands: readonly Operand<string | number | boolean>[]): Expr<string> {
  return new Computed('text', operands, (...values: (string | number | boolean)[]) =>
    parts.reduce((built, part, n) => `${built}${String(values[n - 1])}${part}`),
  );
}

export const sum = (...operands: readonly Operand<number>[]): Expr<number> =>
  new Computed('sum', operands, (...values: number[]) => values.reduce((total, value) => total + value, 0));

export const product = (...operands: readonly Operand<number>[]): Expr<number> =>
  new Computed('product', operands, (...values: number[]) => values.reduce((total, value) => total * value, 1));

export const length = (list: Expr<readonly unknown[]>): Expr<number> => new Computed('length', [list], (values: readonly unknown[]) => values.length);

export const equals = <T extends string | number | boolean>(left: Operand<T>, right: Operand<T>): Expr<boolean> =>
  new Computed('equals', [left, right], (a: T, b: T) => a === b);

export const exceeds = (left: Operand<number>, right: Operand<number>): Expr<boolean> =>
  new Computed('exceeds', [left, right], (a: number, b: number) => a > b);

export const not = (condition: Expr<boolean>): Expr<boolean> => new Computed('not', [condition], (value: boolean) => !value);

export const both = (...conditions: readonly Expr<boolean>[]): Expr<boolean> =>
  new Computed('both', conditions, (...values: boolean[]) => values.every(Boolean));

/** Whether a string, list or map is there and has anything in it. */
export const given = (value: Expr<string> | Expr<readonly unknown[]> | Expr<Readonly<Record<string, unknown>>>): Expr<boolean> =>
  new Computed('given', [value], (found: string | object | undefined) => Object.keys(found ?? {}).length > 0);

/** The first string that is not empty. */
export const fallback = (...candidates: readonly Operand<string>[]): Expr<string> =>
  new Computed('fallback', candidates, (...values: string[]) => values.find((value) => value !== '') ?? '');

/** Eight hexadecimal digits that change with the content of a template. */
export const digest = (template: unknown): Expr<string> =>
  new Computed('digest', [template], (content: unknown) => createHash('sha256').update(canonical(content)).digest('hex').slice(0, 8));

/** JSON with sorted keys: the same content gives the same text. */
const canonical = (content: unknown): string =>
  JSON.stringify(content, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );

class When<T> extends Expr<T | typeof omitted> {
  constructor(
    private readonly condition: Expr<boolean>,
    private readonly then: Template<T>,
    private readonly otherwise: Template<T> | typeof omitted,
  ) {
    super();
  }

  [evaluate](scope: Scope): T | typeof omitted {
    const chosen = this.condition[evaluate](scope) ? this.then : this.otherwise;
    return chosen === omitted ? omitted : (resolve(chosen, scope) as T);
  }

  [describe](): string {
    return `when(${this.condition[describe]()})`;
  }
}

/** A list element or map field that is there only while `condition` holds, or else is `otherwise`. */
export function when<T>(condition: Expr<boolean>, then: Template<T>): Expr<T | typeof omitted>;
export function when<T>(condition: Expr<boolean>, then: Template<T>, otherwise: Template<T>): Expr<T>;
export function when<T>(condition: Expr<boolean>, then: Template<T>, otherwise?: Template<T>): Expr<T> | Expr<T | typeof omitted> {
  return new When<T>(condition, then, otherwise ?? omitted);
}

let loops = 0;

/** One list element per element of a list. */
export class Each<T> extends Expr<readonly T[]> {
  readonly #variable = `each${String(++loops)}`;
  readonly #body: Template<T>;

  constructor(
    private readonly list: Expr<readonly unknown[]>,
    body: (variable: string) => Template<T>,
  ) {
    super();
    this.#body = body(this.#variable);
  }

  [evaluate](scope: Scope): readonly T[] {
    return this.list[evaluate](scope)
      .map((element) => resolve(this.#body, { ...scope, [this.#variable]: element }))
      .filter((element) => element !== omitted) as T[];
  }

  [describe](): string {
    return `each(${this.list[describe]()})`;
  }
}

/** The schema of one element of the list that `list` refers to. */
export const elementSchema = (list: Expr<unknown>): object => shapes.get(list)?.items ?? {};

/** One list element per element of `list`: each(pools, (pool) => ({ name: pool.name })). */
export function each<E, T>(list: Expr<readonly E[]>, body: (element: References<E>) => Template<T>): Each<T> {
  return new Each<T>(list, (variable) => body(references<E>(elementSchema(list), variable)));
}

/**
 * Evaluates every expression in a template.
 *
 * @returns plain data: fields and elements that are omitted or undefined are gone, each-loops are spread into their list
 */
export function resolve(template: unknown, scope: Scope): unknown {
  if (template instanceof Expr) return template[evaluate](scope);
  if (Array.isArray(template)) {
    return template
      .flatMap((element: unknown) => (element instanceof Each ? (element[evaluate](scope) as unknown[]) : [resolve(element, scope)]))
      .filter((element) => element !== omitted && element !== undefined);
  }
  if (typeof template === 'object' && template !== null) {
    return Object.fromEntries(
      Object.entries(template)
        .map(([key, value]) => [key, resolve(value, scope)] as const)
        .filter(([, value]) => value !== omitted && value !== undefined),
    );
  }
  return template;
}
