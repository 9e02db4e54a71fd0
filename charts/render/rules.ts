/**
 * Rules: what values may not be, beyond what a schema can say. Each is a condition with the words for those who break it;
 * all that are broken are told at once, and by both renderers in the same words.
 */

import {
  bare,
  elementOf,
  evaluate,
  Expr,
  loopVariable,
  print,
  printed,
  references,
  singular,
  type Names,
  type Operand,
  type References,
  type Scope,
} from './expression';
import { exceeds, text } from './functions';
import { endBlock, ifBlock } from './gotemplate';

export type Rule = Violation | Guarded | ForEach | readonly Rule[];

/** What is wrong while `condition` holds: `message` names the value and says what to do. */
export class Violation {
  constructor(
    readonly condition: Expr<boolean>,
    readonly message: Expr<string>,
  ) {}
}

export const refuse = (path: Operand<string>, condition: Expr<boolean>, message: Operand<string>): Violation =>
  new Violation(condition, text`${path}: ${message}`);

class ForEach {
  constructor(
    readonly list: Expr<readonly unknown[]>,
    readonly element: string,
    readonly index: string,
    readonly rules: Rule,
  ) {}
}

/** Rules for each element of a list, and its place in it, from 0. */
export function forEach<E>(list: Expr<readonly E[]>, rules: (element: References<E>, index: Expr<number>) => Rule): Rule {
  const [element, index] = [loopVariable(), loopVariable()];
  return new ForEach(list, element, index, rules(elementOf(list, element), references<number>({ type: 'integer' }, index)));
}

/** A rule for each two elements of a list, the first of which comes earlier. */
export const forEachPair = <E>(
  list: Expr<readonly E[]>,
  rule: (first: References<E>, second: References<E>, firstIndex: Expr<number>, secondIndex: Expr<number>) => Rule,
): Rule =>
  forEach(list, (first, firstIndex) =>
    forEach(list, (second, secondIndex) => new Guarded(exceeds(secondIndex, firstIndex), rule(first, second, firstIndex, secondIndex))),
  );

/** Rules that are looked at only where a condition holds. */
class Guarded {
  constructor(
    readonly guard: Expr<boolean>,
    readonly rules: Rule,
  ) {}
}

/** @returns the messages of all that is broken */
export function violations(rule: Rule, scope: Scope): string[] {
  if (rule instanceof Guarded) return rule.guard[evaluate](scope) ? violations(rule.rules, scope) : [];
  if (rule instanceof Violation) return rule.condition[evaluate](scope) ? [rule.message[evaluate](scope)] : [];
  if (rule instanceof ForEach) {
    // A list in an element of a list need not be there.
    const elements = rule.list[evaluate](scope) as readonly unknown[] | undefined;
    return (elements ?? []).flatMap((element, index) => violations(rule.rules, { ...scope, [rule.element]: element, [rule.index]: index }));
  }
  return rule.flatMap((each) => violations(each, scope));
}

/** A Go template that fails with all that is broken, and gives nothing otherwise. */
export function printRules(rules: Rule, names: Names): string {
  const lines = ['{{- $violations := list }}', ...ruleLines(rules, names), '{{- if $violations }}'];
  return [...lines, '{{- fail (printf "values: %d refused\\n  %s" (len $violations) (join "\\n  " $violations)) }}', endBlock, ''].join('\n');
}

function ruleLines(rule: Rule, names: Names): string[] {
  if (rule instanceof Guarded) return [ifBlock(rule.guard, names), ...ruleLines(rule.rules, names), endBlock];
  if (rule instanceof Violation) return [ifBlock(rule.condition, names), `{{- $violations = append $violations ${printed(rule.message, names)} }}`, endBlock];
  if (rule instanceof ForEach) {
    const variable = singular(rule.list);
    const inside = names.within(rule.index, `${variable}Index`).within(rule.element, variable);
    const opening = `{{- range ${inside.variable(rule.index)}, ${inside.variable(rule.element)} := ${bare(rule.list[print](names))} }}`;
    return [opening, ...ruleLines(rule.rules, inside), endBlock];
  }
  return rule.flatMap((each) => ruleLines(each, names));
}
