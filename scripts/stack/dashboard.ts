/** The dashboard: what runs, how long it takes, what ends badly, what is throttled, what was removed. */
import { OBSERVERS } from '../../infrastructure/triggers.ts';
import type { StackMachine, StackModel } from './model.ts';
import { setting } from './roles.ts';

const STACK = setting('stack');
const NAMESPACE = `Sluice/${STACK}`;
const REGION = '${AWS::Region}';
const WIDTH = 12;
const HEIGHT = 6;

type Row = readonly unknown[];

interface Widget {
  readonly title: string;
  readonly metrics: readonly Row[];
  readonly stat?: string;
}

const machineArn = ({ workflow }: StackMachine) =>
  `arn:\${AWS::Partition}:states:${REGION}:\${AWS::AccountId}:stateMachine:${STACK}-${workflow}`;

const ofMachines = (machines: readonly StackMachine[], name: string): Row[] =>
  machines.map((machine) => ['AWS/States', name, 'StateMachineArn', machineArn(machine), { label: machine.workflow }]);

/** CloudWatch has no count of what runs: it is what has started, less what has ended, within the time shown. */
function running(machines: readonly StackMachine[]): Row[] {
  return machines.flatMap((machine, index) => {
    const names = ['Started', 'Succeeded', 'Failed', 'TimedOut', 'Aborted'];
    const ids = names.map((_, position) => `m${index}x${position}`);
    const [started, ...ended] = ids.map((id) => `FILL(${id}, 0)`);
    const expression = `RUNNING_SUM(${started} - ${ended.join(' - ')})`;
    return [
      [{ expression, label: machine.workflow, id: `r${index}` }],
      ...names.map((name, position) => [
        'AWS/States',
        `Executions${name}`,
        'StateMachineArn',
        machineArn(machine),
        { id: ids[position], visible: false, stat: 'Sum' },
      ]),
    ];
  });
}

const lambdaThrottles = (model: StackModel): Row[] =>
  model.functions
    .filter(({ key, trigger }) => trigger !== undefined || OBSERVERS.includes(key))
    .map(({ key }) => ['AWS/Lambda', 'Throttles', 'FunctionName', `${STACK}-${key}`, { label: key }]);

export function dashboard(model: StackModel): Record<string, object> {
  const { machines } = model;
  const widgets: readonly Widget[] = [
    { title: 'Running (started less ended, in the time shown)', metrics: running(machines) },
    { title: 'Duration, p90', metrics: ofMachines(machines, 'ExecutionTime'), stat: 'p90' },
    {
      title: 'Failed, timed out or stopped',
      metrics: ['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted'].flatMap((name) =>
        ofMachines(machines, name),
      ),
    },
    {
      title: 'Outcomes by their receipts',
      metrics: ['Succeeded', 'TimedOut', 'Refused', 'Failed', 'Stopped'].map((name) => [
        NAMESPACE,
        name,
        { label: name },
      ]),
    },
    {
      title: 'Throttles',
      metrics: [
        ...lambdaThrottles(model),
        ...ofMachines(machines, 'ExecutionThrottled'),
        [NAMESPACE, 'Faults', { label: 'waited out' }],
      ],
    },
    {
      title: 'Registrations removed',
      metrics: [
        [NAMESPACE, 'Removed', { label: 'Cloud Map' }],
        [NAMESPACE, 'TargetsDeregistered', { label: 'targets' }],
      ],
    },
    {
      title: 'Not delivered, or failed on',
      metrics: ['UndeliveredEvents', 'FailedEvents'].map((queue) => [
        'AWS/SQS',
        'ApproximateNumberOfMessagesVisible',
        'QueueName',
        `\${${queue}.QueueName}`,
        { label: queue },
      ]),
      stat: 'Maximum',
    },
  ];
  const body = {
    widgets: widgets.map(({ title, metrics, stat = 'Sum' }, index) => ({
      type: 'metric',
      x: (index % 2) * WIDTH,
      y: Math.floor(index / 2) * HEIGHT,
      width: WIDTH,
      height: HEIGHT,
      properties: { title, metrics, stat, period: 300, region: REGION, view: 'timeSeries' },
    })),
  };
  return {
    Dashboard: {
      Type: 'AWS::CloudWatch::Dashboard',
      Properties: { DashboardName: STACK, DashboardBody: { 'Fn::Sub': JSON.stringify(body, null, 1) } },
    },
  };
}
