/** The Helm renderer: charts as the templates of a Helm chart. */

import { ApiObject, App, Chart, type AppProps, type IResolver, type ResolutionContext } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';
import { elementOf, Expr, loopVariable, type Names, type References } from './expression';
import { endBlock, ifBlock, rangeBlock, TemplatePrinter } from './gotemplate';
import { renderers, type Renderer } from './renderer';

/** Named templates, in the order in which they are first used. */
export class NamedTemplates {
  private readonly bodies = new Map<string, string>();

  /** @param prefix what goes in front of each name, for the names of all charts of a release are shared */
  constructor(private readonly prefix: string) {}

  define(name: string, body: () => string): string {
    const full = `${this.prefix}.${name}`;
    if (!this.bodies.has(full)) {
      // Its place first, so that it is not defined again while it is being printed.
      this.bodies.set(full, '');
      this.bodies.set(full, body());
    }
    return full;
  }

  print(): string {
    return [...this.bodies].map(([name, body]) => `{{- define "${name}" -}}\n${body}\n{{- end }}\n`).join('\n');
  }
}

/** The names of a Helm template. */
export class TemplateNames implements Names {
  constructor(
    private readonly templates: NamedTemplates,
    private readonly variables: ReadonlyMap<string, string> = new Map([
      ['values', '$.Values'],
      ['release', '$.Release'],
    ]),
  ) {}

  variable(root: string): string {
    const variable = this.variables.get(root);
    if (variable === undefined) throw new Error(`the element of a loop is used outside of it (${root})`);
    return variable;
  }

  within(root: string, wanted: string): Names {
    const taken = new Set(this.variables.values());
    const free = [wanted, ...Array.from({ length: taken.size }, (_, n) => `${wanted}${String(n + 2)}`)].find((name) => !taken.has(`$${name}`));
    return new TemplateNames(this.templates, new Map([...this.variables, [root, `$${free!}`]]));
  }

  template(name: string, body: (names: Names) => string): string {
    return this.templates.define(name, () => body(new TemplateNames(this.templates)));
  }
}

/** What is around the objects of a construct. */
type Block = { readonly condition: Expr<boolean> } | { readonly list: Expr<readonly unknown[]>; readonly variable: string };

/** An app whose charts become templates of a Helm chart. It is rendered by `templates`, not by `synth`, which would quote every action. */
export class HelmApp extends App {
  readonly names: Names;
  private readonly named: NamedTemplates;
  private readonly blocks = new Map<IConstruct, Block>();
  private readonly marks: MarkResolver;

  /** @param name the Helm chart's */
  constructor(name: string, props: Omit<AppProps, 'resolvers'> = {}) {
    const marks = new MarkResolver();
    super({ ...props, resolvers: [marks] });
    this.marks = marks;
    this.named = new NamedTemplates(name);
    this.names = new TemplateNames(this.named);
    renderers.set(this, new HelmRenderer(this.blocks, marks));
  }

  /** File names below templates/ and their contents. */
  templates(): Map<string, string> {
    const files = this.node
      .findAll()
      .filter((construct): construct is Chart => Chart.isChart(construct))
      .map((chart) => [`${chart.node.id}.yaml`, this.template(chart)] as const);
    return new Map(files.filter(([, content]) => content !== ''));
  }

  /** The named templates that all others use; complete once these are printed. */
  namedTemplates(): string {
    return this.named.print();
  }

  private template(chart: Construct): string {
    const objects = chart.node.findAll().filter((construct): construct is ApiObject => ApiObject.isApiObject(construct));
    const lines: string[] = [];
    let open: readonly IConstruct[] = [];
    const nest = (wanted: readonly IConstruct[]): void => {
      const shared = wanted.findIndex((construct, n) => open[n] !== construct);
      const kept = shared === -1 ? wanted.length : shared;
      lines.push(...open.slice(kept).map(() => endBlock));
      wanted.slice(kept).forEach((construct, n) => lines.push(this.opening(construct, wanted.slice(0, kept + n))));
      open = wanted;
    };
    for (const object of objects) {
      const around = object.node.scopes.filter((construct) => this.blocks.has(construct));
      nest(around);
      lines.push('---', ...new TemplatePrinter(this.inside(around)).structure(this.templateOf(object)));
    }
    nest([]);
    return lines.map((line) => `${line}\n`).join('');
  }

  private opening(construct: IConstruct, around: readonly IConstruct[]): string {
    const block = this.blocks.get(construct)!;
    const names = this.inside(around);
    return 'condition' in block ? ifBlock(block.condition, names) : rangeBlock(block.list, block.variable, names).opening;
  }

  /** The names inside of these blocks. */
  private inside(around: readonly IConstruct[]): Names {
    return around.reduce((names, construct) => {
      const block = this.blocks.get(construct)!;
      return 'condition' in block ? names : rangeBlock(block.list, block.variable, names).inside;
    }, this.names);
  }

  private templateOf(object: ApiObject): unknown {
    return this.marks.unmark(object.toJson());
  }
}

/** Takes expressions through cdk8s and other libraries: as marks, which are expressions again afterwards. */
class MarkResolver implements IResolver {
  private readonly marked: Expr<unknown>[] = [];

  resolve(context: ResolutionContext): void {
    if (context.value instanceof Expr) context.replaceValue(this.mark(context.value));
  }

  mark(template: unknown): unknown {
    if (template instanceof Expr) return `\u0000${String(this.marked.push(template) - 1)}\u0000`;
    return mapped(template, (part) => this.mark(part));
  }

  unmark(content: unknown): unknown {
    if (typeof content === 'string') {
      const index = /^\0(\d+)\0$/.exec(content)?.[1];
      return index === undefined ? content : this.marked[Number(index)];
    }
    return mapped(content, (part) => this.unmark(part));
  }
}

/** A list or map with something done to each part; anything else as it is. */
function mapped(content: unknown, change: (part: unknown) => unknown): unknown {
  if (Array.isArray(content)) return content.map(change);
  if (typeof content === 'object' && content !== null) return Object.fromEntries(Object.entries(content).map(([key, value]) => [key, change(value)]));
  return content;
}

class HelmRenderer implements Renderer {
  constructor(
    private readonly blocks: Map<IConstruct, Block>,
    private readonly marks: MarkResolver,
  ) {}

  object(template: unknown): unknown {
    return this.marks.mark(template);
  }

  each<E>(scope: Construct, id: string, list: Expr<readonly E[]>, build: (scope: Construct, element: References<E>) => void): void {
    const inner = new Construct(scope, id);
    const variable = loopVariable();
    this.blocks.set(inner, { list, variable });
    build(inner, elementOf(list, variable));
  }

  when(scope: Construct, id: string, condition: Expr<boolean>, build: (scope: Construct) => void): void {
    const inner = new Construct(scope, id);
    this.blocks.set(inner, { condition });
    build(inner);
  }
}
