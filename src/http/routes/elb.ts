import type { Context, Hono } from 'hono';
import { withinBudget } from '../../aws/clients.ts';
import { ec2Client, instanceInfos } from '../../aws/ec2.ts';
import {
  findLoadBalancer,
  type LoadBalancerFacts,
  listTargets,
  type RegistrationFacts,
  type TargetGroupFacts,
  targetGroupsOf,
} from '../../aws/load-balancers.ts';
import { InstanceId } from '../../contract/common.ts';
import {
  ChangeTargetsQuery,
  ListTargetsQuery,
  LoadBalancerName,
  MachineId,
  type TargetInfo,
} from '../../contract/http/elb.ts';
import { parse } from '../../contract/parse.ts';
import { isDrained, isDraining } from '../../core/targets.ts';
import { readJson, readQuery, requestKey } from '../body.ts';
import { permit } from '../credentials.ts';
import { isRecord, latestData, problemOfOutcome } from '../executions.ts';
import { checkRegion } from '../guards.ts';
import { Problem } from '../problem.ts';
import type { AppEnv, HttpServices } from '../services.ts';
import { accept, nameExecution, untilEnded, untilSeen } from '../start.ts';

const BUDGET_MS = 20_000;
/** So long after the start the answer is given whether or not AWS has taken the change: the execution goes on trying. */
const ACCEPTED_WITHIN_MS = 15_000;

/** `GET`, `POST` and `DELETE /elb/{name}`, as elb-instance-manager had them. */
export function elb(app: Hono<AppEnv>, services: HttpServices): void {
  app.get('/elb/:name', (context) => list(context, services));
  app.post('/elb/:name', (context) => change(context, services, 'register-targets'));
  app.delete('/elb/:name', (context) => change(context, services, 'deregister-targets'));
}

interface Found {
  readonly name: string;
  readonly region: string;
  readonly loadBalancer: LoadBalancerFacts;
  readonly groups: readonly TargetGroupFacts[];
}

async function list(context: Context<AppEnv>, services: HttpServices): Promise<Response> {
  permit(context.get('credential'), 'register-targets', 'deregister-targets');
  const query = readQuery(context, ListTargetsQuery);
  return withinBudget(BUDGET_MS, async () => {
    const { region, loadBalancer, groups } = await find(context, services, query.region);
    const targets = await listTargets(services.aws, region, loadBalancer, groups);
    if (query.targets === 'all') return context.json(targets.map(targetInfo));
    const ids = targets.filter(isOn).flatMap(({ id }) => (InstanceId.safeParse(id).success ? id : []));
    return context.json(await instanceInfos(ec2Client(services.aws, region), [...new Set(ids)]));
  });
}

async function change(
  context: Context<AppEnv>,
  services: HttpServices,
  workflow: 'register-targets' | 'deregister-targets',
): Promise<Response> {
  permit(context.get('credential'), workflow);
  const query = readQuery(context, ChangeTargetsQuery);
  const { instanceId } = await readJson(context, MachineId, 'the document');
  const { key, chosen } = requestKey(context, `${workflow} ${context.req.param('name')}`);
  const targetGroup = query['target-group'];
  const { found, info } = await withinBudget(BUDGET_MS, async () => {
    const found = await find(context, services, query.region);
    const [info] = await instanceInfos(ec2Client(services.aws, found.region), [instanceId]);
    if (info === undefined) throw new Problem('not-found', `there is no instance ${instanceId} in ${found.region}`);
    const groups = groupsMeant(found, targetGroup, workflow);
    const targets = await listTargets(services.aws, found.region, found.loadBalancer, groups);
    const on = targets.filter((target) => target.id === instanceId && isOn(target));
    if (!chosen) checkState(workflow, instanceId, found, on, groups);
    return { found: { ...found, groups }, info };
  });
  const input = {
    region: found.region,
    targets: [{ id: instanceId }],
    loadBalancer: found.loadBalancer.arn ?? found.loadBalancer.name,
    ...(targetGroup === undefined ? {} : { targetGroups: [targetGroup] }),
  };
  const accepted = await accept(services, context, { workflow, subject: instanceId, key, chosen, input });
  nameExecution(context, accepted.name);
  if (query.wait) {
    const ended = await untilEnded(services, context, accepted.executionArn);
    return context.json(info, ended === undefined ? 202 : 201);
  }
  if (accepted.outcome === 'succeeded') return context.json(info, 201);
  const requested = await untilRequested(services, context, accepted.executionArn);
  return context.json(info, requested === undefined ? 202 : 201);
}

