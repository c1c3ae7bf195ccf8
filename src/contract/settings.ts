/** Every `SLUICE_*` variable: the only place that reads and defines them. All faults are reported together. */
import * as z from 'zod/mini';
import { oneOf, Region } from './common.ts';
import type { Fault } from './errors.ts';
import { InvalidInput } from './errors.ts';

const list = (item: z.ZodMiniType<string>, what: string) =>
  z.pipe(
    z.string(),
    z.transform((text, { issues }) => {
      const members = text
        .split(',')
        .map((member) => member.trim())
        .filter((member) => member !== '');
      for (const member of members) {
        if (!item.safeParse(member).success)
          issues.push({ code: 'custom', input: text, message: `must be a list, by commas, of ${what}` });
      }
      return members;
    }),
  );

const seconds = (least: number, most: number, standard: number) => {
  const error = `must be a whole number of seconds from ${least} to ${most}`;
  return z._default(
    z.pipe(
      z.pipe(z.string().check(z.regex(/^\d{1,9}$/, { error })), z.transform(Number)),
      z.number().check(z.gte(least, { error }), z.lte(most, { error })),
    ),
    standard,
  );
};

const SHARE = 'must be a share, more than 0 and at most 1, such as 0.1';

const prefix = () =>
  z.string().check(
    z.regex(/^[A-Za-z0-9_./-]{1,128}$/, {
      error: 'must be the beginning of a hook name: letters, digits and _ . / -',
    }),
  );

let built: ReturnType<typeof buildSchema> | undefined;

/** Built when it is first asked for: a function starts sooner by what it takes, and needs it only for its first work. */
export function settingsSchema(): ReturnType<typeof buildSchema> {
  built ??= buildSchema();
  return built;
}

const buildSchema = () =>
  z.object({
    SLUICE_STACK: z
      ._default(
        z.string().check(
          z.regex(/^[a-zA-Z][a-zA-Z0-9-]{0,39}$/, {
            error: 'must be a stack name: a letter, then up to 39 letters, digits or hyphens',
          }),
        ),
        'sluice',
      )
      .check(z.describe('Name that the state machines begin with.')),
    SLUICE_HOOK_PREFIX: z
      ._default(prefix(), 'sluice')
      .check(z.describe('Lifecycle hooks whose name starts with this are ours to complete.')),
    SLUICE_HOOKS: z
      ._default(list(z.string().check(z.minLength(1)), 'hook names'), [])
      .check(z.describe('Further hooks that are ours, by their whole name.')),
    SLUICE_ALLOWED_REGIONS: z
      ._default(list(Region, 'AWS regions'), [])
      .check(z.describe('Regions that may be touched; all when empty.')),
    SLUICE_EVENT_BUS: z
      ._default(
        z
          .string()
          .check(z.regex(/^[A-Za-z0-9_./:-]{1,256}$/, { error: 'must be the name or ARN of an event bus, or "none"' })),
        'default',
      )
      .check(z.describe('Bus on which outcomes are announced; "none" announces nothing.')),
    SLUICE_DRAIN_TIMEOUT_SECONDS: seconds(1, 2_000_000, 3_600).check(
      z.describe('How long a drain may take that has neither a timeout nor a hook.'),
    ),
    SLUICE_TARGETS_TIMEOUT_SECONDS: seconds(1, 2_000_000, 5_400).check(
      z.describe('How long registering, deregistering or awaiting targets may take without a timeout of its own.'),
    ),
    SLUICE_TARGETS_MIN_POLL_INTERVAL_SECONDS: seconds(1, 3_600, 2).check(
      z.describe('Never look at targets more often than this, where nothing but targets is waited for.'),
    ),
    SLUICE_TERMINATION_DELAY_SECONDS: seconds(0, 2_000_000, 10).check(
      z.describe('How long a delayed termination waits that names no delay.'),
    ),
    SLUICE_TERMINATION_TAG: z
      .optional(
        z.string().check(z.regex(/^[^=]{1,128}(?:=.{0,256})?$/, { error: 'must be the key of a tag, or key=value' })),
      )
      .check(z.describe('Tag that an instance must carry to be terminated: a key, or key=value.')),
    SLUICE_MIN_POLL_INTERVAL_SECONDS: seconds(1, 3_600, 8).check(z.describe('Never look more often than this.')),
    SLUICE_MAX_POLL_INTERVAL_SECONDS: seconds(1, 43_200, 600).check(z.describe('Never look less often than this.')),
    SLUICE_QUOTA_SHARE: z
      .optional(
        z.pipe(
          z.pipe(z.string().check(z.regex(/^(?:1|0?\.\d{1,4})$/, { error: SHARE })), z.transform(Number)),
          z.number().check(z.gt(0, { error: SHARE })),
        ),
      )
      .check(
        z.describe(
          "Of the account's request quotas, what one function may take that observes beside others; all when absent.",
        ),
      ),
    SLUICE_CREDENTIALS: z
      .optional(z.string())
      .check(z.describe('Who may call the HTTP API: a JSON list of {id, sha256, workflows?}.')),
    SLUICE_CREDENTIALS_FILE: z
      .optional(z.string())
      .check(z.describe('The same list in a file, such as a mounted Kubernetes secret; read again every minute.')),
    SLUICE_CREDENTIALS_PARAMETER: z
      .optional(z.string())
      .check(z.describe('The same list in an SSM parameter (a SecureString), by name; read again every minute.')),
    SLUICE_LOG_LEVEL: z
      ._default(oneOf('DEBUG', 'INFO', 'WARN', 'ERROR'), 'INFO')
      .check(z.describe('Least level that is logged.')),
  });

