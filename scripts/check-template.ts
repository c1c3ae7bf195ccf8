/** Packages the stack without credentials, and holds the template against what matters and, where it is installed, cfn-lint. */
import { spawnSync } from 'node:child_process';
import { PACKAGE_FOLDER, packageStack, TEMPLATE } from './package-stack.ts';
import { templateFaults } from './template/faults.ts';

const template = await packageStack();
const faults = [...templateFaults(template)];

const lint = spawnSync('cfn-lint', ['--format', 'parseable', `${PACKAGE_FOLDER}/${TEMPLATE}`], { encoding: 'utf8' });
if (lint.error !== undefined) process.stdout.write('cfn-lint is not installed: the template was not held against it\n');
else if (lint.status !== 0) faults.push(lint.stdout + lint.stderr);

process.stdout.write(faults.map((fault) => `${fault}\n`).join(''));
process.exitCode = faults.length === 0 ? 0 : 1;
