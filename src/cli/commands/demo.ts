import type { Command } from 'commander';

export function registerDemo(program: Command): void {
  program
    .command('demo')
    .summary('drain two instances in a simulated region, on virtual time, and verify it')
    .description(
      'Drains two ECS instances in a simulated region, on virtual time, started by the documents that Auto Scaling emits, and asks the region whether anything was lost. Needs no AWS account. Ends with 0 only if every finding holds.',
    )
    .option('--json', 'one receipt a line on standard output, everything else on standard error', false)
    .action(async ({ json }: { readonly json: boolean }) => {
      // Loaded when asked for: the others start without it.
      const { demo } = await import('../demo/demo.ts');
      process.exitCode = await demo({ json });
    });
}
