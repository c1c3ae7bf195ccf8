/**
 * The part of ECS's cluster query language that filters container instances: comparisons of `ec2InstanceId`,
 * `agentConnected`, `runningTasksCount`, `pendingTasksCount` and `attribute:<name>`, joined by `and`,
 * `or` and `not`, with parentheses.
 */
import { ServiceError } from '../service.ts';
import { type ContainerInstance, countTasks } from './records.ts';

type Predicate = (instance: ContainerInstance) => boolean;
type Value = string | undefined;

const TOKEN = /\s*(==|!=|>=|<=|&&|\|\||[()[\],><!]|"[^"]*"|'[^']*'|[^\s()[\],=!<>&|]+)/y;
const SYMBOLS: Readonly<Record<string, string>> = {
  equals: '==',
  not_equals: '!=',
  greater_than: '>',
  greater_than_equal: '>=',
  less_than: '<',
  less_than_equal: '<=',
};

/** @throws ServiceError InvalidParameterException for an expression that it cannot read. */
export function parseFilter(text: string): Predicate {
  const parser = new Parser(text);
  const predicate = parser.either();
  parser.end();
  return predicate;
}

class Parser {
  readonly #text: string;
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = [];
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.trimEnd().length) {
      const match = TOKEN.exec(text);
      if (match?.[1] === undefined) throw this.#refusal();
      this.#tokens.push(match[1]);
    }
  }

  either(): Predicate {
    let left = this.#both();
    while (this.#take('or', '||')) {
      const [one, other] = [left, this.#both()];
      left = (instance) => one(instance) || other(instance);
    }
    return left;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.#refusal();
  }

  #both(): Predicate {
    let left = this.#single();
    while (this.#take('and', '&&')) {
      const [one, other] = [left, this.#single()];
      left = (instance) => one(instance) && other(instance);
    }
    return left;
  }

  #single(): Predicate {
    if (this.#take('not', '!')) {
      const inner = this.#single();
      return (instance) => !inner(instance);
    }
    if (this.#take('(')) {
      const inner = this.either();
      if (!this.#take(')')) throw this.#refusal();
      return inner;
    }
    return this.#comparison();
  }

  #comparison(): Predicate {
    const subject = this.#subject(this.#next());
    const word = this.#next();
    if (word === 'exists') return (instance) => subject(instance) !== undefined;
    if (word === 'in' || word === 'not_in') {
      const values = this.#list();
      return (instance) => values.includes(subject(instance) ?? '') === (word === 'in');
    }
    const operator = SYMBOLS[word] ?? word;
    const wanted = unquote(this.#next());
    switch (operator) {
      case '==':
        return (instance) => subject(instance) === wanted;
      case '!=':
        return (instance) => subject(instance) !== wanted;
      case '>':
        return (instance) => Number(subject(instance)) > Number(wanted);
      case '>=':
        return (instance) => Number(subject(instance)) >= Number(wanted);
      case '<':
        return (instance) => Number(subject(instance)) < Number(wanted);
      case '<=':
        return (instance) => Number(subject(instance)) <= Number(wanted);
      default:
        throw this.#refusal();
    }
  }

  #subject(name: string): (instance: ContainerInstance) => Value {
    if (name.startsWith('attribute:')) {
      const attribute = name.slice('attribute:'.length);
      return (instance) => instance.attributes.get(attribute);
    }
    switch (name) {
      case 'ec2InstanceId':
        return (instance) => instance.ec2InstanceId;
      case 'agentConnected':
        return (instance) => String(instance.agentConnected);
      case 'runningTasksCount':
        return (instance) => String(countTasks(instance.tasks).running);
      case 'pendingTasksCount':
        return (instance) => String(countTasks(instance.tasks).pending);
      default:
        throw this.#refusal();
    }
  }

  #list(): string[] {
    if (!this.#take('[')) throw this.#refusal();
    const values: string[] = [];
    do values.push(unquote(this.#next()));
    while (this.#take(','));
    if (!this.#take(']')) throw this.#refusal();
    return values;
  }

  #take(...words: readonly string[]): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || !words.includes(token)) return false;
    this.#at += 1;
    return true;
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.#refusal();
    this.#at += 1;
    return token;
  }

  #refusal(): ServiceError {
    return new ServiceError('InvalidParameterException', `Invalid filter expression: '${this.#text}'`);
  }
}

function unquote(token: string): string {
  return /^(["']).*\1$/.test(token) ? token.slice(1, -1) : token;
}
