/** The words that `register-targets`, `deregister-targets` and `await-drained` share: which targets, and where. */
import { isIP } from 'node:net';
import * as z from 'zod/mini';
import {
  capped,
  Flag,
  InstanceId,
  LONGEST_SECONDS,
  oneOf,
  Region,
  RequestedBy,
  Status,
  TargetGroupArn,
  Timestamp,
  wholeSeconds,
} from './common.ts';

/** State and receipt stay under 256 KiB with so many of each. */
export const MOST_TARGETS = 100;
export const MOST_TARGET_GROUPS = 600;

const TARGET_ID = 'must be an EC2 instance id such as "i-0123456789abcdef0", or an IP address';

export const TargetId = z
  .string({ error: TARGET_ID })
  .check(z.refine((id) => isIP(id) !== 0 || InstanceId.safeParse(id).success, { error: TARGET_ID }));

export const Target = z.strictObject(
  {
    id: TargetId.check(z.describe('An EC2 instance id or an IP address.')),
    port: z
      .optional(wholeSeconds(1, 65_535))
      .check(
        z.describe(
          'Its port. Absent: the default of each target group to register, every port to deregister or await.',
        ),
      ),
  },
  { error: 'must be an object such as {"id": "i-0123456789abcdef0", "port": 80}' },
);

export const RegisteredTarget = z.extend(Target, {
  availabilityZone: z
    .optional(
      z.string({ error: 'must be an Availability Zone such as "eu-west-1a", or "all"' }).check(
        z.regex(/^(?:all|[a-z0-9-]{4,40})$/, {
          error: 'must be an Availability Zone such as "eu-west-1a", or "all"',
        }),
      ),
    )
    .check(z.describe('Only for addresses: "all" for one that is outside the VPC.')),
});

export function listOf<T extends z.ZodMiniType>(target: T) {
  const error = `must be a list of 1 to ${MOST_TARGETS} targets`;
  return z.array(target, { error }).check(z.minLength(1, { error }), z.maxLength(MOST_TARGETS, { error }));
}

const LOAD_BALANCER = 'must be the name or the ARN of a load balancer';
const KUBERNETES = 'must be a name as Kubernetes spells it: small letters, digits, hyphens and dots';

const KubernetesName = z
  .string({ error: KUBERNETES })
  .check(z.regex(/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/, { error: KUBERNETES }));

/** Where the targets are. At least one way of saying it; a load balancer with target groups means those of its groups. */
export const place = {
  loadBalancer: z
    .optional(
      z.string({ error: LOAD_BALANCER }).check(
        z.regex(
          /^(?:arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer\/[A-Za-z0-9/-]+|[A-Za-z0-9-]{1,32})$/,
          {
            error: LOAD_BALANCER,
          },
        ),
      ),
    )
    .check(z.describe('An Application, Network, Gateway or Classic load balancer, by name or ARN.')),
  targetGroups: z
    .optional(
      z
        .array(TargetGroupArn, { error: 'must be a list of target group ARNs' })
        .check(
          z.minLength(1, { error: 'must hold a target group ARN' }),
          z.maxLength(MOST_TARGET_GROUPS, { error: `must hold at most ${MOST_TARGET_GROUPS} target group ARNs` }),
        ),
    )
    .check(z.describe('Target groups by ARN; with a load balancer, which of its groups.')),
  namespace: z.optional(KubernetesName).check(z.describe('Namespace of the Kubernetes ingress or service.')),
  ingress: z.optional(KubernetesName).check(z.describe('Kubernetes ingress whose load balancer it is.')),
  service: z
    .optional(KubernetesName)
    .check(z.describe('Kubernetes service: whose load balancer it is, or the backend of the ingress.')),
  cluster: z
    .optional(
      z
        .string({ error: 'must be the name of a Kubernetes cluster' })
        .check(z.regex(/^[A-Za-z0-9_-]{1,100}$/, { error: 'must be the name of a Kubernetes cluster' })),
    )
    .check(z.describe('Kubernetes cluster; every cluster that has such an ingress or service when absent.')),
};

export const timing = {
  timeoutSeconds: z
    .optional(wholeSeconds(1, LONGEST_SECONDS))
    .check(z.describe('How long it may take; SLUICE_TARGETS_TIMEOUT_SECONDS when absent.')),
  deadline: z.optional(Timestamp).check(z.describe('The same as a point in time; the earlier of the two holds.')),
  minPollIntervalSeconds: z.optional(wholeSeconds(1, 3600)).check(z.describe('Never look more often than this.')),
  maxPollIntervalSeconds: z.optional(wholeSeconds(1, 43_200)).check(z.describe('Never look less often than this.')),
  dryRun: z._default(Flag, false).check(z.describe('Look once, change nothing, and say what would be done.')),
  requestedBy: z.optional(RequestedBy).check(z.describe('Free text that is carried along into the receipt.')),
};