export interface Settings {
  readonly stack: string;
  readonly hookPrefix: string;
  readonly hooks: readonly string[];
  readonly allowedRegions: readonly string[];
  readonly eventBus: string;
  readonly drainTimeoutSeconds: number;
  readonly targetsTimeoutSeconds: number;
  readonly targetsMinPollIntervalSeconds: number;
  readonly terminationDelaySeconds: number;
  /** A key, or key=value. */
  readonly terminationTag?: string;
  readonly minPollIntervalSeconds: number;
  readonly maxPollIntervalSeconds: number;
  /** Of the account's request quotas, more than 0 and at most 1. */
  readonly quotaShare?: number;
  /** Where the credentials of the HTTP API are; at most one of them. */
  readonly credentials?: { readonly text: string } | { readonly file: string } | { readonly parameter: string };
  readonly logLevel: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
}

/** @throws InvalidInput naming every variable that is wrong, and every `SLUICE_*` that does not exist. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => name.startsWith('SLUICE_') && value !== undefined && value !== '',
    ),
  );
  const known = Object.keys(settingsSchema().shape);
  const faults: Fault[] = Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((field) => ({
      field,
      found: JSON.stringify(given[field]),
      expected: `is no setting; there are ${known.join(', ')}`,
    }));
  const result = settingsSchema().safeParse(given);
  if (!result.success) {
    for (const issue of result.error.issues) {
      const field = String(issue.path[0]);
      faults.push({ field, found: JSON.stringify(given[field]), expected: issue.message });
    }
  }
  const places = credentialPlaces(given);
  for (const [field] of places.slice(1)) {
    faults.push({ field, found: 'another one, too', expected: `must not be given beside ${places[0]?.[0]}` });
  }
  if (faults.length > 0 || !result.success) throw new InvalidInput('the environment', faults);
  const read = result.data;
  return {
    stack: read.SLUICE_STACK,
    hookPrefix: read.SLUICE_HOOK_PREFIX,
    hooks: read.SLUICE_HOOKS,
    allowedRegions: read.SLUICE_ALLOWED_REGIONS,
    eventBus: read.SLUICE_EVENT_BUS,
    drainTimeoutSeconds: read.SLUICE_DRAIN_TIMEOUT_SECONDS,
    targetsTimeoutSeconds: read.SLUICE_TARGETS_TIMEOUT_SECONDS,
    targetsMinPollIntervalSeconds: read.SLUICE_TARGETS_MIN_POLL_INTERVAL_SECONDS,
    terminationDelaySeconds: read.SLUICE_TERMINATION_DELAY_SECONDS,
    ...(read.SLUICE_TERMINATION_TAG === undefined ? {} : { terminationTag: read.SLUICE_TERMINATION_TAG }),
    minPollIntervalSeconds: read.SLUICE_MIN_POLL_INTERVAL_SECONDS,
    maxPollIntervalSeconds: read.SLUICE_MAX_POLL_INTERVAL_SECONDS,
    ...(read.SLUICE_QUOTA_SHARE === undefined ? {} : { quotaShare: read.SLUICE_QUOTA_SHARE }),
    ...(places[0] === undefined ? {} : { credentials: places[0][1] }),
    logLevel: read.SLUICE_LOG_LEVEL,
  };
}

function credentialPlaces(given: Readonly<Record<string, string | undefined>>) {
  const { SLUICE_CREDENTIALS: text, SLUICE_CREDENTIALS_FILE: file, SLUICE_CREDENTIALS_PARAMETER: parameter } = given;
  const places: [string, NonNullable<Settings['credentials']>][] = [];
  if (text !== undefined) places.push(['SLUICE_CREDENTIALS', { text }]);
  if (file !== undefined) places.push(['SLUICE_CREDENTIALS_FILE', { file }]);
  if (parameter !== undefined) places.push(['SLUICE_CREDENTIALS_PARAMETER', { parameter }]);
  return places;
}
