/** A deployment, its update and its removal by the real `serverless deploy`, each looked at in the account. */
import { rmSync } from 'node:fs';
import { packageStack, serverless, type Template } from '../package-stack.ts';
import { type Account, readAccount } from './account.ts';
import { prepareForMoto } from './prepare.ts';

const FOLDER = '.serverless-moto';
const REGION = 'eu-west-1';

/** @param say tells what has been done @throws Error naming what is not as the template says */
export async function rehearse(endpoint: string, say: (line: string) => void): Promise<void> {
  const environment = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'))),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'moto',
    AWS_SECRET_ACCESS_KEY: 'moto',
    AWS_REGION: REGION,
    // It asks every 5 s otherwise whether a deployment is over.
    SLS_AWS_MONITORING_FREQUENCY: '300',
  };
  const account = () => readAccount(endpoint, REGION);
  const deploy = async (change?: (text: string) => string): Promise<Template> => {
    const template = prepareForMoto(FOLDER, change);
    serverless(['deploy', '--package', FOLDER], environment);
    return template;
  };
  try {
    await packageStack({ folder: FOLDER });
    const first = await deploy();
    const made = await account();
    compare(first, made);
    const definitions = Object.values(made.machines).join('');
    if (/\$\{[A-Z]/.test(definitions)) throw new Error('a definition names a function that was not put in its place');
    say(`deployed: ${counts(made)}`);

    const second = await deploy((text) =>
      text.replaceAll('"SLUICE_DRAIN_TIMEOUT_SECONDS":"3600"', '"SLUICE_DRAIN_TIMEOUT_SECONDS":"7200"'),
    );
    const updated = await account();
    compare(second, updated);
    const stale = Object.entries(updated.functions).filter(
      ([, { variables }]) => variables.SLUICE_DRAIN_TIMEOUT_SECONDS !== '7200',
    );
    if (stale.length > 0) throw new Error(`not updated: ${stale.map(([name]) => name).join(', ')}`);
    say('updated: every function has the new setting, and nothing was made twice');

    serverless(['remove'], environment);
    const left = await account();
    const rest = [left.functions, left.machines, left.roles, left.rules, left.queues, left.logGroups];
    const names = rest.flatMap((part) => (Array.isArray(part) ? part : Object.keys(part)));
    if (names.length > 0) throw new Error(`not removed: ${names.join(', ')}`);
    say('removed: nothing is left');
  } finally {
    rmSync(FOLDER, { recursive: true, force: true });
  }
}

/** Alarms are missing: moto does not speak the protocol in which the SDK's client asks for them. */
const OF: readonly (readonly [type: string, part: keyof Account])[] = [
  ['AWS::Lambda::Function', 'functions'],
  ['AWS::StepFunctions::StateMachine', 'machines'],
  ['AWS::IAM::Role', 'roles'],
  ['AWS::Events::Rule', 'rules'],
  ['AWS::SQS::Queue', 'queues'],
  ['AWS::Logs::LogGroup', 'logGroups'],
];

const sizeOf = (part: Account[keyof Account]) => (Array.isArray(part) ? part.length : Object.keys(part).length);

/** @throws Error naming the kinds of which there are more or fewer than the template says */
function compare({ Resources }: Template, account: Account): void {
  const faults = OF.flatMap(([type, part]) => {
    const wanted = Object.values(Resources).filter(({ Type }) => Type === type).length;
    const found = sizeOf(account[part]);
    return wanted === found ? [] : [`${part}: ${found} of ${wanted}`];
  });
  if (faults.length > 0) throw new Error(`the account is not as the template says: ${faults.join(', ')}`);
}

function counts(account: Account): string {
  return OF.map(([, part]) => `${sizeOf(account[part])} ${part}`).join(', ');
}
