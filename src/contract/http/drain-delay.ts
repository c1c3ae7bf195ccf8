/** The query of `GET /drain-delay`: all of it is text, and all faults are reported together. */
import { isIP } from 'node:net';
import * as z from 'zod/mini';
import { InstanceId, oneOf, Region, TargetGroupArn } from '../common.ts';
import { place } from '../targets.ts';

export const LONGEST_DELAY_SECONDS = 3_600;
const DELAY = `must be a whole number of seconds from 1 to ${LONGEST_DELAY_SECONDS}`;
const IP = 'must be an IP address, or an EC2 instance id';

/** As the example script of aws-load-balancer-drain-wait spells them; many copies of it run. */
export const MISSPELT: Readonly<Record<string, string>> = { 'max-wait': 'max-delay', namespaace: 'namespace' };

export const wordFlag = z._default(
  z.pipe(
    oneOf('true', 'false'),
    z.transform((word) => word === 'true'),
  ),
  false,
);

export const DrainDelayQuery = z
  .strictObject({
    'max-delay': z
      ._default(
        z.pipe(
          z.pipe(z.string().check(z.regex(/^\d{1,6}$/, { error: DELAY })), z.transform(Number)),
          z.number().check(z.gte(1, { error: DELAY }), z.lte(LONGEST_DELAY_SECONDS, { error: DELAY })),
        ),
        60,
      )
      .check(z.describe('How long to wait at most, in seconds.')),
    ip: z.string({ error: IP }).check(
      z.refine((id) => isIP(id) !== 0 || InstanceId.safeParse(id).success, { error: IP }),
      z.describe('The address, or the instance, that is to be drained.'),
    ),
    namespace: place.namespace,
    ingress: place.ingress,
    service: place.service,
    cluster: place.cluster,
    'load-balancer': place.loadBalancer,
    'target-group-arn': z.optional(TargetGroupArn).check(z.describe('Only this target group.')),
    region: z.optional(Region).check(z.describe("Region of the load balancer; the service's own when absent.")),
    until: z
      ._default(oneOf('drained', 'draining'), 'drained')
      .check(
        z.describe(
          '"draining" is enough when new requests have stopped; "drained" waits for the deregistration delay, too.',
        ),
      ),
    'fail-fast': wordFlag.check(
      z.describe('Answer a look-up that cannot succeed at once, rather than after max-delay.'),
    ),
    since: z
      .optional(
        z.pipe(
          z.string().check(z.regex(/^\d{13}$/, { error: 'must be the milliseconds that the redirect carries' })),
          z.transform(Number),
        ),
      )
      .check(z.describe('When the first request of a chain of redirects came. Set by the service.')),
    next: z
      .optional(
        z.pipe(
          z.string().check(z.regex(/^\d{13}$/, { error: 'must be the milliseconds that the redirect carries' })),
          z.transform(Number),
        ),
      )
      .check(z.describe('Before this there is nothing to be learnt. Set by the service.')),
  })
  .check(
    z.superRefine((query, context) => {
      const add = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
      const named = query.ingress ?? query.service;
      const exact = query['load-balancer'] ?? query['target-group-arn'];
      if (named === undefined && exact === undefined) {
        if (query.namespace === undefined) add('namespace', 'must be given');
        add('ingress', 'or service, or load-balancer, or target-group-arn must be given');
      }
      if (named !== undefined && query.namespace === undefined)
        add('namespace', 'must be given with an ingress or a service');
      if (named === undefined && exact !== undefined && query.namespace !== undefined) {
        add('namespace', 'must be given with an ingress or a service');
      }
      if (named === undefined && query.cluster !== undefined)
        add('cluster', 'must be given with an ingress or a service');
      if (named !== undefined && exact !== undefined) {
        add(
          query['load-balancer'] === undefined ? 'target-group-arn' : 'load-balancer',
          'must not be given together with an ingress or a service',
        );
      }
    }),
  );
export type DrainDelayQuery = z.output<typeof DrainDelayQuery>;
