/** What a running execution does, as lines for people: each state that says something new. */
import type { EmbeddedEngine } from '../../engine/embedded/embedded-engine.ts';
import type { HistoryEvent } from '../../engine/workflow-engine.ts';
import type { Paint, Print } from '../terminal.ts';
import { isRecord } from './outcome.ts';

export function showProgress(engine: EmbeddedEngine, executionArn: string, print: Print, paint: Paint): void {
  const began = Date.now();
  let said = '';
  engine.onEvent((progress) => {
    if (progress.executionArn !== executionArn) return;
    const text = textOf(progress.event);
    if (text === undefined || text === said) return;
    said = text;
    const seconds = Math.round((progress.event.timestamp.getTime() - began) / 1000);
    print(`${paint.dim(`+${seconds} s`.padEnd(9))}${text}`);
  });
}

/** The states of every workflow are imperative phrases, and a decision in their data has a reason. */
function textOf({ type, stateName, output, error, cause }: HistoryEvent): string | undefined {
  if (type === 'LambdaFunctionFailed') return `trouble: ${error}: ${cause}`;
  if (type !== 'TaskStateExited' || stateName === undefined) return undefined;
  const decision = isRecord(output) && isRecord(output.decision) ? output.decision : {};
  const reason = typeof decision.reason === 'string' ? `: ${decision.reason}` : '';
  return `${stateName}${reason}`;
}
