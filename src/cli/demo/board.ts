/** What a person watches: one line a change, with the time since the announcement, tasks and targets by state, and why. */
import type { EmbeddedEngine } from '../../engine/embedded/embedded-engine.ts';
import type { Paint, Print } from '../terminal.ts';
import { eventText } from './story.ts';
import { clockTime } from './verdict.ts';
import type { InstanceView, Witness } from './witness.ts';

interface Column {
  readonly title: string;
  readonly states: readonly string[];
}

const TASKS: readonly Column[] = [
  { title: 'START', states: ['PROVISIONING', 'PENDING', 'ACTIVATING'] },
  { title: 'RUNNING', states: ['RUNNING'] },
  { title: 'DEACTIV', states: ['DEACTIVATING'] },
  { title: 'STOPPING', states: ['STOPPING'] },
  { title: 'DEPROV', states: ['DEPROVISIONING'] },
  { title: 'STOPPED', states: ['STOPPED'] },
];
const TARGETS: readonly Column[] = [
  { title: 'in use', states: ['initial', 'healthy', 'unhealthy', 'unused'] },
  { title: 'draining', states: ['draining', 'unhealthy.draining'] },
];

export class Board {
  readonly #print: Print;
  readonly #paint: Paint;
  #witness: Witness | undefined;
  #began = 0;
  #numbers = '';
  #time = '';
  /** A change of numbers that nobody has commented on: printed once the second is over. */
  #pending = false;
  #said = '';

  constructor(print: Print, paint: Paint) {
    this.#print = print;
    this.#paint = paint;
  }

  /** Hears of everything that the engine does. */
  follow(engine: EmbeddedEngine): void {
    engine.onEvent(({ event }) => {
      const text = eventText(event, (at) => clockTime(at - this.#began));
      if (text !== undefined && text !== this.#said) this.#say(text);
    });
  }

  began(witness: Witness, announcement: string): void {
    this.#witness = witness;
    this.#began = Date.now();
    this.#numbers = '';
    this.#print(this.#paint.dim(`  time  ${[...TASKS, ...TARGETS].map(({ title }) => ` ${title}`).join('')}`));
    this.#say(announcement);
  }

  /** After every step of the clock. */
  look(): void {
    if (this.#witness === undefined) return;
    const time = clockTime(Date.now() - this.#began);
    if (this.#pending && time !== this.#time) this.#flush('');
    const numbers = numbersOf(this.#witness.look());
    if (numbers !== this.#numbers) {
      this.#numbers = numbers;
      this.#time = time;
      this.#pending = true;
    }
  }

  ended(): void {
    if (this.#pending) this.#flush('');
    this.#witness = undefined;
  }

  #say(text: string): void {
    this.look();
    this.#said = text;
    this.#time = clockTime(Date.now() - this.#began);
    this.#flush(text);
  }

  #flush(text: string): void {
    this.#pending = false;
    this.#print(`  ${this.#time.padEnd(6)}${this.#numbers}   ${text}`.trimEnd());
  }
}

function numbersOf(view: InstanceView): string {
  const cells = (columns: readonly Column[], states: readonly string[]) =>
    columns.map(({ title, states: wanted }) => {
      const count = states.filter((state) => wanted.includes(state)).length;
      return (count === 0 ? '·' : String(count)).padStart(title.length + 1);
    });
  return [...cells(TASKS, view.statuses), ...cells(TARGETS, view.targets)].join('');
}
