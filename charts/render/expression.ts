/**
 * Expressions: values that are not known while a chart is written.
 *
 * A chart is written once, against expressions. A renderer decides what becomes of them: the plain renderer evaluates each one
 * against a set of values, the Helm renderer prints it as a Go template expression. So each expression can do both, and nothing
 * here knows what the charts are about.
 */

/** What an expression is evaluated against: the values under `values`, the release, and one entry per surrounding loop. */
export type Scope = Readonly<Record<string, unknown>>;

/** How the names in an expression are printed. */
export interface Names {
  /** The Go template variable for a root: "values", "release" or a loop's variable. */
  variable(root: string): string;
  /** The same, with one more loop variable, called `wanted` if that is free. */
  within(root: string, wanted: string): Names;
  /** The full name of a named template, which is written down once. */
  template(name: string, body: (names: Names) => string): string;
}

/** What is known of an expression's type when it is printed. */
export type Kind = 'string' | 'number' | 'boolean' | 'list' | 'map' | 'unknown';

// Symbols, so that a reference may have children of any name.
/** Evaluates an expression. */
export const evaluate = Symbol('evaluate');
/** Prints an expression as an operand in a Go template. */
export const print = Symbol('print');
/** Prints a condition where a Go template wants no more than "empty or not". */
export const truth = Symbol('truth');
/** Names an expression in messages. */
export const describe = Symbol('describe');
export const kind = Symbol('kind');
/** Shows each reference in an expression to a visitor. */
export const visit = Symbol('visit');

declare const type: unique symbol;

/** What `when` gives where its condition is false: the list element or map field is left out. */
export const omitted = Symbol('omitted');

export abstract class Expr<T> {
  declare readonly [type]: T;

  abstract get [kind](): Kind;
  abstract [evaluate](scope: Scope): T;
  abstract [print](names: Names): string;
  [truth](names: Names): string {
    return this[print](names);
  }
  abstract [describe](): string;
  abstract [visit](visitor: (reference: Reference<unknown>) => void): void;

  /** An expression has no value while a chart is written, so using it as a string or a number is a mistake. */
  [Symbol.toPrimitive](): never {
    throw new TypeError(`${this[describe]()} is an expression and has no value yet; build strings with text\`…\` and numbers with sum and product`);
  }

  toJSON(): never {
    return this[Symbol.toPrimitive]();
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

/** A value, or an expression of it. */
export type Operand<T> = T | Expr<T>;

/** A string as a Go template constant. */
export const quoted = (value: string): string => JSON.stringify(value);

/** A printed operand where it stands alone: without the brackets around all of it. */
export function bare(operand: string): string {
  const skeleton = operand.replace(/"(\\.|[^"\\])*"/g, (constant) => 'x'.repeat(constant.length));
  let depth = 0;
  for (let index = 0; index < skeleton.length; index++) {
    depth += skeleton[index] === '(' ? 1 : skeleton[index] === ')' ? -1 : 0;
    if (depth === 0) return index > 0 && index === skeleton.length - 1 ? operand.slice(1, -1) : operand;
  }
  return operand;
}

export function printed(operand: unknown, names: Names): string {
  if (operand instanceof Expr) return operand[print](names);
  if (typeof operand === 'string') return quoted(operand);
  if (typeof operand === 'number' || typeof operand === 'boolean') return String(operand);
  throw new TypeError(`${JSON.stringify(operand)} cannot be an operand of an expression`);
}

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

/** The part of a JSON schema that tells which references exist, and of what type they are. */
interface Shape {
  readonly type?: string;
  readonly anyOf?: readonly { readonly type?: string }[];
  readonly properties?: Readonly<Record<string, object>>;
  readonly items?: object;
}

const kinds: Readonly<Record<string, Kind>> = { string: 'string', integer: 'number', boolean: 'boolean', array: 'list', object: 'map' };

export class Reference<T> extends Expr<T> {
  readonly #root: string;
  readonly #path: Path;
  readonly #schema: Shape;

  constructor(root: string, path: Path, schema: Shape) {
    super();
    this.#root = root;
    this.#path = path;
    this.#schema = schema;
  }

