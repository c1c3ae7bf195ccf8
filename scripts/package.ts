/** `npm run package`: writes the CloudFormation template and the functions' zips, offline. */
import { PACKAGE_FOLDER, packageStack, TEMPLATE } from './package-stack.ts';

const started = Date.now();
const { Resources } = await packageStack({ args: process.argv.slice(2) });
const types = Object.values(Resources).map(({ Type }) => Type);
const counted = (type: string) => types.filter((other) => other === type).length;
process.stdout.write(
  [
    `${PACKAGE_FOLDER}/${TEMPLATE}: ${types.length} resources, of them`,
    `${counted('AWS::Lambda::Function')} functions, ${counted('AWS::StepFunctions::StateMachine')} state machines,`,
    `${counted('AWS::IAM::Role')} roles, ${counted('AWS::CloudWatch::Alarm')} alarms`,
    `(${((Date.now() - started) / 1000).toFixed(1)} s)\n`,
  ].join(' '),
);