/** @throws Problem `not-found` */
async function find(context: Context<AppEnv>, services: HttpServices, given: string | undefined): Promise<Found> {
  const name = parse(LoadBalancerName, context.req.param('name'), 'the name of the load balancer');
  const region = given ?? services.region;
  checkRegion(services.settings, region);
  const loadBalancer = await findLoadBalancer(services.aws, region, name);
  if (loadBalancer === undefined) throw new Problem('not-found', `there is no load balancer ${name} in ${region}`);
  return { name, region, loadBalancer, groups: await targetGroupsOf(services.aws, region, loadBalancer) };
}

/** @throws Problem `conflict` naming the candidates, `not-found` for a group that is not of this load balancer */
function groupsMeant(
  { name, loadBalancer, groups }: Found,
  named: string | undefined,
  workflow: 'register-targets' | 'deregister-targets',
): readonly TargetGroupFacts[] {
  if (named !== undefined) {
    const meant = groups.filter(({ arn }) => arn === named);
    if (meant.length === 0) throw new Problem('not-found', `${named} is no target group of ${name}`);
    return meant;
  }
  if (loadBalancer.kind === 'classic' || workflow === 'deregister-targets') return groups;
  const candidates = groups.filter(({ targetType }) => targetType === 'instance');
  if (candidates.length === 1) return candidates;
  const why =
    candidates.length === 0
      ? `none of the ${groups.length} target groups of ${name} takes instances`
      : `name one with ?target-group=, of ${candidates.map(({ arn }) => arn).join(', ')}`;
  throw new Problem('conflict', `${name} has not exactly one target group for instances: ${why}`);
}

/** @throws Problem `conflict` when there is nothing to change */
function checkState(
  workflow: 'register-targets' | 'deregister-targets',
  instanceId: string,
  { name }: Found,
  on: readonly RegistrationFacts[],
  groups: readonly TargetGroupFacts[],
): void {
  if (workflow === 'register-targets' && on.length > 0) {
    throw new Problem('conflict', `${instanceId} is already registered with ${name}: ${on[0]?.targetGroupArn ?? name}`);
  }
  if (workflow === 'deregister-targets' && on.length === 0) {
    const where = groups.length === 0 ? name : `${name}, in none of its ${groups.length} target groups`;
    throw new Problem('conflict', `${instanceId} is not registered with ${where}`);
  }
}

/**
 * @returns undefined when AWS has not taken the change yet
 * @throws Problem when the execution has failed meanwhile
 */
async function untilRequested(
  services: HttpServices,
  context: Context<AppEnv>,
  executionArn: string,
): Promise<true | undefined> {
  const { engine } = services;
  return untilSeen(services, context.req.raw.signal, services.now() + ACCEPTED_WITHIN_MS, async () => {
    const progress = (await latestData(engine, executionArn))?.progress;
    if (isRecord(progress) && progress.changedAt !== undefined) return true;
    const description = await engine.describe(executionArn);
    const problem = problemOfOutcome(description);
    if (problem !== undefined) throw problem;
    return description.status === 'SUCCEEDED' ? true : undefined;
  });
}

/** Registered, and not on its way out. */
function isOn(target: RegistrationFacts): boolean {
  return !isDraining(target.state) && !isDrained(target);
}

function targetInfo({ id, port, targetGroupArn, state, reason }: RegistrationFacts): TargetInfo {
  return {
    targetId: id,
    ...(port === 0 ? {} : { port }),
    ...(targetGroupArn === undefined ? {} : { targetGroupArn }),
    state,
    ...(reason === undefined ? {} : { reason }),
  };
}
