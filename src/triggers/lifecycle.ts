/** From the documents of Auto Scaling, by EventBridge or by SNS, to executions of `drain-instance`. */
import { LifecycleEvent, LifecycleNotification, SnsEvent } from '../contract/events.ts';
import { parse } from '../contract/parse.ts';
import { type DrainRequest, fromLifecycleEvent, fromLifecycleNotification } from '../core/drain/lifecycle-request.ts';
import type { HookSettings } from '../core/hooks.ts';
import { type Admission, admit } from '../engine/admission.ts';
import { executionName } from '../engine/names.ts';
import type { WorkflowEngine } from '../engine/workflow-engine.ts';

/** What became of one document: an execution, or the reason why it is nobody's here. */
export type Taken = Admission | { readonly ignored: string };

/** @throws InvalidInput for a document that is meant for us and cannot be used. */
export async function takeLifecycleEvent(
  document: unknown,
  engine: WorkflowEngine,
  settings: HookSettings,
): Promise<Taken> {
  const event = parse(LifecycleEvent, document, 'the event');
  return start(fromLifecycleEvent(event, settings), engine);
}

/** @returns what became of each record. @throws InvalidInput as above, after the good records have been taken. */
export async function takeSnsEvent(
  document: unknown,
  engine: WorkflowEngine,
  settings: HookSettings,
): Promise<Taken[]> {
  const { Records } = parse(SnsEvent, document, 'the SNS event');
  const results = await Promise.allSettled(
    Records.map(async ({ Sns }): Promise<Taken> => {
      const message = readMessage(Sns.Message);
      if ('ignored' in message) return message;
      const notification = parse(LifecycleNotification, message.document, 'the notification');
      const region = Sns.TopicArn.split(':')[3] ?? '';
      return start(fromLifecycleNotification(notification, region, settings), engine);
    }),
  );
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/** Anybody may publish to a topic: what does not speak of a lifecycle action is left alone. */
function readMessage(text: string): { document: object } | { ignored: string } {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return { ignored: 'the message is not JSON' };
    throw error;
  }
  if (typeof document !== 'object' || document === null) return { ignored: 'the message is not an object' };
  if ('Event' in document) return { ignored: `the message is ${String(document.Event)}` };
  if (!('LifecycleTransition' in document)) return { ignored: 'the message is about no lifecycle action' };
  return { document };
}

async function start(request: DrainRequest | { readonly ignored: string }, engine: WorkflowEngine): Promise<Taken> {
  if ('ignored' in request) return request;
  const name = executionName('drain-instance', request.subject, request.key);
  return admit(engine, { workflow: 'drain-instance', name, input: request.input });
}
