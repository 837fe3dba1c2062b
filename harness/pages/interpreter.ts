// The language has more than labs use: what cannot be followed is refused in each default case.
/* oxlint-disable typescript/switch-exhaustiveness-check */
import type {
  Argument,
  ArrowFunctionExpression,
  AssignmentTarget,
  AssignmentTargetWithDefault,
  BindingPattern,
  CallExpression,
  Expression,
  Function,
  ObjectExpression,
  ParamPattern,
  Statement,
  VariableDeclaration,
} from "oxc-parser";
import { compute, hasUnknown, read } from "./operators.ts";
import { Scope, Unknown } from "./scope.ts";

type Pattern = BindingPattern | ParamPattern | AssignmentTarget | AssignmentTargetWithDefault;
type Callable = (...args: readonly unknown[]) => unknown;

/** A loop that the file does not end itself is followed no further. */
const mostRounds = 20;
const deepestCall = 30;
/** Methods of lists whose result hangs on what the function that they are given answers. */
const choices = new Set(["filter", "find", "findLast", "findIndex", "some", "every", "toSorted"]);

/**
 * Follows the code of a lab's step without a cluster: what the file itself says is computed, what only a run
 * can know is `Unknown`, and both ways of an undecided choice are followed, so that no call is missed.
 */
export class Interpreter {
  readonly #source: string;
  /** Functions that take unknown values too: the file's own and the tools. */
  readonly #open = new WeakSet<Callable>();
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  /** Lets a function be called with values that are not known. */
  open<F extends Callable>(fn: F): F {
    this.#open.add(fn);
    return fn;
  }

  /** Follows statements in order; gives what they return. */
  run(statements: readonly Statement[], scope: Scope): unknown {
    for (const statement of statements)
      if (statement.type === "FunctionDeclaration" && statement.id)
        scope.declare(statement.id.name, this.#close(statement, scope));
    for (const statement of statements) {
      const returned = this.#follow(statement, scope);
      if (statement.type === "ReturnStatement") return returned;
    }
    return undefined;
  }

  #follow(statement: Statement, scope: Scope): unknown {
    switch (statement.type) {
      case "ExpressionStatement":
        return void this.evaluate(statement.expression, scope);
      case "VariableDeclaration":
        return this.#declareAll(statement, scope);
      case "ReturnStatement":
        return statement.argument ? this.evaluate(statement.argument, scope) : undefined;
      case "BlockStatement":
        return this.run(statement.body, new Scope(scope));
      case "IfStatement": {
        const test = this.evaluate(statement.test, scope);
        if (test instanceof Unknown || test) this.#follow(statement.consequent, scope);
        if (statement.alternate && (test instanceof Unknown || !test))
          this.#follow(statement.alternate, scope);
        return undefined;
      }
      case "ForOfStatement":
        return this.#forEach(statement, scope);
      case "ForStatement":
      case "WhileStatement":
      case "DoWhileStatement":
        return this.#loop(statement, scope);
      case "TryStatement":
        this.run(statement.block.body, new Scope(scope));
        if (statement.finalizer) this.run(statement.finalizer.body, new Scope(scope));
        return undefined;
      case "ThrowStatement":
      case "FunctionDeclaration":
      case "EmptyStatement":
      case "BreakStatement":
      case "ContinueStatement":
        return undefined;
      default:
        if (statement.type.startsWith("TS")) return undefined;
        throw this.#cannot(statement);
    }
  }

