/** What an error that a state machine has caught says to a person. */
import { parsedJson } from './json.ts';

const LONGEST = 300;

/** What a fault that is waited out says, short enough to be carried along. */
export function describeFault(fault: { readonly Error: string; readonly Cause: string } | undefined): string {
  return fault === undefined ? 'no cause given' : (messageOf(fault.Cause) || fault.Error).slice(0, LONGEST);
}

/** @returns ` (4 faults were waited out, the last: …)`; nothing where there was none */
export function describeFaults(progress: { readonly faults: number; readonly lastFault?: string | undefined }): string {
  if (progress.lastFault === undefined) return '';
  const { faults } = progress;
  return ` (${faults} ${faults === 1 ? 'fault was' : 'faults were'} waited out, the last: ${progress.lastFault})`;
}

/** Lambda wraps what a function throws into JSON; the embedded engine hands on the message itself. */
export function messageOf(cause: string): string {
  const thrown = parsedJson(cause);
  return typeof thrown === 'object' && thrown !== null && 'errorMessage' in thrown
    ? String(thrown.errorMessage)
    : cause;
}
