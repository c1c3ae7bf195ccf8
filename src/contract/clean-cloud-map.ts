/** `clean-cloud-map`: what goes in, and the receipt that comes out. */
import * as z from 'zod/mini';
import { capped, Flag, LONGEST_SECONDS, Region, RequestedBy, Status, wholeSeconds } from './common.ts';

/** So many services fit into the payload of one execution, whatever becomes of each. */
export const MOST_SERVICES = 400;

export const CloudMapServiceId = z
  .string({ error: 'must be the id or the ARN of a Cloud Map service, such as "srv-e4anhexample0004"' })
  .check(
    z.regex(/^(?:arn:aws[a-z-]*:servicediscovery:[a-z0-9-]+:\d{12}:service\/)?srv-[a-z0-9]{1,60}$/, {
      error: 'must be the id or the ARN of a Cloud Map service, such as "srv-e4anhexample0004"',
    }),
  );

const NAMESPACE = 'must be the id or the name of a Cloud Map namespace';
const SERVICES = `must be a list of 1 to ${MOST_SERVICES} Cloud Map services`;
const REGIONS = 'must be a list of 1 to 40 AWS regions';

/** Without the rule that joins two of them, so that a plan can be made of it. */
export const CleanCloudMapFields = z.strictObject({
  region: Region.check(z.describe('Region of the Cloud Map services.')),
  services: z
    .optional(
      z
        .array(CloudMapServiceId, { error: SERVICES })
        .check(z.minLength(1, { error: SERVICES }), z.maxLength(MOST_SERVICES, { error: SERVICES })),
    )
    .check(z.describe('The services to clean, by id or ARN.')),
  namespace: z
    .optional(z.string({ error: NAMESPACE }).check(z.regex(/^\S{1,1024}$/, { error: NAMESPACE })))
    .check(z.describe('A namespace, by id or name: all of its services are cleaned.')),
  instancesRegions: z
    .array(Region, { error: REGIONS })
    .check(
      z.minLength(1, { error: REGIONS }),
      z.maxLength(40, { error: REGIONS }),
      z.describe('Every region in which instances of these services may run. All must answer, or nothing is removed.'),
    ),
  confirmAfterSeconds: z
    ._default(wholeSeconds(1, 86_400), 60)
    .check(z.describe('What looks stale is looked at again after this long, and removed only if it still does.')),
  minRemaining: z
    ._default(wholeSeconds(0, 1_000), 1)
    .check(z.describe('Remove nothing from a service of which fewer live registrations than this would stay.')),
  maxAbsentPercent: z
    ._default(wholeSeconds(0, 100), 50)
    .check(
      z.describe(
        'Remove nothing from a service of which more than this share is absent or at other addresses: a region may have been forgotten.',
      ),
    ),
  timeoutSeconds: z
    .optional(wholeSeconds(1, LONGEST_SECONDS))
    .check(z.describe('How long all of it may take. 15 minutes longer than confirmAfterSeconds when absent.')),
  dryRun: z._default(Flag, false).check(z.describe('Look once, change nothing, and say what would be done.')),
  requestedBy: z.optional(RequestedBy).check(z.describe('Free text that is carried along into the receipt.')),
});

export const CleanCloudMapInput = CleanCloudMapFields.check(
  z.refine((input) => input.services !== undefined || input.namespace !== undefined, {
    error: 'must be there, unless a namespace is',
    path: ['services'],
  }),
);
export type CleanCloudMapInput = z.output<typeof CleanCloudMapInput>;

export const Guard = z.enum(['minRemaining', 'maxAbsentPercent']);
export type Guard = z.output<typeof Guard>;

/** What was found in one service, and what became of it. */
export const ServiceOutcome = z.object({
  service: z.string(),
  status: Status,
  reason: z.string(),
  /** By the last complete observation, as are the counts up to `absent`. */
  registrations: z.number(),
  skipped: z.object({
    /** Registered without AWS_INSTANCE_IPV4. */
    noIpv4: z.number(),
    /** Registered under what is no EC2 instance id. */
    noInstanceId: z.number(),
  }),
  alive: z.number(),
  /** EC2 says that they are terminated or shutting down. */
  terminated: z.number(),
  /** Their instance is alive, at other addresses. */
  mismatched: z.number(),
  /** In none of the regions asked. */
  absent: z.number(),
  /** Stale in both observations. */
  confirmed: z.number(),
  removed: z.number(),
  /** Stale, and taken away by somebody else, or by an attempt that was interrupted. */
  gone: z.number(),
  /** Removals that AWS refused, or whose operation failed. */
  failed: z.number(),
  /** What was stale and stays, and by which guard; without one, because it was not confirmed or the time was over. */
  retained: z.object({ count: z.number(), guard: z.optional(Guard) }),
  /** The region that did not answer. */
  unanswered: z.optional(z.string()),
  error: z.optional(z.string()),
  /** Of a dry run. */
  wouldRemove: z.optional(capped(z.string())),
});
export type ServiceOutcome = z.output<typeof ServiceOutcome>;

export const CleanCloudMapReceipt = z.object({
  workflow: z.literal('clean-cloud-map'),
  subject: z.string(),
  region: z.string(),
  instancesRegions: z.array(z.string()),
  status: Status,
  reason: z.string(),
  execution: z.optional(z.string()),
  requestedBy: z.optional(z.string()),
  dryRun: z.boolean(),
  startedAt: z.optional(z.string()),
  finishedAt: z.string(),
  deadline: z.optional(z.string()),
  /** Sums over all services. */
  totals: z.extend(
    z.pick(ServiceOutcome, {
      registrations: true,
      alive: true,
      terminated: true,
      mismatched: true,
      absent: true,
      confirmed: true,
      removed: true,
      gone: true,
      failed: true,
    }),
    { skipped: z.number(), retained: z.number() },
  ),
  /** Those first that ended worst, then those with the most to tell. */
  services: capped(ServiceOutcome),
  byStatus: z.partialRecord(Status, z.number()),
  notes: capped(z.string()),
  wouldDo: z.optional(z.array(z.string())),
  error: z.optional(z.object({ name: z.string(), message: z.string() })),
});
export type CleanCloudMapReceipt = z.output<typeof CleanCloudMapReceipt>;