  #forEach(statement: Extract<Statement, { type: "ForOfStatement" }>, scope: Scope): void {
    const list = this.evaluate(statement.right, scope);
    const elements = Array.isArray(list)
      ? list
      : [new Unknown(`one of ${this.#text(statement.right)}`)];
    for (const element of elements) {
      const inner = new Scope(scope);
      const { left } = statement;
      if (left.type === "VariableDeclaration" && left.declarations[0])
        this.#bind(left.declarations[0].id, element, inner);
      this.#follow(statement.body, inner);
    }
  }

  #loop(
    statement: Extract<Statement, { type: "ForStatement" | "WhileStatement" | "DoWhileStatement" }>,
    outer: Scope,
  ): void {
    const scope = new Scope(outer);
    if (statement.type === "ForStatement" && statement.init) {
      if (statement.init.type === "VariableDeclaration") this.#declareAll(statement.init, scope);
      else this.evaluate(statement.init, scope);
    }
    for (let round = 0; round < mostRounds; round += 1) {
      const test = statement.test ? this.evaluate(statement.test, scope) : undefined;
      const known = test !== undefined && !(test instanceof Unknown);
      if (known && !test && statement.type !== "DoWhileStatement") return;
      this.#follow(statement.body, scope);
      if (statement.type !== "ForStatement" || !known) return;
      if (statement.update) this.evaluate(statement.update, scope);
    }
  }

  #declareAll(declaration: VariableDeclaration, scope: Scope): undefined {
    for (const { id, init } of declaration.declarations)
      this.#bind(id, init ? this.evaluate(init, scope) : undefined, scope);
  }

  /** Gives the names of a pattern their values: new names, or ones that are there already. */
  #bind(
    pattern: Pattern,
    value: unknown,
    scope: Scope,
    how: "declare" | "assign" = "declare",
  ): void {
    switch (pattern.type) {
      case "Identifier": {
        // A name of the file says more than the words that compute its value.
        const named = value instanceof Unknown ? new Unknown(pattern.name) : value;
        return scope[how](pattern.name, named);
      }
      case "ObjectPattern":
        for (const property of pattern.properties) {
          if (property.type === "RestElement") this.#bind(property.argument, value, scope, how);
          else if (property.key.type === "Identifier")
            this.#bind(property.value, read(value, property.key.name), scope, how);
        }
        return;
      case "ArrayPattern":
        pattern.elements.forEach((element, index) => {
          if (!element) return;
          if (element.type === "RestElement") this.#bind(element.argument, value, scope, how);
          else this.#bind(element, read(value, index), scope, how);
        });
        return;
      case "AssignmentPattern": {
        const given = value === undefined ? this.evaluate(pattern.right, scope) : value;
        return this.#bind(pattern.left, given, scope, how);
      }
      case "MemberExpression":
        // Fields are only read from what a run knows.
        return;
      default:
        throw this.#cannot(pattern);
    }
  }

  evaluate(node: Expression, scope: Scope): unknown {
    switch (node.type) {
      case "Literal":
        return "regex" in node ? new RegExp(node.regex.pattern, node.regex.flags) : node.value;
      case "Identifier":
        return scope.read(node.name);
      case "TemplateLiteral":
        return node.quasis
          .map(({ value }, index) => {
            const hole = node.expressions[index];
            return `${value.cooked ?? ""}${hole ? String(this.evaluate(hole, scope)) : ""}`;
          })
          .join("");
      case "ArrowFunctionExpression":
      case "FunctionExpression":
        return this.#close(node, scope);
      case "ObjectExpression":
        return this.#object(node, scope);
      case "ArrayExpression":
        return node.elements.flatMap((element) => {
          if (!element) return [undefined];
          if (element.type !== "SpreadElement") return [this.evaluate(element, scope)];
          const spread = this.evaluate(element.argument, scope);
          return Array.isArray(spread) ? spread : [spread];
        });
      case "AwaitExpression":
        return this.evaluate(node.argument, scope);
      case "ParenthesizedExpression":
      case "TSAsExpression":
      case "TSNonNullExpression":
      case "TSSatisfiesExpression":
      case "ChainExpression":
        return this.evaluate(node.expression, scope);
      case "CallExpression":
        return this.#call(node, scope);
      case "MemberExpression": {
        const object = this.evaluate(node.object, scope);
        const key = node.computed
          ? this.evaluate(node.property, scope)
          : (node.property as { name: string }).name;
        if (object instanceof Unknown || key instanceof Unknown)
          return new Unknown(this.#text(node));
        return read(object, key as string);
      }
      case "ConditionalExpression": {
        const test = this.evaluate(node.test, scope);
        if (test instanceof Unknown)
          return this.#unknown(node, [node.consequent, node.alternate], scope);
        return this.evaluate(test ? node.consequent : node.alternate, scope);
      }
      case "BinaryExpression":
      case "LogicalExpression":
        return this.#binary(node, scope);
      case "UnaryExpression": {
        const value = this.evaluate(node.argument, scope);
        if (value instanceof Unknown) return new Unknown(this.#text(node));
        if (node.operator === "!") return !value;
        return node.operator === "-" ? -(value as number) : undefined;
      }
      case "AssignmentExpression": {
        const value = this.evaluate(node.right, scope);
        const { left, operator } = node;
        if (left.type === "ArrayPattern" || left.type === "ObjectPattern") {
          this.#bind(left, value, scope, "assign");
          return value;
        }
        if (left.type !== "Identifier") return value;
        const both = [scope.read(left.name), value] as const;
        if (operator === "=") this.#bind(left, value, scope, "assign");
        else scope.assign(left.name, compute(operator.slice(0, -1), ...both, this.#text(node)));
        return scope.read(left.name);
      }
      case "UpdateExpression": {
        const { argument } = node;
        if (argument.type !== "Identifier") return new Unknown(this.#text(node));
        const value = scope.read(argument.name);
        scope.assign(argument.name, compute(node.operator.slice(1), value, 1, argument.name));
        return value;
      }
      case "NewExpression": {
        const args = node.arguments.flatMap((argument) => this.#argument(argument, scope));
        const [pattern, flags] = args;
        if (
          node.callee.type === "Identifier" &&
          node.callee.name === "RegExp" &&
          typeof pattern === "string"
        )
          return new RegExp(pattern, typeof flags === "string" ? flags : "");
        return new Unknown(this.#text(node));
      }
      default:
        throw this.#cannot(node);
    }
  }

  #binary(
    node: Extract<Expression, { type: "BinaryExpression" | "LogicalExpression" }>,
    scope: Scope,
  ) {
    const left =
      node.left.type === "PrivateIdentifier" ? undefined : this.evaluate(node.left, scope);
    if (node.operator === "??" && !(left instanceof Unknown) && left !== undefined && left !== null)
      return left;
    // An unknown value stands for itself, whatever would be taken in its place.
    if (node.operator === "??" && left instanceof Unknown) return left;
    const right = this.evaluate(node.right, scope);
    return compute(node.operator, left, right, this.#text(node));
  }

  #object(node: ObjectExpression, scope: Scope): unknown {
    const object: Record<string, unknown> = {};
    for (const property of node.properties) {
      if (property.type === "SpreadElement") {
        const spread = this.evaluate(property.argument, scope);
        if (!(spread instanceof Unknown)) Object.assign(object, spread);
        continue;
      }
      const { key, computed } = property;
      const name =
        key.type === "Identifier" && !computed ? key.name : this.evaluate(key as Expression, scope);
      object[String(name)] = this.evaluate(property.value, scope);
    }
    return object;
  }

  #call(node: CallExpression, scope: Scope): unknown {
    const callee =
      node.callee.type === "ParenthesizedExpression" ? node.callee.expression : node.callee;
    let self: unknown;
    let called: unknown;
    if (callee.type === "MemberExpression") {
      self = this.evaluate(callee.object, scope);
      const key = callee.computed
        ? this.evaluate(callee.property, scope)
        : (callee.property as { name: string }).name;
      called = self instanceof Unknown ? undefined : read(self, key as string);
    } else if (callee.type !== "Super") called = this.evaluate(callee, scope);
    const args = node.arguments.flatMap((argument) => this.#argument(argument, scope));
    if (typeof called === "function") {
      const known = args.every((arg) => !(arg instanceof Unknown)) && !hasUnknown(self);
      if (this.#open.has(called as Callable) || known)
        return this.#invoke(called as Callable, self, args, node);
    }
    // Somebody else's function may call what it is given: its calls count too.
    for (const arg of args)
      if (typeof arg === "function" && this.#open.has(arg as Callable))
        (arg as Callable)(
          ...Array.from({ length: arg.length }, () => new Unknown(this.#text(callee))),
        );
    return new Unknown(this.#text(node));
  }

  #invoke(
    called: Callable,
    self: unknown,
    args: readonly unknown[],
    node: CallExpression,
  ): unknown {
    if (this.#open.has(called)) return called.apply(self, [...args]);
    try {
      let undecided = false;
      const choosing = args.map((arg) => {
        if (typeof arg !== "function" || !choices.has(called.name)) return arg;
        return (...all: readonly unknown[]): unknown => {
          const chosen = (arg as Callable)(...all);
          undecided ||= chosen instanceof Unknown;
          return chosen;
        };
      });
      const result = called.apply(self, choosing);
      if (undecided) return new Unknown(this.#text(node));
      return result instanceof Promise ? this.#abandon(result, node) : result;
    } catch {
      return new Unknown(this.#text(node));
    }
  }

  /** The answer of a real asynchronous function comes too late to be followed. */
  #abandon(promise: Promise<unknown>, node: CallExpression): Unknown {
    promise.catch(() => undefined);
    return new Unknown(this.#text(node));
  }

  #argument(argument: Argument, scope: Scope): readonly unknown[] {
    if (argument.type !== "SpreadElement") return [this.evaluate(argument, scope)];
    const spread = this.evaluate(argument.argument, scope);
    return Array.isArray(spread) ? spread : [spread];
  }

  #close(node: ArrowFunctionExpression | Function, scope: Scope): Callable {
    const parameters = node.params;
    const called = (...args: readonly unknown[]): unknown => {
      if (this.#depth >= deepestCall) return new Unknown(this.#text(node));
      this.#depth += 1;
      try {
        const inner = new Scope(scope);
        parameters.forEach((parameter, index) => {
          if (parameter.type === "RestElement")
            this.#bind(parameter.argument, args.slice(index), inner);
          else if (parameter.type !== "TSParameterProperty")
            this.#bind(parameter, args[index], inner);
        });
        const { body } = node;
        if (!body) return undefined;
        if (body.type === "BlockStatement") return this.run(body.body, inner);
        return this.evaluate(body, inner);
      } finally {
        this.#depth -= 1;
      }
    };
    Object.defineProperty(called, "length", { value: parameters.length });
    return this.open(called);
  }

  #unknown(node: Expression, parts: readonly Expression[], scope: Scope): Unknown {
    for (const part of parts) this.evaluate(part, scope);
    return new Unknown(this.#text(node));
  }

  #text(node: { readonly start: number; readonly end: number }): string {
    return this.#source.slice(node.start, node.end);
  }

  #cannot(node: { readonly type: string; readonly start: number; readonly end: number }): Error {
    return new Error(`pages cannot follow this ${node.type}: ${this.#text(node).slice(0, 80)}`);
  }
}
