/**
 * Who calls. Secrets are compared by their SHA-256, in a time that does not depend on them, and the list is read again
 * every minute, so that a secret can be replaced without a restart.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { InvalidInput } from '../contract/errors.ts';
import { type Credential, CredentialList } from '../contract/http/credentials.ts';
import { parse } from '../contract/parse.ts';
import { Problem } from './problem.ts';

/** @returns the JSON list. @throws when it cannot be read now. */
export type CredentialSource = () => Promise<string>;

const READ_EVERY_MS = 60_000;
/** After a failure: an outage of the source must neither lock everybody out nor be hammered. */
const TRY_AGAIN_MS = 5_000;

interface Known {
  readonly credential: Credential;
  readonly digest: Buffer;
}

export interface AuthenticatorOptions {
  readonly source: CredentialSource;
  readonly logError: (message: string, data: Readonly<Record<string, unknown>>) => void;
  /** ms */
  readonly now: () => number;
}

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  #known: readonly Known[] | undefined;
  #readAgainAt = 0;
  #reading: Promise<void> | undefined;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** @throws what the source throws, and InvalidInput for a list that cannot be used: for the start of a server. */
  async read(): Promise<void> {
    const text = await this.#options.source();
    const list = readList(text);
    this.#known = list.map((credential) => ({ credential, digest: Buffer.from(credential.sha256, 'hex') }));
    this.#readAgainAt = this.#options.now() + READ_EVERY_MS;
  }

  /**
   * @param authorization the header
   * @throws Problem `unauthenticated`, or `unavailable` where the list has never been read
   */
  async authenticate(authorization: string | undefined): Promise<Credential> {
    await this.#refresh();
    const presented = presentedSecret(authorization);
    if (presented === undefined) {
      throw new Problem(
        'unauthenticated',
        'Authorization is missing: send it as Bearer SECRET, or as Basic with ID:SECRET',
      );
    }
    const digest = createHash('sha256').update(presented.secret).digest();
    let found: Credential | undefined;
    // To the end of the list, always: when it stops must not tell how far it came.
    for (const { credential, digest: expected } of this.#known ?? []) {
      const same = timingSafeEqual(digest, expected);
      if (same && (presented.id === undefined || presented.id === credential.id)) found ??= credential;
    }
    if (found === undefined)
      throw new Problem('unauthenticated', 'Authorization names no credential that is known here');
    return found;
  }

  async #refresh(): Promise<void> {
    if (this.#options.now() < this.#readAgainAt) return;
    this.#reading ??= this.read()
      .catch((error: unknown) => {
        this.#readAgainAt = this.#options.now() + TRY_AGAIN_MS;
        this.#options.logError('The credentials cannot be read; those read before stay in force', {
          error: String(error),
        });
      })
      .finally(() => {
        this.#reading = undefined;
      });
    await this.#reading;
    if (this.#known === undefined) {
      throw new Problem('unavailable', 'The credentials cannot be read: see the log of the service');
    }
  }
}

/**
 * What cannot be read is not repeated: whoever took the secret for its hash would find it in a log.
 * @throws InvalidInput
 */
function readList(text: string): Credential[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new InvalidInput(SUBJECT, [{ field: '', expected: 'must be JSON', found: 'something else' }]);
  }
  try {
    return parse(CredentialList, document, SUBJECT);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new InvalidInput(
      SUBJECT,
      error.faults.map((fault) => ({ ...fault, found: 'what is not shown here' })),
    );
  }
}

const SUBJECT = 'the list of credentials';

function presentedSecret(authorization: string | undefined): { id?: string; secret: string } | undefined {
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +([^ ]+) *$/.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return { secret: value };
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { id: text.slice(0, colon), secret: text.slice(colon + 1) };
}

/** @throws Problem `forbidden` unless the credential may use one of the workflows */
export function permit(credential: Credential | undefined, ...workflows: readonly string[]): void {
  if (mayUse(credential, ...workflows)) return;
  const words = workflows.join(' or ');
  throw new Problem(
    'forbidden',
    `The credential ${credential?.id ?? ''} is not for ${words}: its "workflows" name others`,
  );
}

export function mayUse(credential: Credential | undefined, ...workflows: readonly string[]): boolean {
  return credential?.workflows === undefined || credential.workflows.some((one) => workflows.includes(one));
}
