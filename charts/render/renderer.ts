/**
 * Renderers: what becomes of a chart's expressions. Charts ask for loops and conditions over whole objects here,
 * so that a renderer which cannot know the values (a template engine's) can keep them as loops and conditions.
 */

import { App, YamlOutputType, type AppProps, type IResolver, type ResolutionContext } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';
import { elementAt, evaluate, Expr, omitted, resolve, type References, type Scope } from './expression';

export interface Renderer {
  /** What an object gives to cdk8s. */
  object(template: unknown): unknown;
  /** Builds objects for every element of a list. */
  each<E>(scope: Construct, id: string, list: Expr<readonly E[]>, build: (scope: Construct, element: References<E>) => void): void;
  /** Builds objects only while a condition holds. */
  when(scope: Construct, id: string, condition: Expr<boolean>, build: (scope: Construct) => void): void;
}

/** The renderer of each app. */
export const renderers = new WeakMap<IConstruct, Renderer>();

/** The renderer of the app that a construct belongs to. */
export function rendererOf(construct: IConstruct): Renderer {
  const renderer = renderers.get(construct.node.root);
  if (!renderer) throw new Error(`${construct.node.path} does not belong to an app with a renderer`);
  return renderer;
}

/** An app whose expressions are evaluated: plain manifests. */
export class PlainApp extends App {
  constructor(scope: Scope, props: Omit<AppProps, 'resolvers'> = {}) {
    super({ yamlOutputType: YamlOutputType.FILE_PER_CHART, ...props, resolvers: [new ExpressionResolver(scope)] });
    renderers.set(this, new PlainRenderer(scope));
  }
}

/** Evaluates the expressions inside objects of other libraries. */
class ExpressionResolver implements IResolver {
  constructor(private readonly scope: Scope) {}

  resolve(context: ResolutionContext): void {
    if (!(context.value instanceof Expr)) return;
    const value = resolve(context.value, this.scope);
    context.replaceValue(value === omitted ? undefined : value);
  }
}

class PlainRenderer implements Renderer {
  constructor(private readonly scope: Scope) {}

  object(template: unknown): unknown {
    return resolve(template, this.scope);
  }

  each<E>(scope: Construct, id: string, list: Expr<readonly E[]>, build: (scope: Construct, element: References<E>) => void): void {
    list[evaluate](this.scope).forEach((_element, index) => {
      build(new Construct(scope, `${id}-${String(index)}`), elementAt(list, index));
    });
  }

  when(scope: Construct, id: string, condition: Expr<boolean>, build: (scope: Construct) => void): void {
    if (condition[evaluate](this.scope)) build(new Construct(scope, id));
  }
}
