/**
 * Errors as the state machines know them: the `name` is what `ErrorEquals` matches, the message what a person reads.
 */
export class SluiceError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** One thing that is wrong with an input. */
export interface Fault {
  /** Where, as a path: `lifecycle.token`, `targetGroups[2]`; empty for the whole document. */
  readonly field: string;
  /** What was there, as JSON, shortened; `nothing` when absent. */
  readonly found: string;
  /** What would have been right: `must be a whole number from 1 to 2000000`. */
  readonly expected: string;
}

/** The input cannot be used. Every fault is listed; nothing has been touched. */
export class InvalidInput extends SluiceError {
  override readonly name = 'InvalidInput';
  readonly faults: readonly Fault[];
  constructor(subject: string, faults: readonly Fault[]) {
    super(`${subject} cannot be used: ${faults.map(describeFault).join('; ')}`);
    this.faults = faults;
  }
}

function describeFault(fault: Fault): string {
  const field = fault.field === '' ? 'it' : fault.field;
  return `${field} ${fault.expected}, got ${fault.found}`;
}

/** A guard said no. Nothing has been touched, and asking again changes nothing until its reason has gone. */
export class Refused extends SluiceError {
  override readonly name: string = 'Refused';
}

/** Several target groups could be meant, or none that takes such a target: the caller has to name one. */
export class AmbiguousTargetGroup extends Refused {
  override readonly name = 'AmbiguousTargetGroup';
  /** ARNs, by name in the message. */
  readonly candidates: readonly string[];
  constructor(message: string, candidates: readonly string[]) {
    super(message);
    this.candidates = candidates;
  }
}

/** What is wrong with one instance of a delayed termination. */
export interface AdmissionFault {
  readonly instanceId: string;
  readonly kind: 'not-found' | 'mismatch' | 'protected' | 'unguarded' | 'region';
  readonly message: string;
}

/** Instances may not be terminated as asked. Every fault is listed; nothing has been touched. */
export class NotAdmitted extends Refused {
  override readonly name = 'NotAdmitted';
  readonly faults: readonly AdmissionFault[];
  constructor(faults: readonly AdmissionFault[]) {
    super(describeFaults(faults));
    this.faults = faults;
  }
}

const FAULTS_IN_FULL = 20;

function describeFaults(faults: readonly AdmissionFault[]): string {
  const told = faults.slice(0, FAULTS_IN_FULL).map(({ message }) => message);
  const more = faults.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

/** Names of the errors after which a receipt says `refused`. */
export const REFUSALS: readonly string[] = ['Refused', 'InvalidInput', 'AmbiguousTargetGroup', 'NotAdmitted'];

/** AWS asked for fewer calls. Waited out. */
export class Throttled extends SluiceError {
  override readonly name = 'Throttled';
}

/** AWS did not answer, or answered that it could not. Waited out. */
export class Unavailable extends SluiceError {
  override readonly name = 'Unavailable';
}

/** The role lacks a permission, or the credentials are wrong. Waiting does not help. */
export class AccessDenied extends SluiceError {
  override readonly name = 'AccessDenied';
}

/** AWS refused the call for what it asks. Waiting does not help. */
export class Rejected extends SluiceError {
  override readonly name = 'Rejected';
}

/** What the input names does not exist. */
export class NotFound extends SluiceError {
  override readonly name = 'NotFound';
}

/** The observation that a step was to act on is too old: look again first. */
export class StaleObservation extends SluiceError {
  override readonly name = 'StaleObservation';
}

/** Somebody else did the opposite meanwhile. The workflow says so and ends; it does not fight. */
export class UndoneByOthers extends SluiceError {
  override readonly name = 'UndoneByOthers';
}

/** Names that are waited out: ours, and those with which Step Functions and Lambda report their own trouble. */
export const PASSING_ERRORS = [
  'Throttled',
  'Unavailable',
  'States.Timeout',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.TooManyRequestsException',
  'Lambda.Unknown',
  'Sandbox.Timedout',
] as const;
