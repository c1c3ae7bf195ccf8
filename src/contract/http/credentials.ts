/** Who may call the HTTP API: a JSON list that holds no secret, only the SHA-256 of each. */
import * as z from 'zod/mini';
import { oneOf } from '../common.ts';

export const WORKFLOWS = [
  'drain-instance',
  'delayed-termination',
  'register-targets',
  'deregister-targets',
  'await-drained',
  'clean-cloud-map',
] as const;

const ID = 'must be 1 to 64 letters, digits and . _ @ -';
const SHA256 = "must be the SHA-256 of the secret as 64 hexadecimal digits: printf %s 'SECRET' | sha256sum";

export const Credential = z.strictObject(
  {
    id: z
      .string({ error: ID })
      .check(
        z.regex(/^[A-Za-z0-9._@-]{1,64}$/, { error: ID }),
        z.describe('Who calls: the user of Basic, and the word in the log.'),
      ),
    sha256: z
      .string({ error: SHA256 })
      .check(
        z.regex(/^[0-9a-fA-F]{64}$/, { error: SHA256 }),
        z.describe('SHA-256 of the secret, in hexadecimal. The secret should be long and random: openssl rand -hex 32'),
      ),
    workflows: z
      .optional(
        z
          .array(oneOf(...WORKFLOWS), { error: 'must be a list of workflows' })
          .check(z.minLength(1, { error: 'must name a workflow; leave it out for all' })),
      )
      .check(z.describe('The workflows that it may start, see and stop; all when absent.')),
  },
  { error: 'must be an object such as {"id": "…", "sha256": "…"}' },
);
export type Credential = z.output<typeof Credential>;

/** An id may stand there twice, so that an old and a new secret both work while one replaces the other. */
export const CredentialList = z
  .array(Credential, { error: 'must be a list of credentials' })
  .check(
    z.minLength(1, { error: 'must hold a credential' }),
    z.maxLength(1000, { error: 'must hold at most 1000 credentials' }),
  );
