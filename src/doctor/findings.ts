/** What is wrong with an installation, and what to do about it: pure decisions on what was read. */
import { TERMINATING } from '../contract/drain-instance.ts';
import { type HookSettings, isOurHook } from '../core/hooks.ts';

export interface Finding {
  /** `fault`: it does not work. `warning`: it will not as expected. `note`: worth knowing. */
  readonly level: 'ok' | 'note' | 'warning' | 'fault';
  readonly about: string;
  readonly found: string;
  readonly remedy?: string;
}

export interface StackFacts {
  readonly status: string;
  /** Of the release that is deployed. */
  readonly version?: string;
  readonly credentialsParameter?: string;
  readonly apiUrl?: string;
  /** `ENABLED`, `DISABLED`, or `absent`. */
  readonly rule: string;
}

/** `wrong`: it is there, and cannot be used for this reason. */
export type ParameterFacts = 'usable' | 'absent' | 'not readable' | { readonly wrong: string };

export interface HookFacts {
  readonly name: string;
  readonly transition: string;
  readonly heartbeatTimeoutSeconds: number;
}

export interface GroupFacts {
  readonly name: string;
  readonly hooks: readonly HookFacts[];
}

/** What is allowed to whoever asks; actions by whether they are. */
export type PermissionFacts =
  | { readonly denied: readonly string[]; readonly by: string }
  | { readonly unknown: string };

const MANAGED_DRAINING = 'ecs-managed-draining-termination-hook';
/** Hooks of tools that finish their own work. */
const OTHERS = [
  MANAGED_DRAINING,
  /^CodeDeploy/,
  /^Launch-LC-Hook/,
  /^Terminate-LC-Hook/,
  /^aws-/,
  /^eks-/,
  /^k8s-/,
  /^NTH/i,
];
const MOST_HOOK_SECONDS = 48 * 3600;

export const ok = (about: string, found: string): Finding => ({ level: 'ok', about, found });

export function stackFindings(name: string, stack: StackFacts | undefined, release: string): Finding[] {
  const about = `stack ${name}`;
  if (stack === undefined) {
    const remedy = '`npx serverless deploy` makes it; `sluice run` and `sluice serve` work without it';
    return [{ level: 'warning', about, found: 'is not deployed in this region', remedy }];
  }
  const findings: Finding[] = [];
  if (!/^(CREATE|UPDATE|IMPORT)_COMPLETE$/.test(stack.status)) {
    const rolledBack = stack.status === 'UPDATE_ROLLBACK_COMPLETE';
    const remedy = rolledBack
      ? 'the release of before is running; the events of the stack in CloudFormation say why the update failed'
      : 'look at the events of the stack in CloudFormation, then deploy again';
    findings.push({ level: rolledBack ? 'warning' : 'fault', about, found: `is ${stack.status}`, remedy });
  }
  if (stack.version === undefined) {
    findings.push({
      level: 'fault',
      about,
      found: 'has no output Version: it is another tool’s',
      remedy: 'name the stack with --stack',
    });
  } else if (stack.version !== release) {
    const remedy = 'check out the release that is deployed, or deploy this one: docs/operations.md';
    findings.push({ level: 'note', about, found: `runs release ${stack.version}, and this is ${release}`, remedy });
  } else findings.push(ok(about, `runs release ${stack.version}`));
  if (stack.rule !== 'ENABLED') {
    const found =
      stack.rule === 'absent' ? 'has no rule for lifecycle actions' : 'has its rule for lifecycle actions disabled';
    const remedy =
      stack.rule === 'absent'
        ? 'deploy again'
        : '`aws events enable-rule` on LifecycleActionRule when draining may go on';
    findings.push({ level: 'fault', about, found, remedy });
  }
  return findings;
}

export function parameterFindings(name: string, parameter: ParameterFacts): Finding[] {
  const about = `credentials in ${name}`;
  const create = `aws ssm put-parameter --type SecureString --name ${name} --value '[{"id":"me","sha256":"…"}]', where the digest is that of a long random secret: printf %s "$SECRET" | sha256sum`;
  if (parameter === 'usable') return [ok(about, 'can be used')];
  if (parameter === 'absent') {
    return [{ level: 'fault', about, found: 'are not there: the API answers 500 to everybody', remedy: create }];
  }
  if (parameter === 'not readable') {
    return [
      {
        level: 'note',
        about,
        found: 'may not be read by you, which is as it should be for most',
        remedy: 'ask who may',
      },
    ];
  }
  return [
    {
      level: 'fault',
      about,
      found: parameter.wrong,
      remedy: create.replace('put-parameter', 'put-parameter --overwrite'),
    },
  ];
}