export const region = { region: Region.check(z.describe('Region of the load balancer.')) };

export const Until = z
  ._default(oneOf('drained', 'draining'), 'drained')
  .check(
    z.describe('"draining" ends when new requests have stopped, "drained" when the deregistration delay is over, too.'),
  );

/** As parsed; whoever looks a place up needs no more than this. */
export interface Place {
  readonly loadBalancer?: string | undefined;
  readonly targetGroups?: readonly string[] | undefined;
  readonly namespace?: string | undefined;
  readonly ingress?: string | undefined;
  readonly service?: string | undefined;
  readonly cluster?: string | undefined;
}

type Given = Readonly<Partial<Record<keyof Place, unknown>>>;
const isNamed = ({ ingress, service }: Given): boolean => ingress !== undefined || service !== undefined;

/** What no single field can say, and where it is told. Only presence counts, so that they hold beside other faults. */
const RULES: readonly { readonly at: keyof Place; readonly expected: string; holds(given: Given): boolean }[] = [
  {
    at: 'loadBalancer',
    expected: 'or targetGroups, or namespace with ingress or service, must say where the targets are',
    holds: (given) => given.loadBalancer !== undefined || given.targetGroups !== undefined || isNamed(given),
  },
  {
    at: 'namespace',
    expected: 'must be given with an ingress or a service',
    holds: (given) => given.namespace !== undefined || !isNamed(given),
  },
  {
    at: 'namespace',
    expected: 'must not be given without an ingress or a service',
    holds: (given) => given.namespace === undefined || isNamed(given),
  },
  {
    at: 'cluster',
    expected: 'must not be given without an ingress or a service',
    holds: (given) => given.cluster === undefined || isNamed(given),
  },
  {
    at: 'loadBalancer',
    expected: 'must not be given together with an ingress or a service',
    holds: (given) => given.loadBalancer === undefined || !isNamed(given),
  },
  {
    at: 'targetGroups',
    expected: 'must not be given together with an ingress or a service',
    holds: (given) => given.targetGroups === undefined || !isNamed(given),
  },
];

/** Adds the rules on places to a workflow's input; they are checked even where single fields are wrong. */
export function withPlaceRules<T extends z.ZodMiniObject>(input: T): T {
  return RULES.reduce(
    (schema, { at, expected, holds }) =>
      schema.check(z.refine((given) => holds(given as Given), { path: [at], error: expected, when: isDocument })),
    input,
  );
}

/** A refinement is otherwise passed over once a field is wrong. */
export function isDocument({ value }: { readonly value: unknown }): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One registration: in a target group by its ARN, or in a Classic load balancer by its name. */
export const TargetOutcome = z.object({
  targetGroupArn: z.optional(z.string()),
  loadBalancer: z.optional(z.string()),
  id: z.string(),
  port: z.number(),
  /** The state last seen, in Elastic Load Balancing's words; `absent` once it is registered no more. */
  state: z.string(),
  reason: z.optional(z.string()),
  registeredAt: z.optional(z.string()),
  healthyAt: z.optional(z.string()),
  deregisteredAt: z.optional(z.string()),
  /** When it was first seen draining, or gone. */
  drainingAt: z.optional(z.string()),
  drainedAt: z.optional(z.string()),
});
export type TargetOutcome = z.output<typeof TargetOutcome>;

/** The receipt of each of the three workflows, but for its name. */
export const targetsReceipt = {
  /** The first target; several: the first and how many more. */
  subject: z.string(),
  region: z.string(),
  status: Status,
  reason: z.string(),
  execution: z.optional(z.string()),
  requestedBy: z.optional(z.string()),
  dryRun: z.boolean(),
  startedAt: z.optional(z.string()),
  finishedAt: z.string(),
  deadline: z.optional(z.string()),
  loadBalancers: capped(z.string()),
  targetGroups: capped(z.string()),
  targets: capped(TargetOutcome),
  /** Registrations that have reached the end, and that have not. */
  counts: z.object({ done: z.number(), open: z.number() }),
  /** The longest delay of the groups concerned; absent before one was read. */
  deregistrationDelaySeconds: z.optional(z.number()),
  /** Before this the drain could not be over; absent when nothing was draining. */
  knownEnd: z.optional(z.string()),
  polls: z.number(),
  faults: z.number(),
  notes: capped(z.string()),
  wouldDo: z.optional(z.array(z.string())),
  error: z.optional(z.object({ name: z.string(), message: z.string() })),
};
