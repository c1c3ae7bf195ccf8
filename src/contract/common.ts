/** The words that every workflow's input and receipt share. */
import * as z from 'zod/mini';

// zod's own words come in fifty languages, and weigh as much as all the rest; these say what no schema says itself.
z.config({ localeError: expectation });

/** A longer timer overflows in Node, and fires at once. */
export const LONGEST_SECONDS = 2_000_000;

export const Region = z
  .string({ error: 'must be an AWS region such as "eu-west-1"' })
  .check(z.regex(/^[a-z]{2}(-[a-z]+)+-\d$/, { error: 'must be an AWS region such as "eu-west-1"' }));

export const InstanceId = z
  .string({ error: 'must be an EC2 instance id such as "i-0123456789abcdef0"' })
  .check(
    z.regex(/^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/, { error: 'must be an EC2 instance id such as "i-0123456789abcdef0"' }),
  );

export const TargetGroupArn = z.string({ error: 'must be the ARN of a target group' }).check(
  z.regex(/^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup\/[^/\s]+\/[0-9a-f]+$/, {
    error: 'must be the ARN of a target group',
  }),
);

export const Timestamp = z.iso.datetime({ error: 'must be a time in UTC such as "2026-03-01T12:00:00Z"' });

export function wholeSeconds(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.number({ error }).check(z.int({ error }), z.gte(least, { error }), z.lte(most, { error }));
}

/** Cluster by name or ARN. */
export const Cluster = z.string({ error: 'must be the name or the ARN of an ECS cluster' }).check(
  z.regex(/^(?:arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:cluster\/)?[a-zA-Z0-9_-]{1,255}$/, {
    error: 'must be the name or the ARN of an ECS cluster',
  }),
);

export const RequestedBy = z
  .string({ error: 'must be text of at most 256 characters' })
  .check(z.maxLength(256, { error: 'must be text of at most 256 characters' }));

export const Flag = z.boolean({ error: 'must be true or false' });

export function oneOf<const T extends readonly [string, ...string[]]>(...words: T) {
  return z.enum(words, { error: `must be one of ${words.map((word) => `"${word}"`).join(', ')}` });
}

/** How a workflow ended: for each status, what follows from it stands in the design's table of outcomes. */
export const Status = z.enum(['succeeded', 'timed-out', 'refused', 'failed', 'stopped']);
export type Status = z.output<typeof Status>;

/** A list that is cut to its first members and keeps its count, so that a receipt never nears 256 KiB. */
export function capped<T extends z.ZodMiniType>(item: T) {
  return z.object({ count: z.number().check(z.int()), first: z.array(item) });
}

export const CAPPED_AT = 20;

export function cap<T>(items: readonly T[]): { count: number; first: T[] } {
  return { count: items.length, first: items.slice(0, CAPPED_AT) };
}

/** In the form of every other fault: `must be …`. */
function expectation(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'nonoptional' ? 'must be given' : `must be of the type ${issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_small':
      return bound(issue.inclusive === false ? 'more than' : 'at least', issue.minimum, issue.origin);
    case 'too_big':
      return bound(issue.inclusive === false ? 'less than' : 'at most', issue.maximum, issue.origin);
    default:
      return 'is not of the right form';
  }
}

function bound(word: string, limit: number | bigint, origin: string): string {
  if (origin === 'string') return `must have ${word} ${limit} characters`;
  return origin === 'array' ? `must have ${word} ${limit} members` : `must be ${word} ${limit}`;
}