export function permissionFindings(permissions: PermissionFacts): Finding[] {
  const about = 'your permissions';
  if ('unknown' in permissions) {
    const remedy = 'iam:SimulatePrincipalPolicy lets this be looked at; examples/iam has policies for each way to run';
    return [{ level: 'note', about, found: `could not be looked at: ${permissions.unknown}`, remedy }];
  }
  if (permissions.denied.length === 0) return [ok(about, `suffice for \`sluice run\` (by ${permissions.by})`)];
  const found = `lack ${permissions.denied.join(', ')} (by ${permissions.by})`;
  return [
    { level: 'warning', about, found, remedy: 'needed by `sluice run` alone; a deployed stack has its own roles' },
  ];
}

/** Hooks that lead nowhere, or not where one thinks. */
export function hookFindings(
  groups: readonly GroupFacts[],
  settings: HookSettings & { readonly drainTimeoutSeconds: number },
  delivered: boolean,
): Finding[] {
  const ours = groups.filter(({ hooks }) => hooks.some((hook) => isOurs(hook, settings)));
  const findings = groups.flatMap((group) => groupFindings(group, settings, delivered));
  if (ours.length === 0) {
    const remedy = `give a group a terminate hook whose name begins with "${settings.hookPrefix}": examples/terraform, examples/cloudformation`;
    findings.push({
      level: 'warning',
      about: 'hooks',
      found: `none of ${groups.length} groups has a hook of ours: nothing is drained by itself`,
      remedy,
    });
  } else if (findings.length === 0) {
    findings.push(ok('hooks', `of ${ours.length} groups of ${groups.length} lead here`));
  }
  return findings;
}

const isOurs = ({ name, transition }: HookFacts, settings: HookSettings) =>
  transition === TERMINATING && isOurHook(name, settings);

function groupFindings(
  group: GroupFacts,
  settings: HookSettings & { readonly drainTimeoutSeconds: number },
  delivered: boolean,
): Finding[] {
  const terminating = group.hooks.filter(({ transition }) => transition === TERMINATING);
  const ours = terminating.filter((hook) => isOurs(hook, settings));
  const about = (hook: HookFacts) => `hook ${hook.name} of ${group.name}`;
  const findings: Finding[] = [];
  for (const hook of ours) {
    if (!delivered) {
      const found = 'leads nowhere: nothing here takes its events, and every instance waits for its timeout';
      findings.push({ level: 'fault', about: about(hook), found, remedy: 'deploy the stack in this region' });
    }
    const most = Math.min(MOST_HOOK_SECONDS, 100 * hook.heartbeatTimeoutSeconds);
    if (most < settings.drainTimeoutSeconds) {
      const found = `ends after ${most} s in all, sooner than a drain may take (${settings.drainTimeoutSeconds} s)`;
      const least = Math.ceil(settings.drainTimeoutSeconds / 100);
      findings.push({
        level: 'warning',
        about: about(hook),
        found,
        remedy: `a heartbeat timeout of at least ${least} s`,
      });
    }
  }
  const managed = terminating.some(({ name }) => name === MANAGED_DRAINING);
  if (managed && ours.length > 0) {
    const found = 'has ECS managed draining beside our hook: both drain, and the instance goes when the last is done';
    const remedy = 'set managedDraining to DISABLED on the capacity provider, or take our hook away';
    findings.push({ level: 'warning', about: `group ${group.name}`, found, remedy });
  }
  for (const hook of terminating) {
    if (isOurs(hook, settings) || isAnotherTools(hook.name)) continue;
    const found = `is not touched: its name does not begin with "${settings.hookPrefix}"`;
    findings.push({
      level: 'note',
      about: about(hook),
      found,
      remedy: 'if it is meant for Sluice, list it under `hooks` in serverless.yml',
    });
  }
  return findings;
}

function isAnotherTools(name: string): boolean {
  return OTHERS.some((other) => (typeof other === 'string' ? other === name : other.test(name)));
}
