import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse as parseYaml } from 'yaml';
import { LAUNCHING, TERMINATING } from '../../src/contract/drain-instance.ts';
import { HookMetadata } from '../../src/contract/hook-metadata.ts';
import { readSettings } from '../../src/contract/settings.ts';
import { isOurHook } from '../../src/core/hooks.ts';
import { hookFindings } from '../../src/doctor/findings.ts';

interface Hook {
  readonly name: string;
  readonly transition: string;
  readonly heartbeatTimeoutSeconds: number;
  readonly defaultResult: string;
  /** With `web` and 3600 in the place of what is set. */
  readonly metadata: unknown;
}

/** `!Ref` and `!Sub` are read as what follows them. */
function ofCloudFormation(): Hook[] {
  const customTags = ['!Ref', '!Sub'].map((tag) => ({ tag, resolve: (text: string) => text }));
  const template = parseYaml(readFileSync('examples/cloudformation/hook.yaml', 'utf8'), { customTags }) as {
    readonly Resources: Readonly<Record<string, { readonly Properties: Readonly<Record<string, string>> }>>;
  };
  return Object.values(template.Resources).map(({ Properties }) => ({
    name: Properties.LifecycleHookName ?? '',
    transition: Properties.LifecycleTransition ?? '',
    heartbeatTimeoutSeconds: Number(Properties.HeartbeatTimeout),
    defaultResult: Properties.DefaultResult ?? '',
    metadata: JSON.parse((Properties.NotificationMetadata ?? '').replace(/\$\{Cluster\}/, 'web')),
  }));
}

function ofTerraform(): Hook[] {
  const text = readFileSync('examples/terraform/main.tf', 'utf8');
  return [...text.matchAll(/resource "aws_autoscaling_lifecycle_hook" "\w+" \{\n(.*?)\n\}/gs)].map(([, body = '']) => {
    const value = (key: string) => new RegExp(`^ +${key} += "?([^"\n]+)`, 'm').exec(body)?.[1] ?? '';
    const metadata = /jsonencode\((\{.*\})\)/s.exec(body)?.[1] ?? '';
    return {
      name: value('name'),
      transition: value('lifecycle_transition'),
      heartbeatTimeoutSeconds: Number(value('heartbeat_timeout')),
      defaultResult: value('default_result'),
      metadata: JSON.parse(metadata.replace(/var\.cluster/g, '"web"').replace('var.drain_timeout_seconds', '3600')),
    };
  });
}

describe.each([
  ['CloudFormation', ofCloudFormation()],
  ['Terraform', ofTerraform()],
])('the hooks of the %s example', (_, hooks) => {
  test('are one for terminations and one for launches', () => {
    expect(hooks.map(({ transition }) => transition)).toEqual([TERMINATING, LAUNCHING]);
  });

  test('are ours, and say what Sluice understands', () => {
    const settings = readSettings({});
    for (const { name, metadata } of hooks) {
      expect(isOurHook(name, settings)).toBe(true);
      expect(HookMetadata.parse(metadata)).toMatchObject({ cluster: 'web' });
    }
  });

  test('are such that the doctor finds nothing wrong with them', () => {
    expect(hookFindings([{ name: 'web', hooks }], readSettings({}), true).map(({ level }) => level)).toEqual(['ok']);
    for (const hook of hooks) expect(hook).toMatchObject({ defaultResult: 'CONTINUE' });
  });
});
