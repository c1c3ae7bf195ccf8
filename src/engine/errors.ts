/** What an engine refuses, in Step Functions' words. */
import { SluiceError } from '../contract/errors.ts';

/** A closed execution has this name, or an open one with another input. */
export class ExecutionAlreadyExists extends SluiceError {
  override readonly name = 'ExecutionAlreadyExists';
}

export class ExecutionDoesNotExist extends SluiceError {
  override readonly name = 'ExecutionDoesNotExist';
}

/** The name is empty, longer than 80 characters, or has a character that Step Functions refuses. */
export class InvalidName extends SluiceError {
  override readonly name = 'InvalidName';
}

/** The input is no JSON value, or larger than 256 KiB. */
export class InvalidExecutionInput extends SluiceError {
  override readonly name = 'InvalidExecutionInput';
}

/** No state machine runs this workflow here. */
export class StateMachineDoesNotExist extends SluiceError {
  override readonly name = 'StateMachineDoesNotExist';
}

/** The token of a page is not one that this engine gave. */
export class InvalidToken extends SluiceError {
  override readonly name = 'InvalidToken';
}

/** A definition uses what the embedded engine cannot run as AWS would. */
export class UnsupportedDefinition extends SluiceError {
  override readonly name = 'UnsupportedDefinition';
}

/** The journal cannot be read or written, or another process has it. Nothing is accepted until it can. */
export class JournalUnavailable extends SluiceError {
  override readonly name = 'JournalUnavailable';
}

/** The engine is closing. What it has accepted stays in its journal. */
export class EngineClosed extends SluiceError {
  override readonly name = 'EngineClosed';
}

/** Every name of this work, with each retry suffix, belongs to an execution that failed. */
export class TooManyAttempts extends SluiceError {
  override readonly name = 'TooManyAttempts';
}