  get [kind](): Kind {
    return kinds[this.#schema.type ?? this.#schema.anyOf?.[0]?.type ?? ''] ?? 'unknown';
  }

  [evaluate](scope: Scope): T {
    return this.#path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | undefined)?.[key], scope[this.#root]) as T;
  }

  [print](names: Names): string {
    return this.#path.reduce<string>(
      (base, key) => (typeof key === 'string' && /^[A-Za-z_]\w*$/.test(key) ? `${base}.${key}` : `(index ${base} ${JSON.stringify(key)})`),
      names.variable(this.#root),
    );
  }

  [describe](): string {
    return [this.#root, ...this.#path].join('.');
  }

  [visit](visitor: (reference: Reference<unknown>) => void): void {
    visitor(this);
  }

  static root(reference: Reference<unknown>): string {
    return reference.#root;
  }

  /** The last name in its path. */
  static key(reference: Reference<unknown>): string {
    return String(reference.#path.at(-1) ?? reference.#root);
  }

  static schema(reference: Reference<unknown>): object {
    return reference.#schema;
  }

  static child(reference: Reference<unknown>, schema: object, key: string | number): References<unknown> {
    return references(schema, reference.#root, [...reference.#path, key]);
  }
}

/**
 * References to everything that a schema describes.
 *
 * @param schema a JSON schema; objects with `properties` get one child reference per property
 * @param root the entry of the scope that holds the value
 */
export function references<T>(schema: object, root = 'values', path: Path = []): References<T> {
  const reference = new Reference<T>(root, path, schema);
  const children = Object.entries((schema as Shape).properties ?? {}).map(([key, child]) => [key, references(child, root, [...path, key])]);
  return Object.assign(reference, Object.fromEntries(children)) as References<T>;
}

/** What is known of a release when it is made: its name, and the namespace that it goes to. Named as Helm names it. */
export interface Release {
  readonly Name: string;
  readonly Namespace: string;
}

const ofRelease = (key: keyof Release): Expr<string> => new Reference('release', [key], { type: 'string' });
export const release = { name: ofRelease('Name'), namespace: ofRelease('Namespace') };

function referenceTo(expression: Expr<unknown>, what: string): Reference<unknown> {
  if (expression instanceof Reference) return expression;
  throw new TypeError(`${expression[describe]()} is not a reference, so its ${what} cannot be referred to`);
}

const elementSchema = (list: Reference<unknown>): object => (Reference.schema(list) as Shape).items ?? {};

/** References to one element of the list that `list` refers to. */
export function elementAt<E>(list: Expr<readonly E[]>, index: number): References<E> {
  const reference = referenceTo(list, 'elements');
  return Reference.child(reference, elementSchema(reference), index) as References<E>;
}

/** One entry of a map that may have it. */
export function entry<E>(map: Expr<Readonly<Record<string, E>>>, key: string): References<E> {
  const reference = referenceTo(map, 'entries');
  const { patternProperties, additionalProperties } = Reference.schema(reference) as {
    patternProperties?: Record<string, object>;
    additionalProperties?: object;
  };
  return Reference.child(reference, Object.values(patternProperties ?? {})[0] ?? additionalProperties ?? {}, key) as References<E>;
}

/** A function of its operands, given twice: for values, and for a Go template. */
export class Computed<T> extends Expr<T> {
  constructor(
    private readonly name: string,
    private readonly result: Kind,
    private readonly operands: readonly unknown[],
    private readonly compute: (...operands: never[]) => T,
    private readonly template: (operands: readonly string[], names: Names) => string,
    private readonly test?: (names: Names) => string,
  ) {
    super();
  }

  get [kind](): Kind {
    return this.result;
  }

  [evaluate](scope: Scope): T {
    return this.compute(...(this.operands.map((operand) => resolve(operand, scope)) as never[]));
  }

  [print](names: Names): string {
    return this.template(
      this.operands.map((operand) => printed(operand, names)),
      names,
    );
  }

  override [truth](names: Names): string {
    return this.test?.(names) ?? this[print](names);
  }

  [describe](): string {
    return `${this.name}(${this.operands.map((operand) => (operand instanceof Expr ? operand[describe]() : JSON.stringify(operand))).join(', ')})`;
  }

  [visit](visitor: (reference: Reference<unknown>) => void): void {
    visitAll(this.operands, visitor);
  }
}

/** An expression that goes by a name: in Helm a named template, which is what people expect of something used in many places. */
class Named<T extends string | number> extends Expr<T> {
  constructor(
    private readonly name: string,
    private readonly expression: Expr<T>,
  ) {
    super();
  }

  get [kind](): Kind {
    return this.expression[kind];
  }

  [evaluate](scope: Scope): T {
    return this.expression[evaluate](scope);
  }

  [print](names: Names): string {
    const call = `include ${quoted(names.template(this.name, (inner) => `{{- ${bare(this.expression[print](inner))} -}}`))} $`;
    return this[kind] === 'number' ? `(${call} | int64)` : `(${call})`;
  }

  [describe](): string {
    return this.name;
  }

  [visit](visitor: (reference: Reference<unknown>) => void): void {
    this.expression[visit](visitor);
  }
}

/** @param name in lower case, unique in an app: 'web.image' */
export const named = <T extends string | number>(name: string, expression: Expr<T>): Expr<T> => new Named(name, expression);

export class When<T> extends Expr<T | typeof omitted> {
  constructor(
    readonly condition: Expr<boolean>,
    readonly then: Template<T>,
    readonly otherwise: Template<T> | typeof omitted,
  ) {
    super();
  }

  get [kind](): Kind {
    return this.then instanceof Expr ? this.then[kind] : literalKind(this.then);
  }

  [evaluate](scope: Scope): T | typeof omitted {
    const chosen = this.condition[evaluate](scope) ? this.then : this.otherwise;
    return chosen === omitted ? omitted : (resolve(chosen, scope) as T);
  }

  [print](names: Names): string {
    if (this.otherwise === omitted) throw new TypeError(`${this[describe]()} may be left out, so it cannot be part of another expression`);
    return `(ternary ${printed(this.then, names)} ${printed(this.otherwise, names)} ${this.condition[print](names)})`;
  }

  [describe](): string {
    return `when(${this.condition[describe]()})`;
  }

  [visit](visitor: (reference: Reference<unknown>) => void): void {
    visitAll([this.condition, this.then, this.otherwise], visitor);
  }
}

const literalKind = (value: unknown): Kind => {
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'object' && value !== null) return 'map';
  const name = typeof value;
  return name === 'string' || name === 'number' || name === 'boolean' ? name : 'unknown';
};

/** A list element or map field that is there only while `condition` holds, or else is `otherwise`. */
export function when<T>(condition: Expr<boolean>, then: Template<T>): Expr<T | typeof omitted>;
export function when<T>(condition: Expr<boolean>, then: Template<T>, otherwise: Template<T>): Expr<T>;
export function when<T>(condition: Expr<boolean>, then: Template<T>, otherwise?: Template<T>): Expr<T> | Expr<T | typeof omitted> {
  return new When<T>(condition, then, otherwise ?? omitted);
}

let loops = 0;

/** The variable of a loop: unique when evaluated, and called after its list when printed. */
export const loopVariable = (): string => `each${String(++loops)}`;

/** One list element per element of a list. */
export class Each<T> extends Expr<readonly T[]> {
  readonly variable = loopVariable();
  readonly body: Template<T>;

  constructor(
    readonly list: Expr<readonly unknown[]>,
    body: (variable: string) => Template<T>,
  ) {
    super();
    this.body = body(this.variable);
  }

  get [kind](): Kind {
    return 'list';
  }

  [evaluate](scope: Scope): readonly T[] {
    return this.list[evaluate](scope)
      .map((element) => resolve(this.body, { ...scope, [this.variable]: element }))
      .filter((element) => element !== omitted) as T[];
  }

  [print](): string {
    throw new TypeError(`${this[describe]()} can only be the element of a list`);
  }

  [describe](): string {
    return `each(${this.list[describe]()})`;
  }

  [visit](visitor: (reference: Reference<unknown>) => void): void {
    this.list[visit](visitor);
    visitAll(this.body, (reference) => {
      if (Reference.root(reference) !== this.variable) visitor(reference);
    });
  }
}

/** References to the element that a loop's variable stands for. */
export const elementOf = <E>(list: Expr<readonly E[]>, variable: string): References<E> =>
  references<E>(elementSchema(referenceTo(list, 'elements')), variable);

/** What a loop over `list` calls its variable: values.web.ports → port. */
export const singular = (list: Expr<unknown>): string => Reference.key(referenceTo(list, 'elements')).replace(/s$/, '');

/** One list element per element of `list`: each(pools, (pool) => ({ name: pool.name })). */
export function each<E, T>(list: Expr<readonly E[]>, body: (element: References<E>) => Template<T>): Each<T> {
  return new Each<T>(list, (variable) => body(elementOf(list, variable)));
}

/** A map with the entries of others added. */
export class Merged<E> extends Expr<Record<string, E>> {
  constructor(
    readonly own: Readonly<Record<string, Template<E>>>,
    readonly added: readonly Expr<Readonly<Record<string, E>>>[],
  ) {
    super();
  }

  get [kind](): Kind {
    return 'map';
  }

  [evaluate](scope: Scope): Record<string, E> {
    return Object.assign({}, ...this.added.map((map) => map[evaluate](scope)).reverse(), resolve(this.own, scope)) as Record<string, E>;
  }

  [print](): string {
    throw new TypeError(`${this[describe]()} can only be a field`);
  }

  [describe](): string {
    return `merged(${this.added.map((map) => map[describe]()).join(', ')})`;
  }

  [visit](visitor: (reference: Reference<unknown>) => void): void {
    visitAll([this.own, this.added], visitor);
  }
}

/** `own`, and the entries of others; of two with the same key the earlier one counts. Keys of `own` must be kept out of the others by a rule. */
export const merged = <E>(own: Readonly<Record<string, Template<E>>>, ...added: readonly Expr<Readonly<Record<string, E>>>[]): Expr<Record<string, E>> =>
  new Merged(own, added);

/** Shows every reference in a template to a visitor. */
export function visitAll(template: unknown, visitor: (reference: Reference<unknown>) => void): void {
  if (template instanceof Expr) template[visit](visitor);
  else if (typeof template === 'object' && template !== null) for (const part of Object.values(template)) visitAll(part, visitor);
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
